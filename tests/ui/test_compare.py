"""Checkpoints under one handle in a real browser: what is done on one map is done on all."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from conftest import SHIPPED, watched
from live_map import export, pixels_of, wait_until, z_of
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from safetensors.numpy import load_file, save_file
from scipy.linalg import orthogonal_procrustes
from served_app import serve_app

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.folder import load_latents, load_meta
from vae_explorer.checkpoint.latents import write_latents
from vae_explorer.checkpoint.meta import write_meta
from vae_explorer.data import Dataset
from vae_explorer.training.fit import fit
from vae_explorer.training.save import save_trained
from vae_explorer.vae.config import ModelConfig, TrainConfig

pytestmark = pytest.mark.browser

# By 40 degrees, and mirrored.
ANGLE = np.deg2rad(40)
TURN = np.array([[np.cos(ANGLE), np.sin(ANGLE)], [np.sin(ANGLE), -np.cos(ANGLE)]])


def _turned(path: Path) -> None:
    """Write the shipped plane anew, turned and mirrored: codes b = a TURN, the same pictures."""
    shutil.copytree(SHIPPED[0], path)
    weights = {name: value.astype(np.float32) for name, value in load_file(_weights(path)).items()}
    last = max(int(name.split(".")[2]) for name in weights if name.startswith("encoder"))
    for name in (f"encoder.layers.{last}.weight", f"encoder.layers.{last}.bias"):
        weights[name][:2] = TURN.T @ weights[name][:2]
    weights["decoder.layers.0.weight"] = weights["decoder.layers.0.weight"] @ TURN
    single = {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
    save_file(single, _weights(path))
    latents = load_latents(path)
    mean = (latents.mean @ TURN).astype(np.float32)
    write_latents(path / "latents.npz", replace(latents, mean=mean))
    write_meta(path / "meta.json", replace(load_meta(path), name=path.name))


def _weights(path: Path) -> Path:
    return path / "model.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Path:
    """Checkpoints to compare the shipped ones with, each with something of its own."""
    folder = tmp_path_factory.mktemp("compared")
    _turned(folder / "turned-2d")
    codeless = Path(shutil.copytree(SHIPPED[0], folder / "codeless-2d"))
    (codeless / "latents.npz").unlink()
    (codeless / "history.csv").unlink()
    model = ModelConfig(image_shape=(1, 8, 8), hidden=(16,))
    result = fit(model, TrainConfig(dataset="digits", epochs=1, lr=3e-3), digits)
    save_trained(result, folder / "small-2d", "digits-2d", digits, torch.device("cpu"))
    return folder


@pytest.fixture(scope="module")
def compared(folder: Path) -> Iterator[str]:
    with serve_app(VAE_EXPLORER_CHECKPOINTS=str(folder)) as served:
        yield served


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    yield from watched(browser.new_page(viewport={"width": 1280, "height": 900}))


class Comparison:
    """Compared models as they stand on a page."""

    def __init__(self, page: Page, address: str, names: Sequence[str], query: str = "") -> None:
        self.page = page
        page.goto(f"{address}/compare?compare={'/'.join(names)}{query}")
        self.panels = page.get_by_test_id("panel")
        expect(self.panels).to_have_count(len(names), timeout=60_000)
        self.wait()

    def wait(self) -> None:
        """Wait until every model has decoded, and the pad can be drawn on."""
        for k in range(self.panels.count()):
            expect(self.picture(k)).to_have_attribute("data-z", re.compile("."))
        expect(self.page.get_by_test_id("draw-pad")).to_have_attribute("data-enabled", "true")

    def picture(self, k: int) -> Locator:
        return self.panels.nth(k).get_by_role("img", name="Decoded by")

    def steps(self, k: int) -> Locator:
        """Return the pictures of the k-th model's path."""
        path = self.panels.nth(k).get_by_role("group", name="Steps of the path")
        return path.get_by_test_id("decoded")

    def z(self, k: int) -> np.ndarray:
        self.settle()
        return z_of(self.picture(k))

    def pixels(self, k: int) -> np.ndarray:
        self.settle()
        return pixels_of(self.picture(k))

    def settle(self) -> None:
        """Wait for two frames: what was done is drawn."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def sentence(self) -> str:
        self.settle()
        return self.page.get_by_test_id("sentence").inner_text()

    def box(self, k: int, test_id: str) -> dict[str, float]:
        return self.panels.nth(k).get_by_test_id(test_id).bounding_box()

    def place(self, k: int) -> tuple[float, float]:
        """Return where the handle of the k-th map is, from the map's corner."""
        handle, surface = self.box(k, "handle"), self.box(k, "surface")
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        return x - surface["x"], y - surface["y"]

    @contextmanager
    def dragged(self, k: int, right: float, down: float) -> Iterator[None]:
        """Drag the handle of the k-th map by pixels; let it go afterwards."""
        box = self.box(k, "handle")
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=4)
        yield
        self.page.mouse.up()

    def click(self, k: int, across: float, down: float) -> None:
        """Click on the k-th map, at shares of its sides."""
        box = self.box(k, "surface")
        self.page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])


