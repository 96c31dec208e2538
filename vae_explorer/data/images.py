"""Images of one's own: a folder, a .zip or a .npz, checked, decoded and divided into two splits."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm import tqdm

from vae_explorer.data.prepared import MAX_CLASSES, keep_prepared, prepared_by_key
from vae_explorer.data.sources import (
    SUFFIXES,
    Found,
    Source,
    check_memory,
    listing,
    open_source,
)
from vae_explorer.data.splits import Dataset, Split, default_data_dir

__all__ = ["Preparation", "load_images"]

# Whatever else Pillow reads, some by starting other programs.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
MIN_IMAGES, MIN_SIZE, MAX_SIZE, USUAL_SIZE = 100, 8, 256, 64
MAX_PIXELS = 100_000_000
NAMED, PROBED, CHUNK = 5, 500, 1024
# It changes when the same files would be prepared in another way.
VERSION = 1


@dataclass(frozen=True)
class Preparation:
    """How images are prepared; None leaves it to what most of them are.

    Attributes:
        size: pixels of the square cut from an image's middle, once its short side has as many.
        channels: 1 for grey, 3 for colour.
        test_fraction: of each class, held out by file name where no folders say what is.
        classes: the only ones to be taken, in this order.
        skip_broken: leave out what cannot be read or is too small, rather than stop.
    """

    size: int | None = None
    channels: int | None = None
    test_fraction: float = 0.1
    classes: tuple[str, ...] | None = None
    skip_broken: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ValueError(f"--size: found {self.size}, expected {MIN_SIZE} to {MAX_SIZE} pixels")
        if not 0 < self.test_fraction < 1:
            raise ValueError(f"--test-fraction: found {self.test_fraction:g}, expected 0 to 1")


def load_images(
    path: Path | str, preparation: Preparation, name: str, data_dir: Path | str | None = None
) -> Dataset:
    """Read images of one's own, or what was prepared of the same files in the same way.

    Args:
        path: a folder, a .zip or a .npz. Folders in it are classes, below `train` and `test` or
            `val` where there are such; without folders it is one class. An array file has
            `images`, and may have `labels` and `classes`.
        preparation: how.
        name: what the data set is called.
        data_dir: where prepared images are kept; None for `default_data_dir()`.

    Raises:
        FileNotFoundError: where there is nothing at `path`.
        ValueError: for images that cannot be trained on; it says which and why.
    """
    path = Path(path)
    root = Path(data_dir) if data_dir is not None else default_data_dir()
    described = [VERSION, name, listing(path), asdict(preparation)]
    key = hashlib.sha256(json.dumps(described).encode()).hexdigest()[:32]
    if found := prepared_by_key(name, root, key):
        return found
    with open_source(path) as source:
        dataset = _prepare(path, source, preparation, name)
    try:
        file = keep_prepared(dataset, root, key)
        print(f"prepared {len(dataset.train.labels) + len(dataset.test.labels):,} images: {file}")
    except OSError as error:
        print(f"the prepared images are not kept: {error}")
    return dataset


def _prepare(path: Path, source: Source, how: Preparation, name: str) -> Dataset:
    found, classes = _chosen(path, source.images, how.classes, name)
    _check_counts(path, found)
    # By a digest of its name, so that a file stays in its split when others come or go, and any
    # first images of a split are of all classes.
    found.sort(key=lambda image: _digest(image.name.encode(errors="surrogateescape")))
    size, channels = _fitting(source, found, how)
    check_memory(path, len(found) * channels * size**2, f"at {size} x {size} pixels")
    pixels, digests, broken = _decoded(source, found, size, channels)
    if broken and not how.skip_broken:
        raise ValueError(
            f"{path}: found {len(broken):,} of {len(found):,} images that cannot be used, expected "
            f"none; mend or remove them, or leave them out by --skip-broken\n{_some(broken)}"
        )
    if broken:
        print(f"left out {len(broken):,} of {len(found):,} images\n{_some(broken)}")
        kept = [k for k, image in enumerate(found) if image.name not in broken]
        found, pixels = [found[k] for k in kept], pixels[kept]
        digests = [digests[k] for k in kept]
        _check_counts(path, found)
    if found[0].side:
        in_test = np.array([image.side == "test" for image in found])
        _check_given_splits(path, found, digests)
    else:
        in_test = _held_out(found, digests, how.test_fraction)
    if in_test.all() or not in_test.any():
        raise ValueError(f"{path}: found no image for one of the two splits, expected some in each")
    images = torch.from_numpy(pixels)
    numbers = {label: k for k, label in enumerate(classes)}
    labels = torch.tensor([numbers[image.label or name] for image in found])
    test = torch.from_numpy(in_test)
    return Dataset.of(
        name, Split(images[~test], labels[~test]), Split(images[test], labels[test]), classes
    )


def _chosen(
    path: Path, images: list[Found], chosen: Sequence[str] | None, name: str
) -> tuple[list[Found], tuple[str, ...]]:
    """Return the images of the classes that are asked for, and the classes' names in order."""
    if not images:
        raise ValueError(
            f"{path}: found no images, expected files that end in {', '.join(SUFFIXES)}"
        )
    labels = {image.label for image in images}
    if None in labels and len(labels) > 1:
        bare = [image.name for image in images if image.label is None]
        raise ValueError(
            f"{path}: found {len(bare):,} images beside the folders of {len(labels) - 1} classes, "
            "expected all in folders or none; move them"
        )
    classes = sorted((label or name for label in labels), key=_in_order)
    if not all(label.isprintable() and 0 < len(label) < MAX_CLASSES for label in classes):
        raise ValueError(
            f"{path}: found a class with a name that cannot be shown, expected at most 255 "
            "letters; rename it"
        )
    if chosen is not None:
        if missing := [label for label in chosen if label not in classes]:
            raise ValueError(
                f"--classes: found {missing[0]!r}, expected some of {', '.join(classes[:20])}"
            )
        classes = list(dict.fromkeys(chosen))
        images = [image for image in images if (image.label or name) in classes]
    if len(classes) > MAX_CLASSES:
        raise ValueError(
            f"{path}: found {len(classes):,} classes, expected at most {MAX_CLASSES}; choose some "
            "by --classes A,B, or put all images in one folder"
        )
    return list(images), tuple(classes)


