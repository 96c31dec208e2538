"""CIFAR-10 and SVHN from their published files; nothing in them is ever unpickled.

CIFAR-10 is read in its binary version: records of a label and 3,072 bytes, the red, the green and
the blue plane, row by row. SVHN's cropped digits are MATLAB files of `X` (32, 32, 3, N) and `y`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vae_explorer.data.splits import Split

__all__ = ["CIFAR10_FILES", "CIFAR10_MD5", "CIFAR10_URL", "SVHN_FILES", "read_cifar10", "read_svhn"]

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CIFAR10_FILES = (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin")
SVHN_FILES = ("train_32x32.mat", "test_32x32.mat")

CLASSES, SIDE = 10, 32
RECORD = 1 + 3 * SIDE * SIDE
# SVHN's larger training split has 604,388.
MOST_IMAGES = 1_000_000


def read_cifar10(folder: Path) -> tuple[Split, Split]:
    """Return the training and the test images in the folder of the binary version."""
    batches = [_read_batch(folder / name) for name in CIFAR10_FILES]
    train = [torch.cat(parts) for parts in zip(*batches[:-1], strict=True)]
    return Split(*train), batches[-1]


def read_svhn(folder: Path) -> tuple[Split, Split]:
    """Return the training and the test images of the cropped digits; the files' label 10 is 0."""
    train, test = (_read_mat(folder / name) for name in SVHN_FILES)
    return train, test


def _read_batch(path: Path) -> Split:
    raw = np.fromfile(path, np.uint8)
    if not len(raw) or len(raw) % RECORD:
        raise ValueError(
            f"{path}: found {len(raw):,} bytes, expected records of {RECORD:,} each; the file is "
            "cut short or damaged, fetch it again"
        )
    records = raw.reshape(-1, RECORD)
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, SIDE, SIDE).copy())
    return Split(images, _labels(path, records[:, 0], 0))


def _read_mat(path: Path) -> Split:
    from scipy.io import loadmat, whosmat

    try:
        # Shapes and types from the headers, before any data.
        found = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        (*image, count), kind = found.get("X", ((0,), "none"))
        if (
            image != [SIDE, SIDE, 3]
            or (kind, found.get("y", ((0,),))[0]) != ("uint8", (count, 1))
            or not 0 < count <= MOST_IMAGES
        ):
            raise ValueError(f"X of shape {(*image, count)} and type {kind}")
        arrays = loadmat(path, variable_names=["X", "y"])
    except Exception as error:
        # What a parser raises is up to the file.
        own = error if isinstance(error, ValueError) else type(error).__name__
        raise ValueError(
            f"{path}: found no cropped digits ({own}), expected X of 32 x 32 x 3 x N bytes and N "
            "labels y; fetch the file again"
        ) from error
    images = np.ascontiguousarray(arrays["X"].transpose(3, 2, 0, 1))
    return Split(torch.from_numpy(images), _labels(path, arrays["y"].ravel(), 1) % CLASSES)


def _labels(path: Path, labels: np.ndarray, low: int) -> torch.Tensor:
    if labels.dtype.kind not in "ui" or labels.min() < low or labels.max() >= low + CLASSES:
        raise ValueError(
            f"{path}: found labels from {labels.min()} to {labels.max()}, expected {low} to "
            f"{low + CLASSES - 1}; fetch the file again"
        )
    return torch.from_numpy(labels.astype(np.int64))
