"""Two to four checkpoints under one hand, and what they have otherwise."""

from __future__ import annotations

import streamlit as st

from vae_explorer.ui.comparison import (
    show_comparison,
    show_differences,
    show_figures,
    show_histories,
)
from vae_explorer.ui.contestants import choose_contestants

contestants = choose_contestants()
metas = {name: meta for name, (_, meta) in contestants.items()}
show_comparison(contestants)

left, right = st.columns([1, 1], gap="medium")
with left:
    st.markdown("#### Figures of the test split")
    show_figures(metas)
with right:
    st.markdown("#### Configs, where they differ")
    show_differences(metas)
st.markdown("#### The trainings")
show_histories(contestants)
