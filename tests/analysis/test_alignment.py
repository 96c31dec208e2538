"""Spaces turned onto each other: against scipy, and against rotations that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from vae_explorer.analysis.alignment import align, shared_rows
from vae_explorer.checkpoint.latents import Latents


def _codes(seed: int, dims: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(200, dims)).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 20])
def test_a_known_rotation_or_reflection_is_found(dims: int) -> None:
    a = _codes(0, dims)
    turn = ortho_group.rvs(dims, random_state=1)
    mirror = np.diag([-1.0] + [1.0] * (dims - 1))
    for known in (turn, turn @ mirror):
        found = align(a, a @ known.T)
        assert np.allclose(found.rotation, known, atol=1e-5)
        assert found.disparity == pytest.approx(0, abs=1e-9)
        assert found.shared == 200


def test_rotation_and_disparity_are_those_of_scipy() -> None:
    a, b = _codes(0), 3 * _codes(1)
    found = align(a, b)
    expected, _ = orthogonal_procrustes(b.astype(np.float64), a.astype(np.float64))
    assert np.allclose(found.rotation, expected, atol=1e-9)
    apart = ((a - b @ expected) ** 2).sum() / ((a**2).sum() + (b**2).sum())
    assert found.disparity == pytest.approx(apart, rel=1e-6)


def test_nothing_is_scaled() -> None:
    a = _codes(0)
    found = align(a, 2 * a)
    assert np.allclose(found.rotation, np.eye(5), atol=1e-6)
    # |a - 2a|^2 over |a|^2 + |2a|^2.
    assert found.disparity == pytest.approx(1 / 5)


def test_codes_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found \(200, 5\) and \(200, 2\)"):
        align(_codes(0), _codes(1, 2))
    with pytest.raises(ValueError, match="at least one row"):
        align(np.zeros((0, 2)), np.zeros((0, 2)))


def test_shared_rows_pair_the_same_images_in_any_order() -> None:
    def latents(index: list[int]) -> Latents:
        codes = np.zeros((len(index), 2), np.float32)
        return Latents(codes, codes, np.zeros(len(index), np.int64), np.array(index))

    a, b = latents([7, 3, 5, 1]), latents([5, 9, 7])
    rows_a, rows_b = shared_rows(a, b)
    assert a.index[rows_a].tolist() == b.index[rows_b].tolist() == [5, 7]
