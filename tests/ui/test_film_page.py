"""The film of a training in a real browser: scrubbed, played, followed and saved."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import watched
from live_map import export, pixels_of
from PIL import Image, ImageSequence
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
    return load_film(folder / "filmed-2d", 360, 2)


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
    """Wait for two frames: what was done is drawn."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def _scrub(page: Page, time: float) -> None:
    page.get_by_test_id("film-slider").fill(str(time))
    _settle(page)


def _place(page: Page) -> np.ndarray:
    _settle(page)
    return np.array(json.loads(page.get_by_test_id("film-picture").get_attribute("data-place")))


def _handle(page: Page) -> tuple[float, float]:
    box = page.get_by_test_id("handle").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _between(values: np.ndarray, time: float) -> np.ndarray:
    """Return what lies between two of the snapshots' values."""
    k = min(int(time), COUNT - 2)
    share = time - k
    return (1 - share) * values[k].astype(float) + share * values[k + 1].astype(float)


def _blended(film: Film, k: int, place: np.ndarray) -> np.ndarray:
    """Return the k-th sheet's picture at a place, between those of its four nearest cells."""
    with Image.open(io.BytesIO(film.sheets[k])) as sheet:
        pixels = np.asarray(sheet.convert("L")).astype(float)
    pictures = pixels.reshape(film.across, 8, film.across, 8).swapaxes(1, 2)
    right, up = (place - film.box[:2]) / (film.box[2] / film.across)
    row, column = film.across / 2 - 0.5 - up, film.across / 2 - 0.5 + right
    r, c = int(row), int(column)
    weights = np.outer([1 - (row - r), row - r], [1 - (column - c), column - c])
    return np.einsum("ij,ijyx->yx", weights, pictures[r : r + 2, c : c + 2])


def test_scrubbing_moves_the_image_the_loss_and_the_dot_together(tab: Page, film: Film) -> None:
    plot = tab.get_by_test_id("film-plot").bounding_box()
    for time in (0, 2, 3.25, COUNT - 1):
        _scrub(tab, time)
        np.testing.assert_allclose(_place(tab), _between(film.xy, time)[0], atol=2e-3)
        said = tab.get_by_test_id("film-now").inner_text()
        assert f"−ELBO {_between(film.neg_elbo, time):.1f} nats" in said
        assert f"epoch {_between(film.epoch, time):.2f} of 6" in said
        dot = tab.get_by_test_id("film-dot").bounding_box()
        across = (dot["x"] + dot["width"] / 2 - plot["x"]) / plot["width"]
        assert across == pytest.approx(time / (COUNT - 1), abs=0.01)


def test_the_picture_at_the_handle_is_between_four_of_the_lattice(tab: Page, film: Film) -> None:
    # A click on a point would have the handle follow it.
    tab.get_by_role("button", name="Points", exact=True).click()
    box = tab.get_by_test_id("surface").bounding_box()
    for across, down in ((0.3, 0.3), (0.52, 0.47), (0.71, 0.66)):
        tab.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
        place = _place(tab)
        found = pixels_of(tab.get_by_test_id("film-picture"))
        # A browser and Pillow read WebP in two ways.
        np.testing.assert_allclose(found, _blended(film, COUNT - 1, place), atol=10)


def test_the_handle_follows_an_image_or_stays_where_it_is_dragged(tab: Page, film: Film) -> None:
    followed = _place(tab)
    _scrub(tab, 1)
    assert np.abs(_place(tab) - followed).max() > 0.01
    _scrub(tab, COUNT - 1)
    before = pixels_of(tab.get_by_test_id("film-picture"))
    x, y = _handle(tab)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 60, y + 40, steps=4)
    dragged = _place(tab)
    assert np.abs(dragged - followed).max() > 0.1
    assert np.abs(pixels_of(tab.get_by_test_id("film-picture")) - before).max() > 10
    tab.mouse.up()
    _scrub(tab, 1)
    np.testing.assert_array_equal(_place(tab), dragged)
    # A click on the point of the first image, which is where the film has it.
    _scrub(tab, COUNT - 1)
    scale = np.array([60, 40]) / np.abs(dragged - followed)
    right, down = (film.xy[-1][0].astype(float) - dragged) * scale * [1, -1]
    x, y = _handle(tab)
    tab.mouse.click(x + right, y + down)
    _scrub(tab, 0)
    followed_now = np.abs(film.xy[0].astype(float) - _place(tab)).max(axis=1) < 2e-3
    assert followed_now.any()


