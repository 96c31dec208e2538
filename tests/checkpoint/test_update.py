"""What is added to a finished checkpoint, and what must not be."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.update import add_metrics, add_projection

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "mnist-20d"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / SHIPPED.name))


def _bytes(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_a_view_is_stored_beside_the_codes_and_changes_nothing_else(copied: Path) -> None:
    before, files = load_checkpoint(copied), _bytes(copied)
    view = np.random.default_rng(0).standard_normal((len(before.latents.mean), 2))
    add_projection(copied, before.latents, "tsne", view)
    after = load_checkpoint(copied)
    np.testing.assert_array_equal(after.latents.projections["tsne"], view.astype(np.float32))
    for name in ("mean", "logvar", "label", "index"):
        np.testing.assert_array_equal(getattr(after.latents, name), getattr(before.latents, name))
    assert set(before.latents.projections) <= set(after.latents.projections)
    assert {k: v for k, v in _bytes(copied).items() if k != "latents.npz"} == {
        k: v for k, v in files.items() if k != "latents.npz"
    }


@pytest.mark.parametrize(
    "view", [np.zeros((3, 2)), np.zeros((10000, 3)), np.full((10000, 2), np.nan)]
)
def test_a_view_that_does_not_fit_is_refused_and_nothing_is_written(
    copied: Path, view: np.ndarray
) -> None:
    files = _bytes(copied)
    latents = load_checkpoint(copied).latents
    with pytest.raises(ValueError, match=r"tsne: found a view of shape .* expected finite"):
        add_projection(copied, latents, "tsne", view)
    assert _bytes(copied) == files


def test_a_view_of_other_codes_is_refused(copied: Path) -> None:
    latents = load_checkpoint(copied).latents
    other = replace(latents, mean=latents.mean + 1)
    with pytest.raises(ValueError, match="was trained again meanwhile"):
        add_projection(copied, other, "tsne", np.zeros((10000, 2)))


def test_metrics_are_recorded_beside_the_others(copied: Path) -> None:
    before = load_checkpoint(copied).meta
    add_metrics(copied, {"iw_nll": 91.25, "iw_samples": 500})
    after = load_checkpoint(copied).meta
    assert after.metrics == before.metrics | {"iw_nll": 91.25, "iw_samples": 500}
    assert replace(after, metrics=before.metrics) == before
    with pytest.raises(ValueError, match=r"metrics: found .*nan"):
        add_metrics(copied, {"iw_nll": float("nan")})
    assert load_checkpoint(copied).meta == after
