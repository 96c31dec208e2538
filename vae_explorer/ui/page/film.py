"""The film of a training: the codes, the grid and the loss, from the first step to the last."""

from __future__ import annotations

import streamlit as st

from vae_explorer.ui.checkpoints import choose_checkpoint
from vae_explorer.ui.film import offer_gif, show_film
from vae_explorer.ui.loaders import load_film, load_meta
from vae_explorer.ui.markdown import plain

path = choose_checkpoint()
live = load_film(path)
if live is None:
    st.info(
        plain(
            f"{path.name} has no film. A training is filmed with --snapshots: python train.py "
            f"--recipe {load_meta(path).recipe} --snapshots 40. The shipped mnist-2d has one."
        )
    )
    st.stop()
show_film(path, live.name)
offer_gif(path, live.film)
