"""Glides from one state of the map to another, and the tour that is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHIPPED
from live_map import LiveMap
from playwright.sync_api import Page, expect

from vae_explorer import load_checkpoint
from vae_explorer.ui.loaders import load_live

pytestmark = pytest.mark.browser

# Mount Explore over the page in the place of its map, as a scene of a talk.
MOUNT = """async ([data, search]) => {
    const { href } = document.querySelector('link[href$="/map.css"]');
    const assets = new URL('.', href).pathname.replace(/[/]$/, '');
    const { mount } = await import(`${assets}/explore.js`);
    const parentElement = document.createElement('div');
    parentElement.style = 'position: fixed; inset: 0; z-index: 9999999; background: white';
    document.querySelector('[data-testid=latent-map]').remove();
    document.body.append(parentElement);
    data.base = { assets, live: assets.replace(/[/]assets.*/, ''), script: 'explore.js' };
    window.scene = await new Promise((opened) =>
        mount({ parentElement, data, scene: { search, seconds: 0, opened } }));
}"""
# Keep each code that is decoded from now on.
WATCH = """picture => {
    window.codes = [];
    const keep = () => codes.push(JSON.parse(picture.dataset.z));
    new MutationObserver(keep).observe(picture, { attributeFilter: ['data-z'] });
}"""


def _codes(page: Page) -> np.ndarray:
    """Return the codes that were decoded since they are watched, (n, D)."""
    return np.array(page.evaluate("codes"))


def _goes_straight(codes: np.ndarray, start: np.ndarray, end: np.ndarray) -> None:
    """Codes, (n, D), lie in order on the line from one to another, and some of them between."""
    way = end - start
    shares = (codes - start) @ way / (way @ way)
    np.testing.assert_allclose(codes, start + shares[:, None] * way, atol=1e-5)
    assert np.all(np.diff(shares) >= -1e-6)
    assert np.sum((shares > 0.01) & (shares < 0.99)) >= 3


def test_a_scene_glides_to_a_link_and_stops_at_a_press(page: Page, address: str) -> None:
    LiveMap.opened(page, address, "checkpoint=mnist-2d")
    page.evaluate(MOUNT, [dict(load_live(SHIPPED[0])), "z=1,1&view=0,0,8"])
    scene = LiveMap(page)
    before = page.url
    page.evaluate(WATCH, scene.picture.element_handle())
    page.evaluate("() => scene.glide('z=-0.5,-1.25&view=0,0,8&path=3;4&tool=interpolate', 1)")
    start, end = np.array([1.0, 1.0]), np.array([-0.5, -1.25])
    np.testing.assert_array_equal(scene.z, end)
    _goes_straight(_codes(page), start, end)

    # A glide begun during another goes on from there; a press ends it, and settles it.
    page.evaluate("() => { scene.glide('z=3,3&view=0,0,8', 60) }")
    page.evaluate("() => { window.second = scene.glide('image=7&view=0,0,8', 60) }")
    scene.until(lambda: len(_codes(page)) > 30)
    box = scene.box("surface")
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.evaluate("() => second")
    stopped = scene.z
    mean = load_checkpoint(SHIPPED[0]).latents.mean
    assert np.linalg.norm(stopped - mean[7]) > 0.05
    scene.settle()
    np.testing.assert_array_equal(scene.z, stopped)
    page.mouse.move(box["x"] + 60, box["y"] + 50)
    page.mouse.up()
    page.evaluate("() => scene.glide('image=7&view=0,0,8', 0)")
    np.testing.assert_allclose(scene.z, mean[7], atol=2e-3)
    assert page.url == before
    # A glide is one step.
    page.keyboard.press("Control+z")
    scene.until(lambda: np.array_equal(scene.z, stopped))


def test_a_tour_goes_from_class_to_class_until_somebody_touches_it(
    page: Page, address: str
) -> None:
    checkpoint = load_checkpoint(SHIPPED[0])
    mean, label = checkpoint.latents.mean, checkpoint.latents.label
    page.clock.install()
    tour = LiveMap.opened(page, address, "checkpoint=mnist-2d&z=0,0&view=0,0,12&tour=1")
    start = tour.z
    page.evaluate(WATCH, tour.picture.element_handle())
    members = mean[label == 0]
    first = members[np.argmin(np.linalg.norm(members - members.mean(axis=0), axis=1))]

    def far() -> np.ndarray:
        """How far from the first image each code is, (n,)."""
        return np.abs(_codes(page).reshape(-1, 2) - first).max(axis=1)

    tour.until(lambda: far().min(initial=1) < 2e-3)
    there = int(np.argmax(far() < 2e-3))
    codes = _codes(page)[: there + 1]
    _goes_straight(codes, start, codes[-1])
    # It goes on by itself; a touch ends it, for a minute.
    tour.until(lambda: far()[there:].max() > 0.1)
    said = page.get_by_test_id("message").first
    expect(said).not_to_be_empty()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.keyboard.press("Shift")
    expect(said).to_be_empty()
    left = tour.z
    page.clock.fast_forward(40_000)
    np.testing.assert_array_equal(tour.z, left)
    page.clock.fast_forward(25_000)
    tour.until(lambda: not np.array_equal(tour.z, left))
