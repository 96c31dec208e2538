"""Take the README's pictures of the pages: `python tests/screenshots.py`.

`--drag` takes its moving picture instead: the handle, dragged around the map of mnist-2d. `--all`
takes the other pages, too.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from served_app import ROOT, open_browser, ready, serve_app

SHOTS = {
    "manifold": "?checkpoint=mnist-2d&tool=manifold&digit=18",
    "compare": "compare?compare=mnist-2d/mnist-20d&show=points,grid",
    "film": "film?checkpoint=mnist-2d",
}
# Pages that the README does not show, to be looked at.
OTHERS = {
    "explore": "?checkpoint=mnist-2d",
    "explore-20d": "?checkpoint=mnist-20d&digit=18&show=points,grid",
    "explore-umap": "?checkpoint=mnist-20d&digit=9&plane=umap",
    "interpolate": "?checkpoint=mnist-20d&tool=interpolate&path=13;2;4",
    "projections": "projections?checkpoint=mnist-20d",
    "samples": "samples?checkpoint=mnist-20d",
    "model": "model?checkpoint=mnist-20d",
}

# The moving picture: where the handle starts, and how many pictures are taken on its way.
DRAGGED = "?checkpoint=mnist-2d&show=points,grid&digit=0&z=1.5,1.1"
FRAMES = 60


def main() -> None:
    """Open each page in a fresh tab and save what a visitor sees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / ".screenshots")
    parser.add_argument("--size", default="1280x720", help="of the window, in pixels")
    parser.add_argument("--drag", action="store_true", help="take the moving picture alone")
    parser.add_argument("--all", action="store_true", help="take the other pages, too")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    args.out.mkdir(parents=True, exist_ok=True)
    with serve_app() as address, sync_playwright() as playwright:
        browser = open_browser(playwright)

        def opened(link: str) -> Page:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=args.theme
            )
            page.goto(f"{address}/{link}")
            ready(page)
            return page

        if args.drag:
            _save_moving(_drag(opened(DRAGGED)), args.out / "drag.webp")
        else:
            for name, link in (SHOTS | OTHERS if args.all else SHOTS).items():
                page = opened(link)
                # Fonts and WebGL settle a moment after the script has ended.
                page.wait_for_timeout(2500)
                _save(page.screenshot(), args.out / f"{name}.png")
                page.close()
        browser.close()


def _drag(page: Page) -> list[Image.Image]:
    """Drag the handle around the middle of the map and back; return what is seen meanwhile."""
    page.locator("[data-testid=grid][data-corner]").wait_for(state="attached")
    page.wait_for_timeout(2500)
    handle, surface = (page.get_by_test_id(name).bounding_box() for name in ("handle", "surface"))
    x, y = (handle[at] + handle[size] / 2 for at, size in (("x", "width"), ("y", "height")))
    middle = [surface[at] + surface[size] / 2 for at, size in (("x", "width"), ("y", "height"))]
    page.mouse.move(x, y)
    page.mouse.down()
    shots = []
    for angle in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
        turned = complex(x - middle[0], y - middle[1]) * np.exp(1j * angle)
        # Nearer to the middle on the way, where digits change into each other.
        turned *= 1 - 0.45 * np.sin(angle / 2) ** 2
        page.mouse.move(middle[0] + turned.real, middle[1] + turned.imag, steps=3)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.mouse.up()
    return shots


def _save_moving(shots: list[Image.Image], file: Path) -> None:
    """Save a picture that moves, as wide as a README shows it."""
    small = [shot.resize((960, 960 * shot.height // shot.width), Image.LANCZOS) for shot in shots]
    small[0].save(
        file, save_all=True, append_images=small[1:], duration=90, loop=0, quality=70, method=6
    )
    print(f"{file}  {file.stat().st_size / 1000:.0f} kB")


def _save(png: bytes, file: Path) -> None:
    """Save as small as a PNG of true colours can be: with 256 of them, greys become lilac."""
    Image.open(io.BytesIO(png)).convert("RGB").save(file, optimize=True)
    print(f"{file}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
