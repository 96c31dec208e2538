"""Pictures for papers, read back by Pillow and an XML parser, beside what torch makes."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from checkpoint import written
from PIL import Image

from vae_explorer import load_checkpoint, render
from vae_explorer.analysis.codes import encode_split
from vae_explorer.checkpoint.folder import Checkpoint
from vae_explorer.checkpoint.meta import DatasetRecord
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.data import Dataset
from vae_explorer.figures.printed import printed_scatter
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE

CLASSES = ("0", "<b>$one$</b>", *"23456789")
A, B = [0.5, -1.0, 2.0], [-1.5, 0.25, 0.0]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Checkpoint:
    """An untrained 3-D model of scikit-learn's digits, of all its test images."""
    path = tmp_path_factory.mktemp("checkpoints")
    written.save(path / "other", 1)
    torch.manual_seed(0)
    config = ModelConfig(image_shape=(1, 8, 8), latent_dim=3, hidden=(16,))
    model = VAE(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    latents = encode_split(model, digits.test)
    latents = replace(latents, projections={"umap": latents.mean[:, :2] ** 2})
    record = DatasetRecord("digits", digits.checksum, CLASSES, 1437, 360)
    meta = replace(load_checkpoint(path / "other").meta, model=config, dataset=record)
    meta = replace(meta, name="three", kl_by_dimension=[1.0] * 3)
    save_checkpoint(path / "three", model, meta, written.history(1), latents)
    return load_checkpoint(path / "three")


def _render(checkpoint: Checkpoint, file: Path, kind: str, arguments: str = "") -> Path:
    assert render.main([kind, str(checkpoint.path), "-o", str(file), *arguments.split()]) == 0
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    return file


def _decoded(checkpoint: Checkpoint, z: np.ndarray) -> np.ndarray:
    """Return the pixels of codes z, (..., 3), as torch makes them, (..., 8, 8) from 0 to 255."""
    with torch.no_grad():
        pixels = checkpoint.model.generate(torch.from_numpy(z.astype(np.float32)).reshape(-1, 3))
    return np.rint(pixels.numpy() * 255).reshape(*z.shape[:-1], 8, 8)


def _cells(file: Path, shape: tuple[int, int], gap: int, scale: int) -> np.ndarray:
    """Return the images of a PNG, (rows, columns, 8, 8), and check that nothing else is there."""
    with Image.open(file) as opened:
        picture = np.asarray(opened).astype(float)
    sides = [scale * (count * (8 + gap) - gap) for count in shape]
    assert picture.shape == tuple(sides)
    small = picture[::scale, ::scale]
    np.testing.assert_array_equal(np.kron(small, np.ones((scale, scale))), picture)
    framed = np.pad(small, (0, gap)).reshape(shape[0], 8 + gap, shape[1], 8 + gap)
    return framed.transpose(0, 2, 1, 3)[:, :, :8, :8]


def _text(code: list[float]) -> str:
    return ",".join(map(str, code))


def test_a_manifold_is_decoded_on_the_plane_through_z(checkpoint, tmp_path) -> None:
    arguments = f"--view dims:2,0 --z {_text(B)} --size 5 --range 2 --scale 3"
    file = _render(checkpoint, tmp_path / "m.png", "manifold", arguments)
    ticks = np.linspace(-2, 2, 5)
    z = np.array([[[up, B[1], right] for right in ticks] for up in ticks[::-1]])
    found = _cells(file, (5, 5), 0, 3)
    np.testing.assert_allclose(found, _decoded(checkpoint, z), atol=1)
    assert np.ptp(found) > 100
    said = json.loads(Image.open(file).text["Description"])
    assert {**said, "z": said["z"][0]} == {
        **{"checkpoint": "three", "kind": "manifold", "z": B, "view": "dims:2,0"},
        **{"size": 5, "range": 2.0, "spacing": "linear"},
    }


def test_samples_and_traversals_are_decoded_where_they_say(checkpoint, tmp_path) -> None:
    file = tmp_path / "picture.png"
    _render(checkpoint, file, "samples", "--seed 3 --count 6 --columns 3 --scale 1")
    z = np.random.default_rng(3).standard_normal((2, 3, 3))
    np.testing.assert_allclose(_cells(file, (2, 3), 1, 1), _decoded(checkpoint, z), atol=1)
    _render(checkpoint, file, "traversal", "--row 7 --dims 2,0 --steps 4 --scale 2")
    z = np.tile(checkpoint.latents.mean[7], (2, 4, 1))
    z[0, :, 2] = z[1, :, 0] = np.linspace(-3, 3, 4)
    np.testing.assert_allclose(_cells(file, (2, 4), 1, 2), _decoded(checkpoint, z), atol=1)


def test_reconstructions_stand_below_their_originals(
    checkpoint, tmp_path, digits: Dataset, monkeypatch, capsys
) -> None:
    file = tmp_path / "picture.png"
    arguments = "--rows 9-11,4 --columns 3 --scale 1"
    _render(checkpoint, file, "reconstructions", arguments)
    cells, rows = _cells(file, (4, 3), 1, 1), [9, 10, 11, 4]
    originals = np.concatenate([cells[0], cells[2, :1]])
    np.testing.assert_array_equal(originals, digits.test.images[rows, 0])
    decoded = _decoded(checkpoint, checkpoint.latents.mean[rows])
    np.testing.assert_allclose(np.concatenate([cells[1], cells[3, :1]]), decoded, atol=1)
    assert (cells[2:, 1:] == 128).all()
    capsys.readouterr()

    def missing(*_: object, **__: object) -> Dataset:
        raise FileNotFoundError("digits: gone")

    monkeypatch.setattr(render, "load_dataset", missing)
    _render(checkpoint, file, "reconstructions", arguments)
    assert "gone" in capsys.readouterr().err
    assert _cells(file, (2, 3), 1, 1).shape[:2] == (2, 3)


def test_a_gif_goes_there_and_back_and_names_its_ends(checkpoint, tmp_path) -> None:
    arguments = f"--z {_text(A)} --z {_text(B)} --steps 5 --scale 2"
    file = _render(checkpoint, tmp_path / "way.gif", "interpolation", arguments)
    t = np.linspace(0, 1, 5)[:, None]
    there = _decoded(checkpoint, (1 - t) * A + t * B)
    with Image.open(file) as gif:
        frames = []
        for number in range(gif.n_frames):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("L"))[::2, ::2].astype(float))
        said = json.loads(gif.info["comment"])
    np.testing.assert_allclose(frames, [*there, *there[3:0:-1]], atol=1)
    assert (said["checkpoint"], said["kind"], said["z"]) == ("three", "interpolation", [A, B])
    with Image.open(_render(checkpoint, file, "traversal", "--steps 4")) as gif:
        assert gif.n_frames == 6


