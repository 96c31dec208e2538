"""Checkpoints side by side on a page: under one hand, and in figures."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.analysis.metrics import ComparedMetric, compare_metrics, config_differences
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.figures.curves import histories_figure
from vae_explorer.ui.loaders import load_alignment, load_history, load_live
from vae_explorer.ui.markdown import plain
from vae_explorer.ui.mounted import base_of, component

__all__ = ["show_comparison", "show_differences", "show_figures", "show_histories"]


def show_comparison(contestants: dict[str, tuple[Path, Meta]]) -> None:
    """Show the live maps of checkpoints, two to four, under one hand."""
    flat = [name for name, (_, meta) in contestants.items() if meta.model.latent_dim < 2]
    if flat:
        st.error(
            plain(f"{', '.join(flat)}: found 1 latent dimension, expected at least 2 to draw a map")
        )
        return
    first, _ = next(iter(contestants.values()))
    checkpoints = []
    for name, (path, meta) in contestants.items():
        alignment = None if path == first else load_alignment(first, path)
        checkpoints.append(
            load_live(path)
            | {
                "name": name,
                "caption": f"{meta.model.latent_dim}-D · −ELBO {meta.metrics['test_neg_elbo']:.1f}",
                "dataset": meta.dataset.checksum,
                "rotation": None if alignment is None else alignment.rotation.tolist(),
                "disparity": None if alignment is None else alignment.disparity,
            }
        )
    component(
        key="comparison", data={"checkpoints": checkpoints, "base": base_of("compare-mount.js")}
    )


def show_figures(metas: dict[str, Meta]) -> None:
    """Show the figures of checkpoints, a column each; the better one of each row is marked."""
    names = [plain(name) for name in metas]
    lines = ["| |" + "|".join(names) + "|", "|:--|" + "--:|" * len(names)]
    for row in compare_metrics(list(metas.values())):
        cells = [_cell(row, k) for k in range(len(names))]
        lines.append(f"|{row.metric.title_with_unit}|" + "|".join(cells) + "|")
    st.markdown("\n".join(lines))
    if len({meta.dataset.checksum for meta in metas.values()}) > 1:
        st.caption("Measured on different data: no figure is better than another.")
    else:
        st.caption("Bold: the better one. In brackets: nats more or less than the first one.")


def show_differences(metas: dict[str, Meta]) -> None:
    """Show in which fields the configs differ, and nothing else."""
    differences = config_differences(list(metas.values()))
    if not differences:
        st.caption("The configs are the same, field by field.")
        return
    names = [plain(name) for name in metas]
    lines = ["| |" + "|".join(names) + "|", "|:--|" + ":--|" * len(names)]
    for difference in differences:
        values = (plain(_in_words(value)) for value in difference.values)
        lines.append(f"|{difference.field}|" + "|".join(values) + "|")
    st.markdown("\n".join(lines))


def show_histories(contestants: dict[str, tuple[Path, Meta]]) -> None:
    """Show the trainings' curves in one plot, of those that have kept theirs."""
    kept = {
        name: load_history(path)
        for name, (path, _) in contestants.items()
        if (path / "history.csv").is_file()
    }
    if kept:
        st.plotly_chart(histories_figure(kept), key=f"histories {sorted(kept)}")
    if missing := [name for name in contestants if name not in kept]:
        st.caption(plain(f"No history.csv: {', '.join(missing)}."))


def _cell(row: ComparedMetric, k: int) -> str:
    value, first = row.values[k], row.values[0]
    if value is None:
        return "–"
    text = row.metric.text(value)
    text = f"**{text}**" if k in row.best else text
    if k and row.comparable and row.metric.unit == "nats" and first is not None:
        text += f" ({value - first:+.{row.metric.decimals}f})".replace("-", "−")
    return text


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_in_words, value)) or "()"
    return "none" if value is None else str(value)
