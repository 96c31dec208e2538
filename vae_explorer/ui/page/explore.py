"""The live map: put your hand on the latent space and move it."""

from __future__ import annotations

from vae_explorer.ui.checkpoints import choose_checkpoint
from vae_explorer.ui.live_map import show_latent_map

show_latent_map(choose_checkpoint())
