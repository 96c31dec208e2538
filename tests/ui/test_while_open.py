"""What pages do when their checkpoint goes, changes or is half replaced while they are open."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from live_map import LiveMap
from playwright.sync_api import Page, expect
from served_app import follow, ready, serve_app
from streamlit.testing.v1 import AppTest

from vae_explorer.checkpoint.folder import load_latents, load_meta
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.update import add_projection
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.ui.projection_job import projection_job, start_projection
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "vae_explorer" / "ui" / "page" / "main.py"
FILES = ("meta.json", "model.safetensors", "history.csv", "latents.npz")
PAGES = ("explore", "compare", "projections", "samples", "model")


def _save(path: Path, dims: int, side: int, codes: np.ndarray) -> Path:
    """Write a checkpoint of an untrained model, with the means `codes`, (N, dims)."""
    config = ModelConfig((1, side, side), latent_dim=dims, hidden=(8,))
    shipped = load_meta(ROOT / "checkpoints" / "mnist-20d")
    meta = replace(
        shipped,
        model=config,
        dataset=replace(shipped.dataset, name="kmnist", test_size=len(codes)),
        kl_by_dimension=[1.0] * dims,
    )
    numbers = np.arange(len(codes))
    codes = codes.astype(np.float32)
    latents = Latents(codes, np.zeros_like(codes), numbers % 10, numbers)
    save_checkpoint(path, VAE(config).eval(), meta, [], latents)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints to put in one another's place: `many` codes, `few` codes, `other` dimensions."""
    torch.manual_seed(0)
    folder, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(0)
    _save(folder / "many", 6, 8, rng.standard_normal((200, 6)))
    _save(folder / "few", 6, 8, rng.standard_normal((40, 6)))
    _save(folder / "other", 3, 12, rng.standard_normal((40, 3)))
    for name in ("many", "few", "other"):
        add_projection(folder / name, load_latents(folder / name), "umap", _umap(folder / name))
    return folder


