"""GIF and WebM of a path and of a recorded drag, made in a real browser and read by others."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SHIPPED
from live_map import LiveMap, export, wait_until, z_of
from PIL import Image, ImageSequence
from playwright.sync_api import Download, Page, expect
from served_app import follow

from vae_explorer import load_checkpoint

pytestmark = pytest.mark.browser

# A path of 2 units to the right, there and back in 1.25 s; the map shows 8 units.
PATH = "checkpoint=mnist-2d&view=0,0,8&tool=interpolate&path=-1,1;1,1&speed=4"
SECONDS = 1.25
# Where the map begins in a frame, and the picture, of which each pixel is a square.
SIDE = 334
MAP, PICTURE, PIXEL = (10, 10), (SIDE + 20, 10), (610 - SIDE) / 28


def _saved(page: Page, file: str) -> Path:
    """Save a file by the menu, and return where it is."""
    with page.expect_download() as download:
        export(page, file)
    return Path(download.value.path())


def _frames(path: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    """Return what a GIF says of itself, its frames, (S, H, W, 3), and their milliseconds, (S,)."""
    with Image.open(path) as gif:
        assert gif.format == "GIF"
        info = dict(gif.info)
        frames = [
            (np.asarray(frame.convert("RGB")), frame.info["duration"])
            for frame in ImageSequence.Iterator(gif)
        ]
    pictures, durations = zip(*frames, strict=True)
    return info, np.stack(pictures).astype(int), np.array(durations)


def _picture(frame: np.ndarray) -> np.ndarray:
    """Return the decoded picture that stands in a frame, (28, 28)."""
    at = ((np.arange(28) + 0.5) * PIXEL).astype(int)
    return frame[np.ix_(PICTURE[1] + at, PICTURE[0] + at)].mean(axis=2)


def _decoded(*z: float) -> np.ndarray:
    with torch.no_grad():
        image = load_checkpoint(SHIPPED[0]).model.generate(torch.tensor([z], dtype=torch.float32))
    return 255 * image[0, 0].numpy()


def _handle_at(page: Page, frame: np.ndarray, x: float, y: float) -> bool:
    """Whether the handle's ring is about a place of the plane, by its colour."""
    colour = page.get_by_test_id("latent-map").evaluate(
        "root => getComputedStyle(root).getPropertyValue('--st-primary-color')"
    )
    accent = np.array([int(colour.strip()[k : k + 2], 16) for k in (1, 3, 5)])
    left, top = MAP[0] + SIDE * (x + 4) / 8, MAP[1] + SIDE * (4 - y) / 8
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = frame[
        np.round(top + 13 * np.sin(angles)).astype(int),
        np.round(left + 13 * np.cos(angles)).astype(int),
    ]
    return bool((np.abs(ring - accent).max(axis=1) < 60).mean() > 0.8)


def test_a_paths_gif_shows_handle_and_picture_there_and_back(page: Page, address: str) -> None:
    LiveMap.opened(page, address, PATH)
    info, frames, durations = _frames(_saved(page, "path-gif"))
    said = json.loads(info["comment"])
    assert said["checkpoint"] == "mnist-2d"
    assert said["path"] == "straight"
    np.testing.assert_allclose(said["z"], [[-1, 1], [1, 1]])
    assert info["loop"] == 0
    assert frames.shape[1:] == (SIDE + 20, 640, 3)
    assert len(frames) >= 12
    assert durations.sum() == pytest.approx(1000 * SECONDS, abs=10)
    # Half of the time is gone at B.
    middle = np.searchsorted(np.cumsum(durations) - durations, 500 * SECONDS)
    for frame, x in ((frames[0], -1), (frames[middle], 1)):
        assert _handle_at(page, frame, x, 1)
        assert not _handle_at(page, frame, -x, 1)
        # 255 colours serve points and greys alike.
        away = np.abs(_picture(frame) - _decoded(x, 1))
        assert away.mean() < 4
    # The caption changes with z.
    caption = np.s_[PICTURE[1] + 280 :, PICTURE[0] :]
    assert (frames[0][caption] != frames[middle][caption]).any()


def test_a_paths_webm_is_played_by_the_browser(page: Page, address: str) -> None:
    LiveMap.opened(page, address, PATH)
    content = _saved(page, "path-webm").read_bytes()
    assert content[:4] == b"\x1a\x45\xdf\xa3"
    tags = _element(content, b"\x12\x54\xc3\x67")
    names = {b"TITLE": "interpolation of mnist-2d", b"DESCRIPTION": None}
    for name, expected in names.items():
        assert _element(tags, b"\x45\xa3") == b"TITLE"
        if expected is None:
            said = json.loads(_element(tags[tags.index(name) :], b"\x44\x87"))
            np.testing.assert_allclose(said["z"], [[-1, 1], [1, 1]])
        else:
            assert _element(tags[tags.index(name) :], b"\x44\x87").decode() == expected
    page.goto("about:blank")
    width, height, duration, greys = page.evaluate(
        PLAY, [base64.b64encode(content).decode(), *PICTURE, PIXEL]
    )
    assert (width, height) == (1280, 2 * (SIDE + 20))
    assert duration == pytest.approx(SECONDS, abs=0.05)
    # Edges are soft after many frames; all greys are as dark as they were.
    for found, x, least in zip(greys, (-1, 1), (2, 6), strict=True):
        away = np.abs(np.array(found).reshape(28, 28) - _decoded(x, 1))
        assert away.mean() < least


