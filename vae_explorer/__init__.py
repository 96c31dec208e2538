"""VAE Explorer: put your hand on a latent space and move it.

>>> from vae_explorer import load_checkpoint
>>> checkpoint = load_checkpoint("checkpoints/mnist-2d")
>>> mean, logvar = checkpoint.model.encode(images)
"""

from vae_explorer.checkpoint.folder import Checkpoint, list_checkpoints, load_checkpoint

__all__ = ["Checkpoint", "list_checkpoints", "load_checkpoint"]
