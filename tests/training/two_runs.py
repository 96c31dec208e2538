"""Two runs in one start, for test_distributed.py: `torchrun … two_runs.py FILE FLAG...`.

The first is without noise, into FILE: without the draw of z, ranks that share every batch must
take the very steps that one process takes. The second is `train.py FLAG...`.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file

import train
from vae_explorer.data import load_dataset
from vae_explorer.training.distributed import ProcessGroup, process_group
from vae_explorer.training.fit import fit
from vae_explorer.vae import model
from vae_explorer.vae.config import ModelConfig, TrainConfig

# 101 images: a last batch of 5, which two processes cannot share evenly.
TRAINING = TrainConfig(
    dataset="digits", epochs=3, batch_size=32, schedule="cosine", clip=3.0, limit=101
)
MODEL = ModelConfig((1, 8, 8), latent_dim=3, hidden=(32,), activation="tanh")


def train_without_noise(file: Path, group: ProcessGroup) -> None:
    """Train on a group's ranks; rank 0 writes the weights and the bounds of each epoch."""
    with mock.patch.object(model, "sample", lambda posterior, generator: posterior.mean):
        result = fit(MODEL, TRAINING, load_dataset("digits"), group=group)
    if group.rank == 0:
        bounds = torch.tensor([row.train_neg_elbo for row in result.history])
        save_file(result.model.state_dict() | {"bounds": bounds}, file)


if __name__ == "__main__":
    with process_group(torch.device("cpu")) as group:
        train_without_noise(Path(sys.argv[1]), group)
        # A process joins torchrun's group only once.
        train.process_group = lambda device: nullcontext(group)
        status = train.main(sys.argv[2:])
    # A thread that is left may want Python when Python has ended, which aborts the process.
    names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]
    left = [name for name in names if "gloo" in name]
    sys.exit(f"found threads of gloo that outlive the group: {left}" if left else status)
