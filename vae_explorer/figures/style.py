"""What all plots share: the colours of the classes, the size of the type, the axes."""

from __future__ import annotations

import plotly.graph_objects as go

__all__ = ["CLASS_COLOURS", "FONT_SIZE", "base_figure", "class_colour"]

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
