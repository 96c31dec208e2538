"""A model drawn from its config: a bar for each layer, the narrow waist being the code."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from vae_explorer.figures.style import CLASS_COLOURS, FONT_SIZE
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.summary import Block, blocks

__all__ = ["architecture_figure"]

ROW_HEIGHT, TALL_ROW = 34, 44
# Longer labels go on two lines: what a layer is, and what follows it.
MAX_LABEL = 22
# Where the bars stand, as shares of the figure's width; labels left of them, numbers right.
BARS = (0.5, 0.78)
_COLOURS = {"encoder": CLASS_COLOURS[0], "decoder": CLASS_COLOURS[1]}
_IMAGE_COLOUR, _CODE_COLOUR = CLASS_COLOURS[3], CLASS_COLOURS[9]


def architecture_figure(config: ModelConfig, ink: str = "black") -> go.Figure:
    """Draw every layer of a model, top to bottom: what it is, its output's shape, its parameters.

    A bar is as wide as the logarithm of how many values leave the layer. `ink` is the colour of
    the labels beside the bars.
    """
    layers = blocks(config)
    decoder = next(k for k, block in enumerate(layers) if block.part == "decoder")
    rows = [_row(block) for block in layers]
    rows.insert(decoder, ("z ~ N(mean, σ²)", (config.latent_dim,), "", _CODE_COLOUR))
    rows.insert(0, ("image", config.image_shape, "", _IMAGE_COLOUR))
    width = [math.log2(1 + math.prod(shape)) for _, shape, _, _ in rows]
    places = list(range(len(rows)))
    figure = go.Figure(
        go.Bar(
            x=width,
            base=[-w / 2 for w in width],
            y=places,
            orientation="h",
            marker={"color": [row[3] for row in rows]},
            text=[" × ".join(map(str, shape)) for _, shape, _, _ in rows],
            textposition="inside",
            textangle=0,
            insidetextanchor="middle",
            textfont={"size": FONT_SIZE, "color": "black"},
            constraintext="none",
            hoverinfo="skip",
        )
    )
    tall = any("<br>" in row[0] for row in rows)
    for place, (label, _, parameters, _) in zip(places, rows, strict=True):
        figure.add_annotation(_label(label, 0, "left", place))
        figure.add_annotation(_label(parameters, 1, "right", place))
    figure.add_annotation(_label("<b>layer</b>", 0, "left", -1))
    figure.add_annotation(_label("<b>output</b>", sum(BARS) / 2, "center", -1))
    figure.add_annotation(_label("<b>parameters</b>", 1, "right", -1))
    figure.update_annotations(font={"size": FONT_SIZE, "color": ink})
    figure.update_xaxes(visible=False, domain=BARS, fixedrange=True)
    figure.update_yaxes(visible=False, range=[len(rows) - 0.4, -1.6], fixedrange=True)
    return figure.update_layout(
        height=(TALL_ROW if tall else ROW_HEIGHT) * (len(rows) + 1),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        bargap=0.18,
        showlegend=False,
        dragmode=False,
    )


def _row(block: Block) -> tuple[str, tuple[int, ...], str, str]:
    """Return a layer's label, its output's shape, its parameters and its colour."""
    label = f"{block.layer}, {block.then}" if block.then else block.layer
    if block.then and len(label) > MAX_LABEL:
        label = f"{block.layer},<br>{block.then}"
    return label, block.shape, f"{block.parameters:,}", _COLOURS[block.part]


def _label(text: str, x: float, anchor: str, y: float) -> dict[str, object]:
    return {
        **{"text": text, "x": x, "xref": "paper", "xanchor": anchor, "y": y, "yref": "y"},
        **{"showarrow": False, "align": "left"},
    }
