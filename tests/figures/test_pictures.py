"""Mosaics and PNG files, read back with Pillow."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vae_explorer.figures.pictures import mosaic, png_bytes

RNG = np.random.default_rng(0)


def test_a_mosaic_lays_images_row_by_row_from_the_top_left() -> None:
    images = RNG.random((6, 1, 4, 5))
    picture = mosaic(images, columns=3)
    assert picture.shape == (8, 15, 1)
    np.testing.assert_array_equal(picture[:4, 10:15, 0], np.rint(images[2, 0] * 255))
    np.testing.assert_array_equal(picture[4:, :5, 0], np.rint(images[3, 0] * 255))


def test_gaps_and_missing_images_are_grey() -> None:
    picture = mosaic(np.zeros((3, 3, 2, 2)), columns=2, gap=1)
    assert picture.shape == (5, 5, 3)
    assert (picture[2] == 128).all()
    assert (picture[3:, 3:] == 128).all()
    assert (picture[:2, :2] == 0).all()


def test_values_outside_the_range_are_clipped_not_wrapped() -> None:
    assert mosaic(np.array([-0.5, 1.5]).reshape(1, 1, 1, 2), 1).ravel().tolist() == [0, 255]


def test_a_png_holds_every_pixel_enlarged() -> None:
    for channels in (1, 3):
        picture = RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8)
        opened = np.asarray(Image.open(io.BytesIO(png_bytes(picture, scale=3))))
        np.testing.assert_array_equal(
            opened.reshape(15, 21, channels), picture.repeat(3, 0).repeat(3, 1)
        )


def test_a_large_picture_is_enlarged_less() -> None:
    picture = RNG.integers(0, 256, (3, 1500, 1), dtype=np.uint8)
    assert Image.open(io.BytesIO(png_bytes(picture, scale=8))).size == (3000, 6)
