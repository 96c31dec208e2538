"""How fast the live map follows the handle: `python tests/benchmarks/live.py [--repeats N]`.

Prints, for each shipped checkpoint, decode + paint of the large picture over a drag, the pictures
a second that the drag shows, and the bytes that it sends to the server; the same over 70,000
points; the time for a 20 x 20 lattice; and how long the map takes to stand after a click on its
page.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served_app import DECODED, ROOT, follow, open_browser, ready, serve_app

SHIPPED = ("mnist-2d", "mnist-20d")
POINTS = 70_000
DRAG_SECONDS = 4

# Every picture that is painted and how long it took, and every frame of the browser.
WATCH = """selector => {
    const canvas = document.querySelector(selector);
    Object.assign(window, {painted: [], frames: [], watching: true});
    window.watcher = new MutationObserver(() =>
        painted.push([performance.now(), Number(canvas.dataset.ms)]));
    watcher.observe(canvas, {attributeFilter: ['data-ms']});
    requestAnimationFrame(function next(now) {
        frames.push(now);
        if (watching) requestAnimationFrame(next);
    });
}"""

# The facts of the lattice that is decoded next. An attribute that is set to what it was is a record
# for an observer, too.
NEXT_LATTICE = """() => {
    const grid = document.querySelector('[data-testid=grid]');
    window.lattice = new Promise((resolve, reject) => {
        new MutationObserver(() => resolve({...grid.dataset}))
            .observe(grid, {attributeFilter: ['data-ms']});
        setTimeout(() => reject(new Error('no lattice in 30 s')), 30_000);
    });
}"""


def main() -> None:
    """Measure, and print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, {repeats} repeats")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        crowd = _crowded(Path(folder))
        browser = open_browser(playwright)
        with serve_app(VAE_EXPLORER_CHECKPOINTS=folder) as address:
            for name in (*SHIPPED, crowd):
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                sent: list[int] = []
                _count_bytes(page, sent)
                _open(page, address, name)
                _report(name, [_drag(page, sent) for _ in range(repeats)])
                if name in SHIPPED:
                    print(f"{name}: 20 x 20 lattice {statistics.median(_grids(page)):.0f} ms")
                page.close()
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            _open(page, address, crowd)
            switched = statistics.median(_switch(page) for _ in range(repeats))
            opened = statistics.median(_reopen(page) for _ in range(repeats))
            print(
                f"{crowd}: map ready {switched:.2f} s after a click on its page, "
                f"{opened:.2f} s after its address is opened again"
            )
        browser.close()


def _crowded(folder: Path) -> str:
    """Write a copy of the 2-D checkpoint with many more codes, around those that it has."""
    path = folder / f"mnist-2d-{POINTS // 1000}k"
    shutil.copytree(ROOT / "checkpoints" / "mnist-2d", path)
    with np.load(path / "latents.npz") as arrays:
        latents = dict(arrays)
    rows = np.arange(POINTS) % len(latents["label"])
    rng = np.random.default_rng(0)
    many = {name: array[rows] for name, array in latents.items()}
    noise = np.exp(many["logvar"] / 2) * rng.standard_normal(many["mean"].shape)
    many["mean"] = (many["mean"] + noise).astype(np.float32)
    np.savez(path / "latents.npz", **many)
    return path.name


def _count_bytes(page: Page, sent: list[int]) -> None:
    """Note the size of every message that the page sends over a WebSocket."""
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(len(data))))


def _open(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/?checkpoint={name}")
    ready(page)
    # Workers start and scripts are compiled a moment after the first picture.
    page.wait_for_timeout(1500)


def _drag(page: Page, sent: list[int]) -> dict[str, float]:
    """Drag the handle in circles for some seconds; `sent` has the bytes of each message so far."""
    box = page.get_by_test_id("handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH, DECODED)
    before = sum(sent)
    started = time.perf_counter()
    while (now := time.perf_counter() - started) < DRAG_SECONDS:
        page.mouse.move(x + 60 * np.sin(3 * now), y - 60 + 60 * np.cos(3 * now))
    painted = np.array(page.evaluate("painted"))
    frames = page.evaluate("watcher.disconnect(), watching = false, frames")
    during = sum(sent) - before
    page.mouse.move(x, y)
    page.mouse.up()
    page.wait_for_timeout(300)
    times, milliseconds = painted.T
    return {
        "p50": np.quantile(milliseconds, 0.5),
        "p95": np.quantile(milliseconds, 0.95),
        "pictures": (len(times) - 1) / (times[-1] - times[0]) * 1000,
        "frames": (len(frames) - 1) / (frames[-1] - frames[0]) * 1000,
        "bytes": during,
    }


def _report(name: str, drags: list[dict[str, float]]) -> None:
    middle = {key: statistics.median(drag[key] for drag in drags) for key in drags[0]}
    print(
        f"{name}: decode + paint p50 {middle['p50']:.2f} ms, p95 {middle['p95']:.2f} ms; while "
        f"dragging {middle['frames']:.1f} frames/s, {middle['pictures']:.1f} pictures/s, "
        f"{max(drag['bytes'] for drag in drags)} bytes sent"
    )


def _grids(page: Page) -> list[float]:
    """Zoom in and out with the lattice on; return the milliseconds for 400 of its cells."""
    page.goto(f"{page.url}&show=points,grid")
    page.locator("[data-testid=grid][data-ms]").wait_for(state="attached")
    page.wait_for_timeout(1500)
    taken = []
    for name in ("Zoom in", "Zoom out") * 4:
        page.evaluate(NEXT_LATTICE)
        page.get_by_role("button", name=name).click()
        facts = page.evaluate("() => lattice")
        taken.append(float(facts["ms"]) / int(facts["decoded"]) * 400)
    return taken


def _switch(page: Page) -> float:
    """Return the seconds from a click on the Explore page's link until its picture stands."""
    follow(page, "Model")
    ready(page)
    started = time.perf_counter()
    follow(page, "Explore")
    page.locator(f"{DECODED}[data-z]").first.wait_for()
    return time.perf_counter() - started


def _reopen(page: Page) -> float:
    """Return the seconds from opening the address, with all files in the browser's cache."""
    address = page.url
    page.goto("about:blank")
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(f"{DECODED}[data-z]").first.wait_for()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