def test_it_plays_to_its_end_and_from_there_anew(tab: Page, film: Film) -> None:
    now, play = tab.get_by_test_id("film-now"), tab.get_by_role("button", name="Play the film")
    _scrub(tab, COUNT - 1.5)
    play.click()
    expect(now).to_contain_text("epoch 6.00 of 6", timeout=60_000)
    expect(play).to_be_visible()
    # All that is said from now on, for a look at it may come too late.
    now.evaluate(
        """now => {
            window.said = [];
            window.named = 0;
            const label = document.querySelector('[data-testid=film] [data-testid=class-label]');
            const hear = () => {
                window.said.push(parseFloat(now.textContent.split(' ')[1]));
                window.named += Number(label.getBoundingClientRect().width > 0);
            };
            new MutationObserver(hear).observe(now, {childList: true, characterData: true});
        }"""
    )
    play.click()
    tab.wait_for_function("said.length > 2")
    _scrub(tab, COUNT - 1)
    epochs = tab.evaluate("said")
    assert epochs[0] < film.epoch[1]
    assert epochs == sorted(epochs)
    assert tab.evaluate("named") > 0
    expect(play).to_be_visible()


def test_its_pictures_are_given_back_when_the_page_is_left(browser: Browser, filmed: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.add_init_script(
        """window.givenBack = 0;
        const close = ImageBitmap.prototype.close;
        ImageBitmap.prototype.close = function () { window.givenBack++; close.call(this); };"""
    )
    watching = watched(page)
    tab = next(watching)
    tab.goto(f"{filmed}/film?checkpoint=filmed-2d")
    tab.locator("[data-testid=film-picture][data-place]").wait_for()
    tab.get_by_role("link", name="Explore").click()
    tab.wait_for_function(f"givenBack === {COUNT}")
    # It opens again as it was left.
    tab.get_by_role("link", name="Film").click()
    tab.locator("[data-testid=film-picture][data-place]").wait_for()
    next(watching, None)


def test_everything_is_in_reach_on_a_phone(browser: Browser, filmed: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    watching = watched(page)
    tab = next(watching)
    tab.goto(f"{filmed}/film?checkpoint=filmed-2d")
    tab.locator("[data-testid=film-picture][data-place]").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    play = tab.get_by_role("button", name="Play the film").bounding_box()
    assert play["x"] >= 0
    assert play["y"] + play["height"] <= 844
    for test_id in ("surface", "film-slider", "film-picture", "film-plot"):
        box = tab.get_by_test_id(test_id).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    next(watching, None)


def test_it_is_saved_as_a_gif_from_the_first_epoch_to_the_last(tab: Page, film: Film) -> None:
    with tab.expect_download() as download:
        export(tab, "film-gif")
    with Image.open(download.value.path()) as picture:
        said = json.loads(picture.info["comment"])
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)]
    assert (said["checkpoint"], said["kind"]) == ("filmed-2d", "film")
    np.testing.assert_allclose(said["epochs"], film.epoch[[0, -1]])
    # Map, picture and caption change.
    assert len(frames) > 30
    for part in (np.s_[:, :410], np.s_[:220, 420:], np.s_[230:, 420:]):
        assert (frames[0][part] != frames[-1][part]).any()


def test_a_checkpoint_without_a_film_says_how_to_make_one(tab: Page, filmed: str) -> None:
    tab.goto(f"{filmed}/film?checkpoint=unfilmed-2d")
    expect(tab.get_by_text("unfilmed-2d has no film")).to_be_visible(timeout=30_000)
    expect(tab.get_by_text("--snapshots 40")).to_be_visible()
    tab.get_by_role("button", name="Show the film of filmed-2d").click()
    tab.locator("[data-testid=film-picture][data-place]").wait_for()
