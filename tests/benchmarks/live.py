"""How fast the live map follows the handle: `python tests/benchmarks/live.py [--repeats N]`.

Prints, for each shipped checkpoint, decode + paint of the large picture over a drag, the pictures
a second that the drag shows, and the bytes that it sends to the server; the same over 70,000
points; the time for a 20 x 20 lattice; how long the map takes to stand after a click on its page;
and the frames a second while 10,000, 70,000 and 1,000,000 points are panned and zoomed, with what
a frame costs the browser's processes.
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
from collections import Counter
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served_app import DECODED, ROOT, follow, open_browser, ready, serve_app

SHIPPED = ("mnist-2d", "mnist-20d")
POINTS, MANY = 70_000, 1_000_000
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
        crowd, million = (_crowded(Path(folder), count) for count in (POINTS, MANY))
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
            for name in ("mnist-2d", crowd, million):
                _open(page, address, name)
                for kind in ("panning", "zooming"):
                    found = [_move_view(page, kind) for _ in range(repeats)]
                    rate, *costs = (
                        statistics.median(column) for column in zip(*found, strict=True)
                    )
                    gpu, renderer = costs
                    print(
                        f"{name}: {kind} {rate:.1f} frames/s; a frame takes {gpu:.1f} ms of the "
                        f"GPU process and {renderer:.1f} ms of the renderers"
                    )
        browser.close()


def _crowded(folder: Path, count: int) -> str:
    """Write a copy of the 2-D checkpoint with so many codes, around those that it has."""
    path = folder / f"mnist-2d-{count // 1000}k"
    shutil.copytree(ROOT / "checkpoints" / "mnist-2d", path)
    with np.load(path / "latents.npz") as arrays:
        latents = dict(arrays)
    rows = np.arange(count) % len(latents["label"])
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


def _move_view(page: Page, kind: str) -> tuple[float, float, float]:
    """Pan the map in circles, or zoom in and out, for some seconds.

    Returns:
        Frames a second, and the milliseconds a frame of the GPU process and of all renderers.
    """
    box = page.get_by_test_id("surface").bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"]
    page.mouse.move(x, y)
    if kind == "panning":
        page.mouse.down()
    page.evaluate(WATCH, DECODED)
    before = _processor_seconds(page)
    started = time.perf_counter()
    while (now := time.perf_counter() - started) < DRAG_SECONDS:
        if kind == "panning":
            page.mouse.move(x + 100 * np.sin(3 * now), y - 100 + 100 * np.cos(3 * now))
        else:
            page.mouse.wheel(0, 15 * np.cos(3 * now))
    frames = page.evaluate("watcher.disconnect(), watching = false, frames")
    after = _processor_seconds(page)
    page.mouse.up()
    page.wait_for_timeout(1000)
    rate = (len(frames) - 1) / (frames[-1] - frames[0]) * 1000
    costs = [1000 * (after[part] - before[part]) / len(frames) for part in ("GPU", "renderer")]
    return rate, *costs


def _processor_seconds(page: Page) -> Counter[str]:
    """Return the processor's seconds that each kind of the browser's processes has had."""
    session = page.context.browser.new_browser_cdp_session()
    seconds: Counter[str] = Counter()
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        seconds[process["type"]] += process["cpuTime"]
    session.detach()
    return seconds


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
