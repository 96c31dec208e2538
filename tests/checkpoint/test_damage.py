"""Whatever is in a checkpoint folder: it opens and every page can use it, or one sentence says why.

The other folders in the list stay as they are.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save

from vae_explorer import list_checkpoints, load_checkpoint
from vae_explorer.analysis.codes import principal_axes
from vae_explorer.analysis.metrics import compare_metrics
from vae_explorer.analysis.neighbours import neighbour_metrics
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import REQUIRED_METRICS, DatasetRecord, Meta
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.figures.architecture import architecture_figure
from vae_explorer.figures.curves import history_figure, kl_figure
from vae_explorer.film.film import Film, add_film, load_film
from vae_explorer.live.blobs import film_blob, plan_blob, plan_of_checkpoint, points_blob
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

FILES = ("meta.json", "history.csv", "latents.npz", "model.safetensors", "film.npz")
SECRET = "sEcReT"
DIMS, COUNT = 3, 12
# The same examples every time, and as many on a slow machine.
thrifty = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _picture(side: int = 8) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side)).save(stream, "WEBP")
    return stream.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint with every file that there can be, and every kind of layer."""
    path = tmp_path_factory.mktemp("checkpoints") / "damaged"
    torch.manual_seed(0)
    config = ModelConfig((1, 8, 8), DIMS, (4,), dropout=0.1, family="conv", posterior="logscale")
    model = VAE(config).eval()
    meta = Meta(
        name="damaged",
        recipe=SECRET,
        model=config,
        training=TrainConfig(epochs=2),
        dataset=DatasetRecord("digits", "0" * 64, (SECRET, *"12"), 40, 20),
        metrics=dict.fromkeys(REQUIRED_METRICS, 0.5) | {"iw_nll": 3.5, "iw_samples": 5},
        kl_by_dimension=[0.5] * DIMS,
        epochs_done=2,
        weights_dtype="float32",
        seed=0,
        device=SECRET,
        seconds=1.5,
        versions={SECRET: SECRET},
    )
    rng = np.random.default_rng(0)
    mean, logvar = rng.standard_normal((2, COUNT, DIMS)).astype(np.float32)
    view = rng.standard_normal((COUNT, 2)).astype(np.float32)
    latents = Latents(mean, logvar, np.arange(COUNT) % 3, np.arange(COUNT), {"umap": view})
    history = [Epoch(epoch, *[float(epoch)] * 7) for epoch in (1, 2)]
    save_checkpoint(path, model, meta, history, latents)
    add_film(
        path,
        Film(
            step=np.array([0, 5]),
            epoch=np.array([0, 2], np.float32),
            neg_elbo=np.array([30, 20], np.float32),
            row=np.arange(4),
            xy=rng.standard_normal((2, 4, 2)).astype(np.float16),
            center=np.zeros(DIMS, np.float32),
            axes=np.eye(2, DIMS, dtype=np.float32),
            box=np.array([0, 0, 6], np.float32),
            across=2,
            sheets=(_picture(), _picture()),
        ),
    )
    shutil.copytree(path, path.with_name("other"))
    return path


@contextmanager
def _changed(path: Path, name: str, content: bytes) -> Iterator[None]:
    """Give a file of a checkpoint another content, for a while."""
    before = (path / name).read_bytes()
    (path / name).write_bytes(content)
    try:
        yield
    finally:
        (path / name).write_bytes(before)


def _use(path: Path) -> None:
    """Read a checkpoint and do with it what the pages do, but for the drawing."""
    loaded = load_checkpoint(path)
    meta, latents = loaded.meta, loaded.latents
    film = load_film(path, *latents.mean.shape)
    axes = principal_axes(latents.mean)
    colours = ["#000000"] * len(meta.dataset.classes)
    assert points_blob(latents, meta, axes, colours)
    assert film is None or film_blob(film, latents, meta, colours)
    for part in ("decoder", "encoder"):
        assert plan_blob(plan_of_checkpoint(path, part))
    found = neighbour_metrics(latents.mean, axes.project(latents.mean), latents.label)
    assert 0 <= min(found) <= max(found) <= 1
    assert [row.metric.text(row.values[0]) for row in compare_metrics([meta, meta])]
    active = np.ones(meta.model.latent_dim, bool)
    for figure in (
        history_figure(loaded.history),
        kl_figure(np.array(meta.kl_by_dimension), active),
        architecture_figure(meta.model, ink="black"),
    ):
        assert figure.to_json()
    with torch.no_grad():
        assert loaded.model.generate(torch.zeros(1, meta.model.latent_dim)).isfinite().all()