def _in_order(label: str) -> tuple[int, int, str]:
    """Sort numbers as numbers, before all other names."""
    number = label.isascii() and label.isdecimal()
    return (0, int(label), label) if number else (1, 0, label)


def _check_counts(path: Path, found: list[Found]) -> None:
    if len(found) < MIN_IMAGES:
        raise ValueError(f"{path}: found {len(found)} images, expected at least {MIN_IMAGES}")
    counts = Counter(image.label for image in found)
    if single := [str(label) for label, count in counts.items() if count == 1]:
        raise ValueError(
            f"{path}: found one image in {len(single)} of {len(counts)} classes "
            f"({', '.join(sorted(single)[:NAMED])}), expected at least two; add some, or name the "
            "other classes by --classes"
        )


def _check_given_splits(path: Path, found: list[Found], digests: list[bytes]) -> None:
    train = {d: f.name for d, f in zip(digests, found, strict=True) if f.side == "train"}
    twice = {
        f.name: f"the same file as {train[d]}"
        for d, f in zip(digests, found, strict=True)
        if f.side == "test" and d in train
    }
    if twice:
        raise ValueError(
            f"{path}: found {len(twice):,} test images that are training images too, expected "
            f"none; remove them from one of the two\n{_some(twice)}"
        )
    if unknown := {f.label for f in found} - {f.label for f in found if f.side == "train"}:
        raise ValueError(
            f"{path}: found {len(unknown)} classes in the test images alone, expected each in "
            "train/ too"
        )


