"""Metrics and configs side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vae_explorer.analysis.metrics import METRICS, compare_metrics
from vae_explorer.checkpoint.folder import load_meta
from vae_explorer.checkpoint.meta import REQUIRED_METRICS, Meta

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "mnist-2d"


@pytest.fixture
def metas() -> tuple[Meta, Meta]:
    first = load_meta(SHIPPED)
    measured = {name: first.metrics[name] for name in REQUIRED_METRICS}
    first = replace(first, metrics=measured)
    metrics = first.metrics | {
        "test_neg_elbo": first.metrics["test_neg_elbo"] - 1.5,
        "knn_accuracy": first.metrics["knn_accuracy"] - 0.2,
        "trustworthiness": first.metrics["trustworthiness"] + 1e-7,
    }
    training = replace(first.training, beta=4.0, epochs=7)
    return first, replace(first, metrics=metrics, training=training)


def test_the_better_one_is_marked_where_one_is(metas: tuple[Meta, Meta]) -> None:
    rows = {row.metric.key: row for row in compare_metrics(metas)}
    assert rows["test_neg_elbo"].best == (1,)
    assert rows["knn_accuracy"].best == (0,)
    # They read the same, and neither part of the bound is better by itself.
    assert rows["trustworthiness"].best == ()
    assert rows["test_reconstruction"].best == rows["test_kl"].best == ()
    first, second = rows["test_neg_elbo"].values
    assert first - second == pytest.approx(1.5)
    assert "iw_nll" not in rows


def test_a_metric_that_one_lacks_is_a_gap(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    measured = replace(second, metrics=second.metrics | {"iw_nll": 90.0})
    row = next(row for row in compare_metrics([first, measured]) if row.metric.key == "iw_nll")
    assert row.values == (None, 90.0)
    assert row.best == ()


def test_metrics_of_other_data_are_not_compared(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    elsewhere = replace(second, dataset=replace(second.dataset, checksum="other"))
    assert all(not row.best and not row.comparable for row in compare_metrics([first, elsewhere]))


def test_bounds_under_other_likelihoods_are_not_compared(metas: tuple[Meta, Meta]) -> None:
    first, second = metas
    gaussian = replace(second, model=replace(second.model, likelihood="gaussian"))
    rows = {row.metric.key: row for row in compare_metrics([first, gaussian])}
    assert rows["test_neg_elbo"].best == ()
    assert rows["knn_accuracy"].best == (0,)


def test_the_readme_of_the_checkpoints_says_what_was_measured(shipped: Path) -> None:
    lines = (shipped.parent / "README.md").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith(f"| `{shipped.name}` |"))
    metrics = load_meta(shipped).metrics
    texts = {key: METRICS[key].text(value) for key, value in metrics.items() if key in METRICS}
    assert {key: text for key, text in texts.items() if text not in row} == {}