def test_a_scatter_in_svg_has_every_code_and_its_texts_as_text(checkpoint, tmp_path) -> None:
    arguments = f"--view dims:0,2 --z {_text(A)} --z {_text(B)}"
    file = _render(checkpoint, tmp_path / "scatter.svg", "scatter", arguments)
    first = file.read_bytes()
    root = ElementTree.fromstring(first)
    groups = {group.get("id", ""): group for group in root.iter(f"{SVG}g")}
    points = [
        (float(use.get("x")), float(use.get("y")))
        for name, group in groups.items()
        if name.startswith("class-")
        for use in group.iter(f"{SVG}use")
    ]
    assert len(points) == 360
    # The same places, but for a shift, a turn upside down and one scale for both axes.
    shown, codes = np.array(points), checkpoint.latents.mean[:, [0, 2]]
    scale = np.ptp(shown, axis=0) / np.ptp(codes, axis=0)
    assert scale[0] == pytest.approx(scale[1], rel=1e-3)
    names = {CLASSES[label] for label in np.unique(checkpoint.latents.label)}
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {f"z{d} (prior standard deviations)" for d in (0, 2)} | {"A", "B"} | names <= texts
    (ring,) = groups["sigma-1"].iter(f"{SVG}path")
    x, y = np.array(re.findall(r"-?[\d.]+", ring.get("d")), float).reshape(-1, 2).T
    assert np.ptp(x) == pytest.approx(2 * scale[0], rel=1e-3)
    assert np.ptp(y) == pytest.approx(2 * scale[1], rel=1e-3)
    said = root.find(".//{http://purl.org/dc/elements/1.1/}description").text
    assert json.loads(said) == {
        **{"checkpoint": "three", "kind": "scatter", "z": [A, B], "view": "dims:0,2"}
    }
    assert _render(checkpoint, file, "scatter", arguments).read_bytes() == first


def test_names_of_classes_in_one_place_do_not_lie_on_each_other() -> None:
    classes = ("ankle boot", "sneaker", "sandal", "bag")
    xy = np.random.default_rng(0).standard_normal((50, 2)).repeat(4, axis=0)
    info = ScatterInfo(xy, np.arange(200) % 4, np.arange(200), classes, ("x", "y"))
    note = {"title": "", "description": ""}
    svg = printed_scatter(info, origin=None, marks={}, file_format="svg", dpi=100, note=note)
    root = ElementTree.fromstring(svg)
    heights = [
        float(text.get("transform").rstrip(")").split()[-1])
        for name in root.findall(f".//{SVG}g[@id='class-name']")
        for text in name.iter(f"{SVG}text")
    ]
    assert len(heights) == 4
    # Each stands in the legend, too.
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert [texts.count(name) for name in classes] == [2] * 4
    assert min(np.diff(sorted(heights))) > 7


