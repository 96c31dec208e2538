"""What all plots share: colours of the classes, size of the type, axes, names from elsewhere."""

from __future__ import annotations

import re

import plotly.graph_objects as go

from vae_explorer.checkpoint.text import MAX_NAME, plain_text

__all__ = [
    "CLASS_COLOURS",
    "FONT_SIZE",
    "base_figure",
    "class_colour",
    "class_colours",
    "plotly_text",
]

# Petroff 2021, "Accessible Color Sequences for Data Visualization": ten colours that keep apart
# under the common kinds of colour blindness.
CLASS_COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)

FONT_SIZE = 16
_GRID = "rgba(128, 128, 128, 0.25)"


def class_colour(label: int) -> str:
    """Return the colour of a class as `#rrggbb`; they repeat after ten."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)]


def class_colours(count: int) -> list[str]:
    """Return `#rrggbb` for each of `count` classes."""
    return [class_colour(label) for label in range(count)]


def plotly_text(name: str) -> str:
    """Return `name` so that plotly, which reads HTML, templates and TeX, shows it as it is.

    WebGL's text is read by nobody: it takes `plain_text`.
    """
    return re.sub(r"[&<>%$]", lambda found: f"&#{ord(found[0])};", plain_text(name, MAX_NAME))


def base_figure() -> go.Figure:
    """Return an empty figure with type that can be read from the back of a room."""
    font = {"size": FONT_SIZE}
    axis = {"tickfont": font, "title": {"font": font}, "showgrid": True, "gridcolor": _GRID}
    return go.Figure(
        layout={
            # Above the plot there is room for plotly's buttons, which else lie on the legend.
            "margin": {"l": 10, "r": 10, "t": 36, "b": 10},
            "font": font,
            "hoverlabel": {"font": font},
            "legend": {"font": font, "itemsizing": "constant", "tracegroupgap": 0},
            "xaxis": axis,
            "yaxis": axis,
        }
    )
