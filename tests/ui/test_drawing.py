"""Drawn digits become pictures like MNIST's: against PIL's drawing, and through the encoders.

The pad shows the drawing that is selected.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from live_map import pixels_of, wait_until
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect
from scipy.interpolate import CubicSpline
from scipy.ndimage import center_of_mass
from sklearn.neighbors import KNeighborsClassifier

from vae_explorer.checkpoint.folder import load_checkpoint

SCRIPT = Path(__file__).parents[1] / "js" / "prepare_digit.mjs"

Strokes = list[np.ndarray]
Prepare = Callable[..., np.ndarray]


def _curve(*points: tuple[float, float]) -> np.ndarray:
    """Return points (120, 2) of a smooth curve through a few, as a hand draws it."""
    knots = np.array(points, dtype=float)
    steps = np.hypot(*np.diff(knots, axis=0).T)
    time = np.concatenate([[0], np.cumsum(np.sqrt(steps))])
    return CubicSpline(time, knots)(np.linspace(0, time[-1], 120))


def _line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


# On a pad of 100 by 100; y points downwards. Fours and nines are left out: two dimensions of
# code have them in one place.
DRAWN: dict[int, Strokes] = {
    0: [
        _curve((52, 6), (34, 18), (25, 50), (33, 84), (52, 95), (71, 82), (78, 50), (70, 18)),
        _curve((70, 18), (62, 9), (50, 6)),
    ],
    1: [_line((50, 5), (50, 95))],
    2: [
        _curve((26, 28), (36, 12), (54, 8), (70, 20), (70, 38), (54, 62), (36, 80), (25, 91)),
        _line((25, 91), (80, 90)),
    ],
    3: [
        _curve((28, 16), (48, 6), (66, 16), (64, 34), (46, 46)),
        _curve((46, 46), (66, 52), (74, 70), (62, 90), (42, 94), (24, 84)),
    ],
    5: [
        _line((74, 8), (36, 10), (32, 44)),
        _curve((32, 44), (52, 38), (70, 50), (72, 70), (58, 90), (38, 94), (22, 84)),
    ],
    6: [
        _curve((60, 5), (42, 24), (31, 52), (32, 80), (48, 94), (65, 85), (67, 68), (54, 58)),
        _curve((54, 58), (40, 63), (31, 76)),
    ],
    7: [_line((24, 10), (76, 10), (46, 95))],
    8: [
        _curve((66, 18), (50, 6), (34, 16), (36, 34), (54, 48), (68, 66), (64, 88), (46, 95)),
        _curve((46, 95), (32, 84), (36, 64), (54, 46), (68, 30), (66, 18)),
    ],
}


@pytest.fixture
def prepared(node: list[str], tmp_path: Path) -> Prepare:
    """Return what digit.js makes of drawings, float32 with shape (N, size, size)."""

    def prepare(drawings: list[Strokes], **request: object) -> np.ndarray:
        listed = [[stroke.tolist() for stroke in strokes] for strokes in drawings]
        file = tmp_path / "drawings.json"
        file.write_text(json.dumps({"drawings": listed, **request}))
        done = subprocess.run([*node, SCRIPT, file], check=True, capture_output=True, text=True)
        pictures = np.array(json.loads(done.stdout), dtype=np.float32)
        size = int(np.sqrt(pictures.shape[1]))
        return pictures.reshape(-1, size, size)

    return prepare


def _by_pil(strokes: Strokes, fine: int = 40) -> np.ndarray:
    """Return strokes as MNIST's authors might: a bitmap, its ink fitted into 20x20, centred.

    `fine` is how many of the bitmap's pixels make one of the picture's. The bitmap's edges are
    hard, where digit.js's begin 0.2 pixels further out, which is fitted into 20x20 too.
    """
    points = np.concatenate(strokes)
    extent = np.ptp(points, axis=0).max()
    pen = 2.8 * fine
    scale = (19.6 * fine - pen) / extent
    side = 28 * fine

    def bitmap(offset: np.ndarray) -> np.ndarray:
        image = Image.new("L", (side, side))
        draw = ImageDraw.Draw(image)
        for stroke in strokes:
            corners = [tuple(point) for point in scale * stroke + offset]
            draw.line(corners, fill=255, width=round(pen), joint="curve")
            for x, y in corners:
                draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
        return np.asarray(image)

    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    offset = side / 2 - scale * middle
    y, x = center_of_mass(bitmap(offset))
    offset += 14.5 * fine - (np.array([x, y]) + 0.5)
    return bitmap(offset).reshape(28, fine, 28, fine).mean(axis=(1, 3)) / 255


def _codes(model: torch.nn.Module, pictures: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.encode(torch.from_numpy(pictures[:, None])).mean.numpy()


def test_a_drawing_is_pils_of_the_same_line(prepared: Prepare) -> None:
    for digit, picture in zip(DRAWN, prepared(list(DRAWN.values())), strict=True):
        witness = _by_pil(DRAWN[digit])
        assert np.abs(picture - witness).mean() < 0.005, digit
        assert picture.sum() == pytest.approx(witness.sum(), rel=0.015), digit


def test_a_drawings_centre_of_mass_is_mnists(prepared: Prepare) -> None:
    for picture in prepared(list(DRAWN.values())):
        np.testing.assert_allclose(center_of_mass(picture), 14, atol=0.05)


@pytest.mark.mnist
def test_drawings_have_the_ink_of_mnists(prepared: Prepare, mnist) -> None:
    images, labels = mnist.test.images[:, 0].numpy() / 255, mnist.test.labels.numpy()
    picture = dict(zip(DRAWN, prepared(list(DRAWN.values())), strict=True))
    shares = [picture[digit].mean() / images[labels == digit].mean() for digit in DRAWN]
    assert np.mean(shares) == pytest.approx(1, abs=0.1)
    y, x = np.transpose([center_of_mass(image) for image in images[:2000]])
    assert (x.mean(), y.mean()) == pytest.approx((14, 14), abs=0.05)


def test_the_same_stroke_anywhere_gives_the_same_code_within_0_05(
    prepared: Prepare, shipped: Path
) -> None:
    rng = np.random.default_rng(0)
    drawings = list(DRAWN.values())
    elsewhere = [
        [scale * stroke + shift for stroke in strokes]
        for strokes in drawings
        for scale, shift in zip(rng.uniform(0.5, 3, 4), rng.uniform(-50, 200, (4, 2)), strict=True)
    ]
    model = load_checkpoint(shipped).model
    options = {"reference": 280}
    codes = _codes(model, prepared(drawings, options=options))
    others = _codes(model, prepared(elsewhere, options=options))
    np.testing.assert_allclose(others, np.repeat(codes, 4, axis=0), atol=0.05)


def test_a_drawn_digit_lands_among_its_own(prepared: Prepare, shipped: Path) -> None:
    checkpoint = load_checkpoint(shipped)
    nearest = KNeighborsClassifier(5).fit(checkpoint.latents.mean, checkpoint.latents.label)
    codes = _codes(checkpoint.model, prepared(list(DRAWN.values())))
    assert nearest.predict(codes).tolist() == list(DRAWN)


def test_a_drawing_in_8_by_8_pixels_fills_them(prepared: Prepare, digits) -> None:
    pictures = prepared(list(DRAWN.values()), size=8)
    assert pictures.shape == (len(DRAWN), 8, 8)
    assert pictures[:, [0, -1]].max(axis=2).min() > 0.2
    # Straight ones have less ink than those of the data, which have a foot and a flag.
    assert pictures.mean() == pytest.approx(digits.test.images.numpy().mean() / 255, rel=0.2)


def test_nothing_drawn_is_an_empty_picture(prepared: Prepare) -> None:
    np.testing.assert_array_equal(prepared([[]]), np.zeros((1, 28, 28)))


def _ink(pad: Locator) -> np.ndarray:
    """Return how much ink is where on the pad, (28, 28) from 0 to 1."""
    values = pad.evaluate(
        """c => {
            const image = c.getContext('2d').getImageData(0, 0, c.width, c.height);
            return [c.width, ...image.data.filter((_, k) => k % 4 === 3)];
        }"""
    )
    image = Image.fromarray(np.array(values[1:], np.uint8).reshape(values[0], values[0]))
    return np.asarray(image.resize((28, 28), Image.Resampling.BOX)) / 255


@pytest.mark.browser
@pytest.mark.parametrize(
    ("query", "original"),
    [
        ("?checkpoint=mnist-2d", "[data-testid=original]"),
        ("compare?compare=mnist-2d/mnist-20d", ".cm-held canvas"),
    ],
    ids=["explore", "compare"],
)
def test_the_pad_shows_the_drawing_that_is_selected(
    page: Page, address: str, query: str, original: str
) -> None:
    page.goto(f"{address}/{query}")
    pad = page.get_by_test_id("draw-pad")
    expect(pad).to_have_attribute("data-enabled", "true")
    x = page.locator(original)

    def linked() -> str | None:
        return page.evaluate("new URLSearchParams(location.search).get('drawing')")

    def draw(*points: tuple[float, float]) -> np.ndarray:
        """Draw a stroke by sides of the pad; return the ink when the address has it."""
        before = linked()
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in points]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
        wait_until(page, lambda: linked() not in (before, None))
        frames = "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
        page.evaluate(f"() => {frames}")
        return _ink(pad)

    def shows(expected: np.ndarray) -> None:
        wait_until(page, lambda: np.allclose(_ink(pad), expected, atol=0.02))

    def shows_original() -> None:
        # Its pixels and those of the pad do not fit into each other.
        wait_until(page, lambda: np.abs(_ink(pad) - pixels_of(x) / 255).mean() < 0.015)
        assert _ink(pad).sum() > 30

    first = draw((0.3, 0.2), (0.3, 0.8))
    both = draw((0.7, 0.2), (0.7, 0.8))
    assert first[:, :14].sum() > 10
    assert both[:, 14:].sum() > 10 + first[:, 14:].sum()
    page.keyboard.press("Control+z")
    shows(first)
    page.keyboard.press("Control+z")
    shows(np.zeros((28, 28)))
    for expected in (first, both):
        page.keyboard.press("Control+Shift+Z")
        shows(expected)
    # What was taken back can be gone on with.
    page.keyboard.press("Control+z")
    shows(first)
    more = draw((0.3, 0.5), (0.6, 0.5))
    assert more[:, :14].sum() > first[:, :14].sum() - 1
    assert more[13:15, 15:17].min() > 0.5

    # A link has no strokes: its picture is on the pad, and the next stroke comes in its place.
    page.goto("about:blank")
    page.go_back()
    expect(pad).to_have_attribute("data-enabled", "true")
    shows_original()
    alone = draw((0.3, 0.2), (0.3, 0.8))
    np.testing.assert_allclose(alone, first, atol=0.02)
    page.keyboard.press("Control+z")
    shows_original()
    page.get_by_role("button", name="Clear the drawing").click()
    wait_until(page, lambda: linked() is None)
    shows(np.zeros((28, 28)))