def test_codes_of_a_collapsed_posterior_are_drawn_inside_the_rings() -> None:
    xy, number = np.zeros((9, 2)), np.arange(9)
    info = ScatterInfo(xy, number, number, tuple("012345678"), ("x", "y"))
    note = {"title": "", "description": ""}
    png = printed_scatter(
        info, origin=np.array([0.5, 0]), marks={}, file_format="png", dpi=50, note=note
    )
    with Image.open(io.BytesIO(png)) as picture:
        assert max(picture.size) < 300


def test_a_path_that_is_not_asked_for_goes_from_one_class_to_another(checkpoint, tmp_path) -> None:
    with Image.open(_render(checkpoint, tmp_path / "path.png", "interpolation")) as picture:
        said = json.loads(picture.text["Description"])
    labels = checkpoint.latents.label[said["between"]]
    assert len(labels) == len(set(labels.tolist())) == 2


@pytest.mark.parametrize("kind", ["scatter", "manifold", "traversal"])
def test_a_pdf_is_one_and_names_what_it_shows(checkpoint, tmp_path, kind: str) -> None:
    content = _render(checkpoint, tmp_path / "picture.pdf", kind, f"--z {_text(A)}").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    said = json.loads(re.search(rb"/Subject \((.*?)\)", content)[1])
    assert (said["checkpoint"], said["kind"], said["z"]) == ("three", kind, [A])


def test_a_scatter_in_png_has_the_resolution_that_was_asked_for(checkpoint, tmp_path) -> None:
    sides = []
    for dpi in (50, 150):
        arguments = f"--view umap --scale {dpi}"
        with Image.open(_render(checkpoint, tmp_path / "s.png", "scatter", arguments)) as picture:
            sides.append(picture.size[0] / dpi)
            assert json.loads(picture.text["Description"])["view"] == "umap"
    assert sides[0] == pytest.approx(sides[1], rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("scatter {c} -o {o}/s.gif", ".gif"),
        ("samples {c} -o {o}/s.gif", ".gif"),
        ("manifold {c} -o {o}/s", "no format"),
        ("scatter {c} -o {o}/s.png --z 1,2", "length 2"),
        ("scatter {c} -o {o}/s.png --z 1,2,3 --view umap", "umap"),
        ("scatter {c} -o {o}/s.svg --scale 300", "300"),
        ("scatter {c} -o {o}/s.png --view tsne", "t-SNE"),
        ("scatter {c} -o {o}/s.png --view dims:0,3", "dims:0,3"),
        ("manifold {c} -o {o}/s.png --view umap", "umap"),
        ("manifold {c} -o {o}/s.png --row 360", "360"),
        ("manifold {c} -o {o}/s.png --row 3 --z 0,0,0", "--row"),
        ("manifold {c} -o {o}/s.png --spacing quantile --range 2", "--range"),
        ("manifold {c} -o {o}/s.png --scale 1200", "--scale"),
        ("interpolation {c} -o {o}/s.png --between 1,2 --z 0,0,0", "--between"),
        ("interpolation {c} -o {o}/s.png --between 7", "found 1"),
        ("interpolation {c} -o {o}/s.png --between 7,360", "360"),
        ("traversal {c} -o {o}/s.png --dims 1,3", "found 3"),
        ("reconstructions {c} -o {o}/s.png --rows 300-360", "360"),
        ("samples {c} -o {o}/none/s.png", "none"),
        ("samples {c} -o {o}/folder.png", "folder.png"),
        ("samples {o} -o {o}/s.png", "meta.json"),
        ("samples {o}/none -o {o}/s.png", "none"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(
    checkpoint, tmp_path, capsys, arguments: str, named: str
) -> None:
    (tmp_path / "folder.png").mkdir()
    filled = arguments.format(c=checkpoint.path, o=tmp_path).split()
    assert render.main(filled) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("render: ")
    assert named in said
    assert [file.name for file in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        *("--z 1,nan", "--z one", "--z 1e10", "--row -1", "--dims 3-1", "--dims 0-9999999"),
        *("--range 0", "--steps 1", "--steps 99999999999999999999", "--scale 0", "--rows 3"),
    ],
)
def test_an_argument_that_is_none_is_refused_before_anything_is_read(
    arguments: str, tmp_path, capsys
) -> None:
    with pytest.raises(SystemExit, match="2"):
        render.main(["traversal", "none", "-o", str(tmp_path / "t.png"), *arguments.split()])
    assert arguments.split(maxsplit=1)[0] in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
