"""What the Samples page shows, as files: read by Pillow and csv, beside what torch makes."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint import written
from conftest import Serve
from hypothesis import given, settings
from hypothesis import strategies as st
from live_map import wait_until
from PIL import Image
from playwright.sync_api import Locator, Page, TimeoutError, expect

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.folder import Checkpoint
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import DatasetRecord
from vae_explorer.checkpoint.text import cell_text
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE

CLASSES = ("=1+1", "-2", *"23456789")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """An untrained 3-D model of 8 x 8 pixels, with 40 codes, whose names are formulas."""
    written.save(tmp_path / "other", 1)
    torch.manual_seed(0)
    config = ModelConfig(image_shape=(1, 8, 8), latent_dim=3, hidden=(16,))
    model = VAE(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    record = DatasetRecord("digits", "0" * 64, CLASSES, 1437, 40)
    meta = replace(load_checkpoint(tmp_path / "other").meta, model=config, dataset=record)
    meta = replace(meta, name="=three", kl_by_dimension=[1.0] * 3)
    mean, logvar = np.random.default_rng(0).normal(size=(2, 40, 3)).astype(np.float32)
    latents = Latents(mean, logvar, np.arange(40) % 10, np.arange(40)[::-1])
    save_checkpoint(tmp_path / "=three", model, meta, [], latents)
    return load_checkpoint(tmp_path / "=three")


def _decoded(checkpoint: Checkpoint, z: np.ndarray) -> np.ndarray:
    """Return what torch makes of codes, (..., 8, 8) from 0 to 255."""
    with torch.no_grad():
        pixels = checkpoint.model.generate(torch.from_numpy(np.float32(z)).reshape(-1, 3))
    return pixels.numpy().reshape(*z.shape[:-1], 8, 8) * 255


def _file(button: Locator) -> bytes:
    """Click until a file comes: one that is asked for while the page runs again is lost."""
    for _ in range(4):
        with suppress(TimeoutError):
            with button.page.expect_download(timeout=10_000) as download:
                button.click()
            return Path(download.value.path()).read_bytes()
    raise AssertionError("no file came")


def _table(content: bytes) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return head, rows


def _codes(rows: list[list[str]]) -> np.ndarray:
    return np.array([[float(cell) for cell in row[-3:]] for row in rows])


def _cells(content: bytes, columns: int) -> np.ndarray:
    """Return the images of a PNG of exact pixels, (rows, columns, 8, 8)."""
    picture = np.asarray(Image.open(io.BytesIO(content))).astype(float)
    scale = (picture.shape[1] + 1) // (9 * columns - 1)
    assert scale > 1
    small = picture[::scale, ::scale]
    np.testing.assert_array_equal(np.kron(small, np.ones((scale, scale))), picture)
    framed = np.pad(small, (0, 1)).reshape(-1, 9, columns, 9)
    return framed.transpose(0, 2, 1, 3)[:, :, :8, :8]


@pytest.mark.browser
def test_what_is_shown_can_be_had_as_pictures_and_as_tables(
    checkpoint: Checkpoint, serve: Serve, page: Page, tmp_path: Path
) -> None:
    places = {
        "VAE_EXPLORER_CHECKPOINTS": str(tmp_path),
        "VAE_EXPLORER_DATA": str(tmp_path / "none"),
    }
    with serve(**places) as address:
        page.goto(f"{address}/samples?checkpoint=%3Dthree&prior=5&page=2&image=7")
        page.get_by_test_id("stPopoverButton").filter(has_text="Export").click()
        downloads = page.get_by_test_id("stDownloadButton").get_by_role("button")
        expect(downloads).to_have_count(8)
        png, table = (
            {
                kind: downloads.filter(has_text=kind).filter(has_text=ending)
                for kind in ("Reconstructions", "Prior", "Posterior", "Traversal")
            }
            for ending in ("PNG", "CSV")
        )
        mean, spread = checkpoint.latents.mean, np.exp(checkpoint.latents.logvar / 2)

        head, rows = _table(_file(table["Reconstructions"]))
        assert head == ["checkpoint", "image", "class", "z0", "z1", "z2"]
        expected = [["'=three", str(39 - row), CLASSES[row % 10]] for row in range(32, 40)]
        assert [row[:3] for row in rows] == expected
        np.testing.assert_array_equal(np.float32(_codes(rows)), mean[32:])
        found = _cells(_file(png["Reconstructions"]), 8)
        np.testing.assert_allclose(found[0], _decoded(checkpoint, mean[32:]), atol=1)

        prior = np.random.default_rng(5).standard_normal((64, 3))
        first = _file(png["Prior"])
        shown = _decoded(checkpoint, prior).reshape(8, 8, 8, 8)
        np.testing.assert_allclose(_cells(first, 8), shown, atol=1)
        said = json.loads(Image.open(io.BytesIO(first)).text["Description"])
        assert (said["checkpoint"], said["seed"], said["count"]) == ("=three", 5, 64)
        np.testing.assert_allclose(_codes(_table(_file(table["Prior"]))[1]), prior, atol=1e-5)

        noise = np.random.default_rng(0).standard_normal((16, 3))
        _, rows = _table(_file(table["Posterior"]))
        np.testing.assert_allclose(_codes(rows), mean[7] + spread[7] * noise, atol=1e-5)
        found = _cells(_file(png["Posterior"]), 4)
        np.testing.assert_allclose(
            found.reshape(16, 8, 8), _decoded(checkpoint, _codes(rows)), atol=1
        )

        head, rows = _table(_file(table["Traversal"]))
        for row, z in zip(rows, _codes(rows), strict=True):
            dimension, value = int(row[1]), float(row[2])
            expected = np.where(np.arange(3) == dimension, value, mean[7])
            np.testing.assert_allclose(z, expected, atol=1e-5)
        assert {int(row[1]) for row in rows} == {0, 1, 2}
        small = Image.open(io.BytesIO(_file(png["Traversal"])))
        assert json.loads(small.text["Description"])["dims"] == [int(row[1]) for row in rows[::13]]
        # The labels take room beside 13 x 3 images, six times as large.
        assert small.width > 13 * 9 * 5 + 40
        assert small.height > 3 * 9 * 5 + 10


@pytest.mark.browser
def test_files_follow_the_scale_and_the_parts_of_the_page(page: Page, address: str) -> None:
    page.goto(f"{address}/samples?checkpoint=mnist-2d")
    export = page.get_by_test_id("stPopoverButton").filter(has_text="Export")
    export.click()
    downloads = page.get_by_test_id("stDownloadButton").get_by_role("button")
    pictures = [
        downloads.filter(has_text=kind).filter(has_text="PNG") for kind in ("Prior", "Traversal")
    ]

    def sizes() -> np.ndarray:
        return np.array([Image.open(io.BytesIO(_file(button))).size for button in pictures])

    before = sizes()
    page.get_by_test_id("stPopoverBody").get_by_text("3×").click()
    wait_until(page, lambda: np.allclose(sizes(), 1.5 * before, rtol=0.02))

    # A part of the page that runs again by itself has its new files there, too.
    page.keyboard.press("Escape")
    seed = page.get_by_label("Seed of the prior samples")
    seed.fill("6")
    seed.press("Enter")
    page.wait_for_url("**prior=6*")
    export.click()
    _, rows = _table(_file(downloads.filter(has_text="Prior").filter(has_text="CSV")))
    codes = np.array([[float(cell) for cell in row[-2:]] for row in rows])
    expected = np.random.default_rng(6).standard_normal((64, 2))
    np.testing.assert_allclose(codes, expected, atol=1e-5)


@settings(deadline=None, derandomize=True, database=None, max_examples=300)
@given(st.lists(st.sampled_from([*"=+-@＝＠,;|\t\r\n\"' a1", "x"]), max_size=8).map("".join))
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    cell = cell_text(text)
    for separator in (None, ",", ";", "|", "\t"):
        for part in cell.split(separator) if separator else [cell]:
            assert not part.strip(' "').startswith(tuple("=+-@＝＋－＠")), (text, cell)
