"""How fast a comparison opens and follows the handle, and a film plays: `python .../compare.py`.

Prints the seconds from a click on Compare until both shipped checkpoints are decoded; over a drag
with four decoders on screen, the time between frames and all four's decode + paint in one frame;
and the frames a second of the shipped film.
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
from served_app import ROOT, follow, open_browser, ready, serve_app

PICTURES = "[data-testid=panel] canvas[role=img]"
DRAG_SECONDS = 4

# Every frame of the browser, and in each the time that all panels' decodes and paints took.
WATCH = """selector => {
    const canvases = [...document.querySelectorAll(selector)];
    Object.assign(window, {frames: [], work: [], watching: true, changed: new Set()});
    const watcher = new MutationObserver((records) =>
        records.forEach(({target}) => changed.add(target)));
    canvases.forEach((canvas) => watcher.observe(canvas, {attributeFilter: ['data-ms']}));
    requestAnimationFrame(function next(now) {
        frames.push(now);
        if (changed.size === canvases.length)
            work.push(canvases.reduce((sum, {dataset}) => sum + Number(dataset.ms), 0));
        changed.clear();
        if (watching) requestAnimationFrame(next);
        else watcher.disconnect();
    });
}"""

# When each frame of a film was painted.
PAINTED = """() => {
    window.painted = [];
    new MutationObserver(() => painted.push(performance.now()))
        .observe(document.querySelector('[data-testid=film-picture]'), {attributes: true});
}"""


def main() -> None:
    """Measure, and print one figure a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, {repeats} repeats")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for number in range(2):
            shutil.copytree(ROOT / "checkpoints" / "mnist-2d", Path(folder) / f"again-{number}")
        browser = open_browser(playwright)
        with serve_app(VAE_EXPLORER_CHECKPOINTS=folder) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(address)
            ready(page)
            opened = [_open(page) for _ in range(repeats)]
            print(
                f"two shipped checkpoints decoded {opened[0]:.2f} s after the first click on "
                f"Compare, later {statistics.median(opened[1:] or opened):.2f} s"
            )
            page.goto(f"{address}/compare?compare=mnist-2d/again-0/again-1/mnist-20d")
            _report("four decoders, one digit", page, repeats)
            page.goto(f"{address}/compare?compare=mnist-2d/again-0")
            _report("two decoders, one z", page, repeats)
            page.goto(f"{address}/film?checkpoint=mnist-2d")
            rates = [_play(page) for _ in range(repeats)]
            print(f"film: {statistics.median(rates):.1f} frames/s")
        browser.close()


def _open(page: Page) -> float:
    """Go to another page and back to Compare; return the seconds until both are decoded."""
    follow(page, "Model")
    ready(page)
    started = time.perf_counter()
    follow(page, "Compare")
    for k in range(2):
        page.locator(f"{PICTURES}[data-z]").nth(k).wait_for()
    return time.perf_counter() - started


def _report(title: str, page: Page, repeats: int) -> None:
    page.locator("[data-testid=draw-pad][data-enabled=true]").wait_for()
    page.wait_for_timeout(1500)
    gaps, work = zip(*(_drag(page) for _ in range(repeats)), strict=True)
    gap, cost = (np.median(np.stack(values), axis=0) for values in (gaps, work))
    print(
        f"{title}: {1000 / gap[0]:.1f} frames/s, 95 % of the gaps below {gap[1]:.1f} ms; "
        f"decode + paint of all p50 {cost[0]:.2f} ms, p95 {cost[1]:.2f} ms"
    )


def _drag(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Drag the first handle; return mean and p95 of the gaps, p50 and p95 of the work."""
    box = page.get_by_test_id("handle").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(WATCH, PICTURES)
    started = time.perf_counter()
    while (now := time.perf_counter() - started) < DRAG_SECONDS:
        page.mouse.move(x + 50 * np.sin(3 * now), y - 50 + 50 * np.cos(3 * now))
    frames, work = page.evaluate("watching = false, [frames, work]")
    page.mouse.move(x, y)
    page.mouse.up()
    gaps = np.diff(frames)
    return (
        np.array([gaps.mean(), np.quantile(gaps, 0.95)]),
        np.quantile(work, [0.5, 0.95]) if work else np.full(2, np.nan),
    )


def _play(page: Page) -> float:
    """Play the whole film; return how many of its frames are painted in a second."""
    page.locator("[data-testid=film-picture][data-place]").wait_for()
    page.evaluate(PAINTED)
    page.get_by_role("button", name="Play the film").click()
    page.wait_for_function("() => painted.length > 1")
    page.get_by_role("button", name="Play the film").wait_for(timeout=120_000)
    times = page.evaluate("painted")
    return (len(times) - 1) / (times[-1] - times[0]) * 1000


if __name__ == "__main__":
    main()
