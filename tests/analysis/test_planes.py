"""Planes, by their definitions."""

from __future__ import annotations

import numpy as np

from vae_explorer.analysis.codes import principal_axes
from vae_explorer.analysis.planes import dimension_plane, principal_plane

RNG = np.random.default_rng(0)


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
