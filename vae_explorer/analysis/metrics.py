"""The metrics of a checkpoint: what each is called and means, and which checkpoint is better.

`METRICS` is the one place for titles, units and meanings: the pages, `evaluate` and the README
use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vae_explorer.checkpoint.meta import Meta
from vae_explorer.vae.summary import parameter_count

__all__ = [
    "METRICS",
    "ComparedMetric",
    "Metric",
    "compare_metrics",
    "metric_value",
]

NATS = "nats"


class Metric(NamedTuple):
    """One number about a checkpoint.

    Attributes:
        key: its name in `meta.json` and in `Evaluation`.
        title: its name on the screen.
        unit: of the value; "" for shares and counts. `nats` are nats per image.
        decimals: to be shown.
        better: -1 where lower is better, 1 where higher is, 0 where neither is.
        meaning: what it says, as a sentence without its full stop.
    """

    key: str
    title: str
    unit: str
    decimals: int
    better: int
    meaning: str

    @property
    def title_with_unit(self) -> str:
        """The title as a table's row has it, such as `test −ELBO, nats`."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def text(self, value: float) -> str:
        """Return a value with as many decimals as are to be shown."""
        return f"{value:,.{self.decimals}f}"


_METRICS = (
    Metric(
        *("test_neg_elbo", "test −ELBO", NATS, 2, -1),
        "the negative ELBO of the test images, nats per image, with one sampled z each",
    ),
    Metric(
        *("test_reconstruction", "reconstruction", NATS, 2, 0),
        "−E log p(x|z) over the test images, nats per image",
    ),
    Metric(
        *("test_kl", "KL", NATS, 2, 0),
        "KL(q(z|x) ‖ p(z)) over the test images, nats per image",
    ),
    Metric(
        *("iw_nll", "IW-NLL", NATS, 2, -1),
        "the importance-weighted bound on −log p(x) over the test images, nats per image: below "
        "the −ELBO and nearer to the truth",
    ),
    Metric(
        *("active_units", "active units", "", 0, 0),
        "latent dimensions whose posterior mean varies by more than 0.01 over the test images",
    ),
    Metric(
        *("knn_accuracy", "5-NN accuracy", "", 3, 1),
        "how often the five nearest training codes vote for the class of a test code",
    ),
    Metric(
        *("trustworthiness", "trustworthiness", "", 3, 1),
        "1 where codes that are near belong to images that are near, over a random 5,000 test "
        "images, seed 0",
    ),
    Metric("parameters", "parameters", "", 0, 0, "numbers that the training fits"),
    Metric("epochs", "epochs", "", 0, 0, "passes over the training images"),
    Metric("seconds", "training", "s", 0, 0, "wall time of all epochs"),
)
METRICS = {metric.key: metric for metric in _METRICS}


class ComparedMetric(NamedTuple):
    """One metric of several checkpoints.

    Attributes:
        metric: what is compared.
        values: one for each checkpoint, None where it was not measured.
        best: numbers of the checkpoints that are better than others; none where no one can say.
        comparable: whether a difference of two values means anything.
    """

    metric: Metric
    values: tuple[float | None, ...]
    best: tuple[int, ...]
    comparable: bool


def metric_value(meta: Meta, key: str) -> float | None:
    """Return a checkpoint's value of the metric `key`, None where it was not measured."""
    if key == "parameters":
        return float(parameter_count(meta.model))
    costs = {"epochs": meta.epochs_done, "seconds": meta.seconds}
    value = costs.get(key, meta.metrics.get(key))
    return None if value is None else float(value)


def compare_metrics(metas: Sequence[Meta]) -> list[ComparedMetric]:
    """Return the metrics that at least one of the checkpoints has, in the table's order.

    None is better than another where it was measured on other data, or where it is part of a bound
    under another likelihood.
    """
    same_data = len({meta.dataset.checksum for meta in metas}) == 1
    same_likelihood = len({meta.model.likelihood for meta in metas}) == 1
    compared = []
    for metric in METRICS.values():
        values = tuple(metric_value(meta, metric.key) for meta in metas)
        if any(value is not None for value in values):
            comparable = same_data and (same_likelihood or metric.unit != NATS)
            best = _best(values, metric) if comparable else ()
            compared.append(ComparedMetric(metric, values, best, comparable))
    return compared


def _best(values: tuple[float | None, ...], metric: Metric) -> tuple[int, ...]:
    """Return which values are the best as they are shown, if some others are worse."""
    shown = [None if value is None else round(value, metric.decimals) for value in values]
    known = {value for value in shown if value is not None}
    if not metric.better or len(known) < 2:
        return ()
    best = max(known) if metric.better > 0 else min(known)
    return tuple(k for k, value in enumerate(shown) if value == best)
