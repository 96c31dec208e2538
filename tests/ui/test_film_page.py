"""The film of a training in a real browser: scrubbed, played, followed and taken away."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import watched
from live_map import pixels_of
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served_app import serve_app

from vae_explorer.data import Dataset
from vae_explorer.film.film import Film, load_film
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.fit import fit, total_steps
from vae_explorer.training.save import save_trained
from vae_explorer.vae.config import ModelConfig, TrainConfig

pytestmark = pytest.mark.browser

COUNT = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Path:
    """A checkpoint with a film and one without, of a short training on the digits."""
    folder = tmp_path_factory.mktemp("filmed")
    model = ModelConfig(image_shape=(1, 8, 8), hidden=(64,))
    config = TrainConfig(dataset="digits", epochs=6, batch_size=32, lr=5e-3)
    steps = total_steps(config, len(digits.train.labels))
    snapshots = Snapshots(folder / ".snapshots", COUNT, steps)
    result = fit(model, config, digits, snapshots=snapshots)
    cpu = torch.device("cpu")
    save_trained(result, folder / "filmed-2d", "digits-2d", digits, cpu, snapshots=snapshots)
    save_trained(result, folder / "unfilmed-2d", "digits-2d", digits, cpu)
    return folder


@pytest.fixture(scope="module")
def film(folder: Path) -> Film:
    return load_film(folder / "filmed-2d", digits=360, dims=2)


@pytest.fixture(scope="module")
def filmed(folder: Path) -> Iterator[str]:
    with serve_app(VAE_EXPLORER_CHECKPOINTS=str(folder)) as served:
        yield served


@pytest.fixture
def tab(browser: Browser, filmed: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    watching = watched(page)
    next(watching)
    page.goto(f"{filmed}/film?checkpoint=filmed-2d")
    page.locator("[data-testid=film-picture][data-place]").wait_for()
    yield page
    next(watching, None)


def _settle(page: Page) -> None:
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def _scrub(page: Page, time: float) -> None:
    page.get_by_test_id("film-slider").fill(str(time))
    _settle(page)


def _place(page: Page) -> np.ndarray:
    _settle(page)
    return np.array(json.loads(page.get_by_test_id("film-picture").get_attribute("data-place")))


def _sheet(film: Film, k: int) -> np.ndarray:
    with Image.open(io.BytesIO(film.sheets[k])) as sheet:
        return np.asarray(sheet.convert("L")).astype(float)


def test_scrubbing_moves_the_digit_the_loss_and_the_dot_together(tab: Page, film: Film) -> None:
    for time in (0, 2, 3.25, COUNT - 1):
        _scrub(tab, time)
        k = min(int(time), COUNT - 2)
        share = time - k

        def between(values: np.ndarray, k: int = k, share: float = share) -> np.ndarray:
            return (1 - share) * values[k].astype(float) + share * values[k + 1].astype(float)

        np.testing.assert_allclose(_place(tab), between(film.xy)[0], atol=2e-3)
        said = tab.get_by_test_id("film-now").inner_text()
        assert f"−ELBO {between(film.neg_elbo):.1f} nats" in said
        assert f"epoch {between(film.epoch):.2f} of 6" in said
        dot = tab.get_by_test_id("film-dot").bounding_box()
        plot = tab.locator(".fm-plot svg").bounding_box()
        across = (dot["x"] + dot["width"] / 2 - plot["x"]) / plot["width"]
        assert across == pytest.approx(time / (COUNT - 1), abs=0.01)


def test_the_picture_under_the_hand_is_the_lattices_and_between_four_of_it(
    tab: Page, film: Film
) -> None:
    cell = film.box[2] / film.across
    sheet = _sheet(film, COUNT - 1)

    def of_lattice(row: int, column: int) -> np.ndarray:
        return sheet[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]

    def goto(row: float, column: float) -> None:
        """Click where a place of the lattice is; clear of any point, which would be followed."""
        box = tab.locator(".fm-stage .lm-map").bounding_box()
        x = box["x"] + box["width"] * (column + 0.5) / film.across
        y = box["y"] + box["height"] * (row + 0.5) / film.across
        tab.mouse.click(x, y)
        _settle(tab)

    tab.locator(".fm-side button", has_text="Points").click()
    goto(4, 17)
    x, y = _place(tab)
    column = (x - film.box[0]) / cell + film.across / 2 - 0.5
    row = film.across / 2 - 0.5 - (y - film.box[1]) / cell
    assert (row, column) == pytest.approx((4, 17), abs=0.05)
    picture = tab.get_by_test_id("film-picture")
    np.testing.assert_allclose(pixels_of(picture), of_lattice(4, 17), atol=10)
    goto(7.5, 12.5)
    four = [of_lattice(r, c) for r in (7, 8) for c in (12, 13)]
    np.testing.assert_allclose(pixels_of(picture), np.mean(four, axis=0), atol=10)


def test_the_hand_follows_a_digit_or_stays_where_it_is_dragged(tab: Page, film: Film) -> None:
    _scrub(tab, COUNT - 1)
    followed = _place(tab)
    _scrub(tab, 1)
    assert np.abs(_place(tab) - followed).max() > 0.01
    box = tab.get_by_test_id("handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = pixels_of(tab.get_by_test_id("film-picture"))
    _scrub(tab, COUNT - 1)
    box = tab.get_by_test_id("handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 60, y + 40, steps=4)
    dragged = _place(tab)
    assert np.abs(dragged - followed).max() > 0.1
    assert np.abs(pixels_of(tab.get_by_test_id("film-picture")) - before).max() > 10
    tab.mouse.up()
    _scrub(tab, 1)
    np.testing.assert_array_equal(_place(tab), dragged)


def test_it_plays_to_its_end(tab: Page, film: Film) -> None:
    _scrub(tab, COUNT - 1.5)
    tab.locator("button", has_text="Play").click()
    expect(tab.get_by_test_id("film-now")).to_contain_text("epoch 6.00 of 6", timeout=30_000)
    expect(tab.locator("button", has_text="Play")).to_be_visible()
    # Played again it begins anew.
    tab.locator("button", has_text="Play").click()
    tab.wait_for_timeout(300)
    tab.locator("button", has_text="Pause").click()
    epoch = float(tab.get_by_test_id("film-now").inner_text().split()[1])
    assert epoch < film.epoch[-2]


def test_it_is_taken_away_as_a_gif(tab: Page) -> None:
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download as GIF").click()
    with Image.open(download.value.path()) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames > 30


def test_a_checkpoint_without_a_film_says_how_to_make_one(tab: Page, filmed: str) -> None:
    tab.goto(f"{filmed}/film?checkpoint=unfilmed-2d")
    expect(tab.get_by_text("unfilmed-2d has no film")).to_be_visible(timeout=30_000)
    expect(tab.get_by_text("--snapshots 40")).to_be_visible()
