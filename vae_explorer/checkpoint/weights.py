"""What the headers of a model's weights must be."""

from __future__ import annotations

from vae_explorer.files.reading import Header
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.layers import weight_shapes

__all__ = ["weight_headers"]


def weight_headers(config: ModelConfig) -> dict[str, Header]:
    """Return the header of each weight of a model; see `weight_shapes`."""
    return {
        name: Header("whole" if name.endswith("num_batches_tracked") else "float", shape)
        for name, shape in weight_shapes(config).items()
    }
