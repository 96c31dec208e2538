"""Paths, planes and lattices, against scipy and by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import geometric_slerp
from scipy.stats import norm

from vae_explorer.analysis.codes import principal_axes
from vae_explorer.analysis.planes import (
    PATHS,
    dimension_plane,
    lattice,
    lerp,
    path,
    principal_plane,
    slerp,
)

RNG = np.random.default_rng(0)
T = np.linspace(0, 1, 9)


@pytest.mark.parametrize("dims", [2, 3, 20])
def test_slerp_between_unit_vectors_is_scipys(dims: int) -> None:
    a, b = (v / np.linalg.norm(v) for v in RNG.standard_normal((2, dims)))
    np.testing.assert_allclose(slerp(a, b, T), geometric_slerp(a, b, T), atol=1e-9)


def test_slerp_turns_evenly_and_changes_length_evenly() -> None:
    a, b = np.array([2.0, 0.0]), np.array([0.0, 4.0])
    z = slerp(a, b, T)
    np.testing.assert_allclose(np.arctan2(z[:, 1], z[:, 0]), T * np.pi / 2)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 2 + 2 * T)


@pytest.mark.parametrize("dims", [1, 2, 20])
@pytest.mark.parametrize(
    ("a_scale", "b_scale"),
    [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (1.0, 3.0), (1.0, -1.0), (1.0, -3.0)],
)
def test_slerp_is_finite_between_zero_parallel_and_opposite_ends(
    dims: int, a_scale: float, b_scale: float
) -> None:
    direction = RNG.standard_normal(dims)
    a, b = a_scale * direction, b_scale * direction
    z = slerp(a, b, T)
    assert np.isfinite(z).all()
    np.testing.assert_allclose(z[[0, -1]], [a, b], atol=1e-9)
    longest = max(np.linalg.norm(a), np.linalg.norm(b))
    assert (np.linalg.norm(z, axis=1) <= longest + 1e-9).all()


def test_slerp_between_opposite_ends_goes_round_the_origin() -> None:
    a = np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(np.linalg.norm(slerp(a, -a, T), axis=1), np.sqrt(6))


@pytest.mark.parametrize("turn", [np.pi - 1e-3, np.pi - 1e-5, np.pi - 1e-8])
def test_slerp_stays_bounded_between_nearly_opposite_ends_of_unequal_length(turn: float) -> None:
    z = slerp(np.array([1.0, 0.0]), 3 * np.array([np.cos(turn), np.sin(turn)]), T)
    assert np.linalg.norm(z, axis=1).max() <= 3 + 1e-9


@pytest.mark.parametrize("kind", PATHS)
def test_a_path_starts_and_stops_exactly_at_its_ends(kind: str) -> None:
    a, b = RNG.standard_normal((2, 20)).astype(np.float32)
    points = path(a, b, 7, kind)
    assert points.shape == (7, 20)
    np.testing.assert_array_equal(points[[0, -1]], [a, b])
    np.testing.assert_array_equal(path(b, a, 7, "lerp")[::-1][[0, -1]], [a, b])


def test_lerp_is_numpys_linspace() -> None:
    a, b = RNG.standard_normal((2, 5))
    np.testing.assert_allclose(lerp(a, b, T), np.linspace(a, b, 9))


def test_a_path_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="steps: found 1"):
        path(np.zeros(2), np.ones(2), 1)
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        path(np.zeros(2), np.ones(3), 5)
    with pytest.raises(ValueError, match="'arc', expected one of lerp, slerp"):
        path(np.zeros(2), np.ones(2), 5, "arc")


def test_a_linear_lattice_has_equal_steps() -> None:
    np.testing.assert_allclose(lattice(7, 3.0).values, [-3, -2, -1, 0, 1, 2, 3])


def test_a_quantile_lattice_holds_equal_prior_mass_between_nodes() -> None:
    values = lattice(11, 2.5, "quantile").values
    np.testing.assert_allclose(values[[0, -1]], [-2.5, 2.5])
    mass = np.diff(norm.cdf(values))
    np.testing.assert_allclose(mass, mass[0])


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_the_top_left_node_is_the_smallest_x_and_the_largest_y(spacing: str) -> None:
    nodes = lattice(6, 2.0, spacing).coordinates()
    np.testing.assert_allclose(nodes[0, 0], [-2, 2])
    np.testing.assert_allclose(nodes[0, -1], [2, 2])
    np.testing.assert_allclose(nodes[-1, 0], [-2, -2])


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_every_node_is_positioned_at_its_own_number(spacing: str) -> None:
    grid = lattice(9, 3.0, spacing)
    np.testing.assert_allclose(grid.position(grid.values), np.arange(9), atol=1e-9)


@pytest.mark.parametrize(
    ("size", "extent", "spacing", "words"),
    [
        (1, 3.0, "linear", "size: found 1"),
        (5, 0.0, "linear", "extent: found 0"),
        (5, float("nan"), "linear", "extent: found nan"),
        (5, 3.0, "log", "'log', expected one of linear, quantile"),
    ],
)
def test_a_lattice_that_cannot_be_is_refused(
    size: int, extent: float, spacing: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        lattice(size, extent, spacing)


def test_a_dimension_plane_moves_its_two_dimensions_and_keeps_the_rest() -> None:
    center = np.arange(5.0)
    z = dimension_plane(center, 3, 1).at([[7.0, 8.0]])
    np.testing.assert_array_equal(z, [[0, 8, 2, 7, 4]])


def test_planes_go_through_their_center_and_agree_with_the_views() -> None:
    codes, center = RNG.standard_normal((100, 6)), RNG.standard_normal(6)
    principal = principal_axes(codes)
    for plane in (dimension_plane(center, 4, 2), principal_plane(center, principal)):
        np.testing.assert_allclose(plane.at(plane.coordinates(center)), center)
        points = RNG.standard_normal((10, 2))
        np.testing.assert_allclose(plane.coordinates(plane.at(points)), points, atol=1e-9)
    np.testing.assert_allclose(
        principal_plane(center, principal).coordinates(codes), principal.project(codes)
    )
    np.testing.assert_allclose(dimension_plane(center, 4, 2).coordinates(codes), codes[:, [4, 2]])
