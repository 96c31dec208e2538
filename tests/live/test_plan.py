"""The plan: node runs it as PyTorch runs the network it was made of."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from vae_explorer import load_checkpoint
from vae_explorer.live.blobs import MAX_LEVEL, quantised_blob
from vae_explorer.live.plan import Plan, decoder_plan, encoder_plan, plan_of
from vae_explorer.vae.config import FAMILIES, ModelConfig
from vae_explorer.vae.layers import (
    LAYER_ACTIVATIONS,
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Unflatten,
    decoder_layers,
    encoder_layers,
)
from vae_explorer.vae.model import VAE, build

SCRIPT = Path(__file__).parents[1] / "js" / "run_plan.mjs"
KERNELS = ("simd", "plain")

Run = Callable[..., dict[str, np.ndarray]]

# Layers of every kind, with the input they take (PyTorch's order).
CASES: dict[str, tuple[list[Layer], tuple[int, ...]]] = {
    "dense": ([Dense(7, 13)], (7,)),
    "dense-norm": ([Dense(7, 13), BatchNorm(13), Activation("relu")], (7,)),
    "dense-of-colour": ([Dense(60, 5)], (3, 4, 5)),
    "conv-k1": ([Conv(3, 5, 1, 1, 0)], (3, 4, 6)),
    "conv-k3": ([Conv(3, 5, 3, 1, 1)], (3, 6, 5)),
    "conv-k3s2": ([Conv(2, 9, 3, 2, 1), BatchNorm(9), Activation("gelu")], (2, 7, 8)),
    "conv-k4s2": ([Conv(3, 8, 4, 2, 1)], (3, 8, 8)),
    "conv-k5s3": ([Conv(1, 2, 5, 3, 0)], (1, 11, 13)),
    "convt-k3": ([ConvTranspose(5, 3, 3, 1, 0)], (5, 1, 1)),
    "convt-k3s2": ([ConvTranspose(4, 9, 3, 2, 0), BatchNorm(9)], (4, 3, 5)),
    "convt-k4s2": ([ConvTranspose(6, 3, 4, 2, 1), Activation("leaky_relu")], (6, 4, 3)),
    "convt-k2s3": ([ConvTranspose(2, 3, 2, 3, 0)], (2, 3, 2)),
    "unflatten": ([Dense(4, 60), Activation("silu"), Unflatten((3, 4, 5))], (4,)),
    "flatten": ([Conv(1, 3, 3, 1, 1), Flatten(), Dense(3 * 20, 6)], (1, 4, 5)),
    "there-and-back": ([Dense(4, 24), Unflatten((2, 3, 4)), Flatten()], (4,)),
    "encoder": (
        [
            *(Conv(3, 8, 3, 2, 1), BatchNorm(8), Activation("leaky_relu"), Dropout(0.5)),
            *(Conv(8, 16, 3, 2, 1), BatchNorm(16), Activation("leaky_relu")),
            *(Flatten(), Dense(64, 10)),
        ],
        (3, 8, 8),
    ),
    "decoder": (
        [
            *(Dense(5, 48), Activation("softplus"), Unflatten((12, 2, 2))),
            *(ConvTranspose(12, 8, 3, 2, 1), BatchNorm(8), Activation("relu")),
            *(ConvTranspose(8, 3, 4, 2, 1), Activation("sigmoid")),
        ],
        (5,),
    ),
}
CASES |= {f"dense-{name}": ([Dense(6, 11), Activation(name)], (6,)) for name in LAYER_ACTIVATIONS}


def module_of(layers: list[Layer], seed: int = 0) -> nn.Sequential:
    """Build `layers` in evaluation mode, with batch normalisation that does something."""
    torch.manual_seed(seed)
    module = build(layers).eval()
    for part in module:
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2)
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    return module.requires_grad_(False)


def weights_of(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in module.state_dict().items()}


def channels_last(x: torch.Tensor) -> np.ndarray:
    return (x if x.ndim == 2 else x.permute(0, 2, 3, 1)).contiguous().numpy()


def case_plan(name: str, dtype: object = np.float32) -> tuple[Plan, torch.Tensor, torch.Tensor]:
    """Return the plan of a case, with inputs and PyTorch's outputs, channels first."""
    layers, shape = CASES[name]
    module = module_of(layers)
    x = 2 * torch.randn(9, *shape)
    flat = x.flatten(1) if isinstance(layers[0], Dense) else x
    return plan_of(layers, weights_of(module), "", shape, dtype=dtype), x, module(flat)


