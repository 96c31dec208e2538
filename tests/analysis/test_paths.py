"""Paths between codes, against scipy; and where no turn is defined."""

from __future__ import annotations

import numpy as np
import path_witness
import pytest

from vae_explorer.analysis.paths import INTERPOLATIONS, path_between


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dims", [2, 3, 20])
def test_paths_are_those_of_scipy(dims: int, interpolation: str) -> None:
    a, b = np.random.default_rng(dims).standard_normal((2, dims)) * [[1], [3]]
    found = path_between(a, b, 9, interpolation)
    np.testing.assert_allclose(found, path_witness.path_between(a, b, 9, interpolation), atol=1e-9)
    np.testing.assert_array_equal(found[[0, -1]], [a, b])


def test_opposite_ends_are_turned_about_and_without_a_turn_the_path_is_straight() -> None:
    a = np.array([1.0, 2.0, -2.0])
    np.testing.assert_allclose(np.linalg.norm(path_between(a, -a, 7, "spherical"), axis=1), 3)
    for b in (np.zeros(3), 2 * a):
        straight = path_between(a, b, 5, "straight")
        np.testing.assert_allclose(path_between(a, b, 5, "spherical"), straight)
    one = path_between(np.array([1.0]), np.array([-2.0]), 4, "spherical")
    np.testing.assert_allclose(one[:, 0], [1, 0, -1, -2], atol=1e-12)