def _umap(path: Path) -> np.ndarray:
    return load_latents(path).mean[:, :2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture
def here(made: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoint that is open, `many` at first; `twin` is one that can be compared with it."""
    monkeypatch.setenv("VAE_EXPLORER_CHECKPOINTS", str(folder))
    for name in ("here", "twin"):
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(made / "many", folder / name)
    return folder / "here"


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    """The app, with the checkpoints of this module."""
    with serve_app(VAE_EXPLORER_CHECKPOINTS=str(folder)) as address:
        yield address


def _open(page: str, **state: object) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["compare" if page == "compare" else "checkpoint"] = (
        "here/twin" if page == "compare" else "here"
    )
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    return app if page == "explore" else app.switch_page(f"{page}.py").run()


def _whole(app: AppTest) -> AppTest:
    """Check that the page shows what was chosen, and says nothing."""
    assert not app.exception
    assert not [*app.error, *app.warning]
    written = [data["choice"].items() for data in _mounted(app) if "choice" in data]
    names = {"checkpoint", "compare"}
    address = {name: text for part in written for name, text in part if text and name in names}
    assert address in ({"checkpoint": "here"}, {"compare": "here/twin"})
    return app


def _mounted(app: AppTest) -> list[dict]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


def _says(app: AppTest, *words: str) -> None:
    """Check that the page says what is wrong with the checkpoint, which stays chosen."""
    assert not app.exception
    said = " ".join(element.value for element in app.error).replace("\\", "")
    assert all(word in said for word in words), said
    boxes = [box for box in app.selectbox if box.key == "picker_name"]
    assert all(box.value == "here" for box in boxes)


def _put(source: Path, here: Path) -> None:
    """Replace the files of a checkpoint by those of another one."""
    for name in FILES:
        shutil.copy(source / name, here)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_is_wrong_while_its_checkpoint_is_not_whole_and_then_goes_on(
    page: str, here: Path, made: Path
) -> None:
    app = _whole(_open(page))
    away = here.rename(here.with_name(".away"))
    _says(app.run(), "here")
    away.rename(here)
    _whole(app.run())
    for name in FILES:
        # Compare also shows what has neither codes nor history.
        if page == "compare" and name in ("latents.npz", "history.csv"):
            continue
        (here / name).unlink()
        _says(app.run(), name)
        shutil.copy(made / "other" / name, here)
        app.run()
        assert not app.exception
        shutil.copy(made / "many" / name, here)
        _whole(app.run())


def test_a_film_that_goes_is_missed_and_shown_again(here: Path) -> None:
    shutil.rmtree(here)
    shutil.copytree(ROOT / "checkpoints" / "mnist-2d", here)
    app = _whole(_open("film"))
    shown = len(_mounted(app))
    film = (here / "film.npz").rename(here.parent / "film.npz")
    _says(app.run(), "here", "film")
    assert len(_mounted(app)) < shown
    film.rename(here / "film.npz")
    assert len(_mounted(_whole(app.run()))) == shown


def _offer(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.label.startswith("Compute ")]


def _until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.05)


def test_a_projection_is_computed_once_and_one_at_a_time(here: Path) -> None:
    paths = here, here.with_name("twin")
    jobs = []
    for path in paths:
        codes = load_latents(path).mean
        start_projection(path, "tsne", codes)
        jobs.append(projection_job(path, "tsne", codes))
        start_projection(path, "tsne", codes)
        assert projection_job(path, "tsne", codes) is jobs[-1]

    def ended() -> bool:
        begun = [job for job in jobs if job.started is not None]
        *former, _ = sorted(begun, key=lambda job: job.started) or [None]
        assert all(job.ended for job in former)
        return all(job.ended for job in jobs)

    _until(ended)
    assert [job.problem for job in jobs] == ["", ""]
    assert all("tsne" in load_latents(path).projections for path in paths)


@pytest.mark.parametrize("codes", [np.eye(3, 6), np.ones((50, 6))])
def test_codes_that_cannot_be_projected_are_answered_in_words(
    here: Path, codes: np.ndarray
) -> None:
    shutil.rmtree(here)
    _save(here, 6, 8, codes)
    app = _whole(_open("projections", view="UMAP"))
    (button,) = app.button
    button.click().run()
    assert not app.exception
    _until(lambda: bool(_offer(app.run())))
    _says(app, "UMAP: found", "different codes", "expected at least 4")


def test_the_process_that_computes_ends_with_the_server(here: Path) -> None:
    shutil.rmtree(here)
    codes = np.random.default_rng(0).standard_normal((1000, 6))
    _save(here, 6, 8, codes)
    command = [sys.executable, "-m", "vae_explorer.ui.projection_job", str(here), "tsne"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        # It is at work.
        assert json.loads(process.stdout.readline())["share"] > 0
        # The system closes the pipe of a server that is killed.
        process.stdin.close()
        assert process.wait(60) != 0
    assert load_latents(here).projections == {}


@pytest.mark.browser
def test_an_open_page_says_that_its_checkpoint_is_gone_and_goes_on_by_itself(
    page: Page, served: str, here: Path
) -> None:
    page.goto(f"{served}/samples?checkpoint=here")
    ready(page)
    page.evaluate("window.opened = 'once'")
    heading = page.get_by_role("heading", name="Samples of the prior")
    said = page.get_by_test_id("stAlertContentError")
    away = here.rename(here.with_name(".away"))
    # Anything that runs a part of the page again.
    page.get_by_test_id("stNumberInput").get_by_role("button").last.click()
    expect(said).to_contain_text("here")
    expect(heading).to_have_count(0)
    away.rename(here)
    expect(heading).to_be_visible()
    expect(said).to_have_count(0)
    follow(page, "Projections")
    page.get_by_test_id("stButtonGroup").get_by_text("t-SNE").click()
    page.get_by_role("button", name="Compute t-SNE").click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    # Who leaves loses nothing, and who waits gets it.
    follow(page, "Model")
    follow(page, "Projections")
    expect(page.get_by_text("t-SNE keeps neighbours together")).to_be_visible()
    assert "tsne" in load_latents(here).projections
    assert page.evaluate("window.opened") == "once"
    assert "checkpoint=here" in page.url
    page.goto("about:blank")


@pytest.mark.browser
def test_an_open_map_works_on_without_its_checkpoint_and_follows_the_next(
    page: Page, served: str, here: Path, made: Path
) -> None:
    codes = np.random.default_rng(0).standard_normal((50, 2)).clip(-2, 2)
    codes[7] = 3, 3
    shutil.rmtree(here)
    _save(here, 2, 8, codes)
    view = 0, 0, 10
    explore = LiveMap.opened(page, served, "checkpoint=here&image=49&view=0,0,10")
    selection = page.get_by_role("region", name="Selection")
    expect(selection).to_contain_text("data set is not on disk")
    shutil.rmtree(here)
    page.mouse.click(*explore.place(codes[7], view))
    explore.until(lambda: np.allclose(explore.z, codes[7], atol=1e-3))
    expect(selection).to_contain_text("test image 7")
    # The original is the server's to give.
    expect(selection).to_contain_text("none of the files that the page was made from")
    follow(page, "Model")
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("here")
    shutil.copytree(made / "other", here)
    page.get_by_role("heading", name="Architecture").wait_for()
    follow(page, "Explore")
    explore.wait()
    assert len(explore.z) == 3
    page.goto("about:blank")
