"""Checkpoints whose every part tells which version it is of."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import REQUIRED_METRICS, DatasetRecord, Meta
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.film.film import Film
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

CONFIG = ModelConfig(image_shape=(3, 4, 5), latent_dim=5, hidden=(8,))


def latents(number: int) -> Latents:
    """Six codes of version `number`."""
    codes = np.full((6, 5), number, np.float32)
    return Latents(codes, codes, np.arange(6), np.arange(6))


def history(number: int) -> list[Epoch]:
    """A history of `number` epochs."""
    return [Epoch(epoch, *[1.0] * 7) for epoch in range(1, number + 1)]


def save(path: Path, number: int) -> None:
    """Write version `number` of a checkpoint."""
    with torch.no_grad():
        model = VAE(CONFIG).eval()
        for weight in model.parameters():
            weight.fill_(number)
    meta = Meta(
        name=path.name,
        recipe="digits-2d",
        model=CONFIG,
        training=TrainConfig(dataset="digits", epochs=2),
        dataset=DatasetRecord("digits", "0" * 64, tuple("0123456789"), 1437, 360),
        metrics=dict.fromkeys(REQUIRED_METRICS, 0.5),
        kl_by_dimension=[0.5] * 5,
        epochs_done=number,
        weights_dtype="float32",
        seed=number,
        device="cpu",
        seconds=1.0,
        versions={},
    )
    save_checkpoint(path, model, meta, history(number), latents(number))


def version(path: Path) -> int | str:
    """Return which version a checkpoint is, all of it, or `trained` where it is none of `save`."""
    found = load_checkpoint(path)
    if found.meta.model != CONFIG:
        assert len(found.history) == found.meta.epochs_done
        return "trained"
    (number,) = {
        found.meta.seed,
        len(found.history),
        *found.latents.mean.ravel().tolist(),
        *(value for weight in found.model.parameters() for value in weight.unique().tolist()),
    }
    return int(number)


def film() -> Film:
    """A film of two snapshots of three images."""
    sheet = io.BytesIO()
    Image.new("L", (5, 4)).save(sheet, "webp")
    return Film(
        step=np.array([0, 9]),
        epoch=np.array([0, 1], np.float32),
        neg_elbo=np.array([2, 1], np.float32),
        row=np.arange(3),
        xy=np.zeros((2, 3, 2), np.float16),
        center=np.zeros(5, np.float32),
        axes=np.eye(2, 5, dtype=np.float32),
        box=np.array([0, 0, 1], np.float32),
        across=1,
        sheets=(sheet.getvalue(), sheet.getvalue()),
    )
