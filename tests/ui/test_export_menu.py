"""What the menu Export saves from Explore, Compare and Film, read by others than who wrote it."""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SHIPPED
from live_map import LiveMap, export, wait_until, z_of
from PIL import Image
from playwright.sync_api import Page, expect

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.folder import load_latents, load_meta
from vae_explorer.checkpoint.meta import write_meta
from vae_explorer.export import export_page
from vae_explorer.vae.model import VAE

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SVG, DC = "{http://www.w3.org/2000/svg}", "{http://purl.org/dc/elements/1.1/}"
Save = Callable[..., bytes]


@pytest.fixture
def save(page: Page) -> Save:
    """Return what saves a file by the menu, such as `path-gif`, at a scale."""

    def saving(file: str, scale: int = 2) -> bytes:
        opener = page.get_by_role("button", name="Export ▾")
        if opener.get_attribute("aria-expanded") == "false":
            opener.click()
        page.get_by_label("Scale", exact=True).select_option(str(scale))
        with page.expect_download() as download:
            export(page, file)
        return Path(download.value.path()).read_bytes()

    return saving


def _said(png: bytes) -> dict[str, object]:
    return json.loads(Image.open(io.BytesIO(png)).text["Description"])


def _points(svg: ET.Element) -> int:
    """Return how many points the maps of a figure have."""
    groups = svg.findall(f".//{SVG}g[@id='points']")
    return sum(path.get("d").count("M") for group in groups for path in group)


@cache
def _model(name: str) -> VAE:
    return load_checkpoint(ROOT / "checkpoints" / name).model


def _decoded(name: str, z: object) -> np.ndarray:
    """Return what the checkpoint itself makes of a code, (H, W), 0 to 255."""
    with torch.no_grad():
        image = _model(name).generate(torch.tensor([z], dtype=torch.float32))
    return 255 * image[0, 0].numpy()


def test_a_map_is_a_figure_with_all_that_is_on_it(page: Page, address: str, save: Save) -> None:
    query = "checkpoint=mnist-2d&tool=interpolate&image=11&z=0.5,-1.2&path=3;5;-1,2"
    live = LiveMap.opened(page, address, f"{query}&view=0.5,0,6&hide=4")
    svg = ET.fromstring(save("map-svg"))
    latents = load_latents(ROOT / "checkpoints/mnist-2d")
    # In view, and of a class that is shown.
    near = (np.abs(latents.mean - [0.5, 0]) <= 3).all(axis=1) & (latents.label != 4)
    assert abs(_points(svg) - near.sum()) <= 2
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert {*(f"z{d} (prior standard deviations)" for d in (0, 1)), "−2", "0", "2"} <= set(texts)
    assert {"A", "B", "C"} <= set(texts)
    # On the map and in the legend; of the hidden class in neither.
    assert texts.count("7") == 2
    assert "4" not in texts
    said = json.loads(svg.findtext(f".//{DC}description"))
    assert said["checkpoint"] == "mnist-2d"
    np.testing.assert_allclose(said["z"], [z_of(live.picture)])
    # As any program draws it: nothing is cut, and looks do not hang on a style sheet.
    assert not list(svg.iter(f"{SVG}style"))
    assert not any("class" in part.attrib for part in svg.iter())
    sizes = []
    for scale in (1, 3):
        with Image.open(io.BytesIO(save("map-png", scale))) as picture:
            sizes.append(picture.size)
            # So large that it prints as sharp as it is.
            assert picture.info["dpi"] == pytest.approx((96 * scale,) * 2, abs=0.1)
            pixels = np.asarray(picture.convert("RGB"))
    assert sizes[0] == (int(svg.get("width")), int(svg.get("height")))
    assert sizes[1] == (3 * sizes[0][0], 3 * sizes[0][1])
    edge = np.concatenate([pixels[[0, -1]].reshape(-1, 3), pixels[:, [0, -1]].reshape(-1, 3)])
    assert (edge == edge[0]).all()


