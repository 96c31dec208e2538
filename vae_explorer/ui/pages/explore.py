"""The live map: put your hand on the latent space and move it."""

from __future__ import annotations

from vae_explorer.ui.latent_map import show_latent_map
from vae_explorer.ui.picker import choose_checkpoint

show_latent_map(choose_checkpoint())
