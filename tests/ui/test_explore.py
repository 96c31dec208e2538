"""The live map in a real browser, moved by mouse, finger and keys."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from conftest import SHIPPED, Serve, watched
from live_map import LiveMap, export, pixels_of, z_of
from path_witness import path_between
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect
from scipy.stats import norm
from served_app import DECODED, follow

from vae_explorer import load_checkpoint
from vae_explorer.analysis.codes import principal_axes
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.data import Dataset
from vae_explorer.figures.style import class_colour
from vae_explorer.training.fit import fit
from vae_explorer.training.save import save_trained
from vae_explorer.vae.config import TrainConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.recipes import find_recipe

pytestmark = pytest.mark.browser

# The whole of the 2-D map, as a link gives it.
VIEW = (0.0, 0.0, 8.0)
LINK = "checkpoint=mnist-2d&view=0,0,8"


@pytest.fixture(scope="module")
def plane() -> object:
    return load_checkpoint(SHIPPED[0])


@pytest.fixture(scope="module")
def many() -> object:
    return load_checkpoint(SHIPPED[1])


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A tab under a finger."""
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    yield from watched(context.new_page())
    context.close()


def _decoded(checkpoint: object, z: np.ndarray) -> np.ndarray:
    """Return PyTorch's mean image of z, (H, W), 0 to 255."""
    with torch.no_grad():
        return (
            255
            * checkpoint.model.generate(torch.tensor(z, dtype=torch.float32)[None])[0, 0].numpy()
        )


def _lonely_row(mean: np.ndarray, within: float) -> int:
    """Return the row far from all others that is at most `within` from the origin on both axes."""
    inner = np.flatnonzero(np.abs(mean).max(axis=1) < within)
    gaps = [np.partition(np.linalg.norm(mean - mean[row], axis=1), 1)[1] for row in inner]
    return int(inner[np.argmax(gaps)])


def _view(page: Page) -> list[float]:
    """Return what the address says that the map shows: the middle's x and y, and the width."""
    return [float(number) for number in _asked(page, "view").split(",")]


def _asked(page: Page, name: str) -> str:
    """Return a parameter of the address; empty where it is not there."""
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def _radii(page: Page) -> np.ndarray:
    """Return the half axes of the ellipse at one sigma, in pixels, the lesser first."""
    path = page.locator("[data-testid=posterior][data-sigma='1']").get_attribute("d")
    outline = np.array([pair.split(",") for pair in path.strip("MZ").split("L")], dtype=float)
    away = np.linalg.norm(outline - outline.mean(axis=0), axis=1)
    return np.array([away.min(), away.max()])


def _grid(page: Page) -> dict[str, str]:
    """Wait for the lattice, and return what it says of itself."""
    page.locator("[data-testid=grid][data-cells]").wait_for()
    return page.get_by_test_id("grid").evaluate("grid => ({ ...grid.dataset })")


def _steps(page: Page) -> Locator:
    """Return the pictures in the dock, once they are decoded."""
    steps = page.locator("[data-testid$=strip] [data-testid=decoded][data-z]:visible")
    steps.last.wait_for()
    return steps


def _codes(steps: Locator) -> np.ndarray:
    return np.array([json.loads(z) for z in steps.evaluate_all("all => all.map(s => s.dataset.z)")])


def _rows_of(checkpoint: object, *classes: int) -> list[int]:
    return [int(np.flatnonzero(checkpoint.latents.label == kind)[0]) for kind in classes]


# The handle.


def test_the_picture_and_its_z_change_before_the_pointer_is_released(
    page: Page, address: str, shipped: Path
) -> None:
    live = LiveMap.opened(page, address, f"checkpoint={shipped.name}")
    z, pixels = live.z, pixels_of(live.picture)
    x, y = live.take_handle()
    for step in range(1, 4):
        page.mouse.move(x + 25 * step, y - 20 * step)
        moved, painted = live.z, pixels_of(live.picture)
        assert np.abs(moved - z).max() > 0.01
        assert np.abs(painted - pixels).max() > 10
        z, pixels = moved, painted
    page.mouse.up()
    np.testing.assert_array_equal(live.z, z)


def test_what_is_shown_is_what_pytorch_decodes_from_the_z_on_show(
    page: Page, address: str, shipped: Path
) -> None:
    checkpoint = load_checkpoint(shipped)
    live = LiveMap.opened(page, address, f"checkpoint={shipped.name}")
    for right, down in ((40, -30), (-90, 15), (20, 60)):
        live.drag_handle(right, down)
        expected = _decoded(checkpoint, live.z)
        # A grey value is rounded; nothing else is lost.
        np.testing.assert_allclose(pixels_of(live.picture), expected, atol=0.6)


def test_a_drag_sends_nothing_to_the_server_not_even_when_it_is_let_go(
    page: Page, address: str
) -> None:
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    live = LiveMap.opened(page, address, LINK)
    live.let_go()
    before = len(sent)
    assert before > 0
    live.drag_handle(90, -60)
    # The address is the last that follows a drag.
    live.let_go()
    assert len(sent) == before


