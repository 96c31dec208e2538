"""Images of one's own, from folders, zip files and arrays that a test writes."""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat
from sklearn.datasets import load_sample_images

import train
from vae_explorer import load_checkpoint
from vae_explorer.data import Dataset, Preparation, load_dataset, load_images
from vae_explorer.evaluate import main as evaluate
from vae_explorer.training import save

PHOTO = load_sample_images().images[0]


def _patches(count: int, side: int = 16, seed: int = 0) -> list[np.ndarray]:
    """Return patches of a photograph, (S, S, 3)."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 400, (count, 2))
    return [PHOTO[y : y + side, x : x + side] for y, x in corners]


def _write(root: Path, names: list[str], side: int = 16) -> dict[str, np.ndarray]:
    """Write a PNG file of a patch under each name, and return the patches."""
    patches = dict(zip(names, _patches(len(names), side), strict=True))
    for name, patch in patches.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(patch).save(root / name)
    return patches


def _names(*folders: str, count: int = 60) -> list[str]:
    return [f"{folder}{k:03d}.png" for folder in folders for k in range(count)]


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _claiming(width: int, height: int) -> bytes:
    """Return a PNG file of one pixel that says it has others."""
    whole = _png(Image.new("L", (1, 1)))
    head = b"IHDR" + struct.pack(">II", width, height) + whole[24:29]
    return whole[:12] + head + struct.pack(">I", zlib.crc32(head)) + whole[33:]


def _load(path: Path, data: Path, **how: object) -> Dataset:
    return load_images(path, Preparation(**how), "own", data)


def _contents(dataset: Dataset) -> dict[bytes, str]:
    """Return the class of each image by its bytes, channels last."""
    return {
        image.permute(1, 2, 0).numpy().tobytes(): dataset.classes[label]
        for split in (dataset.train, dataset.test)
        for image, label in zip(split.images, split.labels, strict=True)
    }


def test_folder_zip_and_arrays_of_the_same_images_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    patches = _write(folder, _names("b/", "a/deep/"))
    (folder / "notes.txt").write_text("no image")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in patches:
            archive.write(folder / name, f"photos/{name}")
        archive.writestr("__MACOSX/photos/._000.png", b"")
    labels = np.array([name[0] == "b" for name in patches], int)
    arrays = {"images": np.stack([*patches.values()]), "labels": labels}
    np.savez(tmp_path / "photos.npz", **arrays, classes=np.array(["a", "b"]))
    expected = {patch.tobytes(): name[0] for name, patch in patches.items()}
    for path in (folder, tmp_path / "photos.zip", tmp_path / "photos.npz"):
        dataset = _load(path, tmp_path / "data")
        assert dataset.classes == ("a", "b")
        assert _contents(dataset) == expected
        # A tenth of each class is held out, and the classes are mixed.
        assert np.bincount(dataset.test.labels).tolist() == [6, 6]
        assert len(set(dataset.train.labels[:20].tolist())) == 2


@pytest.mark.parametrize("test", ["test", "val"])
def test_given_splits_are_kept_and_must_not_share_a_file(tmp_path: Path, test: str) -> None:
    folder = tmp_path / "photos"
    patches = _write(folder, _names("train/x/", "train/y/", f"{test}/x/", f"{test}/y/", count=30))
    dataset = _load(folder, tmp_path)
    assert (dataset.classes, len(dataset.train.labels)) == (("x", "y"), 60)
    held_out = {i.permute(1, 2, 0).numpy().tobytes() for i in dataset.test.images}
    assert held_out == {p.tobytes() for name, p in patches.items() if name.startswith(test)}
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in patches:
            archive.write(folder / name, f"photos/{name}")
    assert _load(tmp_path / "photos.zip", tmp_path).checksum == dataset.checksum
    (folder / test / "y" / "again.png").write_bytes((folder / "train/x/000.png").read_bytes())
    with pytest.raises(ValueError, match=rf"{test}/y/again.png: the same file as train/x/000.png"):
        _load(folder, tmp_path)


def _turned() -> tuple[Image.Image, dict[str, object]]:
    exif = Image.Exif()
    exif[274] = 6  # the camera was turned: show it a quarter turn clockwise
    return Image.fromarray(np.rot90(PHOTO[:16, :16])), {"format": "PNG", "exif": exif}


def _see_through() -> tuple[Image.Image, dict[str, object]]:
    pixels = np.dstack([PHOTO[:16, :16], np.full((16, 16), 255, np.uint8)])
    pixels[:8, :, 3] = 0
    return Image.fromarray(pixels), {"format": "PNG"}


def _animation() -> tuple[Image.Image, dict[str, object]]:
    frames = [Image.fromarray(np.full((16, 16), grey, np.uint8)) for grey in (60, 200)]
    return frames[0], {"format": "GIF", "save_all": True, "append_images": frames[1:]}


ON_WHITE = PHOTO[:16, :16].copy()
ON_WHITE[:8] = 255
GREY = np.arange(256, dtype=np.uint16).reshape(16, 16)
WIDE = Image.fromarray(np.kron(PHOTO[:16, :24], np.ones((2, 2, 1), np.uint8)))
PALETTE = Image.fromarray(PHOTO[:16, :16]).quantize(16)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (_turned, PHOTO[:16, :16]),
        (_see_through, ON_WHITE),
        (_animation, np.full((16, 16, 3), 60)),
        (lambda: (Image.fromarray(GREY * 257), {"format": "PNG"}), np.dstack([GREY] * 3)),
        (lambda: (PALETTE, {"format": "PNG"}), np.asarray(PALETTE.convert("RGB"))),
        # Its short side is scaled to 16, and the middle of the long one is taken.
        (lambda: (WIDE, {"format": "PNG"}), PHOTO[:16, 4:20]),
    ],
    ids=["EXIF", "alpha", "animation", "16 bit", "palette", "wide"],
)
def test_odd_images_are_shown_as_a_viewer_shows_them(
    tmp_path: Path, made: Callable[[], tuple[Image.Image, dict]], expected: np.ndarray
) -> None:
    _write(tmp_path / "photos", _names("", count=100))
    image, options = made()
    image.save(tmp_path / "photos" / "odd.png", **options)
    dataset = _load(tmp_path / "photos", tmp_path, size=16, channels=3)
    all_images = np.concatenate([dataset.train.images, dataset.test.images]).transpose(0, 2, 3, 1)
    distance = np.abs(all_images.astype(float) - expected).mean((1, 2, 3)).min()
    # Scaling down doubled pixels blurs them a little; all else is exact.
    assert distance < (9 if image.size != (16, 16) else 0.01)


def test_broken_images_are_named_counted_and_left_out_if_asked(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    names = _names("a/", "b/")
    _write(folder, names)
    whole = (folder / names[0]).read_bytes()
    bad = {
        "a/cut.png": whole[: len(whole) // 2],
        "a/empty.png": b"",
        "a/text.jpg": b"secret words of its own",
        "a/bomb.png": _claiming(20_000, 20_000),
        "a/program.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n",
        "b/z-small.png": _png(Image.new("L", (9, 40))),
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match="found 6 of 126 images") as caught:
        _load(folder, tmp_path, size=16)
    message = str(caught.value)
    assert all(name in message for name in list(bad)[:5])
    assert "more than 100,000,000 pixels" in message
    assert "1 more" in message
    assert "secret" not in message
    dataset = _load(folder, tmp_path, size=16, skip_broken=True)
    assert len(dataset.train.labels) + len(dataset.test.labels) == len(names)


@pytest.mark.parametrize(
    ("names", "how", "words"),
    [
        (_names("", count=99), {}, r"found 99 images, expected at least 100"),
        ([*_names("a/", count=100), "b/one.png"], {}, r"one image in 1 of 2 classes \(b\)"),
        ([*_names("a/", count=100), "bare.png"], {}, r"1 images beside the folders of 1 classes"),
        (_names("train/a/", count=100), {}, r"train/ without test/"),
        (_names(*[f"{k}/" for k in range(257)], count=2), {}, r"found 257 classes"),
        (_names("a/", "b/"), {"classes": ("a", "c")}, r"--classes: found 'c', expected .*a, b"),
        (_names("a/", "b/"), {"size": 32}, r"found 120 of 120 images .*\n.*16 x 16 pixels"),
        ([], {}, r"found no images"),
    ],
    ids=["few", "single", "mixed", "train alone", "many", "unknown class", "small", "none"],
)
def test_what_cannot_be_trained_on_is_refused_before(
    tmp_path: Path, names: list[str], how: dict[str, object], words: str
) -> None:
    (tmp_path / "photos").mkdir()
    _write(tmp_path / "photos", names)
    with pytest.raises(ValueError, match=words):
        _load(tmp_path / "photos", tmp_path, **how)
    assert not list(tmp_path.glob("images/*"))


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "arrays"])
def test_more_than_memory_holds_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    path = tmp_path / "photos"
    patches = _write(path, _names("", count=100))
    if packed:
        path = tmp_path / "photos.npz"
        np.savez(path, images=np.stack([*patches.values()]))
    # A machine of 100 kB: a picture takes 768 bytes.
    monkeypatch.setattr(os, "sysconf", lambda name: 1000 if name == "SC_PAGE_SIZE" else 100)
    with pytest.raises(ValueError, match="half of the memory"):
        _load(path, tmp_path, size=16, channels=3)


@pytest.mark.parametrize("name", ["../out/1.png", "/etc/1.png", "a/../../1.png", "..\\1.png"])
def test_no_name_leads_out_of_a_zip_file(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"")
    with pytest.raises(ValueError, match="leads out of the zip file"):
        _load(tmp_path / "photos.zip", tmp_path)


def test_a_damaged_zip_or_array_file_is_named(tmp_path: Path) -> None:
    for name in ("photos.zip", "photos.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 and no more")
        with pytest.raises(ValueError, match=name):
            _load(tmp_path / name, tmp_path)
    pickled = np.empty(1, object)
    np.savez(tmp_path / "photos.npz", images=pickled)
    with pytest.raises(ValueError, match=r"photos.npz: .*kind 'O'"):
        _load(tmp_path / "photos.npz", tmp_path)


@settings(deadline=None, derandomize=True, database=None, max_examples=30)
@given(
    shape=st.sampled_from([(9, 9), (9, 9, 1), (1, 9, 9), (9, 9, 3), (3, 9, 9)]),
    kind=st.sampled_from(["uint8", "int64", "float32", "float64"]),
    labels=st.sampled_from([None, "whole", "text"]),
    seed=st.integers(0, 99),
)
def test_arrays_of_any_layout_are_read(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple, kind: str, labels: str | None, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    values = np.random.default_rng(seed).integers(0, 256, (120, *shape))
    images = values / 255 if kind[0] == "f" else values
    numbers = np.arange(120) % 11
    given = {None: {}, "whole": {"labels": numbers}, "text": {"labels": numbers.astype(str)}}
    np.savez(folder / "photos.npz", images=images.astype(kind), **given[labels])
    dataset = _load(folder / "photos.npz", folder)
    last = values.reshape(120, 9, 9) if 1 in shape else values
    last = last.transpose(0, 2, 3, 1) if last.shape[1:2] == (3,) else last
    expected = {
        image.astype(np.uint8).tobytes(): str(number) if labels else "own"
        for image, number in zip(last, numbers, strict=True)
    }
    assert _contents(dataset) == expected
    assert dataset.classes == (tuple(map(str, range(11))) if labels else ("own",))


def test_a_file_stays_in_its_split_and_its_copies_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    _write(folder, _names("", count=200))
    before = _load(folder, tmp_path, test_fraction=0.25)
    for k in range(200):
        (folder / f"copy{k}.png").write_bytes((folder / f"{k:03d}.png").read_bytes())
    after = _load(folder, tmp_path, test_fraction=0.25)
    sides = [{i.numpy().tobytes() for i in split.images} for split in (after.train, after.test)]
    assert not sides[0] & sides[1]
    assert len(before.test.labels) == 50


def test_prepared_images_serve_again_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    _write(folder, _names("a/", "b/"))
    first = _load(folder, tmp_path)
    [kept] = (tmp_path / "images").glob("*.npz")
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", None)
        assert _load(folder, tmp_path).checksum == first.checksum
    found = load_dataset("own", tmp_path, checksum=first.checksum)
    assert found.test.images.equal(first.test.images)
    assert found.classes == ("a", "b")
    with pytest.raises(FileNotFoundError, match=r"train\.py"):
        load_dataset("own", tmp_path / "elsewhere", checksum=first.checksum)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    with pytest.raises(ValueError, match=kept.name):
        load_dataset("own", tmp_path, checksum=first.checksum)
    assert _load(folder, tmp_path).checksum == first.checksum
    assert load_dataset("own", tmp_path, checksum=first.checksum).checksum == first.checksum
    os.utime(folder / "a" / "000.png", (1, 1))
    Image.fromarray(_patches(1, seed=9)[0]).save(folder / "b" / "000.png")
    assert _load(folder, tmp_path).checksum != first.checksum


def _cifar10(root: Path) -> dict[str, np.ndarray]:
    """Write CIFAR-10's six files in small, and return their records (N, 3073)."""
    rng, folder = np.random.default_rng(0), root / "cifar-10-batches-bin"
    folder.mkdir()
    records = {}
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        records[name] = rng.integers(0, 256, (20, 3073), dtype=np.uint8)
        records[name][:, 0] %= 10
        (folder / f"{name}.bin").write_bytes(records[name].tobytes())
    return records


