"""Data sets by name, in torchvision's layout; it downloads what is missing.

MNIST and its relatives are read from IDX files (`<data_dir>/MNIST/raw/train-images-idx3-ubyte`,
plain or `.gz`), CIFAR-10 and SVHN as `colour` says. `digits` comes with scikit-learn.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from vae_explorer.data import colour
from vae_explorer.data.prepared import find_prepared
from vae_explorer.data.splits import Dataset, Split, default_data_dir

__all__ = ["DATASETS", "DatasetInfo", "load_dataset"]

DIGITS_TEST_SIZE = 360


class DatasetInfo(NamedTuple):
    """What is known of a dataset before it is read.

    Attributes:
        title: its name on the screen.
        image_shape: (C, H, W).
        classes: their names, by label.
        torchvision: the name of its class, and for IDX files of its folder, in torchvision; None
            for a dataset of scikit-learn.
    """

    title: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    torchvision: str | None


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
    "cifar10": DatasetInfo(
        "CIFAR-10",
        (3, 32, 32),
        (
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        "CIFAR10",
    ),
    "svhn": DatasetInfo("SVHN", (3, 32, 32), _NUMERALS, "SVHN"),
}


def load_dataset(
    name: str,
    data_dir: Path | str | None = None,
    download: bool = True,
    checksum: str | None = None,
) -> Dataset:
    """Read a dataset.

    Args:
        name: one of `DATASETS`; with a checksum, any name of images that were prepared here.
        data_dir: the folder above torchvision's `MNIST/raw`; None for `default_data_dir()`.
        download: download missing files with torchvision, which checks their MD5.
        checksum: the expected checksum, such as a checkpoint's; None accepts any.

    Raises:
        FileNotFoundError: where files are missing and cannot be downloaded.
        ValueError: for an unknown name, a damaged file, or another checksum than expected.
    """
    root = Path(data_dir) if data_dir is not None else default_data_dir()
    if name not in DATASETS:
        if checksum is not None:
            return find_prepared(name, root, checksum)
        raise ValueError(f"dataset: found {name!r}, expected one of {', '.join(DATASETS)}")
    info = DATASETS[name]
    if info.torchvision is None:
        train, test = _read_digits()
    else:
        folder = _folder(info, root)
        if download and _missing_files(info, folder):
            _download(info, root)
        if missing := _missing_files(info, folder):
            raise FileNotFoundError(_missing_message(info, folder, missing))
        train, test = _read(info, folder)
    dataset = Dataset.of(name, train, test, info.classes)
    if checksum is not None and dataset.checksum != checksum:
        raise ValueError(
            f"{name}: found checksum {dataset.checksum[:12]}…, expected {checksum[:12]}… of the "
            "data that the checkpoint was trained on; point --data-dir or VAE_EXPLORER_DATA at "
            "that data"
        )
    return dataset


def _folder(info: DatasetInfo, root: Path) -> Path:
    """Return the folder of a data set's files, below that of all data."""
    folders = {"CIFAR10": root / "cifar-10-batches-bin", "SVHN": root}
    return folders.get(info.torchvision, root / str(info.torchvision) / "raw")


def _read(info: DatasetInfo, folder: Path) -> tuple[Split, Split]:
    if info.torchvision == "CIFAR10":
        return colour.read_cifar10(folder)
    if info.torchvision == "SVHN":
        return colour.read_svhn(folder)
    return _read_split(folder, "train", info), _read_split(folder, "t10k", info)


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


def _missing_files(info: DatasetInfo, folder: Path) -> list[str]:
    idx = [file for prefix in ("train", "t10k") for file in _files(prefix)]
    others = {"CIFAR10": colour.CIFAR10_FILES, "SVHN": colour.SVHN_FILES}
    files = others.get(info.torchvision, idx)
    return [file for file in files if _find(folder, file) is None]


def _read_split(raw: Path, prefix: str, info: DatasetInfo) -> Split:
    paths = [_find(raw, file) for file in _files(prefix)]
    (channels, height, width), classes = info.image_shape, len(info.classes)
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
    import torchvision.datasets as published
    from torchvision.datasets.utils import download_and_extract_archive

    folder = _folder(info, root)
    print(f"{info.title} is not in {folder}; downloading it with torchvision", flush=True)
    try:
        if info.torchvision == "CIFAR10":
            download_and_extract_archive(colour.CIFAR10_URL, root, md5=colour.CIFAR10_MD5)
        elif info.torchvision == "SVHN":
            for split in ("train", "test"):
                published.SVHN(root, split=split, download=True)
        else:
            getattr(published, str(info.torchvision))(root, download=True)
    except (OSError, RuntimeError) as error:
        # torchvision makes the folders first; a failed attempt leaves no empty ones.
        for made in (folder, folder.parent):
            if made != root.parent and made.is_dir() and not any(made.iterdir()):
                made.rmdir()
        message = _missing_message(info, folder, _missing_files(info, folder))
        raise FileNotFoundError(f"{message}\n({error})") from error


def _missing_message(info: DatasetInfo, folder: Path, missing: list[str]) -> str:
    what, above = f"the {len(missing)} files", "it"
    if info.torchvision == "CIFAR10":
        what, above = "the six files of the binary version", f"the folder above {folder.name}/"
    elif info.torchvision != "SVHN":
        what = "the four IDX files in torchvision's layout (plain or .gz)"
        above = f"the folder above {folder.parent.name}/"
    return (
        f"{info.title}: looked in {folder.absolute()}, found no {', no '.join(missing)}; "
        f"expected {what}; they were not downloaded. Put them there, point --data-dir or "
        f"VAE_EXPLORER_DATA at {above}, or train on scikit-learn's digits: "
        "train.py --dataset digits"
    )
