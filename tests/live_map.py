"""The live map as the browser tests see it: by its contract, the `data-testid`s and `data-z`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import numpy as np
from playwright.sync_api import Locator, Page
from served_app import DECODED, ready

__all__ = ["LiveMap", "export", "pixels_of", "wait_until", "z_of"]


def z_of(canvas: Locator) -> np.ndarray:
    """Return the code that a picture says it was decoded from, (D,)."""
    return np.array(json.loads(canvas.get_attribute("data-z")))


def pixels_of(canvas: Locator) -> np.ndarray:
    """Return a picture's grey values as they are on the screen, (H, W), 0 to 255."""
    values = canvas.evaluate(
        """c => {
            const image = c.getContext('2d').getImageData(0, 0, c.width, c.height);
            return [c.height, c.width, ...image.data.filter((_, k) => k % 4 === 0)];
        }"""
    )
    return np.array(values[2:]).reshape(values[:2])


def wait_until(page: Page, holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds that the page comes to by itself."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not so after {seconds} s"
        page.wait_for_timeout(50)


def export(page: Page, file: str) -> None:
    """Open the menu Export, and click the button of a file, such as `path-gif`."""
    menu = page.get_by_test_id("export-menu")
    if not menu.is_visible():
        page.get_by_role("button", name="Export ▾").click()
    menu.get_by_test_id(f"export-{file}").click()


class LiveMap:
    """An opened map; places are pixels from the window's top left corner."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.picture = page.locator(DECODED).first
        self.handle = page.get_by_test_id("handle")
        self.wait()

    @classmethod
    def opened(cls, page: Page, address: str, query: str) -> LiveMap:
        """Open the map by a link."""
        page.goto(f"{address}/?{query}")
        return cls(page)

    def wait(self) -> None:
        """Wait until the first picture stands and what comes after it, the pad, is ready."""
        ready(self.page)
        self.page.locator("[data-testid=draw-pad][data-enabled=true]").wait_for()

    def settle(self) -> None:
        """Wait until what was done is shown: two frames."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        wait_until(self.page, holds)

    @property
    def z(self) -> np.ndarray:
        """The code of the large picture, (D,)."""
        self.settle()
        return z_of(self.picture)

    def box(self, test_id: str) -> dict[str, float]:
        """Return where an element is."""
        return self.page.get_by_test_id(test_id).bounding_box()

    def place(self, at: Sequence[float], view: Sequence[float]) -> tuple[float, float]:
        """Return where coordinates of the map are; view: its centre x, y and the width it shows."""
        box = self.box("surface")
        scale = box["width"] / view[2]
        x = box["x"] + box["width"] / 2 + (at[0] - view[0]) * scale
        y = box["y"] + box["height"] / 2 - (at[1] - view[1]) * scale
        return float(x), float(y)

    def take_handle(self) -> tuple[float, float]:
        """Press the pointer on the handle; return where."""
        box = self.handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        return x, y

    def drag_handle(self, right: float, down: float) -> None:
        """Drag the handle by pixels and let it go."""
        x, y = self.take_handle()
        self.page.mouse.move(x + right, y + down, steps=5)
        self.page.mouse.up()

    def slider(self, dim: int) -> Locator:
        """Return the slider of one dimension."""
        return self.page.locator(f"[data-testid=z-slider][data-dim='{dim}']")

    def draw(self, points: Sequence[Sequence[float]], left: float = 0, top: float = 0) -> None:
        """Draw one stroke on the pad, moved by `left` and `top`."""
        box = self.box("draw-pad")
        x, y = box["x"] + left, box["y"] + top
        self.page.mouse.move(x + points[0][0], y + points[0][1])
        self.page.mouse.down()
        for right, down in points[1:]:
            self.page.mouse.move(x + right, y + down, steps=4)
        self.page.mouse.up()

    def let_go(self) -> None:
        """Wait until the address says where the handle is."""
        self.page.wait_for_function(
            """picture => {
                const z = new URLSearchParams(location.search).get('z')?.split(',').map(Number);
                const shown = JSON.parse(picture.dataset.z);
                return z?.length === shown.length
                    && z.every((value, d) => Math.abs(value - shown[d]) < 1e-4);
            }""",
            arg=self.picture.element_handle(),
        )
        ready(self.page)