def test_dragging_moves_z_by_what_the_axes_say(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=0.5,-0.5")
    np.testing.assert_allclose(live.z, [0.5, -0.5])
    unit = live.box("surface")["width"] / VIEW[2]
    live.drag_handle(unit, -2 * unit)
    np.testing.assert_allclose(live.z, [1.5, 1.5], atol=0.02)


def test_hovering_shows_another_place_and_leaving_gives_the_picture_back(
    page: Page, address: str, plane: object
) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=0.5,-0.5")
    before = pixels_of(live.picture)
    page.mouse.move(*live.place((-1.5, 2.0), VIEW))
    np.testing.assert_allclose(live.z, [-1.5, 2.0], atol=0.02)
    np.testing.assert_allclose(pixels_of(live.picture), _decoded(plane, live.z), atol=0.6)
    expect(page.get_by_text("under the pointer")).to_be_visible()
    page.mouse.move(5, 5)
    np.testing.assert_allclose(live.z, [0.5, -0.5])
    np.testing.assert_array_equal(pixels_of(live.picture), before)


def test_arrow_keys_move_z_and_shift_moves_it_finer(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    live.handle.focus()
    page.keyboard.press("ArrowRight")
    right = live.z
    page.keyboard.press("Shift+ArrowUp")
    up = live.z - right
    assert right[0] > 0
    assert right[1] == 0
    assert 0 < up[1] < right[0] / 5
    live.let_go()
    assert "z=" in page.url


def test_tab_reaches_every_control_and_each_says_what_it_is(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d&path=3;4;5")
    controls = page.locator(
        "[data-testid=latent-map] :is(button, select, input, [tabindex='0']):not(:disabled):visible"
    )
    _steps(page)
    expected = controls.count()
    reached: list[str] = []
    # The handle comes first.
    assert controls.first.get_attribute("data-testid") == "handle"
    controls.first.focus()
    for _ in range(expected):
        reached.append(
            page.evaluate(
                "() => document.activeElement.ariaLabel || document.activeElement.innerText"
            )
        )
        page.keyboard.press("Tab")
    assert live.handle.get_attribute("aria-label") in reached
    assert all(reached)
    assert len(reached) == expected == len(set(reached))


def _fingers(page: Page) -> Callable[..., None]:
    """Return a function that puts down, moves or lifts fingers at places of the window."""
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(at)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return fingers


def test_a_finger_drags_and_two_fingers_zoom(phone: Page, address: str) -> None:
    live = LiveMap.opened(phone, address, f"{LINK}&z=0,0")
    fingers = _fingers(phone)
    x, y = live.place((0, 0), VIEW)
    unit = live.box("surface")["width"] / VIEW[2]
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + unit / 2, y))
    fingers("touchMove", (x + unit, y))
    np.testing.assert_allclose(live.z, [1, 0], atol=0.03)
    fingers("touchEnd")
    fingers("touchStart", (x - 60, y + 100), (x + 60, y + 100))
    for spread in (70, 80, 100, 120):
        fingers("touchMove", (x - spread, y + 100), (x + spread, y + 100))
    fingers("touchEnd")
    live.until(lambda: _view(phone)[2] == pytest.approx(VIEW[2] / 2, rel=0.02))
    assert _view(phone)[2] == pytest.approx(VIEW[2] / 2, rel=0.02)


def test_a_swipe_scrolls_the_page_and_leaves_the_map_as_it_is(phone: Page, address: str) -> None:
    live = LiveMap.opened(phone, address, f"{LINK}&z=0,0")
    live.let_go()
    fingers = _fingers(phone)
    x, y = live.place((-2, -2), VIEW)
    fingers("touchStart", (x, y))
    for moved in range(10, 160, 10):
        fingers("touchMove", (x, y - moved))
    fingers("touchEnd")
    live.until(lambda: live.place((-2, -2), VIEW)[1] < y - 100)
    assert live.place((-2, -2), VIEW)[1] < y - 100
    assert _view(phone) == list(VIEW)


# Where everything stands.


def test_the_corners_of_map_grid_and_scatter_are_the_same_z(
    page: Page, address: str, plane: object
) -> None:
    row = _lonely_row(plane.latents.mean, 2.4)
    live = LiveMap.opened(page, address, f"{LINK}&show=points,grid")
    grid = page.get_by_test_id("grid")
    page.wait_for_function("() => document.querySelector('[data-testid=grid]').dataset.corner")
    corner = np.array(grid.evaluate("element => JSON.parse(element.dataset.corner)"))
    step = float(grid.get_attribute("data-step"))
    # The fifth cell from the corner is off the axes: there the pointer decodes what the grid shows.
    inner = corner + 4 * np.array([step, -step])
    page.mouse.move(*live.place(inner, VIEW))
    np.testing.assert_allclose(live.z, inner, atol=VIEW[2] / live.box("surface")["width"])
    page.get_by_role("button", name="Points").click()
    page.mouse.move(5, 5)
    live.let_go()
    # Between two pictures of 28 pixels is a gutter of two.
    side = round(step * live.box("surface")["width"] / VIEW[2] * 28 / 30)
    cell = _resized(_decoded(plane, inner), side)
    x, y = live.place(inner, VIEW)
    shot = _shot(page, x, y, side + 8).mean(axis=2)
    # Of all places around, the picture stands where it should, to the pixel.
    offsets = [(down, right) for down in range(9) for right in range(9)]
    likeness = [_likeness(shot[d : d + side, r : r + side], cell) for d, r in offsets]
    assert max(likeness) > 0.8
    np.testing.assert_allclose(offsets[int(np.argmax(likeness))], 4, atol=1)
    # And a test digit's point lies where its mean says.
    page.get_by_role("button", name="Points").click()
    page.mouse.click(*live.place(plane.latents.mean[row], VIEW))
    np.testing.assert_allclose(live.z, plane.latents.mean[row], atol=1e-6)


def _shot(page: Page, x: float, y: float, side: int) -> np.ndarray:
    """Return the colours on the screen in a square around a place, (side, side, 3)."""
    left, top = round(x - side / 2), round(y - side / 2)
    clip = {"x": left, "y": top, "width": side, "height": side}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"), float)


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    picture = Image.fromarray(image.astype(np.float32))
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_points_are_drawn_in_their_class_colour_where_their_mean_is(
    page: Page, address: str, plane: object
) -> None:
    row = _lonely_row(plane.latents.mean, 2.4)
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    x, y = live.place(plane.latents.mean[row], VIEW)
    found = _shot(page, x, y, 2).mean(axis=(0, 1))
    colour = class_colour(int(plane.latents.label[row]))
    expected = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    # The disc is a little transparent, over the map's light ground.
    ground = np.array([0xF3, 0xF4, 0xF7])
    np.testing.assert_allclose(found, ground + 0.72 * (expected - ground), atol=12)


def test_a_view_that_rests_looks_as_one_that_is_opened_there(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    box = live.box("surface")
    middle, side = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"] - 4
    x, y = live.place((-2.5, 3.2), VIEW)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 40, steps=5)
    page.mouse.up()
    page.mouse.wheel(0, -60)
    page.mouse.move(2, 2)
    live.until(lambda: _view(page)[2] != VIEW[2])
    opened = page.context.new_page()
    LiveMap.opened(opened, address, urlsplit(page.url).query)
    expected = _shot(opened, *middle, side)
    opened.close()

    def is_alike() -> bool:
        # The address rounds the view to a hundredth of a pixel, and a few dots' borders differ.
        return (np.abs(_shot(page, *middle, side) - expected) > 8).mean() < 1e-3

    live.until(is_alike)


def test_zooming_keeps_what_is_under_the_pointer_and_redecodes_the_grid(
    page: Page, address: str
) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&show=grid")
    page.wait_for_function("() => document.querySelector('[data-testid=grid]').dataset.corner")
    grid = page.get_by_test_id("grid")
    step = float(grid.get_attribute("data-step"))
    page.mouse.move(*live.place((1.5, 1.0), VIEW))
    before = live.z
    for _ in range(4):
        page.mouse.wheel(0, -150)
    page.wait_for_function(
        "step => Number(document.querySelector('[data-testid=grid]').dataset.step) < step / 2",
        arg=step,
    )
    x, y = live.place((1.5, 1.0), VIEW)
    page.mouse.move(x + 1, y)
    page.mouse.move(x, y)
    # To the pixel.
    np.testing.assert_allclose(live.z, before, atol=VIEW[2] / live.box("surface")["width"])


def test_a_hidden_class_cannot_be_selected(page: Page, address: str, plane: object) -> None:
    row = _lonely_row(plane.latents.mean, 2.4)
    kind = str(plane.latents.label[row])
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    legend = page.get_by_role("group", name="Classes shown").get_by_role("button", name=kind)
    legend.click()
    expect(legend).to_have_attribute("aria-pressed", "false")
    page.mouse.click(*live.place(plane.latents.mean[row], VIEW))
    assert not np.array_equal(live.z, plane.latents.mean[row])
    legend.click()
    page.mouse.click(*live.place(plane.latents.mean[row], VIEW))
    np.testing.assert_allclose(live.z, plane.latents.mean[row], atol=1e-6)


# The selection.


def test_a_click_selects_an_image_with_its_original_and_its_posterior(
    page: Page, address: str, plane: object, mnist: Dataset
) -> None:
    latents = plane.latents
    row = _lonely_row(latents.mean, 2.4)
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    page.mouse.click(*live.place(latents.mean[row], VIEW))
    np.testing.assert_allclose(live.z, latents.mean[row], atol=1e-6)
    expect(page.get_by_role("heading", name=f"test image {latents.index[row]}")).to_be_visible()
    original = page.get_by_test_id("original")
    expect(original).to_be_visible()
    np.testing.assert_array_equal(pixels_of(original), mnist.test.images[latents.index[row], 0])
    scale = live.box("surface")["width"] / VIEW[2]
    # The log-variances travel in half precision, and the outline is drawn to a tenth of a pixel.
    radii = np.sort(np.exp(latents.logvar[row] / 2)) * scale
    np.testing.assert_allclose(_radii(page), radii, rtol=5e-3, atol=0.15)
    page.get_by_role("button", name="Sample again").click()
    away = (live.z - latents.mean[row]) / np.exp(latents.logvar[row] / 2)
    assert 0 < np.abs(away).max() < 6
    page.get_by_role("button", name="Back to the mean").click()
    np.testing.assert_allclose(live.z, latents.mean[row], atol=1e-6)


def test_without_the_data_set_words_stand_in_the_originals_place(
    page: Page, tmp_path: Path, serve: Serve
) -> None:
    with serve(VAE_EXPLORER_DATA=str(tmp_path)) as address:
        LiveMap.opened(page, address, f"{LINK}&digit=5")
        expect(page.get_by_text("its data set is not on disk")).to_be_visible()
        expect(page.get_by_test_id("original")).to_be_hidden()


# More than two dimensions.


def test_dragging_moves_z_in_the_plane_alone_and_sliders_off_it(
    page: Page, address: str, many: object
) -> None:
    axes = principal_axes(many.latents.mean).axes
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d")
    start = live.z
    live.drag_handle(70, -40)
    moved = live.z - start
    inside = axes[:2].T @ (axes[:2] @ moved)
    assert np.linalg.norm(inside) > 0.1
    np.testing.assert_allclose(moved, inside, atol=1e-5)
    assert float(live.slider(17).input_value()) == pytest.approx(live.z[17], abs=0.01)
    before, place = live.z, live.handle.bounding_box()
    live.slider(17).focus()
    page.keyboard.press("ArrowRight")
    changed = live.z - before
    assert changed[17] == pytest.approx(0.1, abs=1e-5)
    assert np.count_nonzero(changed) == 1
    unit = live.box("surface")["width"] / _span(page, live)
    after = live.handle.bounding_box()
    expected = axes[:2, 17] * changed[17] * unit * [1, -1]
    found = [after["x"] - place["x"], after["y"] - place["y"]]
    np.testing.assert_allclose(found, expected, atol=0.5)


def _span(page: Page, live: LiveMap) -> float:
    live.let_go()
    return _view(page)[2]


def test_sliders_are_ordered_by_kl_and_the_inactive_ones_are_marked(
    page: Page, address: str, many: object
) -> None:
    LiveMap.opened(page, address, "checkpoint=mnist-20d")
    sliders = page.get_by_test_id("z-slider")
    dims = [int(d) for d in sliders.evaluate_all("all => all.map(s => s.dataset.dim)")]
    kl = np.array(many.meta.kl_by_dimension)
    assert sorted(dims) == list(range(20))
    assert (np.diff(kl[dims]) <= 1e-6).all()
    labels = sliders.evaluate_all("all => all.map(s => s.ariaLabel)")
    inactive = {dim for dim, label in zip(dims, labels, strict=True) if "inactive" in label}
    assert inactive == set(np.flatnonzero(many.latents.mean.var(axis=0) <= 0.01))


def test_a_slider_moves_the_picture_while_it_is_dragged(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d")
    z, pixels = live.z, pixels_of(live.picture)
    box = live.slider(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2, steps=4)
    assert live.z[0] > 1.5
    np.testing.assert_array_equal(np.delete(live.z, 0), np.delete(z, 0))
    assert np.abs(pixels_of(live.picture) - pixels).max() > 20
    page.mouse.up()


def test_the_plane_through_three_images_goes_through_them(
    page: Page, address: str, many: object
) -> None:
    rows = _rows_of(many, 0, 1, 4)
    mean = many.latents.mean[rows]
    live = LiveMap.opened(page, address, f"checkpoint=mnist-20d&path={rows[0]};{rows[1]};{rows[2]}")
    page.get_by_label("Plane", exact=True).select_option("through")
    live.until(lambda: _asked(page, "plane") != "")
    assert _asked(page, "plane") == f"through:{rows[0]};{rows[1]};{rows[2]}"
    for end, expected in zip(page.get_by_test_id("path-end").all(), mean, strict=True):
        box = end.bounding_box()
        # Beside the letter and the handle, so that the surface hears of the pointer.
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        middle = live.box("surface")["x"] + live.box("surface")["width"] / 2
        way = 1 if x < middle else -1
        page.mouse.move(x + 30 * way, y)
        beside = live.z
        page.mouse.move(x + 60 * way, y)
        np.testing.assert_allclose(2 * beside - live.z, expected, atol=0.02)


def test_a_plane_goes_through_places_too_but_not_through_three_on_one_line(
    page: Page, address: str, many: object
) -> None:
    away = ",".join(f"{value:.3f}" for value in many.latents.mean[7] + 0.25)
    live = LiveMap.opened(page, address, f"checkpoint=mnist-20d&path=3;{away};5")
    planes = page.get_by_label("Plane", exact=True)
    planes.select_option("through")
    live.until(lambda: _asked(page, "plane").startswith("through:3;"))
    second = [float(number) for number in _asked(page, "plane").split(";")[1].split(",")]
    np.testing.assert_allclose(second, many.latents.mean[7] + 0.25, atol=1e-3)
    np.testing.assert_allclose(live.z, many.latents.mean[3], atol=1e-6)
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d&path=3;5;3")
    planes.select_option("through")
    expect(page.get_by_test_id("message")).to_contain_text("on one line")
    expect(planes).to_have_value("pca")


def test_on_umap_a_click_takes_that_images_code_and_the_page_says_why(
    page: Page, address: str, many: object
) -> None:
    xy = many.latents.projections["umap"]
    view = (*xy.mean(axis=0), 2.2 * np.abs(xy - xy.mean(axis=0)).max())
    row = _lonely_row(xy - xy.mean(axis=0), view[2] / 2)
    link = f"checkpoint=mnist-20d&plane=umap&view={view[0]:.4f},{view[1]:.4f},{view[2]:.4f}"
    live = LiveMap.opened(page, address, link)
    expect(page.get_by_text("UMAP has no inverse")).to_be_visible()
    page.mouse.click(*live.place(xy[row], view))
    np.testing.assert_allclose(live.z, many.latents.mean[row], atol=1e-6)
    expect(page.get_by_role("button", name="Grid")).to_be_disabled()


# Paths.


@pytest.mark.parametrize("way", ["straight", "spherical"])
def test_the_strip_is_the_path_between_the_digits(
    page: Page, address: str, many: object, way: str
) -> None:
    rows = _rows_of(many, 3, 8)
    live = LiveMap.opened(page, address, f"checkpoint=mnist-20d&path={rows[0]};{rows[1]}&steps=7")
    page.get_by_label("Interpolation").select_option(way)
    steps = _steps(page)
    for count in (7, 3, 30):
        page.get_by_label("Steps", exact=True).fill(str(count))
        expected = path_between(*many.latents.mean[rows], count, way)
        expect(steps).to_have_count(count)
        live.until(lambda expected=expected: np.allclose(_codes(steps), expected, atol=1e-5))
        np.testing.assert_allclose(_codes(steps), expected, atol=1e-5)
    middle = steps.nth(12)
    np.testing.assert_allclose(pixels_of(middle), _decoded(many, z_of(middle)), atol=0.6)
    middle.click()
    np.testing.assert_allclose(live.z, expected[12], atol=1e-5)
    live.let_go()
    assert _asked(page, "steps") == "30"
    assert _asked(page, "way") == ("spherical,z" if way == "spherical" else "")


def test_clicked_digits_make_a_path_whose_strip_follows_an_end_before_it_is_let_go(
    page: Page, address: str, plane: object
) -> None:
    row = _lonely_row(plane.latents.mean, 2.4)
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    page.get_by_role("button", name="Interpolate").click()
    expect(page.get_by_test_id("hint")).to_contain_text("for A")
    page.mouse.click(*live.place(plane.latents.mean[row], VIEW))
    expect(page.get_by_test_id("hint")).to_contain_text("B.")
    page.mouse.click(*live.place((2.0, -3.0), VIEW))
    frames = _steps(page)
    np.testing.assert_allclose(z_of(frames.first), plane.latents.mean[row], atol=1e-6)
    before, pixels = z_of(frames.last), pixels_of(frames.last)
    end = page.get_by_test_id("path-end").last.bounding_box()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    page.mouse.down()
    page.mouse.move(*live.place((0.5, 2.5), VIEW), steps=5)
    live.until(lambda: np.allclose(z_of(frames.last), [0.5, 2.5], atol=0.02))
    np.testing.assert_allclose(z_of(frames.last), [0.5, 2.5], atol=0.02)
    assert not np.allclose(before, z_of(frames.last))
    assert np.abs(pixels_of(frames.last) - pixels).max() > 20
    page.mouse.up()


def test_steps_of_equal_change_change_the_picture_more_evenly(
    page: Page, address: str, plane: object
) -> None:
    # A way on which most of the change is in few steps.
    rows = _rows_of(plane, 2, 7)
    live = LiveMap.opened(page, address, f"{LINK}&path={rows[0]};{rows[1]}")
    steps = _steps(page)

    def unevenness() -> float:
        pictures = np.array([_decoded(plane, z) for z in _codes(steps)])
        change = np.linalg.norm(np.diff(pictures, axis=0), axis=(1, 2))
        return change.std() / change.mean()

    in_z = unevenness()
    page.get_by_label("Steps of equal").select_option("picture")
    live.until(lambda: unevenness() < in_z / 2)
    assert unevenness() < in_z / 2


def test_an_end_can_be_removed_and_the_way_is_kept_in_the_link(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&path=-2,0;2,0;0,2&way=slerp,picture&hide=3")
    ends = page.get_by_test_id("path-end")
    expect(ends).to_have_count(3)
    ends.nth(1).focus()
    page.keyboard.press("Delete")
    expect(ends).to_have_count(2)
    expect(ends.first).to_be_focused()
    expect(page.get_by_label("Interpolation")).to_have_value("spherical")
    expect(page.get_by_label("Steps of equal")).to_have_value("picture")
    kind = page.get_by_role("group", name="Classes shown").get_by_role("button", name="3")
    expect(kind).to_have_attribute("aria-pressed", "false")
    live.until(lambda: _asked(page, "path") == "-2,0;0,2")
    assert _asked(page, "path") == "-2,0;0,2"
    assert _asked(page, "way") == "spherical,picture"


def test_enter_selects_the_image_under_the_handle(page: Page, address: str, plane: object) -> None:
    row = _lonely_row(plane.latents.mean, 2.4)
    x, y = plane.latents.mean[row]
    live = LiveMap.opened(page, address, f"{LINK}&z={x + 0.03:.4f},{y:.4f}")
    live.handle.focus()
    page.keyboard.press("Enter")
    np.testing.assert_allclose(live.z, plane.latents.mean[row], atol=1e-6)
    expect(page.get_by_role("heading", name=f"test image {row}")).to_be_visible()


def test_a_drag_in_the_plane_leaves_its_grid_as_it_is(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d&show=grid")
    before = _grid(page)
    live.drag_handle(40, -30)
    live.let_go()
    assert _grid(page) == before
    # Off the plane all cells are others.
    live.slider(0).focus()
    page.keyboard.press("ArrowRight")
    live.until(lambda: _grid(page)["corner"] != before["corner"])
    moved = np.subtract(*(json.loads(grid["corner"]) for grid in (_grid(page), before)))
    assert np.abs(moved).max() > 0.01


def test_the_handle_stays_on_the_map_and_in_sight(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=2.5,2.5")
    live.drag_handle(600, -300)
    handle, surface = live.handle.bounding_box(), live.box("surface")
    assert handle["x"] + handle["width"] / 2 == pytest.approx(
        surface["x"] + surface["width"], abs=1
    )
    # Nothing lies over it, the legend neither.
    before = live.z
    live.drag_handle(-60, 40)
    assert np.abs(live.z - before).max() > 0.5
    live.handle.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    live.settle()
    handle = live.handle.bounding_box()
    assert handle["x"] + handle["width"] / 2 <= surface["x"] + surface["width"] + 1


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (1920, 1080), (1024, 768), (768, 1024), (390, 844)]
)
def test_nothing_is_cut_off_or_moved_by_what_is_said(
    page: Page, address: str, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d&path=3;4;5")
    over = page.evaluate(
        """() => [...document.querySelectorAll(
            '[data-testid=latent-map] :is(button, select, canvas, label, p)')]
            .filter(e => e.offsetParent && e.getBoundingClientRect().right > innerWidth)
            .map(e => e.ariaLabel || e.innerText)"""
    )
    assert over == []
    for name in ("Sample again", "Back to the mean"):
        page.get_by_role("button", name=name, exact=True).click(timeout=5000)
    if width >= 1280:
        assert live.picture.bounding_box()["width"] >= 280
        for name in ("draw-pad", "path-strip", "latent-map"):
            box = live.box(name)
            assert box["y"] + box["height"] <= height
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    before = live.box("draw-pad")
    live.draw(SEVEN, 30, 20)
    assert live.box("draw-pad") == before


def test_play_runs_along_the_path_and_pause_stops_it(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&path=-2,0;2,0&speed=4&z=0,2")
    _steps(page)
    page.get_by_role("button", name="Play").click()
    seen: set[float] = set()

    def goes_on() -> bool:
        z = live.z
        if z[1] == pytest.approx(0, abs=1e-6):
            seen.add(float(z[0]))
        return len(seen) >= 4

    live.until(goes_on)
    assert len(seen) >= 4
    assert max(np.abs(list(seen))) <= 2
    page.get_by_role("button", name="Pause").click()
    stopped = live.z
    # The address is written when nothing has changed for a moment.
    live.let_go()
    np.testing.assert_array_equal(live.z, stopped)


# The lattice.


@pytest.mark.parametrize("scale", ["linear", "quantile"])
def test_a_fixed_lattice_stands_at_equal_steps_or_at_the_middles_of_equal_shares(
    page: Page, address: str, plane: object, tmp_path: Path, scale: str
) -> None:
    link = f"checkpoint=mnist-2d&tool=manifold&lattice=5,2.5&height=0.7&scale={scale}"
    live = LiveMap.opened(page, address, link)
    grid = _grid(page)
    assert grid["cells"] == "5x5"
    nodes = {
        "linear": np.linspace(-2.5, 2.5, 5),
        "quantile": norm.ppf((np.arange(5) + 0.5) / 5),
    }[scale]
    # The first picture is that of the upper left corner.
    np.testing.assert_allclose(json.loads(grid["corner"]), [nodes[0], nodes[-1]], atol=1e-4)
    np.testing.assert_allclose(
        _codes(_steps(page)), np.stack([nodes, np.full(5, 0.7)], axis=1), atol=1e-4
    )
    with page.expect_download() as download:
        export(page, "lattice-png")
    download.value.save_as(tmp_path / "lattice.png")
    with Image.open(tmp_path / "lattice.png") as picture:
        square, rest = divmod(picture.width, 5 * 28)
        assert rest == 0
        assert picture.size == (picture.width, picture.width)
        pixels = np.asarray(picture.convert("L"))[::square, ::square]
    for row, y in enumerate(reversed(nodes)):
        for column, x in enumerate(nodes):
            cell = pixels[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
            np.testing.assert_allclose(cell, _decoded(plane, np.array([x, y])), atol=1.1)
    page.get_by_label("Size").fill("30")
    page.get_by_test_id("grid").and_(page.locator("[data-cells='30x30']")).wait_for()
    live.until(lambda: _asked(page, "lattice") == "30,2.5")
    assert _asked(page, "lattice") == "30,2.5"


def test_the_plane_goes_through_what_is_chosen(page: Page, address: str, many: object) -> None:
    latents = many.latents
    live = LiveMap.opened(page, address, "checkpoint=mnist-20d&tool=manifold&lattice=5,1&image=11")
    _grid(page)
    through = page.get_by_label("Plane through")
    expect(through).to_have_value("selection")
    places = {
        "the mean of class 4": latents.mean[latents.label == 4].mean(axis=0),
        "the mean of all codes": latents.mean.mean(axis=0),
        "the prior’s mean": np.zeros(20),
        "selection": latents.mean[11],
    }
    axes = principal_axes(latents.mean).axes[:2]
    for name, z in places.items():
        through.select_option(name)
        live.until(lambda z=z: np.allclose(live.z, z, atol=1e-4))
        np.testing.assert_allclose(live.z, z, atol=1e-4)
        # Its cells stand about the prior's mean, and keep what of z lies off the plane.
        residual = z - axes.T @ (axes @ z)
        corner = residual + axes.T @ [-1, 1]
        live.until(lambda c=corner: np.allclose(json.loads(_grid(page)["corner"]), c, atol=1e-3))
        np.testing.assert_allclose(json.loads(_grid(page)["corner"]), corner, atol=1e-3)
        expect(through).to_have_value(name)


def test_old_addresses_and_links_open_with_what_they_ask_for(page: Page, address: str) -> None:
    LiveMap.opened(page, address, "checkpoint=mnist-2d&digit=7&path=3;5&way=slerp,z&show=grid")
    expect(page.get_by_role("heading", name="test image 7")).to_be_visible()
    expect(page.get_by_role("button", name="Interpolate")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Interpolation")).to_have_value("spherical")
    expect(page.get_by_role("button", name="Points")).to_have_attribute("aria-pressed", "false")
    LiveMap.opened(page, address, "checkpoint=mnist-20d&plane=digits:1,2,4&tool=manifold")
    expect(page.get_by_label("Plane", exact=True)).to_have_value("through")
    _grid(page)


# Drawing.

SEVEN = [(0, 0), (28, 0), (44, 1), (34, 24), (26, 44), (20, 62)]


def test_the_same_stroke_in_two_corners_gives_the_same_code(
    page: Page, address: str, shipped: Path
) -> None:
    live = LiveMap.opened(page, address, f"checkpoint={shipped.name}")
    codes, before = [], live.z
    for left, top in ((12, 12), (80, 12), (80.5, 60.5)):
        live.draw(SEVEN, left, top)
        codes.append(live.z)
        assert np.abs(live.z - before).max() > 0.05
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_text("Draw a digit here")).to_be_visible()
    np.testing.assert_allclose(codes[1:], codes[:1] * np.ones((2, 1)), atol=0.05)


def test_a_drawing_is_encoded_as_pytorch_does_and_stands_beside_its_reconstruction(
    page: Page, address: str, plane: object
) -> None:
    live = LiveMap.opened(page, address, LINK)
    live.draw(SEVEN, 40, 30)
    seen = pixels_of(page.get_by_test_id("original")) / 255
    posterior = plane.model.encode(torch.tensor(seen, dtype=torch.float32)[None, None])
    np.testing.assert_allclose(live.z, posterior.mean[0], atol=0.02)
    neighbours = np.argsort(np.linalg.norm(plane.latents.mean - live.z, axis=1))[:15]
    assert (plane.latents.label[neighbours] == 7).mean() > 0.5
    reconstruction = page.get_by_test_id("reconstruction").get_by_test_id("decoded")
    np.testing.assert_allclose(z_of(reconstruction), live.z, atol=1e-6)
    radii = np.sort((posterior.logvar[0] / 2).exp().numpy())
    scale = live.box("surface")["width"] / _span(page, live)
    np.testing.assert_allclose(_radii(page), radii * scale, rtol=0.05, atol=0.15)


# What is kept.


def test_z_selection_and_path_survive_a_page_switch_a_reload_and_a_link(
    page: Page, address: str, shipped: Path
) -> None:
    live = LiveMap.opened(page, address, f"checkpoint={shipped.name}&digit=11&path=3;5&show=grid")
    live.drag_handle(33, -21)
    z = live.z
    live.let_go()
    follow(page, "Model")
    expect(page.get_by_role("heading", name="Architecture")).to_be_visible()
    follow(page, "Explore")
    live.wait()
    np.testing.assert_array_equal(live.z, z)
    live.let_go()
    link = page.url
    for _ in range(2):
        np.testing.assert_allclose(live.z, z, atol=1e-4)
        expect(page.get_by_role("heading", name="test image 11")).to_be_visible()
        expect(page.get_by_test_id("path-end")).to_have_count(2)
        expect(page.get_by_role("button", name="Points")).to_have_attribute("aria-pressed", "false")
        page.goto("about:blank")
        page.goto(link)
        live.wait()


def test_the_way_back_does_not_lead_through_the_places_of_the_handle(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/model?checkpoint=mnist-2d")
    expect(page.get_by_role("heading", name="Architecture")).to_be_visible()
    follow(page, "Explore")
    live = LiveMap(page)
    live.let_go()
    entries = page.evaluate("history.length")
    for way in (20, -30, 25):
        live.drag_handle(way, way)
        live.let_go()
    assert _asked(page, "z") != ""
    assert page.evaluate("history.length") == entries
    page.go_back()
    expect(page.get_by_role("heading", name="Architecture")).to_be_visible()


def _choose(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Checkpoint").click()
    page.get_by_role("option", name=name).click()


def test_each_checkpoint_keeps_its_own_state(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=1.25,-0.5&hide=3")
    _choose(page, "mnist-20d")
    live.slider(19).wait_for()
    live.wait()
    assert len(live.z) == 20
    # The address told of the other checkpoint's map, which nobody asked to see here.
    expect(page.get_by_test_id("message")).to_be_hidden()
    live.until(lambda: len(_asked(page, "z").split(",")) == 20)
    assert _asked(page, "hide") == ""
    _choose(page, "mnist-2d")
    expect(live.slider(19)).to_have_count(0)
    live.wait()
    np.testing.assert_allclose(live.z, [1.25, -0.5])
    live.until(lambda: _asked(page, "hide") == "3")
    assert _asked(page, "hide") == "3"


def test_the_first_hint_goes_at_the_first_touch_and_does_not_come_back(
    page: Page, address: str
) -> None:
    live = LiveMap.opened(page, address, LINK)
    expect(page.get_by_text("drag me")).to_be_visible()
    live.drag_handle(20, 10)
    expect(page.get_by_text("drag me")).to_be_hidden()
    page.reload()
    live.wait()
    expect(page.get_by_text("drag me")).to_be_hidden()


def test_the_wheel_zooms_over_the_handle_too(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, f"{LINK}&z=0,0")
    page.mouse.move(*live.place((0, 0), VIEW))
    page.mouse.wheel(0, -150)
    live.until(lambda: _view(page)[2] < VIEW[2])
    assert _view(page)[2] < VIEW[2]
    assert live.handle.get_attribute("aria-label").startswith("The handle, at z0 0.00, z1 0.00")


def test_holding_enter_on_sample_again_keeps_the_focus(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, LINK)
    again = page.get_by_role("button", name="Sample again")
    again.focus()
    seen = set()
    for _ in range(30):
        page.keyboard.press("Enter")
        seen.add(tuple(live.z))
    assert len(seen) == 30
    live.let_go()
    expect(again).to_be_focused()


# What can go wrong.


def test_a_checkpoint_of_other_dimensions_can_take_its_place(
    page: Page, tmp_path: Path, many: object, serve: Serve
) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(SHIPPED[0], folder)
    with serve(VAE_EXPLORER_CHECKPOINTS=str(tmp_path)) as address:
        live = LiveMap.opened(page, address, f"checkpoint=changing&{LINK.split('&')[1]}&digit=9")
        save_checkpoint(folder, many.model, many.meta, many.history, many.latents)
        follow(page, "Model")
        follow(page, "Explore")
        live.slider(19).wait_for()
        live.wait()
        assert len(live.z) == 20
        np.testing.assert_allclose(pixels_of(live.picture), _decoded(many, live.z), atol=0.6)


def test_a_cleanup_that_comes_late_leaves_the_newer_call_its_map(page: Page, address: str) -> None:
    # Streamlit cleans up after a call that was overtaken as soon as its script has come.
    page.route(
        "**/explore.js",
        lambda route: route.fulfill(
            content_type="text/javascript",
            body="import { mount as real } from './explore.js?real';"
            "export const mount = (given) => real((window.given = given));",
        ),
    )
    LiveMap.opened(page, address, LINK)
    found = page.evaluate(
        """async () => {
            const parentElement = document.body.appendChild(document.createElement('div'));
            const { mount } = await import(`${given.data.base.assets}/explore.js?real`);
            const call = () => mount({ ...given, parentElement });
            const [first, second] = [call(), call()];
            first();
            const drawn = () => parentElement.querySelector('[data-testid=decoded][data-z]');
            for (let k = 0; k < 200 && !drawn(); k++) await new Promise((r) => setTimeout(r, 50));
            const stage = parentElement.querySelector('[data-testid=latent-map]');
            const stayed = drawn() !== null;
            second();
            call();
            return [stayed, stage !== parentElement.querySelector('[data-testid=latent-map]')];
        }"""
    )
    # It opened in spite of the first cleanup, and the second one closed it.
    assert found == [True, True]


def test_what_a_link_says_brings_no_picture_of_its_own(page: Page, address: str) -> None:
    picture = "![a](http://example.invalid/a.png)"
    LiveMap.opened(page, address, f"checkpoint=mnist-2d&image={picture}")
    # The tab's watch would have seen the request.
    expect(page.get_by_text(f"image: found “{picture}”")).to_be_visible()
    page.goto(f"{address}/?checkpoint={picture}")
    # Its address is broken up, so that nothing makes a link of it.
    expect(page.get_by_text("asks for the checkpoint “![a](http")).to_be_visible()


def test_a_link_with_no_number_in_it_is_left_out_in_words(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-2d&z=nan,1&digit=ten")
    expect(page.get_by_text("z: found “nan,1”, expected 2 numbers")).to_be_visible()
    expect(page.get_by_text("digit: found “ten”, expected a row")).to_be_visible()
    assert np.isfinite(live.z).all()


def test_weights_that_do_not_arrive_are_said_and_asked_for_again(page: Page, address: str) -> None:
    page.forgiven.append("Failed to load resource")
    blobs: list[str] = []

    def refuse(route: object) -> None:
        blobs.append(route.request.url)
        route.abort()

    page.route("**/live/blob/*", refuse)
    page.goto(f"{address}/?{LINK}")
    expect(page.get_by_text("The map of mnist-2d did not open.")).to_be_visible()
    page.unroute("**/live/blob/*")
    page.get_by_role("button", name="Try again").click()
    page.locator("[data-testid=decoded][data-z]").first.wait_for()
    assert len(set(blobs)) >= 2


def test_a_decoder_that_does_not_arrive_leaves_the_points(page: Page, address: str) -> None:
    page.forgiven.append("Failed to load resource")
    from vae_explorer.live.blobs import plan_blob, plan_of_checkpoint
    from vae_explorer.live.store import digest

    decoder = digest(plan_blob(plan_of_checkpoint(SHIPPED[0], "decoder")))
    page.route(f"**/live/blob/{decoder}", lambda route: route.fulfill(status=200, body=b"VAEB cut"))
    page.goto(f"{address}/?{LINK}")
    expect(page.get_by_text("The decoder did not arrive.")).to_be_visible()
    expect(page.get_by_test_id("points")).to_be_visible()
    page.unroute(f"**/live/blob/{decoder}")
    page.get_by_role("button", name="Try again").click()
    page.locator("[data-testid=decoded][data-z]").first.wait_for()
    expect(page.get_by_text("The decoder did not arrive.")).to_be_hidden()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (
            "const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            "  return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); }",
            "This browser has no WebGL",
        ),
        ("delete window.WebAssembly", ""),
    ],
    ids=["webgl", "webassembly"],
)
def test_a_browser_that_lacks_something_still_shows_the_map(
    page: Page, address: str, plane: object, missing: str, words: str
) -> None:
    page.add_init_script(missing)
    live = LiveMap.opened(page, address, f"{LINK}&show=points,grid")
    page.wait_for_function("() => document.querySelector('[data-testid=grid]').dataset.corner")
    if words:
        expect(page.get_by_text(words)).to_be_visible()
    live.drag_handle(30, 30)
    np.testing.assert_allclose(pixels_of(live.picture), _decoded(plane, live.z), atol=0.6)
    x, y = live.place((0, 0), VIEW)
    crowded = _shot(page, x, y, 100)
    page.get_by_role("button", name="Points").click()
    live.settle()
    assert np.abs(_shot(page, x, y, 100) - crowded).max() > 50


@pytest.fixture
def large(tmp_path: Path, plane: object) -> Iterator[Path]:
    """A checkpoint whose networks are too large for a browser, with random weights."""
    torch.manual_seed(0)
    config = replace(plane.meta.model, hidden=(2600, 2600), decoder_hidden=None)
    meta = replace(plane.meta, name="large", model=config)
    save_checkpoint(tmp_path / "large", VAE(config), meta, plane.history, plane.latents)
    return tmp_path / "large"


def test_a_network_too_large_for_a_browser_runs_on_the_server(
    page: Page, large: Path, serve: Serve
) -> None:
    checkpoint = load_checkpoint(large)
    with serve(VAE_EXPLORER_CHECKPOINTS=str(large.parent)) as address:
        live = LiveMap.opened(page, address, "checkpoint=large&view=0,0,8&z=0,0&show=points,grid")
        expect(page.get_by_text("on the server")).to_be_visible()
        x, y = live.take_handle()
        page.mouse.move(x + 60, y - 40, steps=4)
        live.until(lambda: np.abs(live.z).max() > 0.5)
        assert np.abs(live.z).max() > 0.5
        np.testing.assert_allclose(pixels_of(live.picture), _decoded(checkpoint, live.z), atol=0.6)
        page.mouse.up()
        page.wait_for_function("() => document.querySelector('[data-testid=grid]').dataset.corner")
        live.draw(SEVEN, 40, 30)
        expect(page.get_by_role("heading", name="Your drawing")).to_be_visible()

        def mean() -> np.ndarray:
            seen = pixels_of(page.get_by_test_id("original")) / 255
            image = torch.tensor(seen, dtype=torch.float32)[None, None]
            return checkpoint.model.encode(image).mean[0].numpy()

        live.until(lambda: np.allclose(live.z, mean(), atol=0.001))
        np.testing.assert_allclose(live.z, mean(), atol=0.001)
        live.let_go()
        assert f"z={live.z[0]:.3f}"[:-1] in page.url


def test_the_page_says_that_the_server_is_busy_and_goes_on(
    page: Page, large: Path, serve: Serve
) -> None:
    busy = [True]

    def run(socket: WebSocketRoute) -> None:
        if busy:
            socket.close(code=1013)
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile("/live/run/"), run)
    said, picture = page.get_by_test_id("message"), page.locator(f"{DECODED}[data-z]").first
    with serve(VAE_EXPLORER_CHECKPOINTS=str(large.parent)) as address:
        page.goto(f"{address}/?checkpoint=large&z=0,0")
        expect(said).to_be_visible()
        assert picture.count() == 0
        busy.clear()
        picture.wait_for()
        expect(said).to_be_hidden()


def test_a_convolutional_network_is_run_in_the_browser(
    page: Page, tmp_path: Path, digits: Dataset, serve: Serve
) -> None:
    config = replace(find_recipe("gan-lab-32d").model, latent_dim=2)
    config = replace(config, image_shape=(1, 8, 8), kernels=(), decoder_kernels=())
    training = TrainConfig(dataset="digits", epochs=2, batch_size=64, lr=2e-3)
    save_trained(
        fit(config, training, digits), tmp_path / "conv", "mine", digits, torch.device("cpu")
    )
    checkpoint = load_checkpoint(tmp_path / "conv")
    with serve(VAE_EXPLORER_CHECKPOINTS=str(tmp_path)) as address:
        live = LiveMap.opened(page, address, "checkpoint=conv&view=0,0,8&z=0,0")
        expect(page.get_by_text("in browser")).to_be_visible()
        x, y = live.take_handle()
        page.mouse.move(x + 70, y - 50, steps=4)
        z = live.z
        assert np.abs(z).max() > 0.5
        np.testing.assert_allclose(pixels_of(live.picture), _decoded(checkpoint, z), atol=0.6)
        page.mouse.up()


def test_the_socket_answers_its_own_pages_alone(page: Page, address: str) -> None:
    with page.expect_request(re.compile("/live/original/")) as asked:
        LiveMap.opened(page, address, LINK)
    key = asked.value.url.split("/")[-2]
    socket = f"{address.replace('http', 'ws')}/live/run/{key}/decoder"
    ask = """url => new Promise(answer => {
        const socket = new WebSocket(url);
        socket.onopen = () => answer('open');
        socket.onclose = () => answer('closed');
    })"""
    assert page.evaluate(ask, socket) == "open"
    # The same machine under another name is another origin.
    page.forgiven += ["WebSocket connection to", "foreign host: http://localhost"]
    page.route("**/elsewhere", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(address.replace("127.0.0.1", "localhost") + "/elsewhere")
    assert page.evaluate(ask, socket) == "closed"


def test_a_checkpoint_swapped_under_the_page_keeps_the_handle(
    page: Page, tmp_path: Path, serve: Serve
) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(SHIPPED[0], folder)
    with serve(VAE_EXPLORER_CHECKPOINTS=str(tmp_path)) as address:
        live = LiveMap.opened(page, address, "checkpoint=changing&view=0,0,8&z=0.5,-0.5")
        before = pixels_of(live.picture)
        checkpoint = load_checkpoint(folder)
        with torch.no_grad():
            for weight in checkpoint.model.parameters():
                weight.mul_(0.9)
        save_checkpoint(
            folder, checkpoint.model, checkpoint.meta, checkpoint.history, checkpoint.latents
        )
        follow(page, "Model")
        follow(page, "Explore")
        live.wait()
        np.testing.assert_allclose(live.z, [0.5, -0.5])
        expected = _decoded(load_checkpoint(folder), live.z)
        np.testing.assert_allclose(pixels_of(live.picture), expected, atol=0.6)
        assert np.abs(expected - before).max() > 10
