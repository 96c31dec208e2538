"""How long a visitor waits: from `streamlit run` to the first picture, and from page to page.

`python tests/benchmarks/pages.py [--repeats N]` prints medians in seconds. A start is a new server
and a new browser profile; a page switch is a click in the bar until the page's first chart or
picture stands and its script has ended, on pages that were open once before.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served_app import follow, open_browser, ready, serve_app

PAGES = ("Compare", "Film", "Projections", "Samples", "Model", "Explore")


def main() -> None:
    """Time every start and every switch, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    starts, switches = [], {name: [] for name in PAGES}
    with sync_playwright() as playwright:
        for _ in range(repeats):
            browser = open_browser(playwright)
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            started = time.perf_counter()
            with serve_app() as address:
                page.goto(address)
                ready(page)
                starts.append(time.perf_counter() - started)
                for _ in range(2):
                    seconds = {name: _switch(page, name) for name in PAGES}
                for name, value in seconds.items():
                    switches[name].append(value)
            browser.close()
    print(f"{platform.machine()}, {os.cpu_count()} cores, headless Chromium, {repeats} repeats")
    print(f"start to first picture{statistics.median(starts):6.2f} s")
    for name, values in switches.items():
        print(f"switch to {name:11} {statistics.median(values):6.2f} s")


def _switch(page: Page, name: str) -> float:
    """Click a page's link; return the seconds until its chart stands."""
    started = time.perf_counter()
    follow(page, name)
    ready(page)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