def _decoded(path: Path, z: np.ndarray) -> np.ndarray:
    """Return PyTorch's mean image of z, (H, W), 0 to 255."""
    model = load_checkpoint(path).model
    with torch.no_grad():
        return 255 * model.generate(torch.tensor(z, dtype=torch.float32)[None])[0, 0].numpy()


def test_one_z_moves_through_all_before_the_pointer_is_released(
    tab: Page, compared: str, folder: Path
) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "turned-2d"))
    assert "One z, decoded by each model" in both.sentence
    for dragged, other in ((0, 1), (1, 0)):
        before = both.pixels(other)
        with both.dragged(dragged, 70, -50):
            assert np.abs(both.pixels(other) - before).max() > 10
            np.testing.assert_allclose(both.z(0), both.z(1), atol=1e-6)
            for k, path in enumerate((SHIPPED[0], folder / "turned-2d")):
                np.testing.assert_allclose(both.pixels(k), _decoded(path, both.z(k)), atol=1.5)


def test_an_aligned_space_is_turned_and_the_handle_with_it(
    tab: Page, compared: str, folder: Path
) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "turned-2d"))
    both.button("Align").click()
    expect(both.panels.nth(1).get_by_test_id("disparity")).to_contain_text("0.000")
    paths = (SHIPPED[0], folder / "turned-2d")
    first, second = (load_latents(path).mean.astype(float) for path in paths)
    rotation, _ = orthogonal_procrustes(first, second)
    for dragged in (0, 1):
        with both.dragged(dragged, -40, 60):
            np.testing.assert_allclose(both.z(1), both.z(0) @ rotation, atol=1e-4)
            # The turned model is the same one: at the same place it has the same picture.
            np.testing.assert_allclose(both.pixels(0), both.pixels(1), atol=1.5)
    assert both.place(0) == pytest.approx(both.place(1), abs=1)
    both.button("Align").click()
    np.testing.assert_allclose(both.z(0), both.z(1), atol=1e-6)


def test_one_test_image_moves_through_models_of_other_dimensions(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "mnist-20d"))
    expect(both.button("Same test image")).to_have_attribute("aria-pressed", "true")
    expect(both.button("Same z")).to_be_disabled()
    codes = [load_latents(path).mean for path in SHIPPED]

    def row(k: int) -> int:
        distance = np.abs(codes[k] - both.z(k)).max(axis=1)
        assert distance.min() < 1e-5
        return int(distance.argmin())

    for dragged, other in ((0, 1), (1, 0)):
        before = both.pixels(other)
        with both.dragged(dragged, -90, 60):
            assert np.abs(both.pixels(other) - before).max() > 10
            assert row(0) == row(1)
            assert f"test image {row(0)}." in both.sentence
            for k, path in enumerate(SHIPPED):
                np.testing.assert_allclose(both.pixels(k), _decoded(path, both.z(k)), atol=1.5)