def _opens_or_says_why(path: Path, name: str | None = None) -> str:
    """Return why a checkpoint does not open, "" where it does."""
    entries = {entry.path.name: entry for entry in list_checkpoints(path.parent)}
    assert entries["other"].problem is None
    listed, why = entries[path.name].problem or "", ""
    try:
        _use(path)
    except (ValueError, FileNotFoundError) as error:
        why = str(error)
        # What is listed as broken is so for the same reason, or for one in its headers.
        assert str(path / name if name else path) in why
    assert bool(why) >= bool(listed)
    for words in (why, listed):
        assert "\n" not in words
        assert SECRET not in words
        assert len(words.replace(str(path), "")) < 400
    return why


@thrifty
@given(
    name=st.sampled_from(FILES),
    kind=st.sampled_from(["flip", "cut", "double"]),
    at=st.floats(0, 1, exclude_max=True),
    value=st.integers(1, 255),
)
def test_any_byte_flipped_cut_or_doubled(
    whole: Path, name: str, kind: str, at: float, value: int
) -> None:
    content = bytearray((whole / name).read_bytes())
    place = int(at * len(content))
    if kind == "flip":
        content[place] ^= value
    elif kind == "cut":
        del content[place:]
    else:
        content[place:place] = content[place : place + value]
    with _changed(whole, name, bytes(content)):
        _opens_or_says_why(whole)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**400, -1, 0, 2**63, 1e30, "\ud800", SECRET * 400, [1] * 300]),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: object, place: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """List where the values of a JSON value are, the value itself first."""
    yield place
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(part, (*place, key))


@thrifty
@given(data=st.data(), value=JSON)
def test_any_value_of_the_description_may_be_any_other(
    whole: Path, data: st.DataObject, value: object
) -> None:
    meta = json.loads((whole / "meta.json").read_text())
    *way, last = data.draw(st.sampled_from([place for place in _places(meta) if place]))
    parent = meta
    for key in way:
        parent = parent[key]
    if data.draw(st.integers(0, 5)):
        parent[last] = value
    else:
        del parent[last]
    with _changed(whole, "meta.json", json.dumps(meta).encode()):
        _opens_or_says_why(whole)


ODD = [0, 1, 2, 255, -1, 1e9, 1e300, -1e30, 65505, np.nan, np.inf, 2**63 - 1]


@thrifty
@given(
    data=st.data(),
    dtype=st.sampled_from(["f2", "f4", ">f8", "i1", "i8", "u1", "u8", "?", "c8", "U3", "M8[s]"]),
    value=st.sampled_from(ODD),
    change=st.sampled_from(["all", "one", "shape", "rows", "missing", "fortran"]),
)
def test_any_array_may_hold_anything(
    whole: Path, data: st.DataObject, dtype: str, value: float, change: str
) -> None:
    name = data.draw(st.sampled_from(["latents.npz", "film.npz"]))
    with np.load(whole / name) as stored:
        arrays = dict(stored)
    key = data.draw(st.sampled_from(sorted(arrays)))
    array, rows = arrays[key], data.draw(st.sampled_from([0, 1, 2, 3]))
    with np.errstate(all="ignore"):
        if change == "all":
            array = np.full(array.shape, value).astype(dtype)
        elif change == "one":
            array = array.astype(float)
            array.flat[-1:] = value
            array = array.astype(arrays[key].dtype)
        elif change == "shape":
            array = array[None]
    if change == "fortran":
        array = np.array(array, order="F")
    arrays[key] = array
    if change == "rows":
        arrays = {key: value[:rows] if value.ndim else value for key, value in arrays.items()}
    if change == "missing":
        del arrays[key]
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    with _changed(whole, name, stream.getvalue()):
        why = _opens_or_says_why(whole, None if change == "rows" else name)
    assert change != "fortran" or not why


def test_a_number_too_large_for_its_own_type_is_no_warning(whole: Path) -> None:
    stream = io.BytesIO()
    with np.load(whole / "film.npz") as stored:
        np.savez(stream, **{**stored, "box": stored["box"].astype(np.float16)})
    with _changed(whole, "film.npz", stream.getvalue()):
        assert _opens_or_says_why(whole) == ""


