"""Where images of one's own lie: a folder, a zip file or an array file, read in place.

A source lists its images with what is known of each before it is read. Nothing is unpacked to
disk, no name leads out of a zip file, and no pickle is read.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

from vae_explorer.files.reading import array_headers, read_arrays

__all__ = ["SUFFIXES", "Found", "Source", "check_memory", "listing", "open_source"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
TEST_FOLDERS = ("test", "val", "valid", "validation")
# Bytes of one file; of a zip file's, as it says before it is unpacked.
LARGEST_FILE = 256 << 20


class Found(NamedTuple):
    """An image: its name, its class (None for none) and `train` or `test` (None: not said)."""

    name: str
    label: str | None
    side: str | None


class Source(NamedTuple):
    """The images of a source, and how one is read: its bytes or, of an array file, itself."""

    images: list[Found]
    read: Callable[[str], bytes | Image.Image]


def listing(path: Path) -> list[tuple[str, int, int]]:
    """Return the name, size and time of whatever a source's images depend on.

    Raises:
        FileNotFoundError: where there is nothing at `path`.
        ValueError: for what is none of the three kinds.
    """
    if path.is_dir():
        files = _walk(path)
    elif path.is_file() and path.suffix.lower() in (".zip", ".npz"):
        files = [(path.name, path)]
    elif path.exists():
        raise ValueError(f"{path}: found neither a folder nor a .zip or .npz file, expected one")
    else:
        raise FileNotFoundError(f"{path}: found nothing there, expected a folder, .zip or .npz")
    stats = [(name, file.stat()) for name, file in files]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a source of images; `ValueError` says what is odd about its names or arrays."""
    if path.suffix.lower() == ".npz" and path.is_file():
        yield _arrays(path)
    elif path.suffix.lower() == ".zip" and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                yield _zipped(path, archive)
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path}: found no whole zip file, copy it again") from error
    else:
        files = dict(_walk(path))
        yield Source(_sorted_out(path, list(files)), lambda name: _read_file(files[name]))


def _walk(root: Path) -> list[tuple[str, Path]]:
    """Return the images below a folder, by their path in it; links are followed, once each."""
    found, seen = [], set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(folder, name) for name in files if _is_image(name)]
        found += [(p.relative_to(root).as_posix(), p) for p in paths if p.is_file()]
    return sorted(found)


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _read_file(file: Path) -> bytes:
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise ValueError(f"found {size:,} bytes, expected at most {LARGEST_FILE:,}")
    return file.read_bytes()


def _zipped(path: Path, archive: zipfile.ZipFile) -> Source:
    names = {}
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if ".." in parts or parts[:1] == ("/",):
            raise ValueError(
                f"{path}: found a name that leads out of the zip file, expected none; make it anew"
            )
        hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
        if parts and not info.is_dir() and not hidden and _is_image(parts[-1]):
            names["/".join(parts)] = info
    # Most are made of one folder: its name is no class.
    while len(tops := {name.partition("/")[0] for name in names}) == 1 and all(
        "/" in name for name in names
    ):
        if tops <= {"train"}:
            break
        names = {name.partition("/")[2]: info for name, info in names.items()}

    def read(name: str) -> bytes:
        info = names[name]
        if info.file_size > LARGEST_FILE or info.flag_bits & 1:
            raise ValueError(f"found it encrypted or of more than {LARGEST_FILE:,} bytes")
        return archive.read(info)

    return Source(_sorted_out(path, sorted(names)), read)


def _sorted_out(path: Path, names: list[str]) -> list[Found]:
    """Return what the folders of images' names say: `train/cat/1.png`, `cat/1.png` or `1.png`."""
    tops = {name.partition("/")[0] for name in names if "/" in name}
    test = next((name for name in TEST_FOLDERS if name in tops), None)
    sides = {"train": "train", test: "test"} if "train" in tops else {}
    if sides and test is None:
        raise ValueError(
            f"{path}: found train/ without test/ or val/, expected both; point --dataset at "
            f"{path / 'train'}, and a share of it is held out"
        )
    found = []
    for name in names:
        top, _, rest = name.partition("/")
        if sides and top not in sides:
            if top not in TEST_FOLDERS:
                raise ValueError(
                    f"{path}: found images beside train/ and {test}/, expected all in these two; "
                    "move the others away"
                )
            continue  # val/ beside train/ and test/ takes part in neither
        folders = (rest if sides else name).split("/")[:-1]
        found.append(Found(name, folders[0] if folders else None, sides.get(top)))
    return found


def _arrays(path: Path) -> Source:
    path = path.resolve()
    headers = array_headers(path)
    if "images" not in headers or set(headers) - {"images", "labels", "classes"}:
        raise ValueError(
            f"{path}: found {len(headers)} arrays that are not as expected: images, and if you "
            "like labels and classes"
        )
    check_memory(path, math.prod(headers["images"].shape), "before they are cut")
    arrays = read_arrays(path, headers)
    images = _as_bytes(path, arrays["images"])
    labels = _label_names(path, len(images), arrays.get("labels"), arrays.get("classes"))
    found = [Found(f"images[{k}]", label, None) for k, label in enumerate(labels)]
    numbers = {image.name: k for k, image in enumerate(found)}
    return Source(found, lambda name: Image.fromarray(images[numbers[name]]))


def check_memory(path: Path, size: int, how: str) -> None:
    """Refuse, by `ValueError`, images that take more than half of this machine's memory."""
    try:
        most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return  # not every system says
    if size > most:
        raise ValueError(
            f"{path}: found images that take {size / 1e9:,.3f} GB {how}, expected at most "
            f"{most / 1e9:,.3f} GB, half of the memory; choose a smaller --size, --channels 1 or "
            "fewer --classes, or bring fewer"
        )


def _as_bytes(path: Path, images: np.ndarray) -> np.ndarray:
    """Return images as uint8, (N, H, W) or (N, H, W, 3)."""
    shape = images.shape
    if images.ndim == 4 and shape[-1] not in (1, 3) and shape[1] in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] != 3) or 0 in shape:
        raise ValueError(
            f"{path}: found images of shape {shape}, expected (N, H, W), or four sides with 1 or "
            "3 channels first or last"
        )
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    low, high = images.min().item(), images.max().item()
    most = 1 if images.dtype.kind == "f" else 255
    if not 0 <= low <= high <= most:
        raise ValueError(
            f"{path}: found images with values from {low:g} to {high:g}, expected 0 to {most} for "
            f"{images.dtype}; bring them there before they are saved"
        )
    scaled = np.rint(images * 255.0) if most == 1 else images
    return np.ascontiguousarray(scaled.astype(np.uint8))


def _label_names(
    path: Path, count: int, labels: np.ndarray | None, classes: np.ndarray | None
) -> list[str | None]:
    """Return the class of each image of an array file by its name."""
    if labels is None:
        return [None] * count
    if labels.shape != (count,) or labels.dtype.kind == "f":
        raise ValueError(
            f"{path}: found labels of shape {labels.shape} and type {labels.dtype.kind!r}, "
            f"expected {count:,} whole numbers or texts"
        )
    if classes is None:
        return [str(label) for label in labels.tolist()]
    names = classes.tolist()
    if labels.dtype.kind == "U" or labels.min() < 0 or labels.max() >= len(names):
        raise ValueError(
            f"{path}: found labels beyond its {len(names)} classes, expected 0 to {len(names) - 1}"
        )
    return [str(names[label]) for label in labels.tolist()]