def test_cifar10_is_read_in_its_binary_version(tmp_path: Path) -> None:
    records = _cifar10(tmp_path)
    dataset = load_dataset("cifar10", tmp_path, download=False)
    assert dataset.train.images.shape == (100, 3, 32, 32)
    assert dataset.classes[3] == "cat"
    # Its page: 1,024 bytes of red, then green, then blue, row by row.
    record = records["test_batch"][7]
    assert dataset.test.images[7, 1, 2, 5] == record[1 + 1024 + 2 * 32 + 5]
    assert dataset.test.labels[7] == record[0]
    file = tmp_path / "cifar-10-batches-bin" / "data_batch_2.bin"
    for content in (file.read_bytes()[:-1], b"", bytes([10]) + file.read_bytes()[1:]):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"data_batch_2\.bin"):
            load_dataset("cifar10", tmp_path, download=False)
        file.write_bytes(records["data_batch_2"].tobytes())
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"found no data_batch_2.bin.*binary version"):
        load_dataset("cifar10", tmp_path, download=False)


def test_svhn_is_read_as_torchvision_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    for split, count in (("train", 30), ("test", 20)):
        images = rng.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        labels = rng.integers(1, 11, (count, 1), dtype=np.uint8)
        savemat(tmp_path / f"{split}_32x32.mat", {"X": images, "y": labels}, do_compression=True)
    dataset = load_dataset("svhn", tmp_path, download=False)
    monkeypatch.setattr(torchvision.datasets.SVHN, "_check_integrity", lambda _: True)
    witness = torchvision.datasets.SVHN(tmp_path, split="train")
    np.testing.assert_array_equal(dataset.train.images, witness.data)
    np.testing.assert_array_equal(dataset.train.labels, witness.labels)
    file = tmp_path / "test_32x32.mat"
    whole = file.read_bytes()
    for content in (whole[:-9], whole[:50], b""):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"test_32x32\.mat"):
            load_dataset("svhn", tmp_path, download=False)
    savemat(file, {"X": np.zeros((32, 32, 3, 4)), "y": np.ones((4, 1))})
    with pytest.raises(ValueError, match=r"test_32x32\.mat"):
        load_dataset("svhn", tmp_path, download=False)