def _zip(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _array(shape: tuple[int, ...], content: bytes = b"", descr: str = "<f4") -> bytes:
    """Return a `.npy` file whose header says what it likes."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path / "latents.npz") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _encrypted(members: dict[str, bytes]) -> bytes:
    content = bytearray(_zip(members))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.find(mark) + offset] |= 1
    return bytes(content)


def _twice(members: dict[str, bytes]) -> bytes:
    content = _zip(members | {"maen.npy": members["mean.npy"]})
    return content.replace(b"maen.npy", b"mean.npy")


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "encrypted": _encrypted,
    "two of one name": _twice,
    "bzip2": lambda members: _zip(members, zipfile.ZIP_BZIP2),
    "lzma": lambda members: _zip(members, zipfile.ZIP_LZMA),
    "no array": lambda members: _zip(members | {"note.txt": b"x"}),
    "many": lambda members: _zip(members | {f"{k}.npy": _array((0,)) for k in range(30_000)}),
    "beyond int64": lambda members: _zip(members | {"mean.npy": _array((10**30, 3))}),
    "negative": lambda members: _zip(members | {"mean.npy": _array((-4, -3), bytes(48))}),
    "longer than said": lambda members: _zip(
        members | {"mean.npy": _array((COUNT, DIMS), bytes(9999))}
    ),
    "a header of brackets": lambda members: _zip(
        members | {"mean.npy": _array((1,), descr="[" * 9000)}
    ),
    "a bomb of a name": lambda members: _zip(members | {"x" * 60_000 + ".npy": _array((0,))}),
    "a bomb": lambda members: _zip(
        {
            **{"mean.npy": _array((2**20, DIMS), bytes(12 * 2**20))},
            **{"logvar.npy": _array((2**20, DIMS), bytes(12 * 2**20))},
            **{"label.npy": _array((2**20,), bytes(8 * 2**20), "<i8")},
            **{"index.npy": _array((2**20,), bytes(8 * 2**20), "<i8")},
            **{f"{name}.npy": _array((2**20, 2), bytes(8 * 2**20)) for name in "abcde"},
        }
    ),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_odd_archives_are_refused_and_take_no_memory(whole: Path, kind: str) -> None:
    content = ARCHIVES[kind](_members(whole))
    with _changed(whole, "latents.npz", content):
        tracemalloc.start()
        try:
            assert _opens_or_says_why(whole, "latents.npz")
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: {name: value.to(torch.int8) for name, value in weights.items()},
        lambda weights: {name: value.to(torch.bfloat16) for name, value in weights.items()},
        lambda weights: {name: value.to(torch.float8_e4m3fn) for name, value in weights.items()},
        lambda weights: {
            name: -value if name.endswith("running_var") else value
            for name, value in weights.items()
        },
        lambda weights: weights | {SECRET: torch.zeros(2)},
        lambda weights: {},
    ],
)
def test_weights_of_another_kind_are_refused(
    whole: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
) -> None:
    content = save(change(load_file(whole / "model.safetensors")))
    with _changed(whole, "model.safetensors", content):
        assert _opens_or_says_why(whole, "model.safetensors")


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": []}',
        struct.pack("<Q", 50_000) + b"[" * 50_000,
    ],
)
def test_a_header_of_weights_that_is_none_is_refused(whole: Path, content: bytes) -> None:
    with _changed(whole, "model.safetensors", content):
        assert _opens_or_says_why(whole, "model.safetensors")


@pytest.mark.parametrize(
    "content",
    [
        b'"' + b"x" * 200_000,
        b"\xff",
        b"\0",
        b"",
        (",".join(Epoch._fields) + "\n" + ",".join(["9" * 5000] * 8)).encode(),
        (",".join(Epoch._fields) + "\n" + ",".join(["nan"] * 8)).encode(),
        (",".join(Epoch._fields) + "\n7" + ",1" * 7).encode(),
        (",".join(Epoch._fields) + f"\n1,{SECRET}" + ",1" * 6).encode(),
        f"{SECRET},{SECRET}\n".encode(),
    ],
)
def test_a_history_that_is_none_is_refused(whole: Path, content: bytes) -> None:
    with _changed(whole, "history.csv", content):
        assert _opens_or_says_why(whole, "history.csv")


def _webp(width: int, height: int) -> bytes:
    """Return a WebP file whose header says that it is large."""
    bits = (width - 1) | (height - 1) << 14
    content = b"VP8L" + struct.pack("<I", 8) + b"/" + struct.pack("<I", bits) + bytes(3)
    return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def test_a_film_of_enormous_pictures_is_refused(whole: Path) -> None:
    film = load_film(whole, COUNT, DIMS)
    for sheets in [(_webp(16383, 16383),) * 2, (_webp(8, 8), _webp(9, 9))]:
        stream = io.BytesIO()
        with np.load(whole / "film.npz") as stored:
            sizes = np.array([len(sheet) for sheet in sheets])
            content = np.frombuffer(b"".join(sheets), np.uint8)
            np.savez(stream, **{**stored, "sizes": sizes, "sheets": content})
        with _changed(whole, "film.npz", stream.getvalue()):
            assert "pixels" in _opens_or_says_why(whole, "film.npz")
    # A witness reads the sizes that the film was accepted with.
    assert {Image.open(io.BytesIO(sheet)).size for sheet in film.sheets} == {(8, 8)}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["link", "loop", "pipe", "folder", "long link"])
def test_only_files_of_the_folder_are_read(
    whole: Path, tmp_path: Path, name: str, kind: str
) -> None:
    path = Path(shutil.copytree(whole.parent, tmp_path / "checkpoints")) / "damaged"
    (tmp_path / "passwords").write_text(f"{SECRET},{SECRET}\n")
    shutil.copy(path / name, tmp_path / "same")
    (path / name).unlink()
    if kind == "pipe":
        os.mkfifo(path / name)
    elif kind == "folder":
        (path / name).mkdir()
    else:
        target = {
            "link": tmp_path / "passwords",
            "loop": path / name,
            "long link": tmp_path / "same",
        }
        (path / name).symlink_to(target[kind])
    assert _opens_or_says_why(path, name)


def test_a_link_inside_the_folder_and_one_to_the_folder_are_followed(
    whole: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(whole.parent, tmp_path / "checkpoints")) / "damaged"
    (path / "latents.npz").rename(path / "codes")
    (path / "latents.npz").symlink_to("codes")
    (path.parent / "linked").symlink_to(path, target_is_directory=True)
    assert [entry.problem for entry in list_checkpoints(path.parent)] == [None] * 3
    _use(path.parent / "linked")


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Do something without the rights of root, who may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_folders_that_cannot_be_read_are_listed_and_hide_no_other(whole: Path) -> None:
    folder = whole.parent
    closed, loop, latin = (folder / name for name in ("closed", "loop", os.fsdecode(b"caf\xe9")))
    shutil.copytree(whole, latin)
    shutil.copytree(whole, closed)
    loop.symlink_to(loop)
    (folder / "root").symlink_to("/")
    (folder / "two\nlines").mkdir()
    opened = [parent for parent in folder.parents if parent.stat().st_mode & 0o005 != 0o005]
    modes = {place: place.stat().st_mode for place in (closed, folder, *opened)}
    try:
        for place in (folder, *opened):
            place.chmod(0o755)
        closed.chmod(0)
        with _as_nobody():
            entries = {entry.path.name: entry for entry in list_checkpoints(folder)}
        assert {name for name, entry in entries.items() if entry.problem} == {
            *("closed", "loop", "root", "caf\N{REPLACEMENT CHARACTER}"),
            "two\N{REPLACEMENT CHARACTER}lines",
        }
        for entry in entries.values():
            assert str(entry).encode()
        folder.chmod(0o444)
        with _as_nobody():
            assert all(entry.problem for entry in list_checkpoints(folder))
        folder.chmod(0)
        with _as_nobody():
            (entry,) = list_checkpoints(folder)
            assert str(folder) in entry.problem
            assert list_checkpoints(folder / "inside") == [] or list_checkpoints(folder / "inside")
    finally:
        for place, mode in modes.items():
            place.chmod(mode)
        shutil.rmtree(latin)
        shutil.rmtree(closed)
        (folder / "two\nlines").rmdir()
        for link in (loop, folder / "root"):
            link.unlink()
