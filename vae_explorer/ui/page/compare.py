"""Two to four checkpoints under one handle, and how they differ."""

from __future__ import annotations

import streamlit as st

from vae_explorer.figures.curves import histories_figure
from vae_explorer.ui.checkpoints import compared
from vae_explorer.ui.live_map import show_comparison
from vae_explorer.ui.loaders import load_history
from vae_explorer.ui.markdown import escape_markdown, widget_key
from vae_explorer.ui.tables import show_compared_metrics, show_differences, show_spikes

shown = compared()
metas = {name: meta for name, _, meta in shown}
show_comparison(shown)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Metrics of the test images", anchor=False)
    show_compared_metrics(metas)
with right:
    st.subheader("Configs, where they differ", anchor=False)
    show_differences(metas)
st.subheader("Training curves", anchor=False)
histories = {name: history for name, path, _ in shown if (history := load_history(path))}
if histories:
    st.plotly_chart(histories_figure(histories), key=widget_key("histories", *sorted(histories)))
    show_spikes(histories)
if missing := [name for name in metas if name not in histories]:
    st.caption(escape_markdown(f"No history.csv: {', '.join(missing)}."))