@pytest.fixture
def in_node(node: list[str], tmp_path: Path) -> Run:
    """Run plans in node, all in one process."""

    def run(plans: Mapping[str, tuple[Plan, np.ndarray]], kernel: str, capacity: int = 16) -> dict:
        folders = {name: tmp_path / f"plan {k}" for k, name in enumerate(plans)}
        for name, (plan, x) in plans.items():
            folders[name].mkdir(exist_ok=True)
            (folders[name] / "header.json").write_text(json.dumps(plan.header()))
            (folders[name] / "weights.bin").write_bytes(plan.weights.tobytes())
            (folders[name] / "inputs.bin").write_bytes(x.astype(np.float32).tobytes())
        command = [*node, str(SCRIPT), kernel, str(capacity), *map(str, folders.values())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return {
            name: np.fromfile(folders[name] / "outputs.bin", np.float32).reshape(
                len(x), *plan.output_shape
            )
            for name, (plan, x) in plans.items()
        }

    return run


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_kind_of_layer_gives_what_pytorch_gives(in_node: Run, kernel: str) -> None:
    cases = {name: case_plan(name) for name in CASES}
    plans = {name: (plan, channels_last(x)) for name, (plan, x, _) in cases.items()}
    for name, found in in_node(plans, kernel, capacity=4).items():
        expected = channels_last(cases[name][2])
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("kernel", KERNELS)
def test_half_precision_is_near(in_node: Run, kernel: str) -> None:
    cases = {name: case_plan(name, np.float16) for name in ("dense", "encoder", "decoder")}
    plans = {name: (plan, channels_last(x)) for name, (plan, x, _) in cases.items()}
    for name, found in in_node(plans, kernel).items():
        assert plans[name][0].weights.dtype == np.float16
        expected = channels_last(cases[name][2])
        # The encoder's outputs are of the order of ten: the error is measured against their size.
        size = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(found, expected, atol=2e-3 * size, err_msg=name)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_shipped_checkpoint_decodes_and_encodes_as_its_model(
    shipped: Path, in_node: Run, kernel: str
) -> None:
    checkpoint = load_checkpoint(shipped)
    model, config = checkpoint.model, checkpoint.meta.model
    weights = load_file(shipped / "model.safetensors")
    torch.manual_seed(0)
    z, x = 2 * torch.randn(21, config.latent_dim), torch.rand(21, *config.image_shape)
    # The shipped weights are of half precision themselves, so a plan of either loses nothing.
    plans = {}
    for dtype in (np.float32, np.float16):
        plans[f"decoder {dtype}"] = decoder_plan(config, weights, dtype), z.numpy()
        plans[f"encoder {dtype}"] = encoder_plan(config, weights, dtype), channels_last(x)
    decoded, encoded = channels_last(model.generate(z)), np.hstack(model.encode(x))
    for name, found in in_node(plans, kernel).items():
        expected = decoded if name.startswith("decoder") else encoded
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_networks_of_any_picture_give_what_their_models_give(in_node: Run, dtype: type) -> None:
    torch.manual_seed(0)
    plans, expected = {}, {}
    for shape, family, likelihood, posterior in itertools.product(
        [(3, 32, 32), (1, 8, 8)], FAMILIES, ("bernoulli", "gaussian"), ("logvar", "logscale")
    ):
        config = ModelConfig(
            *(shape, 4, (40, 20), "silu", 0.2, likelihood), family=family, posterior=posterior
        )
        model = VAE(config)
        # Batch normalisation has seen something, so that what is folded in is not 0 and 1.
        model(torch.rand(64, *shape))
        model.eval().requires_grad_(False)
        z, x, weights = torch.randn(6, 4), torch.rand(6, *shape), weights_of(model)
        name = f"{shape} {family} {likelihood} {posterior}"
        plans[f"decoder {name}"] = decoder_plan(config, weights, dtype), z.numpy()
        expected[f"decoder {name}"] = channels_last(model.generate(z))
        plans[f"encoder {name}"] = encoder_plan(config, weights, dtype), channels_last(x)
        expected[f"encoder {name}"] = np.hstack(model.encode(x))
    tolerance = 1e-4 if dtype is np.float32 else 2e-3
    for name, found in in_node(plans, "simd").items():
        np.testing.assert_allclose(found, expected[name], atol=tolerance, err_msg=name)


def test_the_lists_are_what_the_model_is_built_of() -> None:
    config = ModelConfig((1, 4, 4), 2, (8, 6), "tanh", dropout=0.5)
    model = VAE(config)
    for part, layers in ((model.encoder, encoder_layers), (model.decoder, decoder_layers)):
        assert str(part.layers) == str(build(layers(config)))
    names = [name for name in model.state_dict() if name.endswith("weight")]
    assert names == [f"encoder.layers.{k}.weight" for k in (0, 3, 6)] + [
        f"decoder.layers.{k}.weight" for k in (0, 2, 4)
    ]


def test_multiply_adds_and_header() -> None:
    plan, _, _ = case_plan("decoder")
    dense, first, last = 5 * 48, 4 * 12 * 9 * 8, 9 * 8 * 16 * 3
    assert plan.macs == dense + first + last
    assert case_plan("conv-k3s2")[0].macs == 4 * 4 * 9 * 2 * 9
    header = plan.header()
    assert (header["input_shape"], header["output_shape"]) == ([5], [6, 6, 3])
    assert (header["macs"], header["dtype"]) == (plan.macs, "float32")
    assert [step["kind"] for step in header["steps"]] == ["dense", *["conv_transpose"] * 2]
    assert header["steps"][1] == {
        **{"kind": "conv_transpose", "inputs": 12, "outputs": 8, "kernel": 3, "stride": 2},
        **{"padding": 1, "height": 2, "width": 2, "activation": "relu"},
        **{"weight": 5 * 48 + 48, "bias": 5 * 48 + 48 + 12 * 72},
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("d.0.bias"), r"d.0.bias: found no such tensor, expected .*\(13,\)"),
        (lambda w: w.update({"d.0.weight": np.ones((13, 8))}), r"shape \(13, 8\), .* \(13, 7\)"),
        (lambda w: w["d.0.weight"].__setitem__((0, 0), np.nan), r"d.0.weight: .* not finite"),
        (lambda w: w["d.1.running_var"].__setitem__(0, np.inf), r"d.1.running_var: .* not finite"),
        (lambda w: w["d.0.weight"].__setitem__((0, 0), 1e6), r"d.0.weight: found values beyond"),
    ],
)
def test_weights_that_do_not_fit_are_named(change: object, words: str) -> None:
    layers = [Dense(7, 13), BatchNorm(13)]
    weights = {f"d.{k}": v.copy() for k, v in weights_of(module_of(layers)).items()}
    change(weights)
    with pytest.raises(ValueError, match=words):
        plan_of(layers, weights, "d.", (7,), dtype=np.float16)


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        ([], (7,), "found no dense layer"),
        ([Dense(7, 3), Activation("relu"), BatchNorm(3)], (7,), "2: found batch normalisation"),
        ([Dense(7, 3), Activation("step")], (7,), "1: found activation 'step', expected one of"),
        ([Dense(7, 3), Activation("relu"), Activation("relu")], (7,), "2: found activation relu"),
        ([Activation("relu"), Dense(7, 3)], (7,), "0: found activation relu, expected a dense"),
        ([Dense(7, 3), Dense(4, 3)], (7,), r"1: found an input of shape \(3,\)"),
        ([Conv(1, 2, 3, 1, 1), Dense(8, 3)], (1, 2, 2), r"1: found an input of shape \(2, 2, 2\)"),
        ([Conv(1, 2, 5, 1, 0)], (1, 2, 2), r"0: found an input of shape \(1, 2, 2\)"),
        ([Conv(1, 2, 3, 1, 1), BatchNorm(3)], (1, 2, 2), r"1: found an input of shape"),
        ([Dense(7, 3), Unflatten((2, 1, 2))], (7,), "1: found an input of shape"),
        ([Conv(1, 2, 3, 1, 1), Flatten()], (1, 2, 2), "the output: found values in another order"),
        ([Dense(7, 3), "relu"], (7,), "1: found 'relu'"),
    ],
)
def test_layers_that_make_no_plan_are_refused(
    layers: list[Layer], shape: tuple[int, ...], words: str
) -> None:
    known = [layer for layer in layers if layer != "relu" and layer != Activation("step")]
    weights = weights_of(build(known))
    with pytest.raises(ValueError, match=words):
        plan_of(layers, weights, "", shape)


