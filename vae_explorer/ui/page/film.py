"""The film of a training: the codes, the lattice and the loss, from the first step to the last."""

from __future__ import annotations

import streamlit as st

from vae_explorer.checkpoint.folder import FILM
from vae_explorer.ui.checkpoints import choose, chosen_checkpoint, usable_checkpoints
from vae_explorer.ui.live_map import show_film
from vae_explorer.ui.loaders import (
    load_film,
    load_meta,
    say_until_changed,
    states_of,
)
from vae_explorer.ui.markdown import escape_markdown, widget_key

path = chosen_checkpoint()
before = states_of([path])
meta, live = load_meta(path), load_film(path)
if live is None:
    if st.session_state.get("filmed") == path:
        say_until_changed(f"{path.name}: its film is no longer here.", before)
    st.info(
        escape_markdown(
            f"{path.name} has no film. train.py films a training with --snapshots, for example: "
            f"python train.py --recipe {meta.recipe} --snapshots 40"
        )
    )
    for name, other in usable_checkpoints().items():
        if (other.path / FILM).is_file():
            st.button(
                f"Show the film of {escape_markdown(name)}",
                key=widget_key("film", name),
                on_click=choose,
                args=(name,),
            )
    st.stop()

st.session_state.filmed = path
show_film(path.name, live.name)
film = live.film
st.caption(
    f"A film stores {film.across} × {film.across} decoded images per snapshot, and the picture "
    "blends the four nearest. That differs from decoding z itself: by 0.095 per pixel (RMS, on a "
    f"scale of 0 to 1) for mnist-2d. The film's −ELBO is over {len(film.row):,} test images."
)
