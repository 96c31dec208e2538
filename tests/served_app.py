"""The app, served as a user serves it, and a browser to look at it with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

__all__ = ["DECODED", "follow", "open_browser", "place_in_plot", "ready", "serve_app"]

ROOT = Path(__file__).resolve().parents[1]
DECODED = "[data-testid=latent-map] [data-testid=decoded]"
DRAWN = (
    *(".js-plotly-plot .main-svg", f"{DECODED}[data-z]"),
    *("[data-testid=panel] canvas[data-z]", "[data-testid=film-picture][data-place]"),
    *("[data-testid=stImage] img", "[data-testid=listed-scene]"),
)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextmanager
def serve_app(log: Path | None = None, root: Path = ROOT, **environment: str) -> Iterator[str]:
    """Run `streamlit run app.py` in `root` on a free port, and yield its address when it answers.

    What it says goes to the file `log`, where there is one.
    """
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ("--server.port", str(port), "--server.headless", "true")
    with (
        open(log, "w+b") if log else tempfile.TemporaryFile() as output,
        subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *flags],
            cwd=root,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}/{base}".rstrip("/")
            if problem := _wait_until_healthy(f"{address}/_stcore/health", server):
                output.seek(0)
                raise RuntimeError(f"{problem}: {output.read().decode(errors='replace')}")
            yield address
        finally:
            server.terminate()


def open_browser(playwright: Playwright) -> Browser:
    """Open the Chromium on the PATH, or the one that Playwright has installed.

    Raises:
        playwright.sync_api.Error: where there is neither.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


def follow(page: Page, name: str) -> None:
    """Click a page's link in the bar, and wait until its address is open."""
    link = page.get_by_role("link", name=name, exact=True)
    link.click()
    page.wait_for_function("link => link.ariaCurrent === 'page'", arg=link.element_handle())


def ready(page: Page) -> None:
    """Wait until the page's first chart or picture is drawn and its script has run to the end."""
    page.locator(", ".join(DRAWN)).first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    # The server forgets a page's pictures when it is left.
    page.wait_for_function("[...document.images].every((image) => image.complete)")


def place_in_plot(page: Page, row: int) -> tuple[float, float]:
    """Return where on the screen the Projections page draws a row of the latents."""
    return page.evaluate(
        """row => {
            const plot = document.querySelector('.js-plotly-plot');
            const {xaxis, yaxis} = plot._fullLayout;
            const box = plot.getBoundingClientRect();
            for (const trace of plot._fullData) {
                const found = Array.from(trace.customdata || []).indexOf(row);
                if (found >= 0) return [
                    box.left + xaxis._offset + xaxis.d2p(trace.x[found]),
                    box.top + yaxis._offset + yaxis.d2p(trace.y[found]),
                ];
            }
        }""",
        row,
    )


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes], seconds: int = 120) -> str:
    """Wait until the server answers; return what is wrong with it, or nothing."""
    end, problem = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        if server.poll() is not None:
            return f"the server stopped with status {server.returncode}"
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError as error:
            problem = f"no answer from {address} in {seconds} s, {error}"
            time.sleep(0.1)
        else:
            return ""
    return problem
