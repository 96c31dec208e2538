"""Checkpoints under one hand in a real browser: what is done on one map is done on all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SHIPPED, watched
from live_map import pixels_of, z_of
from playwright.sync_api import Browser, Locator, Page, expect
from safetensors.numpy import load_file, save_file
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
    folder = tmp_path_factory.mktemp("contestants")
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


class Contest:
    """The comparison as it stands on a page."""

    def __init__(self, page: Page, address: str, *names: str) -> None:
        self.page = page
        page.goto(f"{address}/compare?compare={'/'.join(names)}")
        self.panels = page.get_by_test_id("panel")
        self.panels.first.wait_for()
        expect(self.panels).to_have_count(len(names))
        self.names = names
        for k in range(len(names)):
            self.panels.nth(k).locator(".cm-below canvas[data-z]").wait_for()
        page.locator(".pad:not(.is-disabled)").wait_for()

    def picture(self, k: int) -> Locator:
        return self.panels.nth(k).locator(".cm-below canvas")

    def z(self, k: int) -> np.ndarray:
        self.settle()
        return z_of(self.picture(k))

    def pixels(self, k: int) -> np.ndarray:
        self.settle()
        return pixels_of(self.picture(k))

    def settle(self) -> None:
        """Wait for two frames."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def press(self, name: str) -> None:
        self.page.locator(".cm-tools button", has_text=name).click()

    @property
    def sentence(self) -> str:
        return self.page.get_by_test_id("sentence").inner_text()

    def take(self, k: int) -> tuple[float, float]:
        """Press the pointer on the ring of the k-th map; return where."""
        box = self.panels.nth(k).get_by_test_id("handle").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        return x, y

    def click(self, k: int, across: float, down: float) -> None:
        """Click on the k-th map, at shares of its sides."""
        box = self.panels.nth(k).get_by_test_id("surface").bounding_box()
        self.page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])


def _decoded(path: Path, z: np.ndarray) -> np.ndarray:
    """Return PyTorch's mean image of z, (H, W), 0 to 255."""
    model = load_checkpoint(path).model
    with torch.no_grad():
        return 255 * model.generate(torch.tensor(z, dtype=torch.float32)[None])[0, 0].numpy()


def test_one_z_moves_through_all_before_the_pointer_is_released(
    tab: Page, compared: str, folder: Path
) -> None:
    contest = Contest(tab, compared, "mnist-2d", "turned-2d")
    assert "One z, decoded by each model" in contest.sentence
    for dragged, other in ((0, 1), (1, 0)):
        before = contest.pixels(other)
        x, y = contest.take(dragged)
        tab.mouse.move(x + 70, y - 50, steps=4)
        assert np.abs(contest.pixels(other) - before).max() > 10
        np.testing.assert_array_equal(contest.z(0), contest.z(1))
        for k, path in enumerate((SHIPPED[0], folder / "turned-2d")):
            np.testing.assert_allclose(contest.pixels(k), _decoded(path, contest.z(k)), atol=1.5)
        tab.mouse.up()


def test_an_aligned_space_is_turned_and_the_hand_with_it(tab: Page, compared: str) -> None:
    contest = Contest(tab, compared, "mnist-2d", "turned-2d")
    contest.press("Align")
    expect(contest.panels.nth(1).get_by_test_id("disparity")).to_have_text(" · disparity 0.000")
    for dragged in (0, 1):
        x, y = contest.take(dragged)
        tab.mouse.move(x - 40, y + 60, steps=4)
        first, second = contest.z(0), contest.z(1)
        np.testing.assert_allclose(second, first @ TURN, atol=1e-4)
        # The turned model is the same one: at the same place it has the same picture.
        np.testing.assert_allclose(contest.pixels(0), contest.pixels(1), atol=1.5)
        tab.mouse.up()
    places = [contest.panels.nth(k).get_by_test_id("handle").bounding_box() for k in range(2)]
    maps = [contest.panels.nth(k).get_by_test_id("surface").bounding_box() for k in range(2)]
    (x, y), (right, down) = [
        (place["x"] - here["x"], place["y"] - here["y"])
        for place, here in zip(places, maps, strict=True)
    ]
    assert (x, y) == pytest.approx((right, down), abs=1)
    contest.press("Align")
    np.testing.assert_array_equal(contest.z(0), contest.z(1))


def test_one_digit_moves_through_models_of_other_dimensions(tab: Page, compared: str) -> None:
    contest = Contest(tab, compared, "mnist-2d", "mnist-20d")
    assert "One digit, encoded by each model" in contest.sentence
    expect(tab.locator(".cm-tools button", has_text="Same z")).to_be_disabled()
    codes = [load_latents(path).mean for path in SHIPPED]

    def row(k: int) -> int:
        distance = np.abs(codes[k] - contest.z(k)).max(axis=1)
        assert distance.min() < 1e-5
        return int(distance.argmin())

    for dragged, other in ((0, 1), (1, 0)):
        before = contest.pixels(other)
        x, y = contest.take(dragged)
        tab.mouse.move(x - 90, y + 60, steps=4)
        assert np.abs(contest.pixels(other) - before).max() > 10
        assert row(0) == row(1)
        assert f"test image {row(0)}." in contest.sentence
        for k, path in enumerate(SHIPPED):
            np.testing.assert_allclose(contest.pixels(k), _decoded(path, contest.z(k)), atol=1.5)
        tab.mouse.up()