def test_an_unknown_layer_is_not_built() -> None:
    with pytest.raises(ValueError, match="found Activation\\(name='step'\\)"):
        build([Activation("step")])


def test_a_dtype_that_no_browser_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="dtype: found float64, expected float16 or float32"):
        case_plan("dense", np.float64)


@pytest.mark.parametrize("chosen", [{0}, {1, 2}, {0, 1, 2}])
@pytest.mark.parametrize("part", ["decoder", "encoder"])
def test_weights_of_8_bits_are_within_half_a_step_of_what_they_were(
    part: str, chosen: set[int], node: list[str], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config = ModelConfig((1, 8, 8), latent_dim=3, hidden=(4, 5), family="conv")
    weights = {name: value.numpy() for name, value in VAE(config).eval().state_dict().items()}
    plan = {"decoder": decoder_plan, "encoder": encoder_plan}[part](config, weights, np.float16)
    (tmp_path / "blob").write_bytes(quantised_blob(plan, chosen))
    command = [*node, str(SCRIPT.with_name("live.mjs")), "weights", str(tmp_path / "blob")]
    read = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(read) == len(plan.weights)
    exact = plan.weights.astype(np.float32)
    for k, step in enumerate(plan.steps):
        # In every kind of step, the outputs come last.
        was, now = (
            np.array(values[step.weight : step.bias]).reshape(-1, step.outputs)
            for values in (exact, read)
        )
        step_size = np.abs(was).max(axis=0) / MAX_LEVEL if k in chosen else np.zeros(step.outputs)
        assert (np.abs(now - was) <= 0.5001 * step_size).all()
        assert (now != was).any() == (k in chosen)
        end = step.bias + step.outputs
        assert np.array_equal(read[step.bias : end], exact[step.bias : end])