def _held_out(found: list[Found], digests: list[bytes], fraction: float) -> np.ndarray:
    """Return which images are held out: of each class the first ones, in their order."""
    left = {
        label: max(1, round(count * fraction))
        for label, count in Counter(image.label for image in found).items()
    }
    sides: dict[bytes, bool] = {}
    for image, digest in zip(found, digests, strict=True):
        # Copies of an image go where the first one went.
        if digest not in sides:
            sides[digest] = left[image.label] > 0
            left[image.label] -= 1
    return np.array([sides[digest] for digest in digests])


def _fitting(source: Source, found: list[Found], how: Preparation) -> tuple[int, int]:
    """Return the size and the channels that are asked for, or that fit most of some images."""
    if how.size and how.channels:
        return how.size, how.channels
    sides, grey = [], []
    for image in found[:PROBED]:
        try:
            with _opened(source.read(image.name)) as picture:
                sides.append(min(picture.size))
                grey.append(picture.mode in ("1", "L", "LA", "I", "F") or picture.mode[:2] == "I;")
        except Exception:
            continue  # it is told of when all are decoded
    usual = min(USUAL_SIZE, int(np.median(sides))) if sides else USUAL_SIZE
    return how.size or max(MIN_SIZE, usual), how.channels or (1 if grey and all(grey) else 3)


def _decoded(
    source: Source, found: list[Found], size: int, channels: int
) -> tuple[np.ndarray, list[bytes], dict[str, str]]:
    """Return all images (N, C, S, S), a digest of each, and what is wrong with some, by name."""
    pixels = np.zeros((len(found), channels, size, size), np.uint8)
    digests, broken = [b""] * len(found), {}

    def decode(k: int) -> None:
        try:
            content = source.read(found[k].name)
            whole = content if isinstance(content, bytes) else content.tobytes()
            digests[k] = _digest(whole)
            with _opened(content) as picture:
                pixels[k] = _square(picture, size, channels)
        except ValueError as error:
            broken[found[k].name] = str(error)
        except Exception as error:
            # What a decoder raises is up to the file.
            broken[found[k].name] = f"found no whole image ({type(error).__name__})"

    with (
        ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool,
        tqdm(
            total=len(found),
            desc="preparing images",
            unit="image",
            delay=1,
            mininterval=0.1 if sys.stderr.isatty() else 10,
        ) as bar,
    ):
        # A part at a time, so that Ctrl-C waits for no more than that.
        for start in range(0, len(found), CHUNK):
            for _ in pool.map(decode, range(len(found))[start : start + CHUNK]):
                bar.update()
    return pixels, digests, broken


def _opened(content: bytes | Image.Image) -> Image.Image:
    """Return an image of which the header was read, and found to be of a bearable size."""
    if isinstance(content, Image.Image):
        return content
    with warnings.catch_warnings():
        # Our own bound is lower than Pillow's, which warns.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            picture = None
    if picture is None or picture.width * picture.height > MAX_PIXELS:
        raise ValueError(f"found more than {MAX_PIXELS:,} pixels, expected at most as many")
    return picture


def _square(picture: Image.Image, size: int, channels: int) -> np.ndarray:
    """Return the middle of an image, (C, S, S): upright, on white, in 8 bits."""
    if min(picture.size) < size:
        raise ValueError(
            f"found {picture.width} x {picture.height} pixels, expected at least {size} each way"
        )
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "F":
        raise ValueError("found pixels with a point, expected 8 or 16 bits")
    if picture.mode[0] == "I":
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() >= 1 << 16:
            raise ValueError("found pixels of 32 bits, expected 8 or 16")
        picture = Image.fromarray(np.rint(values / 257).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("L" if channels == 1 else "RGB")
    cut = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(cut).reshape(size, size, channels).transpose(2, 0, 1)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _some(problems: dict[str, str]) -> str:
    """Return the first problems, a line each, and how many more there are."""
    lines = [f"  {_shown(name)}: {problems[name]}" for name in sorted(problems)[:NAMED]]
    more = len(problems) - len(lines)
    return "\n".join(lines + [f"  and {more:,} more"] * bool(more))


def _shown(name: str) -> str:
    return re.sub(r"[^\w./()\[\] -]", "?", name)
