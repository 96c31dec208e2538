"""The live map: take the handle, and move it through the latent space."""

from __future__ import annotations

from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.live_map import show_map

show_map(chosen_checkpoint())
