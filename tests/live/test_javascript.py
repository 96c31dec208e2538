"""The page's scripts, run by node: their own tests, and the network against PyTorch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tests.live.test_plan import CASES, case_plan, channels_last
from vae_explorer import load_checkpoint
from vae_explorer.live.plan import Plan, decoder_plan, encoder_plan, run

SCRIPTS = Path(__file__).parents[1] / "js"

Decode = Callable[..., np.ndarray]


@pytest.fixture
def run_in_node(node: list[str], tmp_path: Path) -> Decode:
    def run_in_node(plan: Plan, x: np.ndarray, kernel: str, capacity: int = 16) -> np.ndarray:
        (tmp_path / "header.json").write_text(json.dumps(plan.header()))
        (tmp_path / "weights.bin").write_bytes(plan.weights.tobytes())
        (tmp_path / "inputs.bin").write_bytes(x.astype(np.float32).tobytes())
        _call([*node, str(SCRIPTS / "run_plan.mjs"), str(tmp_path), kernel, str(capacity)])
        outputs = np.fromfile(tmp_path / "outputs.bin", np.float32)
        return outputs.reshape(len(x), *plan.output_shape)

    return run_in_node


def test_the_scripts_pass_their_own_tests(node: list[str]) -> None:
    _call([*node, "--test", *map(str, sorted(SCRIPTS.glob("*.test.mjs")))])


@pytest.mark.parametrize("kernel", ["simd", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_js_decode_and_encode_match_pytorch(
    shipped: Path, run_in_node: Decode, kernel: str, dtype: type
) -> None:
    checkpoint = load_checkpoint(shipped)
    model, config = checkpoint.model, checkpoint.meta.model
    weights = load_file(shipped / "model.safetensors")
    torch.manual_seed(0)
    z, x = 2 * torch.randn(21, config.latent_dim), torch.rand(21, *config.image_shape)
    # The shipped weights are of half precision themselves, so a plan of either loses nothing.
    decoded = run_in_node(decoder_plan(config, weights, dtype), z.numpy(), kernel)
    np.testing.assert_allclose(decoded, channels_last(model.generate(z)), atol=1e-4)
    encoded = run_in_node(encoder_plan(config, weights, dtype), channels_last(x), kernel)
    np.testing.assert_allclose(encoded, np.hstack(model.encode(x)), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_js_matches_pytorch_and_numpy_on_each_kind_of_layer(name: str, run_in_node: Decode) -> None:
    plan, x, expected = case_plan(name)
    inputs = channels_last(x)
    found = run_in_node(plan, inputs, "simd", capacity=4)
    np.testing.assert_allclose(found, channels_last(expected), atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(found, run(plan, inputs), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", ["dense", "encoder", "decoder"])
@pytest.mark.parametrize("kernel", ["simd", "plain"])
def test_js_in_half_precision_is_near(name: str, kernel: str, run_in_node: Decode) -> None:
    plan, x, expected = case_plan(name, np.float16)
    found = run_in_node(plan, channels_last(x), kernel)
    size = max(1.0, expected.abs().max().item())
    np.testing.assert_allclose(found, channels_last(expected), atol=2e-3 * size)
    np.testing.assert_allclose(found, run(plan, channels_last(x)), atol=1e-4)


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stdout[-20000:]}\n{done.stderr[-5000:]}")