@pytest.mark.usefixtures("one_thread")
def test_a_path_alone_trains_a_colour_model_that_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(save, "umap_projection", lambda z: z[:, :2])
    monkeypatch.setattr(save, "tsne_projection", lambda z, on_progress: z[:, 2:4])
    _write(tmp_path / "my photos", _names("sky/", "roof/"))
    data, out = ["--data-dir", str(tmp_path / "data")], str(tmp_path / "runs")
    flags = ["--dataset", str(tmp_path / "my photos"), "--epochs", "1", "--out", out, *data]
    assert train.main(flags) == 0
    path = tmp_path / "runs" / "my-photos-32d"
    meta = load_checkpoint(path).meta
    assert (meta.dataset.name, meta.dataset.classes) == ("my-photos", ("roof", "sky"))
    assert (meta.dataset.train_size, meta.dataset.test_size) == (108, 12)
    assert meta.model.image_shape == (3, 16, 16)
    assert meta.model.kernels == ((4, 2, 1), (4, 2, 1), (4, 1))
    capsys.readouterr()
    assert evaluate([str(path), "--samples", "2", *data]) == 0
    assert "needs the dataset" not in capsys.readouterr().out
    assert evaluate([str(path), "--samples", "2", "--data-dir", out]) == 0
    assert "needs the dataset" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--dataset", "cifar"], "expected one of mnist, .*svhn, or the path"),
        (["--dataset", "digits", "--size", "8"], "--size: found it with a data set"),
        (["--dataset", ".", "--size", "7"], "--size: found 7, expected 8 to 256"),
        (["--dataset", ".", "--test-fraction", "1"], "--test-fraction: found 1"),
    ],
)
def test_flags_of_images_say_what_is_wrong(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([*flags, "--out", str(tmp_path)]) == 1
    assert re.search(words, capsys.readouterr().err)
