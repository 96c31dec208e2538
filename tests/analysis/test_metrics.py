"""Figures and configs side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vae_explorer.analysis.metrics import compared_figures, config_differences
from vae_explorer.checkpoint.folder import load_meta
from vae_explorer.checkpoint.meta import METRICS, Meta

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "mnist-2d"


@pytest.fixture
def metas() -> tuple[Meta, Meta]:
    first = load_meta(SHIPPED)
    measured = {name: first.metrics[name] for name in METRICS}
    first = replace(first, metrics=measured)
    metrics = first.metrics | {
        "test_neg_elbo": first.metrics["test_neg_elbo"] - 1.5,
        "knn_accuracy": first.metrics["knn_accuracy"] - 0.2,
        "trustworthiness": first.metrics["trustworthiness"] + 1e-7,
    }
    training = replace(first.training, beta=4.0, epochs=7)
    return first, replace(first, metrics=metrics, training=training)


def test_the_better_one_is_marked_where_one_is(metas: tuple[Meta, Meta]) -> None:
    rows = {row.name: row for row in compared_figures(metas)}
    assert rows["test −ELBO, nats"].best == (1,)
    assert rows["5-NN accuracy"].best == (0,)
    # They read the same, and neither part of the bound is better by itself.
    assert rows["trustworthiness"].best == ()
    assert rows["reconstruction, nats"].best == rows["KL, nats"].best == ()
    first, second = rows["test −ELBO, nats"].values
    assert first - second == pytest.approx(1.5)
    assert "IW-NLL, nats" not in rows


def test_a_figure_that_one_lacks_is_a_gap(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    measured = replace(second, metrics=second.metrics | {"iw_nll": 90.0})
    row = next(row for row in compared_figures([first, measured]) if row.name.startswith("IW"))
    assert row.values == (None, 90.0)
    assert row.best == ()


def test_figures_of_other_data_are_not_compared(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    elsewhere = replace(second, dataset=replace(second.dataset, checksum="other"))
    assert all(not row.best and not row.in_nats for row in compared_figures([first, elsewhere]))


def test_bounds_under_other_likelihoods_are_not_compared(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    gaussian = replace(second, model=replace(second.model, likelihood="gaussian"))
    rows = {row.name: row for row in compared_figures([first, gaussian])}
    assert rows["test −ELBO, nats"].best == ()
    assert rows["5-NN accuracy"].best == (0,)


def test_only_what_differs_is_named(metas: tuple[Meta, Meta]) -> None:
    found = {row.field: row.values for row in config_differences(metas)}
    assert found == {
        "beta": (metas[0].training.beta, 4.0),
        "epochs": (metas[0].training.epochs, 7),
    }
    assert config_differences([metas[0], metas[0]]) == []