def test_a_drawing_is_encoded_by_each(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "mnist-20d"))
    before = [both.z(k) for k in range(2)]
    pad = tab.get_by_test_id("draw-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 5, y + box["height"] / 2, steps=6)
    tab.mouse.up()
    expect(tab.get_by_test_id("sentence")).to_contain_text("Your drawing")
    both.settle()
    drawn = pixels_of(tab.get_by_test_id("original")) / 255
    image = torch.tensor(drawn, dtype=torch.float32)[None, None]
    for k, path in enumerate(SHIPPED):
        assert np.abs(both.z(k) - before[k]).max() > 0.01
        with torch.no_grad():
            mean, _ = load_checkpoint(path).model.encode(image)
        # The pixels were read back from 8 bits.
        np.testing.assert_allclose(both.z(k), mean[0].numpy(), atol=0.05)


def test_a_path_between_test_images_is_gone_by_all(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "mnist-20d"))
    both.button("Interpolate").click()
    ends = []
    for place in ((0.3, 0.4), (0.6, 0.7)):
        both.click(0, *place)
        ends.append([both.z(k) for k in range(2)])
    tab.get_by_role("slider", name="Steps").fill("5")
    for k in range(2):
        expect(both.steps(k)).to_have_count(5)
        between = np.linspace(ends[0][k], ends[1][k], 5)
        last = both.steps(k).nth(4)
        wait_until(tab, lambda last=last, end=between[4]: np.allclose(z_of(last), end, atol=1e-5))
        steps = np.stack([z_of(both.steps(k).nth(n)) for n in range(5)])
        np.testing.assert_allclose(steps, between, atol=1e-5)
    tab.get_by_test_id("along").fill("0.5")
    for k in range(2):
        np.testing.assert_allclose(both.z(k), (ends[0][k] + ends[1][k]) / 2, atol=1e-5)
    with tab.expect_download() as download:
        export(tab, "path-gif")
    with Image.open(download.value.path()) as picture:
        # The two models side by side.
        assert picture.size == (640, 420)
        said = json.loads(picture.info["comment"])
    assert said["checkpoint"] == ["mnist-2d", "mnist-20d"]
    for k, codes in enumerate(said["z"]):
        np.testing.assert_allclose(codes, [end[k] for end in ends], atol=1e-5)


def test_play_takes_all_along_their_paths(tab: Page, compared: str) -> None:
    codes = load_latents(SHIPPED[0]).mean
    query = "&mode=z&z=0,0&tool=interpolate&path=3;5&speed=4"
    both = Comparison(tab, compared, ("mnist-2d", "turned-2d"), query)
    expect(both.button("▶ Play")).to_be_enabled()
    both.button("▶ Play").click()
    wait_until(tab, lambda: 0.2 < float(tab.get_by_test_id("along").input_value()) < 0.8)
    both.button("❚❚ Pause").click()
    both.settle()
    share = float(tab.get_by_test_id("along").input_value())
    for k in range(2):
        expected = (1 - share) * codes[3] + share * codes[5]
        np.testing.assert_allclose(both.z(k), expected, atol=1e-4)


def test_a_lattice_is_decoded_by_all_with_the_same_settings(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "turned-2d"))
    both.button("Manifold").click()
    tab.get_by_role("combobox", name="Pictures").select_option("fixed")
    tab.get_by_role("slider", name="Size").fill("6")
    tab.get_by_role("slider", name="Range").fill("2")
    for k in range(2):
        grid = both.panels.nth(k).get_by_test_id("grid")
        expect(grid).to_have_attribute("data-cells", "6x6")
        corner = re.compile(r"\[-2(\.0)?,2(\.0)?\]")
        expect(grid).to_have_attribute("data-corner", corner)


def test_a_class_is_hidden_on_all_maps_by_one_legend(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "mnist-20d"))
    legends = tab.get_by_role("group", name="Classes shown")
    expect(legends).to_have_count(1)
    # A click on the first point of class 7, test image 0, where the handle is, then beside it.
    codes = [load_latents(path) for path in SHIPPED]
    assert codes[0].label[0] == 7
    legends.get_by_role("button", name="7", exact=True).click()
    box = both.box(1, "handle")
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held = np.abs(codes[1].mean - both.z(1)).max(axis=1).argmin()
    assert codes[1].label[held] != 7
    both.click(0, 0.2, 0.3)
    held = np.abs(codes[0].mean - both.z(0)).max(axis=1).argmin()
    assert codes[0].label[held] != 7


def test_an_address_opens_the_comparison_that_it_was_copied_from(tab: Page, compared: str) -> None:
    both = Comparison(tab, compared, ("mnist-2d", "turned-2d"))
    both.button("Align").click()
    with both.dragged(0, 50, 40):
        pass
    tab.mouse.move(5, 5)
    z = [both.z(k) for k in range(2)]
    wait_until(tab, lambda: _numbers(tab.url, "z") == pytest.approx(z[0], abs=1e-4))
    tab.reload()
    expect(both.panels).to_have_count(2)
    both.wait()
    expect(both.button("Align")).to_have_attribute("aria-pressed", "true")
    for k in range(2):
        np.testing.assert_allclose(both.z(k), z[k], atol=1e-3)


def _numbers(url: str, name: str) -> list[float]:
    found = parse_qs(urlsplit(url).query).get(name, [""])[0]
    return [float(part) for part in found.split(",") if part]