def test_a_drawing_is_encoded_by_each(tab: Page, compared: str) -> None:
    contest = Contest(tab, compared, "mnist-2d", "mnist-20d")
    before = [contest.z(k) for k in range(2)]
    tab.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    box = tab.get_by_test_id("draw-pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 5, y + box["height"] / 2, steps=6)
    tab.mouse.up()
    expect(tab.get_by_test_id("sentence")).to_contain_text("Your drawing")
    drawn = pixels_of(tab.get_by_test_id("original")) / 255
    image = torch.tensor(drawn, dtype=torch.float32)[None, None]
    for k, path in enumerate(SHIPPED):
        assert np.abs(contest.z(k) - before[k]).max() > 0.01
        with torch.no_grad():
            mean, _ = load_checkpoint(path).model.encode(image)
        # The pixels were read back from 8 bits.
        np.testing.assert_allclose(contest.z(k), mean[0].numpy(), atol=0.05)


def test_a_path_between_two_digits_is_walked_by_all(tab: Page, compared: str) -> None:
    contest = Contest(tab, compared, "mnist-2d", "mnist-20d")
    contest.press("Path")
    ends = []
    for place in ((0.3, 0.4), (0.6, 0.7)):
        contest.click(0, *place)
        ends.append([contest.z(k) for k in range(2)])
    for k in range(2):
        frames = contest.panels.nth(k).locator(".lm-frames canvas[data-z]")
        expect(frames).to_have_count(7)
        steps = np.stack([z_of(frames.nth(n)) for n in range(7)])
        expected = np.linspace(ends[0][k], ends[1][k], 7)
        np.testing.assert_allclose(steps, expected, atol=1e-5)
    slider = tab.get_by_test_id("along")
    slider.fill("0.5")
    for k in range(2):
        np.testing.assert_allclose(contest.z(k), (ends[0][k] + ends[1][k]) / 2, atol=1e-5)


def test_one_without_codes_and_history_is_decoded_all_the_same(tab: Page, compared: str) -> None:
    contest = Contest(tab, compared, "codeless-2d", "mnist-2d", "turned-2d")
    x, y = contest.take(0)
    tab.mouse.move(x + 60, y - 60, steps=4)
    for k in (1, 2):
        np.testing.assert_array_equal(contest.z(0), contest.z(k))
    np.testing.assert_allclose(contest.pixels(0), contest.pixels(1), atol=1.5)
    tab.mouse.up()
    contest.press("Grid")
    for k in range(3):
        grid = contest.panels.nth(k).get_by_test_id("grid")
        expect(grid).to_have_attribute("data-cells", re.compile(r"\d+x\d+"))
    expect(tab.get_by_text("No history.csv: codeless-2d.")).to_be_visible()
    expect(tab.locator(".cm-tools button", has_text="Align")).to_be_disabled()


def test_other_image_shapes_are_refused_with_both(tab: Page, compared: str) -> None:
    tab.goto(f"{compared}/compare?compare=mnist-2d/small-2d")
    said = tab.get_by_test_id("stAlertContentError")
    expect(said).to_contain_text("mnist-2d (1, 28, 28), small-2d (1, 8, 8)")
    expect(tab.get_by_test_id("panel")).to_have_count(0)


def test_a_folder_that_disappears_is_named(tab: Page, compared: str, folder: Path) -> None:
    Contest(tab, compared, "mnist-2d", "turned-2d", "codeless-2d")
    gone = folder / "codeless-2d"
    gone.rename(folder.parent / "codeless-2d")
    try:
        # Anything that runs the page again.
        tab.get_by_role("button", name="Remove turned-2d").or_(
            tab.locator("[aria-label='Remove turned-2d']")
        ).first.click()
        expect(tab.get_by_text("No longer here: codeless-2d")).to_be_visible()
        assert tab.get_by_test_id("stException").count() == 0
    finally:
        (folder.parent / "codeless-2d").rename(gone)


def test_figures_and_configs_stand_side_by_side(tab: Page, compared: str) -> None:
    Contest(tab, compared, "mnist-2d", "mnist-20d")
    metas = [load_meta(path) for path in SHIPPED]
    bounds = [meta.metrics["test_neg_elbo"] for meta in metas]
    row = tab.locator("tr", has_text="test −ELBO")
    difference = f"{bounds[1] - bounds[0]:+.2f}".replace("-", "−")
    expect(row.locator("td").nth(2)).to_have_text(f"{bounds[1]:.2f} ({difference})")
    expect(row.locator("strong")).to_have_text(f"{min(bounds):.2f}")
    expect(tab.locator("tr", has_text="latent dim").locator("td").nth(1)).to_have_text("2")
    assert tab.locator("tr", has_text="batch size").count() == 0
    expect(tab.locator(".js-plotly-plot .main-svg").first).to_be_visible()
