"""Image datasets: each split is a uint8 tensor of images and an int64 tensor of labels.

MNIST and its relatives are read from IDX files in torchvision's layout
(`<data_dir>/MNIST/raw/train-images-idx3-ubyte`, plain or `.gz`), which torchvision downloads if
they are missing. `digits` comes with scikit-learn.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "Split",
    "default_data_dir",
    "load_dataset",
    "to_float",
]

DIGITS_TEST_SIZE = 360


class DatasetInfo(NamedTuple):
    """What is known of a dataset before it is read.

    Attributes:
        title: its name on the screen.
        image_shape: (C, H, W).
        classes: their names, by label.
        folder: torchvision's class and folder; None for a dataset of scikit-learn.
    """

    title: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    folder: str | None


_NUMERALS = tuple("0123456789")

DATASETS: dict[str, DatasetInfo] = {
    "mnist": DatasetInfo("MNIST", (1, 28, 28), _NUMERALS, "MNIST"),
    "fashion-mnist": DatasetInfo(
        "Fashion-MNIST",
        (1, 28, 28),
        (
            *("T-shirt", "trouser", "pullover", "dress", "coat"),
            *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
        ),
        "FashionMNIST",
    ),
    "kmnist": DatasetInfo("Kuzushiji-MNIST", (1, 28, 28), tuple("おきすつなはまやれを"), "KMNIST"),
    "digits": DatasetInfo("scikit-learn digits", (1, 8, 8), _NUMERALS, None),
}


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
    """A dataset in memory; `checksum` is the SHA-256 of all images and labels, in order."""

    name: str
    train: Split
    test: Split
    checksum: str


def to_float(images: Tensor) -> Tensor:
    """Return uint8 images with shape (B, C, H, W) as float32 in [0, 1]."""
    return images.float().div_(255)


def default_data_dir() -> Path:
    """Return the environment's VAE_EXPLORER_DATA, or `data`."""
    return Path(os.environ.get("VAE_EXPLORER_DATA") or "data")


def load_dataset(
    name: str,
    data_dir: Path | str | None = None,
    download: bool = True,
    checksum: str | None = None,
) -> Dataset:
    """Read a dataset.

    Args:
        name: one of `DATASETS`.
        data_dir: the folder above torchvision's `MNIST/raw`; None for `default_data_dir()`.
        download: download missing files with torchvision, which checks their MD5.
        checksum: the expected checksum, such as a checkpoint's; None accepts any.

    Raises:
        FileNotFoundError: where files are missing and cannot be downloaded.
        ValueError: for an unknown name, a damaged file, or another checksum than expected.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset: found {name!r}, expected one of {', '.join(DATASETS)}")
    info = DATASETS[name]
    if info.folder is None:
        train, test = _read_digits()
    else:
        root = Path(data_dir) if data_dir is not None else default_data_dir()
        raw = root / info.folder / "raw"
        if download and _missing_files(raw):
            _download(info, root)
        if missing := _missing_files(raw):
            raise FileNotFoundError(_missing_message(raw, missing, name))
        train, test = _read_split(raw, "train", name), _read_split(raw, "t10k", name)
    digest = hashlib.sha256()
    for part in (*train, *test):
        digest.update(np.ascontiguousarray(part.numpy()).data)
    found = digest.hexdigest()
    if checksum is not None and found != checksum:
        raise ValueError(
            f"{name}: found checksum {found[:12]}…, expected {checksum[:12]}… of the data that the "
            "checkpoint was trained on; point --data-dir or VAE_EXPLORER_DATA at that data"
        )
    return Dataset(name, train, test, found)


def _read_digits() -> tuple[Split, Split]:
    """Return scikit-learn's 1,797 digits in a fixed random order, the last 360 for the test."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    grey = np.rint(bunch.images[order] * (255 / 16)).astype(np.uint8)
    both = Split(
        torch.from_numpy(grey).unsqueeze(1),
        torch.from_numpy(bunch.target[order].astype(np.int64)),
    )
    cut = len(order) - DIGITS_TEST_SIZE
    return both.first(cut), Split(both.images[cut:], both.labels[cut:])


