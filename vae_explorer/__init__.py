"""VAE Explorer: put your hand on a latent space and move it.

>>> from vae_explorer import load_checkpoint
>>> checkpoint = load_checkpoint("checkpoints/mnist-2d")
>>> mean, logvar = checkpoint.model.encode(images)
"""

from typing import Any

from vae_explorer.checkpoint.folder import Checkpoint, list_checkpoints, load_checkpoint

__all__ = ["Checkpoint", "list_checkpoints", "load_checkpoint", "show"]


def __getattr__(name: str) -> Any:
    """Return `show`, which needs more than most who import this package."""
    if name != "show":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vae_explorer.export import show

    return show
