"""What several tests need: the shipped checkpoints, MNIST where it is, a tiny trained run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vae_explorer.config import ModelConfig
from vae_explorer.data import Dataset, Split, load_dataset
from vae_explorer.model import VAE

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = [ROOT / "checkpoints" / name for name in ("mnist-2d", "mnist-20d")]


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
def tiny() -> Dataset:
    """32 training and 8 test images of noise, 1 x 6 x 6."""
    rng = np.random.default_rng(0)

    def split(count: int) -> Split:
        images = rng.integers(0, 256, (count, 1, 6, 6), dtype=np.uint8)
        return Split(torch.from_numpy(images), torch.arange(count) % 10)

    return Dataset("digits", split(32), split(8), "checksum of the tiny dataset")
