"""Images of one's own once they are decoded: an array file each, below the folder of all data.

`<data_dir>/images/<key>-<checksum>.npz`. The key says what was decoded and how, so that the next
run need not decode again; by the checksum whoever has a checkpoint finds its originals. A file is
whole or not there, and may be deleted at any time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from vae_explorer.data.splits import Dataset, Split
from vae_explorer.files.reading import array_headers, read_arrays
from vae_explorer.files.storage import replacing

__all__ = ["MAX_CLASSES", "find_prepared", "keep_prepared", "prepared_by_key"]

FOLDER = "images"
MAX_CLASSES = 256
_NAMES = {"train_images", "train_labels", "test_images", "test_labels", "classes"}


def prepared_by_key(name: str, root: Path, key: str) -> Dataset | None:
    """Return what was prepared under a key, or None where nothing whole was."""
    for file in sorted((root / FOLDER).glob(f"{key}-*.npz")):
        try:
            return _read(name, file)
        except (ValueError, OSError):
            continue  # damaged: it is prepared again, and replaced
    return None


def find_prepared(name: str, root: Path, checksum: str) -> Dataset:
    """Return the images that a checkpoint was trained on, by their checksum.

    Raises:
        FileNotFoundError: where none were prepared below `root`.
        ValueError: for a damaged file.
    """
    for file in sorted((root / FOLDER).glob(f"*-{checksum}.npz")):
        return _read(name, file)
    raise FileNotFoundError(
        f"the checkpoint's images: looked in {(root / FOLDER).absolute()}, found none with the "
        f"checksum {checksum[:12]}…, expected those that train.py prepared; train.py --dataset "
        "PATH on the same images makes them again, --data-dir and VAE_EXPLORER_DATA say where"
    )


def keep_prepared(dataset: Dataset, root: Path, key: str) -> Path:
    """Write a prepared data set, and return its file; `OSError` where that cannot be done."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{key}-{dataset.checksum}.npz"
    arrays = {"classes": np.array(dataset.classes)}
    for side, split in (("train", dataset.train), ("test", dataset.test)):
        arrays |= {f"{side}_images": split.images.numpy(), f"{side}_labels": split.labels.numpy()}
    with FileLock(folder / ".lock"), replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)
    return file


def _read(name: str, file: Path) -> Dataset:
    headers = array_headers(file)
    if headers.keys() != _NAMES:
        raise ValueError(f"{file}: found other arrays, expected prepared images; delete the file")
    arrays = read_arrays(file, headers)
    splits = []
    for side in ("train", "test"):
        images, labels = arrays[f"{side}_images"], arrays[f"{side}_labels"]
        if (
            (images.dtype, labels.dtype, images.ndim) != (np.uint8, np.int64, 4)
            or labels.shape != images.shape[:1]
            or not 0 <= labels.min(initial=0) <= labels.max(initial=0) < MAX_CLASSES
        ):
            raise ValueError(
                f"{file}: found {headers[f'{side}_images']} and {headers[f'{side}_labels']}, "
                "expected bytes (N, C, H, W) and N labels; delete the file"
            )
        splits.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    found = Dataset.of(name, *splits, tuple(arrays["classes"].tolist()))
    if found.checksum != file.stem.rpartition("-")[2]:
        raise ValueError(
            f"{file}: found other images than its name says, expected those; delete the file"
        )
    return found
