"""Figures: every point says which image it is, and a spike does not flatten a curve."""

from __future__ import annotations

import numpy as np
from plotly import graph_objects as go

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.figures.architecture import architecture_figure
from vae_explorer.figures.curves import histories_figure, history_figure, kl_figure
from vae_explorer.figures.scatter import ScatterInfo, scatter_figure
from vae_explorer.figures.style import CLASS_COLOURS
from vae_explorer.vae.recipes import find_recipe
from vae_explorer.vae.summary import blocks

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
    colours = {(trace.name, trace.marker.color) for trace in _points(figure)}
    assert len(colours) == len(dict(colours)) == 10
    assert {colour for _, colour in colours} <= set(CLASS_COLOURS)
    in_legend = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(in_legend) == sorted(CLASSES)
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis.scaleratio) == ("x", 1)


def test_a_class_name_hides_with_its_points() -> None:
    for classes in (CLASSES, tuple(f"class {k}" for k in range(10))):
        traces = scatter_figure(_info(classes=classes)).data
        names = [trace for trace in traces if "text" in trace.mode]
        assert [trace.legendgroup for trace in names] == list(classes)
        assert [trace.text[0] for trace in names] == list(classes)


def test_a_class_without_points_is_left_out() -> None:
    info = _info()
    figure = scatter_figure(info._replace(label=np.where(info.label == 3, 4, info.label)))
    assert "3" not in {trace.name for trace in figure.data}
    assert scatter_figure(_info(0)).data == ()


def test_no_class_is_drawn_over_all_others() -> None:
    """The last points to be drawn are of every class."""
    info = _info(1000)
    drawn = np.concatenate([trace.customdata for trace in _points(scatter_figure(info))])
    assert set(info.label[drawn[-200:]]) == set(range(10))


def test_curves_and_bars_show_what_they_are_given() -> None:
    history = [Epoch(k, 200.0 - k, 190, 9, 210.0 - k, 200, 9, 1) for k in (1, 2, 3)]
    curves = {trace.name: list(trace.y) for trace in history_figure(history).data}
    assert curves == {"train": [199, 198, 197], "test": [209, 208, 207]}
    figure = kl_figure(np.array([0.0, 3.0, 1.0]), np.array([False, True, True]))
    bars = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert bars == {"active": (["1", "2"], [3, 1]), "inactive": (["0"], [0])}
    assert list(history_figure([]).data[0].y) == []
    both = {trace.name: list(trace.y) for trace in histories_figure({"a": history, "b": []}).data}
    assert both == {
        **{"a, test": [209, 208, 207], "a, train": [199, 198, 197]},
        **{"b, test": [], "b, train": []},
    }


def test_one_spike_does_not_flatten_the_training_curve() -> None:
    history = [Epoch(k, 200.0 - k, 190, 9, 210.0 - k, 200, 9, 1) for k in range(1, 31)]
    history[13] = history[13]._replace(train_neg_elbo=2850.0)
    low, high = history_figure(history).layout.yaxis.range
    assert low < 170
    assert 208 < high < 220
    history[20] = history[20]._replace(test_neg_elbo=1.7e13)
    history[21] = history[21]._replace(train_neg_elbo=1e9)
    figure = history_figure(history)
    assert figure.layout.yaxis.range == (low, high)
    assert [note.text for note in figure.layout.annotations] == ["↑ 14", "↑ 21–22"]


def test_the_drawing_has_every_layer_with_its_shape_and_parameters() -> None:
    config = find_recipe("gan-lab-32d").model
    figure = architecture_figure(config)
    texts = [note.text.replace(",<br>", ", ") for note in figure.layout.annotations]
    bars = list(figure.data[0].text)
    for block in blocks(config):
        assert (f"{block.layer}, {block.then}" if block.then else block.layer) in texts
        assert f"{block.parameters:,}" in texts
        assert " × ".join(map(str, block.shape)) in bars
    # From the image to the code and back: one bar a layer, one for the image, one for z.
    assert len(bars) == len(blocks(config)) + 2
    assert (bars[0], bars[4], bars[-1]) == ("1 × 28 × 28", "32", "1 × 28 × 28")
    halves = np.array(figure.data[0].x)
    np.testing.assert_allclose(figure.data[0].base, -halves / 2)
