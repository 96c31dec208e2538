"""The live side's Python: what is packed, what is kept, what may be fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from path_witness import path_between
from safetensors.numpy import load_file, save_file

from vae_explorer import load_checkpoint
from vae_explorer.analysis.codes import principal_axes
from vae_explorer.checkpoint.folder import files_changed
from vae_explorer.live.blobs import pack, plan_of_checkpoint
from vae_explorer.live.store import Source, Store, digest

SCRIPT = Path(__file__).parents[1] / "js" / "live.mjs"

Piece = Callable[[str, object], dict | list]


@pytest.fixture
def in_node(node: list[str], tmp_path: Path) -> Piece:
    """Run a piece of the live map in node, by its name in `js/live.mjs`."""

    def run(piece: str, given: object) -> dict | list:
        file = tmp_path / "given"
        file.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
        command = [*node, str(SCRIPT), piece, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


# Blobs.


def test_the_browser_unpacks_what_python_packs(in_node: Piece) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "floats": rng.standard_normal((3, 5)).astype(np.float32),
        "halves": rng.standard_normal(7).astype(np.float16),
        "bytes": rng.integers(0, 256, 13, dtype=np.uint8),
        "words": rng.integers(0, 2**32, 3, dtype=np.uint32),
        "turned": rng.standard_normal((4, 2)).astype(np.float32).T,
    }
    found = in_node("unpack", pack({"name": "ein Vogel, こ"}, arrays))
    assert found["header"]["name"] == "ein Vogel, こ"
    for name, array in arrays.items():
        assert found["header"]["arrays"][name]["shape"] == list(array.shape)
        np.testing.assert_array_equal(found["arrays"][name], array.ravel().astype(np.float64))


def test_an_array_that_no_browser_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"z: found int64, expected one of float32"):
        pack({}, {"z": np.arange(3)})


def test_a_store_keeps_the_newest() -> None:
    store: Store[int] = Store(2)
    for name in "abac":
        store.put(name, ord(name))
    assert store.get("b") is None
    assert (store.get("a"), store.get("c")) == (97, 99)


def test_contents_have_names_of_their_own() -> None:
    assert digest(b"a") == digest(b"a") != digest(b"b")


# Geometry in two languages.


@pytest.mark.parametrize("kind", ["straight", "spherical"])
@pytest.mark.parametrize("dims", [2, 20])
def test_paths_are_those_of_numpy_and_scipy(in_node: Piece, kind: str, dims: int) -> None:
    a, b = np.random.default_rng(dims).standard_normal((2, dims))
    for first, second in ((a, b), (0.1 * a, 5 * b)):
        found = in_node(
            "path", {"ends": [first.tolist(), second.tolist()], "steps": 9, "kind": kind}
        )
        np.testing.assert_allclose(found, path_between(first, second, 9, kind), atol=1e-9)


@pytest.mark.parametrize("turn", [np.pi - 1e-3, np.pi - 1e-8, np.pi])
def test_a_spherical_path_stays_bounded_between_nearly_opposite_ends(
    in_node: Piece, turn: float
) -> None:
    ends = [[1.0, 0.0], [3 * np.cos(turn), 3 * np.sin(turn)]]
    lengths = np.linalg.norm(
        in_node("path", {"ends": ends, "steps": 9, "kind": "spherical"}), axis=1
    )
    np.testing.assert_allclose(lengths, np.linspace(1, 3, 9), atol=1e-6)


def test_a_principal_plane_projects_codes_and_keeps_what_lies_off_it(
    in_node: Piece, shipped: Path
) -> None:
    z = load_checkpoint(shipped).latents.mean[:20].astype(np.float64)
    center, axes, _ = principal_axes(z)
    first, second = (0, 1) if z.shape[1] == 2 else (3, 1)
    at = np.array([[0.0, 0.0], [1.5, -2.0]])
    given = {"center": center, "axes": axes, "z": z, "at": at}
    found = in_node(
        "plane",
        {name: value.tolist() for name, value in given.items()}
        | {"first": first, "second": second},
    )
    xy = (z - center) @ axes[[first, second]].T
    np.testing.assert_allclose(found["coordinates"], xy, atol=1e-9)
    # The codes at those places on the plane through the first code.
    codes = z[0] + (at - xy[0]) @ axes[[first, second]]
    np.testing.assert_allclose(found["codes"], codes, atol=1e-9)


def test_the_ellipse_is_that_of_the_covariance_on_the_plane(in_node: Piece) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        axes = np.linalg.qr(rng.standard_normal((6, 2)))[0].T
        variance = rng.uniform(0.01, 2, 6)
        found = in_node("ellipse", {"axes": axes.tolist(), "variance": variance.tolist()})
        values, vectors = np.linalg.eigh(axes @ np.diag(variance) @ axes.T)
        np.testing.assert_allclose([found["minor"], found["major"]], np.sqrt(values), rtol=1e-9)
        major = [np.cos(found["angle"]), np.sin(found["angle"])]
        assert abs(vectors[:, 1] @ major) == pytest.approx(1)


# What a browser may fetch.


def test_damaged_weights_are_named(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(shipped, folder)
    file = folder / "model.safetensors"
    weights = load_file(file)
    name = "decoder.layers.2.weight"
    save_file(weights | {name: weights[name][:, :-1].copy()}, file)
    with pytest.raises(ValueError, match=rf"model.safetensors: .*{name}.*expected"):
        plan_of_checkpoint(folder, "decoder")
    broken = weights[name].copy()
    broken[0, 0] = np.nan
    save_file(weights | {name: broken}, file)
    with pytest.raises(ValueError, match=rf"model.safetensors: .*{name}"):
        plan_of_checkpoint(folder, "decoder")
    file.write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(ValueError, match=r"model.safetensors: found no readable weights"):
        plan_of_checkpoint(folder, "decoder")


@pytest.mark.parametrize(
    "address_of",
    [
        "live/assets/1/routes.py",
        "live/assets/1/..%2froutes.py",
        "live/assets/1/package.json",
        "live/blob/0123",
        "live/blob/..%2f..%2fapp.py",
        "live/original/0123/x",
    ],
)
def test_nothing_but_assets_and_what_was_stored_can_be_fetched(
    address: str, address_of: str
) -> None:
    status, body = _fetch(f"{address}/{address_of}")
    # Streamlit answers an unknown path with its own page.
    assert status in (400, 404) or b"<title>Streamlit" in body
    assert b"from __future__" not in body


def _fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_assets_are_scripts_that_browsers_keep(address: str) -> None:
    with urllib.request.urlopen(f"{address}/live/assets/1/explore.js", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in answer.headers["Cache-Control"]


def test_an_original_of_an_unknown_checkpoint_is_refused_in_words(address: str) -> None:
    with urllib.request.urlopen(f"{address}/live/original/0123/4", timeout=10) as answer:
        assert "reload it" in json.load(answer)["message"]


def test_a_source_is_refused_once_its_files_are_others(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(shipped, folder)
    source = Source(folder, files_changed(folder))
    source.check()
    os.utime(folder / "model.safetensors", ns=(1, 1))
    with pytest.raises(ValueError, match=r"changing: found other files .* reload the page"):
        source.check()
