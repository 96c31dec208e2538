"""The decoded steps of a path: a strip, one step enlarged, the path as a film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode
from vae_explorer.figures.pictures import gif_bytes, mosaic, png_bytes
from vae_explorer.ui.loaders import load_model

__all__ = ["show_strip"]


MOST_SHOWN = 8


@st.fragment
def show_strip(path: Path, z: np.ndarray, file_name: str) -> None:
    """Show the path z, (S, D), decoded: all steps, the chosen one, or all of them in motion."""
    images = decode(load_model(path), z)
    st.image(
        png_bytes(mosaic(images, columns=len(images), gap=1)), width="stretch", output_format="PNG"
    )
    picture, controls = st.columns([1, 3], gap="medium", vertical_alignment="center")
    with controls:
        playing = st.toggle("Play, there and back", key="path_playing", persist_state="session")
        step = st.slider(
            "Step from A to B",
            1,
            len(z),
            min(st.session_state.get("path_step", 1), len(z)),
            key="path_step",
            disabled=playing,
        )
        film = gif_bytes(images)
        st.download_button(
            "Download GIF",
            film,
            file_name=f"{file_name}.gif",
            mime="image/gif",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(f"{len(z)} steps" if playing else f"z = ({_in_words(z[step - 1])})")
    if playing:
        picture.image(film, width=280)
    else:
        picture.image(png_bytes(mosaic(images[[step - 1]], 1), 10), width=280, output_format="PNG")


def _in_words(z: np.ndarray) -> str:
    """Return the coordinates of one code, (D,), the first eight of them if there are more."""
    # Adding 0 turns a rounded -0.00 into 0.00.
    shown = ", ".join(f"{value:.2f}" for value in z[:MOST_SHOWN].round(2) + 0.0)
    return shown + ", …" * (len(z) > MOST_SHOWN)