def test_pictures_are_those_of_the_model_pixel_by_pixel(
    page: Page, address: str, save: Save
) -> None:
    query = "checkpoint=mnist-2d&tool=manifold&lattice=5,2&height=0.5&z=0.7,-1.25"
    live = LiveMap.opened(page, address, query)
    page.get_by_test_id("grid").and_(page.locator("[data-cells='5x5']")).wait_for()
    expect(page.get_by_test_id("row-strip").locator("canvas[data-z]")).to_have_count(5)
    found = {}
    for scale in (1, 4):
        png = save("picture-png", scale)
        with Image.open(io.BytesIO(png)) as picture:
            found[scale] = picture.width
            square = picture.width // 28
            pixels = np.asarray(picture.convert("L"))[::square, ::square]
        [z] = _said(png)["z"]
        np.testing.assert_allclose(z, z_of(live.picture))
        np.testing.assert_allclose(pixels, _decoded("mnist-2d", z), atol=1.1)
    assert found[4] == 4 * found[1]
    strip = save("steps-or-row-png", 1)
    said = _said(strip)
    np.testing.assert_allclose(said["z"], [[-2, 0.5], [2, 0.5]], atol=1e-5)
    with Image.open(io.BytesIO(strip)) as picture:
        square = picture.height // 28
        pixels = np.asarray(picture.convert("L"))[::square, ::square]
    for k, x in enumerate(np.linspace(-2, 2, 5)):
        step = pixels[:, 29 * k : 29 * k + 28]
        np.testing.assert_allclose(step, _decoded("mnist-2d", [x, 0.5]), atol=1.1)
    svg = ET.fromstring(save("map-svg"))
    [image] = svg.iter(f"{SVG}image")
    lattice = Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2])))
    assert lattice.width > 1000


def test_codes_are_saved_as_json_and_csv(page: Page, address: str, save: Save) -> None:
    query = "checkpoint=mnist-20d&tool=interpolate&image=11&path=3;5&steps=4"
    live = LiveMap.opened(page, address, query)
    expect(page.get_by_test_id("path-strip").locator("canvas[data-z]")).to_have_count(4)
    latents = load_latents(ROOT / "checkpoints/mnist-20d")
    [numbers] = json.loads(save("data-json"))["checkpoints"]
    np.testing.assert_allclose(numbers["z"], z_of(live.picture), rtol=1e-6)
    selection = numbers["selection"]
    assert (selection["index"], selection["class"]) == (
        int(latents.index[11]),
        str(latents.label[11]),
    )
    np.testing.assert_allclose(selection["mean"], latents.mean[11], atol=1e-3)
    np.testing.assert_allclose(selection["variance"], np.exp(latents.logvar[11]), rtol=5e-3)
    rows = list(csv.DictReader(io.StringIO(save("data-csv").decode())))
    assert [row["what"] for row in rows] == [
        *("z", "mean", "variance", "end A", "end B"),
        *(f"step {k}" for k in range(1, 5)),
    ]
    codes = np.array([[float(row[f"z{d}"]) for d in range(20)] for row in rows])
    np.testing.assert_allclose(codes[0], numbers["z"])
    expected = np.linspace(latents.mean[3], latents.mean[5], 4)
    np.testing.assert_allclose(codes[5:], expected, atol=2e-3)
    assert rows[3]["index"] == str(latents.index[3])
    # Who goes by keys saves one file after the other, and leaves the menu.
    again = page.get_by_test_id("export-map-png")
    with page.expect_download():
        again.press("Enter")
    expect(again).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("export-menu")).to_be_hidden()
    # With nothing to save, a button says why.
    page.get_by_role("button", name="Clear path").click()
    page.get_by_role("button", name="Export ▾").click()
    button = page.get_by_test_id("export-path-gif")
    expect(button).to_be_disabled()
    assert "Interpolate" in button.get_attribute("title")


