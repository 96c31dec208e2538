"""A data set in memory: each split is a uint8 tensor of images and an int64 tensor of labels."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["Dataset", "Split", "default_data_dir", "to_float"]


class Split(NamedTuple):
    """One split: uint8 images with shape (N, C, H, W) and int64 labels with shape (N,)."""

    images: Tensor
    labels: Tensor

    def first(self, count: int | None) -> Split:
        """Return the first `count` images and labels (all of them for None)."""
        return Split(self.images[:count], self.labels[:count])

    def pictures(self, index: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray | None:
        """Return images by number as float32, (N, C, H, W) in [0, 1].

        None where not all of them are there, or they are not of `shape`, (C, H, W).
        """
        if tuple(self.images.shape[1:]) != shape or index.max() >= len(self.images):
            return None
        return to_float(self.images[index]).numpy()

    def to(self, device: torch.device | str) -> Split:
        """Return the split on `device`."""
        return Split(self.images.to(device), self.labels.to(device))


class Dataset(NamedTuple):
    """A dataset in memory.

    `checksum` is the SHA-256 of all images and labels, in order; `classes` are named by label.
    """

    name: str
    train: Split
    test: Split
    checksum: str
    classes: tuple[str, ...]

    @classmethod
    def of(cls, name: str, train: Split, test: Split, classes: tuple[str, ...]) -> Dataset:
        """Return a dataset with its checksum."""
        digest = hashlib.sha256()
        for part in (*train, *test):
            digest.update(np.ascontiguousarray(part.numpy()).data)
        return cls(name, train, test, digest.hexdigest(), classes)


def to_float(images: Tensor) -> Tensor:
    """Return uint8 images with shape (B, C, H, W) as float32 in [0, 1]."""
    return images.float().div_(255)


def default_data_dir() -> Path:
    """Return the environment's VAE_EXPLORER_DATA, or `data`."""
    return Path(os.environ.get("VAE_EXPLORER_DATA") or "data")