def _files(prefix: str) -> tuple[str, str]:
    return f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"


def _find(raw: Path, file: str) -> Path | None:
    """Return the plain or the gzipped file, if there is one."""
    return next((p for p in (raw / file, raw / f"{file}.gz") if p.is_file()), None)


def _missing_files(raw: Path) -> list[str]:
    files = [file for prefix in ("train", "t10k") for file in _files(prefix)]
    return [file for file in files if _find(raw, file) is None]


def _read_split(raw: Path, prefix: str, name: str) -> Split:
    paths = [_find(raw, file) for file in _files(prefix)]
    (channels, height, width), classes = DATASETS[name].image_shape, len(DATASETS[name].classes)
    images = _read_idx(paths[0], dims=3)
    labels = _read_idx(paths[1], dims=1)
    if images.shape[1:] != (height, width):
        raise ValueError(
            f"{paths[0]}: found images of {images.shape[1]}x{images.shape[2]} pixels, "
            f"expected {height}x{width}; fetch the file again"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{paths[1]}: found {len(labels)} labels, expected {len(images)}, one for each image "
            f"in {paths[0].name}; fetch both files again"
        )
    if len(labels) and labels.max() >= classes:
        raise ValueError(
            f"{paths[1]}: found label {labels.max()}, expected 0 to {classes - 1}; "
            "fetch the file again"
        )
    return Split(
        torch.from_numpy(images.reshape(-1, channels, height, width)),
        torch.from_numpy(labels.astype(np.int64)),
    )


def _read_idx(path: Path, dims: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes with `dims` dimensions; `ValueError` for any other file.

    The format: two zero bytes, 8 (unsigned byte), the number of dimensions, each size as a
    big-endian 32-bit integer, then the values.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: found a damaged gzip file ({error}); fetch it again") from error
    magic = bytes([0, 0, 8, dims])
    if raw[:4] != magic:
        raise ValueError(
            f"{path}: found magic number 0x{raw[:4].hex() or '(empty file)'}, "
            f"expected 0x{magic.hex()} of an IDX file of unsigned bytes; fetch it again"
        )
    header = 4 + 4 * dims
    if len(raw) < header:
        raise ValueError(
            f"{path}: found {len(raw)} bytes, expected a header of {header} and the values; "
            "the file is cut short, fetch it again"
        )
    shape = tuple(np.frombuffer(raw[4:header], dtype=">u4").tolist())
    expected = header + math.prod(shape)
    if len(raw) != expected:
        raise ValueError(
            f"{path}: found {len(raw):,} bytes, expected {expected:,} for the size in its header "
            f"{shape}; the file is cut short or damaged, fetch it again"
        )
    if 0 in shape:
        raise ValueError(f"{path}: found no items, expected at least one; fetch the file again")
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape).copy()


def _download(info: DatasetInfo, root: Path) -> None:
    """Download the files with torchvision, imported here because that takes seconds."""
    import torchvision.datasets

    raw = root / info.folder / "raw"
    print(f"{info.title} is not in {raw}; downloading it with torchvision", flush=True)
    name = next(key for key, value in DATASETS.items() if value is info)
    try:
        getattr(torchvision.datasets, info.folder)(root, download=True)
    except (OSError, RuntimeError) as error:
        # torchvision makes the folders first; a failed attempt leaves no empty ones.
        for folder in (raw, raw.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise FileNotFoundError(
            f"{_missing_message(raw, _missing_files(raw), name)}\n({error})"
        ) from error


def _missing_message(raw: Path, missing: list[str], name: str) -> str:
    return (
        f"{DATASETS[name].title}: looked in {raw.absolute()}, found no {', no '.join(missing)}; "
        "expected the four IDX files in torchvision's layout (plain or .gz); they were not "
        "downloaded. Put them there, point --data-dir or VAE_EXPLORER_DATA at the folder above "
        f"{raw.parent.name}/, or train on scikit-learn's digits: train.py --dataset digits"
    )