def test_three_models_fit_a_small_projector_and_the_wheel_scrolls_the_page(
    tab: Page, compared: str
) -> None:
    tab.set_viewport_size({"width": 1280, "height": 720})
    three = Comparison(tab, compared, ("mnist-2d", "turned-2d", "codeless-2d"))
    for k in range(3):
        box, panel = three.picture(k).bounding_box(), three.panels.nth(k).bounding_box()
        assert box["y"] + box["height"] <= 720
        assert panel["x"] <= box["x"]
        assert box["x"] + box["width"] <= panel["x"] + panel["width"]
    surface = three.panels.nth(0).get_by_test_id("surface")
    top = surface.bounding_box()["y"]
    place = three.place(0)
    surface.hover()
    tab.mouse.wheel(0, 200)
    wait_until(tab, lambda: surface.bounding_box()["y"] < top - 20)
    assert three.place(0) == pytest.approx(place, abs=1)
    surface.hover()
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, -200)
    tab.keyboard.up("Control")
    wait_until(tab, lambda: np.abs(np.subtract(three.place(0), place)).max() > 3)


def test_one_without_codes_and_history_is_decoded_all_the_same(tab: Page, compared: str) -> None:
    three = Comparison(tab, compared, ("codeless-2d", "mnist-2d", "turned-2d"))
    with three.dragged(0, 60, -60):
        for k in (1, 2):
            np.testing.assert_allclose(three.z(0), three.z(k), atol=1e-6)
        np.testing.assert_allclose(three.pixels(0), three.pixels(1), atol=1.5)
    three.button("Grid").click()
    for k in range(3):
        grid = three.panels.nth(k).get_by_test_id("grid")
        expect(grid).to_have_attribute("data-cells", re.compile(r"\d+x\d+"))
    expect(tab.get_by_text("No history.csv: codeless-2d.")).to_be_visible()
    expect(three.button("Align")).to_be_disabled()


def test_other_image_shapes_are_refused_with_both(tab: Page, compared: str) -> None:
    tab.goto(f"{compared}/compare?compare=mnist-2d/small-2d")
    said = tab.get_by_test_id("stAlertContentError")
    expect(said).to_contain_text("mnist-2d (1, 28, 28), small-2d (1, 8, 8)")
    expect(tab.get_by_test_id("panel")).to_have_count(0)


def test_a_folder_that_disappears_is_named(tab: Page, compared: str, folder: Path) -> None:
    Comparison(tab, compared, ("mnist-2d", "turned-2d", "codeless-2d"))
    gone = folder / "codeless-2d"
    gone.rename(folder.parent / "codeless-2d")
    try:
        # Anything that runs the page again.
        tab.get_by_test_id("stPopover").get_by_role("button").click()
        tab.get_by_test_id("stCheckbox").filter(has_text="turned-2d").locator("label").click()
        expect(tab.get_by_text("No longer here: codeless-2d")).to_be_visible()
        assert tab.get_by_test_id("stException").count() == 0
    finally:
        (folder.parent / "codeless-2d").rename(gone)


def test_it_begins_with_the_chosen_one_and_says_why_others_do_not_fit(
    tab: Page, compared: str
) -> None:
    tab.goto(f"{compared}/?checkpoint=mnist-20d")
    tab.get_by_test_id("handle").wait_for()
    tab.get_by_role("link", name="Compare").click()
    expect(tab.get_by_test_id("panel")).to_have_count(2)
    expect(tab.get_by_test_id("panel").first.get_by_role("heading")).to_have_text("mnist-20d")
    tab.get_by_test_id("stPopover").get_by_role("button").click()
    expect(tab.get_by_role("checkbox", name="small-2d")).to_be_disabled()
    expect(tab.get_by_text("images of 1 × 8 × 8, expected 1 × 28 × 28")).to_be_visible()


def test_metrics_and_configs_stand_side_by_side(tab: Page, compared: str) -> None:
    Comparison(tab, compared, ("mnist-2d", "mnist-20d"))
    metas = [load_meta(path) for path in SHIPPED]
    bounds = [meta.metrics["test_neg_elbo"] for meta in metas]
    row = tab.locator("tr", has_text="test −ELBO")
    difference = f"{bounds[1] - bounds[0]:+.2f}".replace("-", "−")
    expect(row.locator("td").nth(2)).to_have_text(f"{bounds[1]:.2f} ({difference})")
    expect(row.locator("strong")).to_have_text(f"{min(bounds):.2f}")
    expect(tab.locator("tr", has_text="latent dim").locator("td").nth(1)).to_have_text("2")
    assert tab.locator("tr", has_text="batch size").count() == 0
    expect(tab.locator(".js-plotly-plot .main-svg").first).to_be_visible()
