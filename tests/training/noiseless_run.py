"""A run without noise, for tests/test_processes.py: `torchrun … noiseless_run.py FILE`.

Without the draw of z, processes that share every batch must take the very steps that one takes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from vae_explorer.data import load_dataset
from vae_explorer.training.distributed import process_group
from vae_explorer.training.fit import fit
from vae_explorer.vae import model
from vae_explorer.vae.config import ModelConfig, TrainConfig

model.sample = lambda posterior, generator: posterior.mean
# 101 images: a last batch of 5, which two processes cannot share evenly.
TRAINING = TrainConfig(
    dataset="digits", epochs=3, batch_size=32, schedule="cosine", clip=3.0, limit=101
)
MODEL = ModelConfig((1, 8, 8), latent_dim=3, hidden=(32,), activation="tanh")

with process_group(torch.device("cpu")) as group:
    result = fit(MODEL, TRAINING, load_dataset("digits"), group=group)
    if group.rank == 0:
        bounds = torch.tensor([row.train_neg_elbo for row in result.history])
        save_file(result.model.state_dict() | {"bounds": bounds}, Path(sys.argv[1]))
