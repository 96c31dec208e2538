"""What several tests need: checkpoints, MNIST where it is, a tiny run, a browser and the app."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright
from served_app import open_browser, serve_app

from vae_explorer.data import Dataset, Split, load_dataset
from vae_explorer.training import fit
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = [ROOT / "checkpoints" / name for name in ("mnist-2d", "mnist-20d")]

# Long enough for a busy machine: nothing waits so long where all is well.
expect.set_options(timeout=30_000)

BeforeStep = Callable[[int, BaseException | float], None]
Serve = Callable[..., AbstractContextManager[str]]


def pytest_configure() -> None:
    """Leave the other worker its core, here and in what is started from here."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(1)
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="a test that would be skipped fails instead"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> pytest.TestReport:
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"--no-skips: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    try:
        return load_dataset("mnist", download=False)
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(params=SHIPPED, ids=lambda path: path.name)
def shipped(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def model() -> VAE:
    """A small untrained model of 5-D codes and 3-channel images, in evaluation mode."""
    torch.manual_seed(0)
    return VAE(ModelConfig(image_shape=(3, 4, 5), latent_dim=5, hidden=(16, 8))).eval()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small models train on one thread: sums in one order, and no waiting for a busy core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def before_step(monkeypatch: pytest.MonkeyPatch) -> BeforeStep:
    """Let what is given happen before a step of the runs that follow: Ctrl-C, or a KL's weight."""
    weight = fit.kl_weight

    def patch(step: int, happening: BaseException | float) -> None:
        def patched(config: TrainConfig, now: int, steps: int) -> float:
            if now == step and isinstance(happening, BaseException):
                raise happening
            return happening if now == step else weight(config, now, steps)

        monkeypatch.setattr(fit, "kl_weight", patched)

    return patch


@pytest.fixture
def tiny() -> Dataset:
    """32 training and 8 test images of noise, 1 x 6 x 6."""
    rng = np.random.default_rng(0)

    def split(count: int) -> Split:
        images = rng.integers(0, 256, (count, 1, 6, 6), dtype=np.uint8)
        return Split(torch.from_numpy(images), torch.arange(count) % 10)

    return Dataset("digits", split(32), split(8), "0123456789abcdef" * 4, tuple("0123456789"))


@pytest.fixture(scope="session")
def node() -> list[str]:
    """The command that starts node."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("node is not on the PATH; the page's scripts are tested with it")
    return [path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            opened = open_browser(playwright)
        except Error as error:
            pytest.skip(f"no Chromium on the PATH and none of Playwright's: {error}")
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One profile for all tests, so that the browser fetches Streamlit's own files once."""
    opened = browser.new_context(viewport={"width": 1280, "height": 720})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, served to all tests; its log must stay free of errors."""
    log = tmp_path_factory.mktemp("server") / "log"
    with serve_app(log) as served:
        yield served
    said = log.read_text(encoding="utf-8", errors="replace")
    assert not re.search(r"Traceback|Error|Exception", said), said


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab of its own, watched: see `watched`."""
    yield from watched(context.new_page())


@pytest.fixture
def serve(page: Page) -> Serve:
    """Serve the app for one test, with an environment of its own.

    The tab leaves it before it stops, so that nothing it still fetches is refused.
    """

    @contextmanager
    def serving(**environment: str) -> Iterator[str]:
        with serve_app(**environment) as served:
            yield served
            page.goto("about:blank")

    return serving


def watched(tab: Page) -> Iterator[Page]:
    """Yield a tab and close it; fail on any console error, failed request or foreign host.

    A test that breaks the network itself says so by adding to `tab.forgiven`, texts of errors.
    """
    tab.set_default_timeout(30_000)
    tab.forgiven = []
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
    tab.on(
        "console",
        lambda message: (
            wrong.append(f"console: {message.text} {message.location}")
            if message.type == "error"
            else None
        ),
    )
    tab.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else wrong.append(f"foreign host: {request.url}")
        ),
    )
    yield tab
    tab.close()
    assert [text for text in wrong if not any(part in text for part in tab.forgiven)] == []
