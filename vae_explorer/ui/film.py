"""The film of a training on a page: played in the browser, and as a GIF to take away."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.figures.scatter import class_colour
from vae_explorer.film.film import Film
from vae_explorer.ui.loaders import load_latents, load_meta
from vae_explorer.ui.mounted import base_of, component

__all__ = ["offer_gif", "show_film"]


def show_film(path: Path, name: str) -> None:
    """Show the film whose blob has the digest `name`."""
    component(key="film", data={"film": name, "name": path.name, "base": base_of("film-mount.js")})


def offer_gif(path: Path, film: Film) -> None:
    """Offer the film as a GIF, which is made when it is asked for."""

    def make() -> bytes:
        # Drawing it takes a second or two.
        from vae_explorer.film.gif import film_gif

        classes = load_meta(path).dataset.classes
        colours = [class_colour(kind) for kind in range(len(classes))]
        return film_gif(film, load_latents(path).label[film.row], colours)

    st.download_button(
        "Download as GIF",
        make,
        file_name=f"{path.name}.gif",
        mime="image/gif",
        icon=":material/download:",
        on_click="ignore",
    )