# The browser's own player: size, duration, and the decoded picture's greys at A and at B.
PLAY = """async ([text, left, top, pixel]) => {
    const video = document.createElement('video');
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const until = kind => new Promise((done, failed) => {
        video.addEventListener(kind, done, { once: true });
        video.addEventListener('error', () => failed(video.error.message), { once: true });
    });
    const opened = until('loadeddata');
    video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/webm' }));
    await opened;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const greys = [];
    for (const share of [0.001, 0.5]) {
        const sought = until('seeked');
        video.currentTime = share * video.duration;
        await sought;
        context.drawImage(video, 0, 0);
        greys.push(Array.from({ length: 28 * 28 }, (_, k) => {
            const [x, y] = [k % 28, Math.floor(k / 28)];
            const at = [2 * (left + pixel * (x + 0.5)), 2 * (top + pixel * (y + 0.5))];
            return context.getImageData(...at, 1, 1).data[1];
        }));
    }
    return [video.videoWidth, video.videoHeight, video.duration, greys];
}"""


def _element(content: bytes, name: bytes) -> bytes:
    """Return what is in the first element of EBML of a name, whose length has eight bytes."""
    at = content.index(name) + len(name)
    assert content[at] == 1
    length = int.from_bytes(content[at + 1 : at + 8], "big")
    return content[at + 8 : at + 8 + length]


def test_a_recorded_drag_is_saved(page: Page, address: str) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-2d&view=0,0,8&z=-1,1")
    menu = page.get_by_test_id("export-menu")
    page.get_by_role("button", name="Export ▾").click()
    expect(menu.get_by_test_id("export-recorded-drag-gif")).to_be_disabled()
    export(page, "recorded-drag-record")
    expect(menu).to_be_hidden()
    page.get_by_test_id("handle").focus()
    for _ in range(5):
        before = live.z
        page.keyboard.press("ArrowRight")
        wait_until(page, lambda before=before: live.z[0] > before[0])
    page.get_by_role("button", name="Stop").click()
    # What can be saved now is on show.
    info, frames, _ = _frames(_saved(page, "recorded-drag-gif"))
    said = json.loads(info["comment"])
    np.testing.assert_allclose(said["z"], [[-1, 1], live.z], atol=1e-5)
    assert len(frames) >= 2
    for frame, x in ((frames[0], -1), (frames[-1], live.z[0])):
        assert _handle_at(page, frame, x, 1)
        assert np.abs(_picture(frame) - _decoded(x, 1)).mean() < 4


def test_the_page_lives_on_while_a_file_is_made_and_it_can_be_cancelled(
    page: Page, address: str
) -> None:
    live = LiveMap.opened(
        page, address, PATH.replace("speed=4", "speed=0.25") + "&layers=points,grid"
    )
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108
    export(page, "path-webm")
    said = page.get_by_test_id("export-said")
    expect(said).to_contain_text("%")
    before = live.z
    page.get_by_test_id("handle").press("ArrowRight")
    wait_until(page, lambda: not np.array_equal(z_of(live.picture), before))
    # The menu is closed, but its button says how far it is.
    progress = page.get_by_role("button", name="%")
    progress.click()
    expect(page.get_by_test_id("export-path-gif")).to_be_disabled()
    # What is quick can be saved meanwhile.
    assert json.loads(_saved(page, "data-json").read_text())["checkpoints"]
    expect(said).to_contain_text("%")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_test_id("export-path-gif")).to_be_enabled()
    expect(said).to_be_empty()
    # Leaving the page cancels, too: nothing of it is heard on the next one.
    export(page, "path-gif")
    expect(said).to_contain_text("%")
    follow(page, "Model")
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert [one.suggested_filename for one in downloads] == ["mnist-2d-codes.json"]


def test_without_an_encoder_the_menu_says_why_there_is_no_video(page: Page, address: str) -> None:
    page.add_init_script("delete globalThis.VideoEncoder")
    LiveMap.opened(page, address, PATH)
    page.get_by_role("button", name="Export ▾").click()
    webm = page.get_by_test_id("export-path-webm")
    expect(webm).to_be_disabled()
    assert "WebCodecs" in webm.get_attribute("title")
    expect(page.get_by_test_id("export-path-gif")).to_be_enabled()
