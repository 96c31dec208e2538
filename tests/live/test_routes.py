"""The live side's Python: what is packed, what is kept, what a link says, what may be fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vae_explorer import load_checkpoint
from vae_explorer.analysis.codes import principal_axes
from vae_explorer.analysis.planes import path, principal_plane
from vae_explorer.checkpoint.folder import files_changed
from vae_explorer.live.blobs import pack, plan_of_checkpoint
from vae_explorer.live.hand import Hand, hand_from_query, hand_from_state
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


@pytest.mark.parametrize("kind", ["lerp", "slerp"])
@pytest.mark.parametrize("dims", [2, 20])
def test_paths_are_the_same_in_the_browser(in_node: Piece, kind: str, dims: int) -> None:
    rng = np.random.default_rng(dims)
    for a, b in rng.standard_normal((5, 2, dims)) * [[[1]], [[2]], [[0.1]], [[5]], [[1]]]:
        found = in_node("path", {"ends": [a.tolist(), b.tolist()], "steps": 9, "kind": kind})
        np.testing.assert_allclose(found, path(a, b, 9, kind), atol=1e-12)
    opposite = in_node("path", {"ends": [a.tolist(), (-a).tolist()], "steps": 9, "kind": kind})
    np.testing.assert_allclose(opposite, path(a, -a, 9, kind), atol=1e-9)


def test_planes_are_the_same_in_the_browser(in_node: Piece, shipped: Path) -> None:
    z = load_checkpoint(shipped).latents.mean[:20].astype(np.float64)
    axes = principal_axes(z)
    first, second = (0, 1) if z.shape[1] == 2 else (3, 1)
    plane = principal_plane(z[0], axes, first, second)
    at = np.array([[0.0, 0.0], [1.5, -2.0]])
    given = {"center": axes.center, "axes": axes.axes, "z": z, "at": at}
    found = in_node(
        "plane",
        {name: value.tolist() for name, value in given.items()}
        | {"first": first, "second": second},
    )
    np.testing.assert_allclose(found["coordinates"], plane.coordinates(z), atol=1e-9)
    np.testing.assert_allclose(found["codes"], plane.at(at), atol=1e-9)


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


# The hand.

FULL = Hand(
    z=[0.5, -1.25],
    digit=3,
    path=[7, [0.1, 0.2]],
    plane="dims:0,1",
    view=[0.0, 1.0, 8.5],
    show=["grid"],
    way=["slerp", "picture"],
    hide=[1, 4],
)


def test_the_hand_survives_a_link_and_a_message(in_node: Piece) -> None:
    given = {"state": FULL.to_state(), "search": "?checkpoint=a+b&digit=9"}
    query = dict(urllib.parse.parse_qsl(in_node("query", given)))
    assert query.pop("checkpoint") == "a b"
    assert hand_from_query(query, dims=2, count=10) == (FULL, [])
    assert hand_from_state(json.loads(json.dumps(FULL.to_state())), 2, 10) == (FULL, [])


def test_what_is_usual_is_left_out_of_the_link(in_node: Piece) -> None:
    usual = Hand(z=[0.0, 1.00001], path=[], show=["points"], way=["lerp", "z"], hide=[])
    old = "?z=5,5&digit=3&path=1;2&plane=umap&view=0,0,1&show=none&way=slerp,z&hide=1&page=2"
    assert in_node("query", {"state": usual.to_state(), "search": old}) == "z=0,1&page=2"
    nothing = in_node("query", {"state": {"show": []}, "search": ""})
    assert nothing == "show=none"
    assert hand_from_query({"show": "none"}, 2, 10)[0].show == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("z", "1", "2 numbers"),
        ("z", "1,nan", "2 numbers"),
        ("z", "1,inf", "2 numbers"),
        ("z", "1,1e9", "2 numbers"),
        ("z", "1,x", "2 numbers"),
        ("digit", "10", "a row from 0 to 9"),
        ("digit", "-1", "a row from 0 to 9"),
        ("path", "1;2,3,4", "codes of 2 numbers"),
        ("path", ";".join("1" * 27), "at most 26"),
        ("plane", "dims:1,0", "dims:i,j"),
        ("plane", "pca:0,1", "pca:i,j"),
        ("plane", "digits:0,1,2", "digits:i,j,k"),
        ("plane", "<script>", "umap"),
        ("view", "0,0,0", "a width from 0.02 to 1000"),
        ("view", "0,0,1e-120", "a width from 0.02 to 1000"),
        ("plane", "dims:1_0,2", "dims:i,j"),
        ("plane", "pca:０,１", "pca:i,j"),
        ("show", "points,lines", "points, grid"),
        ("way", "arc,z", "lerp, slerp"),
        ("way", "lerp", "z, picture"),
        ("hide", "a", "numbers of classes"),
    ],
)
def test_what_cannot_be_meant_is_left_out_in_words(name: str, text: str, expected: str) -> None:
    hand, problems = hand_from_query({name: text, "unknown": "1"}, dims=2, count=10)
    assert hand == Hand()
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: found “{text[:40]}")
    assert expected in problems[0]


@pytest.mark.parametrize(
    ("plane", "known"),
    [
        *[(name, True) for name in ("dims:0,2", "pca:2,1", "digits:0,9,3", "umap")],
        *[(name, False) for name in ("dims:0,3", "pca:0,0", "digits:0,1", "digits:0,1,10")],
    ],
)
def test_more_dimensions_have_more_planes(plane: str, known: bool) -> None:
    hand, problems = hand_from_query({"plane": plane}, dims=3, count=10)
    assert (hand.plane == plane) == known == (not problems)


@pytest.mark.parametrize(
    "state", [None, [], "z", {"z": "12"}, {"z": [True, False]}, {"view": [1, 2, "3"]}, {"z": {}}]
)
def test_a_strange_message_moves_nothing(state: object) -> None:
    assert hand_from_state(state, dims=2, count=10)[0] == Hand()


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
def test_nothing_but_assets_and_what_was_laid_out_can_be_fetched(
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
        assert "reload it" in json.load(answer)["words"]


def test_a_source_is_refused_once_its_files_are_others(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(shipped, folder)
    source = Source(folder, files_changed(folder))
    source.check()
    os.utime(folder / "model.safetensors", ns=(1, 1))
    with pytest.raises(ValueError, match=r"changing: found other files .* reload the page"):
        source.check()
