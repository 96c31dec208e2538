"""The format of matrix products: chosen by the device, kept to the training, and as good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_explorer.data import Dataset
from vae_explorer.training.fit import fit
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.precision import choose_precision, rounded_products

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")


def test_products_are_rounded_within_the_block_alone() -> None:
    a, b = (torch.randn(256, 256, generator=torch.Generator().manual_seed(k)) for k in (0, 1))
    exact = a.double().numpy() @ b.double().numpy()
    before = torch.get_float32_matmul_precision()
    with rounded_products("bfloat16"):
        assert torch.get_float32_matmul_precision() == "medium"
        rounded = (a @ b).numpy()
    assert torch.get_float32_matmul_precision() == before
    # Two factors of 8 bits each, 256 products that add up to about 16.
    assert np.abs(rounded - exact).max() < 16 * 8 * 2**-8
    assert np.abs((a @ b).numpy() - exact).max() < 1e-3


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [({"amx_bf16": True}, "bfloat16"), ({"amx_bf16": False}, "float32"), (None, "float32")],
)
def test_a_cpu_rounds_where_it_has_matrix_instructions(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool] | None, precision: str
) -> None:
    """None stands for an older torch, which cannot tell."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    if capabilities is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities")
    choice = choose_precision(CPU)
    assert choice.precision == precision
    assert "AMX" in choice.reason


@pytest.mark.parametrize(("capability", "precision"), [((9, 0), "tfloat32"), ((7, 5), "float32")])
def test_a_gpu_rounds_where_it_has_tensor_cores_for_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_precision(torch.device("cuda")).precision == precision


def test_rounded_products_train_as_well(digits: Dataset) -> None:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=2, hidden=(128, 64))
    config = TrainConfig(dataset="digits", epochs=20, batch_size=32, lr=2e-3, schedule="cosine")
    exact, rounded = (
        fit(model, replace(config, precision=name), digits).history[-1].test_neg_elbo
        for name in ("float32", "bfloat16")
    )
    # Two seeds differ by more.
    assert rounded == pytest.approx(exact, abs=0.5)
