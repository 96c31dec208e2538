"""What checkpoints have otherwise than each other: figures side by side, fields of configs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vae_explorer.checkpoint.meta import Meta
from vae_explorer.vae.config import config_to_dict
from vae_explorer.vae.summary import parameter_count

__all__ = ["Difference", "Figures", "compared_figures", "config_differences"]


class Figures(NamedTuple):
    """One figure of each checkpoint.

    name: of the figure, with its unit. values: one for each checkpoint, None where not measured.
    best: numbers of the checkpoints that are better than others; none where no one can say.
    decimals: to be shown. in_nats: whether differences are.
    """

    name: str
    values: tuple[float | None, ...]
    best: tuple[int, ...]
    decimals: int
    in_nats: bool


class Difference(NamedTuple):
    """A field of the configs in which checkpoints differ, and its value in each."""

    field: str
    values: tuple[object, ...]


class _Kind(NamedTuple):
    """How a figure is read: its title, which way is better (0: neither), decimals, nats."""

    title: str
    better: int
    decimals: int = 3
    in_nats: bool = False


_KINDS = {
    "test_neg_elbo": _Kind("test −ELBO, nats", -1, 2, True),
    "test_reconstruction": _Kind("reconstruction, nats", 0, 2, True),
    "test_kl": _Kind("KL, nats", 0, 2, True),
    "iw_nll": _Kind("IW-NLL, nats", -1, 2, True),
    "active_units": _Kind("active dimensions", 0, 0),
    "knn_accuracy": _Kind("5-NN accuracy", 1),
    "trustworthiness": _Kind("trustworthiness", 1),
}


def compared_figures(metas: Sequence[Meta]) -> list[Figures]:
    """Return the evaluation's figures of checkpoints, and what they cost.

    No figure is better than another where it was measured on other data, or where it is part of a
    bound that another likelihood gives.
    """
    same_data = len({meta.dataset.checksum for meta in metas}) == 1
    same_likelihood = len({meta.model.likelihood for meta in metas}) == 1
    rows = []
    for name, kind in _KINDS.items():
        values = tuple(meta.metrics.get(name) for meta in metas)
        if all(value is None for value in values):
            continue
        comparable = same_data and (same_likelihood or not kind.in_nats)
        best = _best(values, kind.better, kind.decimals) if comparable else ()
        rows.append(Figures(kind.title, values, best, kind.decimals, kind.in_nats and comparable))
    costs = {
        "parameters": (tuple(float(parameter_count(meta.model)) for meta in metas), 0),
        "epochs": (tuple(float(meta.epochs_done) for meta in metas), 0),
        "training, s": (tuple(float(meta.seconds) for meta in metas), 0),
    }
    return rows + [Figures(name, values, (), n, False) for name, (values, n) in costs.items()]


def config_differences(metas: Sequence[Meta]) -> list[Difference]:
    """Return the fields of the model's and the training's configs that are not the same in all."""
    configs = [config_to_dict(meta.model) | config_to_dict(meta.training) for meta in metas]
    return [
        Difference(name.replace("_", " "), tuple(config[name] for config in configs))
        for name in configs[0]
        if any(config[name] != configs[0][name] for config in configs[1:])
    ]


def _best(values: tuple[float | None, ...], better: int, decimals: int) -> tuple[int, ...]:
    """Return which values are the best as they are shown, if some others are worse."""
    known = [round(value, decimals) for value in values if value is not None]
    if not better or len(set(known)) < 2:
        return ()
    best = max(known) if better > 0 else min(known)
    return tuple(
        k for k, value in enumerate(values) if value is not None and round(value, decimals) == best
    )
