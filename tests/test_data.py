"""Datasets from files that a test writes, and from scikit-learn."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torchvision
from sklearn.datasets import load_digits

from vae_explorer.data import load_dataset

FILES = {
    "train-images-idx3-ubyte": (60, 28, 28),
    "train-labels-idx1-ubyte": (60,),
    "t10k-images-idx3-ubyte": (20, 28, 28),
    "t10k-labels-idx1-ubyte": (20,),
}


def _idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture
def arrays(tmp_path: Path) -> dict[str, np.ndarray]:
    """Four IDX files of random MNIST-like data under `tmp_path`, and what is in them."""
    rng = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    arrays = {}
    for name, shape in FILES.items():
        arrays[name] = rng.integers(0, 10 if len(shape) == 1 else 256, shape, dtype=np.uint8)
        (raw / name).write_bytes(_idx(arrays[name]))
    return arrays


def test_idx_files_are_read_as_torchvision_reads_them(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    dataset = load_dataset("mnist", tmp_path, download=False)
    witness = torchvision.datasets.MNIST(tmp_path, train=False)
    assert dataset.test.images.squeeze(1).equal(witness.data)
    assert dataset.test.labels.equal(witness.targets)
    np.testing.assert_array_equal(dataset.train.images[:, 0], arrays["train-images-idx3-ubyte"])


def test_gzipped_files_are_read_too(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    plain = load_dataset("mnist", tmp_path, download=False)
    for name in FILES:
        file = tmp_path / "MNIST" / "raw" / name
        file.with_suffix(".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert load_dataset("mnist", tmp_path, download=False).checksum == plain.checksum


@pytest.mark.parametrize(
    ("name", "folder"), [("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")]
)
def test_the_relatives_of_mnist_are_read_from_their_own_folders(
    tmp_path: Path, arrays: dict[str, np.ndarray], name: str, folder: str
) -> None:
    (tmp_path / "MNIST").rename(tmp_path / folder)
    dataset = load_dataset(name, tmp_path, download=False)
    witness = getattr(torchvision.datasets, folder)(tmp_path, train=True)
    assert dataset.train.images.squeeze(1).equal(witness.data)
    assert dataset.train.labels.equal(witness.targets)


def _spoil(content: bytes, how: str) -> bytes:
    return {
        "cut short": content[:-1],
        "too long": content + b"\0",
        "wrong magic": b"\x89PNG" + content[4:],
        "empty": b"",
        "header only": content[:6],
        "labels for images": _idx(np.zeros(60, dtype=np.uint8)),
        "other size": _idx(np.zeros((60, 32, 32), dtype=np.uint8)),
        "no images": _idx(np.zeros((0, 28, 28), dtype=np.uint8)),
    }[how]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("cut short", r"found 47,055 bytes, expected 47,056"),
        ("too long", r"found 47,057 bytes, expected 47,056"),
        ("wrong magic", r"magic number 0x89504e47, expected 0x00000803"),
        ("empty", r"magic number .*empty file"),
        ("header only", r"found 6 bytes"),
        ("labels for images", r"magic number 0x00000801, expected 0x00000803"),
        ("other size", r"32x32 pixels, expected 28x28"),
        ("no images", r"no items"),
    ],
)
def test_a_damaged_file_is_named_and_never_loaded(
    tmp_path: Path, arrays: dict[str, np.ndarray], how: str, words: str
) -> None:
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(_spoil(file.read_bytes(), how))
    with pytest.raises(ValueError, match=rf"train-images-idx3-ubyte: .*{words}"):
        load_dataset("mnist", tmp_path)


def test_a_damaged_gzip_file_is_named(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    file = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    packed = gzip.compress(file.read_bytes())
    file.unlink()
    file.with_suffix(".gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz: found a damaged gzip"):
        load_dataset("mnist", tmp_path)


def test_labels_must_match_the_images_in_number_and_range(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    file = tmp_path / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.write_bytes(_idx(np.zeros(59, dtype=np.uint8)))
    with pytest.raises(ValueError, match=r"found 59 labels, expected 60"):
        load_dataset("mnist", tmp_path)
    file.write_bytes(_idx(np.full(60, 10, dtype=np.uint8)))
    with pytest.raises(ValueError, match=r"found label 10, expected 0 to 9"):
        load_dataset("mnist", tmp_path)


def test_other_data_than_a_checkpoint_records_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    own = load_dataset("mnist", tmp_path, download=False).checksum
    assert load_dataset("mnist", tmp_path, download=False, checksum=own).checksum == own
    with pytest.raises(ValueError, match=rf"mnist: found checksum {own[:12]}…, expected abc…"):
        load_dataset("mnist", tmp_path, download=False, checksum="abc")


def test_missing_files_say_where_what_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise RuntimeError("no network")

    monkeypatch.setattr(torchvision.datasets, "MNIST", no_network)
    with pytest.raises(FileNotFoundError) as caught:
        load_dataset("mnist", tmp_path)
    message = str(caught.value)
    for words in (
        str(tmp_path / "MNIST" / "raw"),
        *FILES,
        "--dataset digits",
        "--data-dir",
        "no network",
    ):
        assert words in message


def test_an_unknown_dataset_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'cifar'.*mnist, fashion-mnist, kmnist, digits"):
        load_dataset("cifar")


def test_digits_are_scikit_learns_with_no_image_lost_or_in_both_splits() -> None:
    dataset, witness = load_dataset("digits"), load_digits()
    both = np.concatenate([dataset.train.images.numpy(), dataset.test.images.numpy()])[:, 0]
    labels = np.concatenate([dataset.train.labels, dataset.test.labels])
    found = {(image.tobytes(), int(label)) for image, label in zip(both, labels, strict=True)}
    grey = np.rint(witness.images * 255 / 16).astype(np.uint8)
    expected = {(i.tobytes(), int(k)) for i, k in zip(grey, witness.target, strict=True)}
    assert found == expected
    assert len(both) == len(grey) == 1797
    assert set(dataset.test.labels.tolist()) == set(range(10))


def test_mnist_on_disk_is_the_published_one(mnist: object) -> None:
    assert len(mnist.train.images) == 60_000
    # The class counts that the set's authors give.
    assert np.bincount(mnist.test.labels).tolist() == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]