def test_compared_maps_are_side_by_side(page: Page, address: str, save: Save) -> None:
    page.goto(f"{address}/compare?compare=mnist-2d/mnist-20d&image=7")
    expect(page.locator("[data-testid=panel] [data-testid=decoded][data-z]")).to_have_count(2)
    panels = page.locator("[data-testid=panel] .lm-picture [data-testid=decoded]")
    wait_until(page, lambda: page.locator("[data-testid=posterior][d]").count() == 4)
    svg = ET.fromstring(save("map-svg"))
    assert _points(svg) > 15_000
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"mnist-2d", "mnist-20d"} <= set(texts)
    assert {f"{axis} (prior standard deviations)" for axis in ("z0", "PC 1")} <= set(texts)
    png = save("picture-png", 1)
    said = _said(png)
    assert said["checkpoint"] == ["mnist-2d", "mnist-20d"]
    with Image.open(io.BytesIO(png)) as picture:
        square = picture.height // 28
        pixels = np.asarray(picture.convert("L"))[::square, ::square]
    for k, name in enumerate(said["checkpoint"]):
        [z] = said["z"][k]
        np.testing.assert_allclose(z, z_of(panels.nth(k)))
        own = pixels[:, 29 * k : 29 * k + 28]
        np.testing.assert_allclose(own, _decoded(name, z), atol=1.1)
    rows = list(csv.reader(io.StringIO(save("data-csv").decode())))
    assert {len(row) for row in rows} == {5 + 20}


def test_a_moment_of_a_film_is_saved(page: Page, address: str, save: Save) -> None:
    page.goto(f"{address}/film?checkpoint=mnist-2d")
    page.locator("[data-testid=film-picture][data-place]").wait_for()
    page.get_by_test_id("film-slider").fill("0")
    wait_until(page, lambda: "epoch 0.00" in page.get_by_test_id("film-now").text_content())
    svg = ET.fromstring(save("map-svg"))
    said = json.loads(svg.findtext(f".//{DC}description"))
    assert (said["checkpoint"], said["epoch"]) == ("mnist-2d", 0)
    place = json.loads(page.get_by_test_id("film-picture").get_attribute("data-place"))
    np.testing.assert_allclose(said["z"], [place], atol=1e-4)
    assert len(list(svg.iter(f"{SVG}image"))) == 1
    with Image.open(io.BytesIO(save("lattice-png", 1))) as picture:
        assert picture.width % (20 * 28) == 0


def test_names_stay_text_in_the_files_of_an_exported_page(
    page: Page, tmp_path: Path, save: Save
) -> None:
    page.forgiven.append("file://")
    name = '=1+1,"x" <y>&'
    path = Path(shutil.copytree(SHIPPED[0], tmp_path / name))
    meta = load_meta(path)
    classes = ("+1", '@"b"', "<i>&", "a,b", "-=4", *meta.dataset.classes[5:])
    dataset = replace(meta.dataset, classes=classes)
    write_meta(path / "meta.json", replace(meta, dataset=dataset))
    file = tmp_path / "page.html"
    file.write_bytes(export_page([path], encoder=False, data_dir=tmp_path))
    images = load_latents(path).label.tolist()
    rows = [images.index(label) for label in range(5)]
    ends = ";".join(map(str, rows))
    page.goto(f"{file.as_uri()}?image={rows[1]}&tool=interpolate&path={ends}")
    page.locator("[data-testid=path-strip] canvas[data-z]").first.wait_for()
    svg = ET.fromstring(save("map-svg"))
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert set(classes) <= set(texts)
    assert json.loads(svg.findtext(f".//{DC}description"))["checkpoint"] == name
    assert _said(save("picture-png"))["checkpoint"] == name
    table = list(csv.DictReader(io.StringIO(save("data-csv").decode(), newline="")))
    # A spreadsheet would run a text that begins like a formula.
    assert {row["checkpoint"] for row in table} == {f"'{name}"}
    found = [row["class"] for row in table if row["what"].startswith("end")]
    assert found == ["'+1", '\'@"b"', "<i>&", "a,b", "'-=4"]
    assert json.loads(save("data-json"))["checkpoints"][0]["selection"]["class"] == classes[1]
