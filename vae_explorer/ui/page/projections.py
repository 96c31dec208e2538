"""Every test image at the place of its code, coloured by class."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode, dimensions_by_kl
from vae_explorer.checkpoint.text import MAX_NAME, parse_whole, plain_text
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.figures.scatter import scatter_figure
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.link import linked, read_rows, say_problems, write_rows
from vae_explorer.ui.live_map import write_address
from vae_explorer.ui.loaders import (
    class_colours,
    load_latents,
    load_meta,
    load_model,
    load_originals,
)
from vae_explorer.ui.markdown import escape_markdown, widget_key
from vae_explorer.ui.view import View, choose_view, show_view_metrics

GROUP_SIZE, COLUMNS, MAX_DIMS = 35, 7, 5
# The wheel zooms, and the lasso is in sight.
CHART = {"scrollZoom": True, "displaylogo": False, "displayModeBar": True}


def _show_image(path: Path, row: int) -> None:
    """Show one test image: its class, itself where it is on disk, its reconstruction, its code."""
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    mean, deviation = latents.mean[row], np.exp(latents.logvar[row] / 2)
    st.subheader(
        f"{escape_markdown(classes[latents.label[row]])} · test image {latents.index[row]}"
    )
    images, caption = decode(load_model(path), mean[None]), "Its reconstruction."
    original = load_originals(path, np.array([row]))
    if original is not None:
        images = np.concatenate([original, images])
        caption = "The original and its reconstruction."
    st.image(png_bytes(mosaic(images, 2, gap=1), 8), caption, output_format="PNG")
    dims = dimensions_by_kl(latents)[:MAX_DIMS]
    st.markdown("  \n".join(f"z{d} = **{mean[d]:.2f}** ± {deviation[d]:.2f}" for d in dims))
    if len(mean) > MAX_DIMS:
        st.caption(f"the {MAX_DIMS} of {len(mean)} dimensions with the largest KL")


def _show_group(path: Path, rows: list[int]) -> None:
    """Show how many images of each class are selected, and some of their reconstructions."""
    latents, meta = load_latents(path), load_meta(path)
    counts = np.bincount(latents.label[rows], minlength=len(meta.dataset.classes))
    st.subheader(f"{len(rows):,} selected")
    bars = [
        f"<tr><th scope=row>{html.escape(plain_text(name, MAX_NAME))}</th>"
        f"<td>{count:,}</td><td class=bar>"
        f"<div style='width:{100 * count / counts.max():.1f}%;background:{colour}'></div></td></tr>"
        for name, count, colour in sorted(
            zip(meta.dataset.classes, counts, class_colours(meta), strict=True),
            key=lambda item: -item[1],
        )
        if count
    ]
    st.html(f"<table class=counts aria-label='Selected, by class'>{''.join(bars)}</table>")
    # Spread over the whole selection: its points come class by class.
    spread = np.linspace(0, len(rows) - 1, min(GROUP_SIZE, len(rows))).astype(int)
    images = decode(load_model(path), latents.mean[np.sort(rows)[spread]])
    picture = png_bytes(mosaic(images, COLUMNS, gap=1), scale=4)
    caption = f"{len(images)} of them, decoded at their means"
    st.image(picture, caption, output_format="PNG", alt=caption)


def _read_selection(path: Path, view: View) -> None:
    """Take the selection that a link has, until another is made."""
    xy = view.info.xy
    count = len(xy)
    row = linked(
        "image", f"a row from 0 to {count - 1}", lambda text: parse_whole(text, 0, count - 1)
    )
    rows = linked(
        "images",
        f"a choice of {count} test images in this view",
        lambda text: read_rows(text, xy, view.plane or ""),
    )
    if row is not None or rows:
        st.session_state.linked_rows = (path, [row] if row is not None else rows)


def _forget_linked() -> None:
    st.session_state.linked_rows = None


path = chosen_checkpoint()
top = st.container()
chart, details = st.columns([2, 1], gap="medium")
with details:
    view = choose_view(path)
_read_selection(path, view)
with top:
    say_problems("plane", "image", "images")
of_path, linked_rows = st.session_state.get("linked_rows") or (None, [])
if of_path != path:
    linked_rows = []
with details:
    st.caption(
        f"A point is the posterior mean of one test image. {view.meaning} Click a point to see its "
        "image, lasso many, click a class in the legend to hide it."
    )
with chart, st.container(key="map"):
    event = st.plotly_chart(
        scatter_figure(view.info, linked_rows),
        key=widget_key("scatter", path, view.name),
        height="stretch",
        on_select=_forget_linked,
        config=CHART,
    )
# The row travels in `customdata`, because `point_indices` mixes the traces.
points = event["selection"]["points"]
found = (point.get("customdata") for point in points)
# What a browser sends is up to whoever sits at it.
rows = [row for row in found if type(row) is int and 0 <= row < len(view.info.xy)] or linked_rows
images = write_rows(rows, view.info.xy, view.plane or "") if len(rows) > 1 else None
image = str(rows[0]) if len(rows) == 1 else None
write_address("projections", plane=view.plane, image=image, images=images)
with details:
    if len(rows) > 1 and images is None:
        st.caption("This selection is too long for the page’s address, which leaves it out.")
    if len(rows) == 1:
        _show_image(path, rows[0])
    elif rows:
        _show_group(path, rows)
    if rows:
        st.caption("Double-click the plot to clear the selection.")
# Last, because it takes a moment.
with chart:
    show_view_metrics(path, view)
