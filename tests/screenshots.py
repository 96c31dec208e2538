"""Take the README's pictures of the pages: `python tests/screenshots.py`."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from served_app import ROOT, open_browser, ready, serve_app

SHOTS = {
    "explore": "?checkpoint=mnist-2d&show=grid&z=-1.35,1.05&path=3;5;17&view=0,0,6.6",
    "explore-20d": "?checkpoint=mnist-20d&digit=18&path=13;2;4",
    "explore-umap": "?checkpoint=mnist-20d&digit=9&plane=umap",
    "scatter": "scatter?checkpoint=mnist-2d",
    "scatter-20d": "scatter?checkpoint=mnist-20d",
    "manifold": "manifold?checkpoint=mnist-2d",
    "manifold-20d": "manifold?checkpoint=mnist-20d",
    "interpolate": "interpolate?checkpoint=mnist-2d",
    "interpolate-20d": "interpolate?checkpoint=mnist-20d",
    "reconstruct": "reconstruct?checkpoint=mnist-20d",
    "model": "model?checkpoint=mnist-20d",
    "compare": "compare?compare=mnist-2d/mnist-20d",
    "film": "film?checkpoint=mnist-2d",
}

# What is chosen on a page before its picture is taken.
CHOICES = {"scatter-20d": ("radio", "t-SNE"), "compare": ("button", "Show the grid")}


def main() -> None:
    """Open each page in a fresh tab and save what a visitor sees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / ".screenshots")
    parser.add_argument("--size", default="1280x720", help="of the window, in pixels")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    args.out.mkdir(parents=True, exist_ok=True)
    with serve_app() as address, sync_playwright() as playwright:
        browser = open_browser(playwright)
        for name, link in SHOTS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=args.theme
            )
            page.goto(f"{address}/{link}")
            ready(page)
            if choice := CHOICES.get(name):
                role, title = choice
                page.get_by_role(role, name=title).click()
                ready(page)
            # Fonts and WebGL settle a moment after the script has ended.
            page.wait_for_timeout(2500)
            _save(page.screenshot(), args.out / f"{name}.png")
            page.close()
        browser.close()


def _save(png: bytes, file: Path) -> None:
    """Save as small as a PNG of true colours can be: with 256 of them, greys become lilac."""
    Image.open(io.BytesIO(png)).convert("RGB").save(file, optimize=True)
    print(f"{file}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
