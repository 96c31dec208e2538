"""Figures: picture and points share one place, and every point says which image it is."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plotly import graph_objects as go

from vae_explorer import load_checkpoint
from vae_explorer.analysis.codes import decode, principal_axes
from vae_explorer.analysis.planes import Plane, dimension_plane, lattice, principal_plane
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.figures.curves import (
    ManifoldInfo,
    history_figure,
    kl_figure,
    manifold_figure,
    path_figure,
    scatter_figure,
)
from vae_explorer.figures.pictures import mosaic
from vae_explorer.figures.scatter import CLASS_COLOURS, ScatterInfo
from vae_explorer.vae.model import VAE

CLASSES = tuple("0123456789")


def _info(count: int = 50, classes: tuple[str, ...] = CLASSES) -> ScatterInfo:
    rng = np.random.default_rng(0)
    xy = rng.standard_normal((count, 2))
    return ScatterInfo(
        xy, rng.integers(0, 10, count), np.arange(100, 100 + count), classes, ("x", "y")
    )


def _points(figure: go.Figure) -> list[go.Scattergl]:
    return [
        trace for trace in figure.data if trace.mode == "markers" and trace.customdata is not None
    ]


def test_every_point_carries_its_row_and_its_test_index() -> None:
    info = _info()
    for trace in _points(scatter_figure(info)):
        rows = trace.customdata
        np.testing.assert_allclose(trace.x, info.xy[rows, 0], rtol=1e-6)
        np.testing.assert_allclose(trace.y, info.xy[rows, 1], rtol=1e-6)
        np.testing.assert_array_equal(trace.text, info.index[rows])
        assert {info.classes[label] for label in info.label[rows]} == {trace.name}
    shown = np.concatenate([trace.customdata for trace in _points(scatter_figure(info))])
    assert sorted(shown) == list(range(50))


def test_classes_have_colours_of_their_own_and_one_unit_is_as_long_on_both_axes() -> None:
    figure = scatter_figure(_info())
    colours = [trace.marker.color for trace in _points(figure)]
    assert len(set(colours)) == len(colours) == 10
    assert set(colours) <= set(CLASS_COLOURS)
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis.scaleratio) == ("x", 1)


def test_a_class_name_hides_with_its_points() -> None:
    for classes in (CLASSES, tuple(f"class {k}" for k in range(10))):
        traces = scatter_figure(_info(classes=classes)).data
        names = [trace for trace in traces if "text" in trace.mode]
        assert [trace.legendgroup for trace in names] == list(classes)
        assert [trace.text[0] for trace in names] == list(classes)


def test_a_class_without_points_is_left_out() -> None:
    info = _info()
    kept = info.taking(np.flatnonzero(info.label != 3))
    assert "3" not in {trace.name for trace in scatter_figure(kept).data}


def test_the_path_is_drawn_through_its_points_and_named_at_its_ends() -> None:
    way = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    traces = {trace.name: trace for trace in path_figure(_info(), way).data}
    np.testing.assert_array_equal(np.stack([traces["path"].x, traces["path"].y], -1), way)
    assert list(zip(traces["ends"].text, traces["ends"].x, strict=True)) == [("A", 0), ("B", 2)]


def _tile_under(figure: go.Figure, x: float, y: float) -> np.ndarray:
    """Return the tile of the background picture that is centred on a place in the figure.

    Reads the figure alone: where its image stands, and what PNG is in it.
    """
    (image,) = figure.layout.images
    size = round(image.sizex)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.source.split(",")[1]))))
    height, width = (n // size for n in picture.shape[:2])
    # The image hangs from its top left corner: plotly's x to the right, y upwards.
    column = (x - image.x) / image.sizex * size - 0.5
    row = (image.y - y) / image.sizey * size - 0.5
    assert column == pytest.approx(round(column), abs=1e-6)
    assert row == pytest.approx(round(row), abs=1e-6)
    top, left = round(row) * height, round(column) * width
    return picture[top : top + height, left : left + width]


def _decoded(model: VAE, z: np.ndarray) -> np.ndarray:
    """Return the picture of one code as the figure enlarges it, twice."""
    return mosaic(decode(model, z[None]), 1)[..., 0].repeat(2, 0).repeat(2, 1)


def _planes(path: Path) -> tuple[VAE, list[Plane]]:
    checkpoint = load_checkpoint(path)
    center = checkpoint.latents.mean[0].astype(np.float64)
    planes = [dimension_plane(center, 1, 0)]
    if len(center) > 2:
        planes.append(principal_plane(center, principal_axes(checkpoint.latents.mean)))
    return checkpoint.model, planes


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_a_code_on_the_manifold_stands_on_the_picture_that_it_decodes_to(
    shipped: Path, spacing: str
) -> None:
    """The same corner is the same z: for the picture, for the codes above it and for its ticks."""
    model, planes = _planes(shipped)
    for plane in planes:
        grid = lattice(5, 2.0, spacing)
        nodes = grid.coordinates().reshape(-1, 2)
        picture = mosaic(decode(model, plane.at(nodes)), columns=5)
        # Codes placed at the nodes themselves, given as the scatter gives them.
        at_nodes = ScatterInfo(
            plane.coordinates(plane.at(nodes)),
            np.zeros(25, int),
            np.arange(25),
            ("0",),
            plane.names,
        )
        figure = manifold_figure(ManifoldInfo(plane, grid, picture), at_nodes)
        (points,) = _points(figure)
        for x, y, row in zip(points.x, points.y, points.customdata, strict=True):
            tile = _tile_under(figure, x, y)
            np.testing.assert_array_equal(tile, _decoded(model, plane.at(nodes[row])))
        # Ticks at the corners say the corners' z.
        axis = figure.layout.xaxis
        at = dict(zip(axis.ticktext, axis.tickvals, strict=True))
        assert (at["-2"], at["2"]) == pytest.approx((0, 4))


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_codes_beyond_the_manifold_are_left_out(spacing: str) -> None:
    nodes = lattice(5, 2.0, spacing)
    plane = dimension_plane(np.zeros(2), 0, 1)
    xy = np.array([[1.9, 0.0], [0.0, -1.9], [2.9, 0.0], [0.0, 9.0]])
    codes = ScatterInfo(xy, np.zeros(4, int), np.arange(4), ("0",), plane.names)
    info = ManifoldInfo(plane, nodes, np.zeros((50, 50, 1), np.uint8))
    points = manifold_figure(info, codes).data[0]
    # By the lattice's half step beyond its ends: 0.5 if linear, less than 0.6 by quantile.
    assert [int(row) for row in points.text] == [0, 1]


def test_without_codes_a_node_tells_its_z(model: VAE) -> None:
    plane, grid = dimension_plane(np.zeros(5), 0, 1), lattice(4, 1.5)
    picture = np.zeros((16, 20, 3), dtype=np.uint8)
    (nodes,) = _points(manifold_figure(ManifoldInfo(plane, grid, picture)))
    np.testing.assert_allclose(nodes.customdata[0], [-1.5, 1.5])
    assert (nodes.x[0], nodes.y[0]) == pytest.approx((0, 3))


def test_curves_and_bars_show_what_they_are_given() -> None:
    history = [Epoch(k, 200.0 - k, 190, 9, 210.0 - k, 200, 9, 1) for k in (1, 2, 3)]
    curves = {trace.name: list(trace.y) for trace in history_figure(history).data}
    assert curves == {"train": [199, 198, 197], "test": [209, 208, 207]}
    figure = kl_figure(np.array([0.0, 3.0, 1.0]), np.array([False, True, True]))
    bars = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert bars == {"active": (["1", "2"], [3, 1]), "inactive": (["0"], [0])}
    assert list(history_figure([]).data[0].y) == []


def test_one_spike_does_not_flatten_the_training_curve() -> None:
    history = [Epoch(k, 200.0 - k, 190, 9, 210.0 - k, 200, 9, 1) for k in range(1, 31)]
    history[13] = history[13]._replace(train_neg_elbo=2850.0)
    low, high = history_figure(history).layout.yaxis.range
    assert low < 170
    assert 208 < high < 220
    history[20] = history[20]._replace(test_neg_elbo=1.7e13)
    assert history_figure(history).layout.yaxis.range == (low, high)
