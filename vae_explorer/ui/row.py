"""One row of a plane, decoded: the first coordinate runs, the second one stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode
from vae_explorer.analysis.planes import Lattice, Plane
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.ui.loaders import load_model

__all__ = ["show_row"]


def show_row(path: Path, plane: Plane, lattice: Lattice, height: float) -> None:
    """Show the decodes at the lattice's values across, all at one `height` up."""
    across = np.stack([lattice.values, np.full(len(lattice.values), height)], axis=-1)
    images = decode(load_model(path), plane.at(across))
    picture = png_bytes(mosaic(images, columns=len(images), gap=1), scale=2)
    st.image(picture, width="stretch", output_format="PNG")
    first, second = plane.names
    st.caption(
        f"The row at **{second} = {height:g}**: {first} from {lattice.values[0]:g} to "
        f"{lattice.values[-1]:g}, left to right.".replace("-", "−")
    )
