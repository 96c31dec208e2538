"""One file that runs anywhere: opened as a reader opens it, from disk and with no network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SHIPPED, Serve, watched
from live_map import LiveMap, pixels_of, wait_until, z_of
from playwright.sync_api import Browser, Page, expect
from websockets.sync.client import ClientConnection, connect

from vae_explorer import export, load_checkpoint, show
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.data import Dataset, Split
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo

pytestmark = pytest.mark.browser

# Grey values, of 255: what weights of 8 bits move a decoded pixel by, at most and on average.
FARTHEST, USUAL = 26, 2


@contextmanager
def _few_measured() -> Iterator[None]:
    """Measure on a few test images: what is held here is not how many nats they move."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "vae_explorer.vae.objective.mean_elbo",
            lambda model, test: mean_elbo(model, Split(test.images[:400], test.labels[:400])),
        )
        yield


def _talk(path: Path, *links: str) -> Path:
    scenes = [{"link": link, "caption": f"**{link[:4]}**"} for link in links]
    path.write_text(json.dumps({"format": "vae-explorer-scenes", "version": 1, "scenes": scenes}))
    return path


@pytest.fixture(scope="module")
def both(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both shipped checkpoints in one file, with their encoders."""
    file = tmp_path_factory.mktemp("exported") / "both # 100 %.html"
    with _few_measured():
        assert export.main([*map(str, SHIPPED), "--html", str(file), "--originals", "3"]) == 0
    return file


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A tab without a network, which may ask for its own file alone; no console errors."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
    tab = context.new_page()
    tab.asked = []
    tab.on("request", lambda request: tab.asked.append(request.url))
    watching = watched(tab)
    next(watching)
    tab.forgiven.append("foreign host: file:")
    yield tab
    with pytest.raises(StopIteration):
        next(watching)
    context.close()
    local = [url for url in tab.asked if not url.startswith(("data:", "blob:", "about:"))]
    assert {url.split("?")[0] for url in local} <= {url.split("?")[0] for url in local[:1]}


class ExportedMap(LiveMap):
    def wait(self) -> None:
        self.page.locator("[data-testid=latent-map] [data-testid=decoded][data-z]").first.wait_for()


def _like_torch(shown: ExportedMap, checkpoint: Path) -> None:
    """Hold that the picture is what PyTorch decodes from its z, but for 8 bits."""
    with torch.no_grad():
        model = load_checkpoint(checkpoint).model
        expected = model.generate(torch.tensor(shown.z[None], dtype=torch.float32))[0, 0]
    off = np.abs(pixels_of(shown.picture) - 255 * expected.numpy())
    assert off.max() < FARTHEST
    assert off.mean() < USUAL


def test_it_opens_from_disk_and_follows_the_handle(both: Path, offline: Page) -> None:
    assert both.stat().st_size < 10e6
    offline.goto(both.as_uri())
    shown = ExportedMap(offline)
    _like_torch(shown, SHIPPED[0])
    before = shown.z
    shown.drag_handle(90, 60)
    assert np.abs(shown.z - before).max() > 0.3
    _like_torch(shown, SHIPPED[0])
    # What is drawn reaches the encoder.
    offline.locator("[data-testid=draw-pad][data-enabled=true]").wait_for()
    shown.draw([(40, 20), (40, 70)])
    expect(offline).to_have_url(re.compile(r"[?&]z="))
    # Lattices are decoded in workers.
    offline.get_by_role("button", name="Grid").click()
    offline.locator("[data-testid=grid][data-cells]").wait_for(state="attached")


def test_its_tabs_and_checkpoints_are_in_its_address(both: Path, offline: Page) -> None:
    offline.goto(both.as_uri())
    ExportedMap(offline)
    offline.get_by_test_id("picker").select_option("mnist-20d")
    offline.locator("[data-testid=z-slider][data-dim='19']").wait_for()
    shown = ExportedMap(offline)
    _like_torch(shown, SHIPPED[1])
    assert not offline.locator("[data-testid=tab][data-page=film]").is_visible()
    shown.drag_handle(50, 20)
    z = shown.z
    address = ",".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in z[:1])
    wait_until(offline, lambda: f"z={address}," in offline.url)
    offline.reload()
    np.testing.assert_allclose(ExportedMap(offline).z, z, atol=1e-3)

    offline.locator("[data-testid=tab][data-page=compare]").click()
    pictures = offline.locator("[data-testid=panel] [data-testid=decoded][data-z]")
    wait_until(offline, lambda: pictures.count() == 2)
    assert [len(z_of(pictures.nth(k))) for k in range(2)] == [2, 20]
    offline.get_by_test_id("picker").select_option("mnist-2d")
    offline.locator("[data-testid=tab][data-page=film]").click()
    offline.locator("[data-testid=film-picture][data-place]").wait_for()
    assert "page=film" in offline.url
    offline.reload()
    offline.locator("[data-testid=film-picture][data-place]").wait_for()


def test_originals_are_shown_where_they_are_in_the_file(
    both: Path, offline: Page, mnist: Dataset
) -> None:
    offline.goto(f"{both.as_uri()}?image=0")
    ExportedMap(offline)
    original = offline.get_by_test_id("original")
    original.wait_for()
    assert np.array_equal(pixels_of(original), mnist.test.images[0, 0].numpy())
    offline.goto(f"{both.as_uri()}?image=1")
    ExportedMap(offline)
    offline.get_by_text("not in this file").wait_for()


def test_without_encoders_it_is_half_as_large_and_has_what_its_talk_selects(
    mnist: Dataset, tmp_path: Path, offline: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    links = ("explore?checkpoint=mnist-2d&image=5", "explore?checkpoint=mnist-2d&drawing=AA")
    talk, file = _talk(tmp_path / "talk.json", *links), tmp_path / "small.html"
    arguments = ("--html", str(file), "--no-encoder", "--scenes", str(talk))
    with _few_measured():
        assert export.main([*map(str, SHIPPED), *arguments]) == 0
    assert "scene 2" in capsys.readouterr().out
    assert file.stat().st_size < 5.5e6
    offline.goto(f"{file.as_uri()}?page=explore&checkpoint=mnist-2d&image=5")
    shown = ExportedMap(offline)
    original = offline.get_by_test_id("original")
    original.wait_for()
    assert np.array_equal(pixels_of(original), mnist.test.images[5, 0].numpy())
    shown.drag_handle(90, 60)
    _like_torch(shown, SHIPPED[0])
    assert not offline.get_by_test_id("draw-pad").is_visible()


def _save_tiny(path: Path, config: ModelConfig, **record: object) -> Path:
    """Save an untrained model in a folder, and return the folder."""
    shipped = load_checkpoint(SHIPPED[0])
    codes = np.random.default_rng(0).normal(size=(9, config.latent_dim)).astype(np.float32)
    latents = Latents(codes, codes, np.arange(9), np.arange(9))
    meta = replace(
        shipped.meta,
        name=path.name,
        model=config,
        dataset=replace(shipped.meta.dataset, checksum="0" * 64, **record),
        kl_by_dimension=[0.5] * config.latent_dim,
    )
    torch.manual_seed(0)
    save_checkpoint(path, VAE(config), meta, [], latents)
    return path


TINY = ModelConfig((1, 6, 6), latent_dim=3, hidden=(4,))
HOSTILE = "</script><img src=x onerror=alert(1)><!--"


def test_texts_of_checkpoints_stay_texts(tmp_path: Path, offline: Page) -> None:
    classes = (HOSTILE[:30], *(f"<script>{k}" for k in range(9)))
    folder = _save_tiny(tmp_path / "<!--<script>tiny & 'small'", TINY, classes=classes)
    file = tmp_path / "tiny.html"
    assert (
        export.main([str(folder), str(folder.parent / "." / folder.name), "--html", str(file)]) == 0
    )
    offline.goto(file.as_uri())
    shown = ExportedMap(offline)
    assert folder.name in offline.title()
    assert offline.locator("img, main b script").count() == 0
    assert offline.get_by_text("<script>3").count()
    shown.drag_handle(40, 30)
    policy = offline.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert "default-src 'none'" in policy
    # The policy holds: this page may ask for nothing.
    assert offline.evaluate("fetch('data:,x').then(() => 'asked', () => 'refused')") == "refused"
    offline.forgiven.append("Content Security Policy")
    offline.forgiven.append("violates")


def test_it_opens_with_a_talk(tmp_path: Path, offline: Page) -> None:
    folders = [_save_tiny(tmp_path / name, TINY) for name in ("one", "two")]
    links = ("explore?checkpoint=one&z=1,2,3", "compare?compare=two/one", "?checkpoint=two&image=3")
    talk, file = _talk(tmp_path / "talk.json", *links), tmp_path / "talk.html"
    arguments = [*map(str, folders), "--html", str(file), "--scenes", str(talk)]
    assert export.main(arguments) == 0
    offline.goto(file.as_uri())
    stage = offline.get_by_test_id("stage")
    first = stage.locator("[data-testid=decoded][data-z]").first
    first.wait_for()
    assert list(z_of(first)) == [1, 2, 3]
    offline.keyboard.press("PageDown")
    stage.locator("xpath=self::*[@data-scene='2']").wait_for()
    pictures = stage.locator("[data-testid=panel] [data-testid=decoded][data-z]")
    wait_until(offline, lambda: pictures.count() == 2)
    offline.reload()
    stage.locator("xpath=self::*[@data-scene='2']").wait_for()
    # An original that is not in the file leaves its place to the others.
    offline.keyboard.press("End")
    stage.get_by_test_id("reconstruction").wait_for()
    missing = stage.get_by_text("not in this file")
    missing.wait_for(state="attached")
    expect(missing).to_be_hidden()
    offline.keyboard.press("Escape")
    stage.wait_for(state="detached")
    offline.locator("[data-testid=tab][data-page=explore]").click()
    ExportedMap(offline)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("film?checkpoint=one", "no film"),
        ("explore?checkpoint=mnist-2d", "the checkpoint mnist-2d"),
        ("compare?compare=one/other", "several shapes"),
        ("model?checkpoint=one", "page"),
    ],
)
def test_a_talk_that_the_file_could_not_show_is_refused(
    link: str, found: str, tmp_path: Path
) -> None:
    one = _save_tiny(tmp_path / "one", TINY)
    other = _save_tiny(tmp_path / "other", replace(TINY, image_shape=(1, 5, 5)))
    talk = _talk(tmp_path / "talk.json", "explore?checkpoint=one", link)
    with pytest.raises(ValueError, match=rf"talk\.json: scene 2: .*{found}"):
        show(one, other, scenes=talk)


def test_a_notebook_shows_it_in_a_frame(tmp_path: Path, offline: Page) -> None:
    folder = _save_tiny(tmp_path / "tiny", TINY)
    html = tmp_path / "notebook.html"
    html.write_text(f"<!DOCTYPE html><body>{show(folder)._repr_html_()}", encoding="utf-8")
    offline.goto(html.as_uri())
    inside = offline.frame_locator("iframe")
    picture = inside.locator("[data-testid=latent-map] [data-testid=decoded][data-z]").first
    picture.wait_for()
    before = z_of(picture)
    inside.get_by_test_id("handle").focus()
    offline.keyboard.press("ArrowRight")
    wait_until(offline, lambda: not np.allclose(z_of(picture), before))


@pytest.mark.parametrize(
    "opened",
    [
        ("model?checkpoint=mnist-2d", "[data-testid=latent-map]"),
        ("present", "[data-testid=stage][data-scene='1']"),
    ],
    ids=["model", "present"],
)
def test_the_app_offers_it(
    serve: Serve, page: Page, tmp_path: Path, offline: Page, opened: tuple[str, str]
) -> None:
    place, seen = opened
    # Without the data set nothing is measured, and it does not take long.
    with serve(VAE_EXPLORER_DATA=str(tmp_path)) as address:
        page.goto(f"{address}/{place}")
        with page.expect_download() as download:
            page.get_by_test_id("stDownloadButton").get_by_role("button").click()
        download.value.save_as(tmp_path / "page.html")
    offline.goto((tmp_path / "page.html").as_uri())
    offline.locator(seen).wait_for()
    _like_torch(ExportedMap(offline), SHIPPED[0])


def test_one_file_holds_checkpoints_of_at_most_four_image_shapes(tmp_path: Path) -> None:
    folders = [
        _save_tiny(tmp_path / str(side) / "one", replace(TINY, image_shape=(1, side, side)))
        for side in (4, 5, 6, 7, 8)
    ]
    text = export.export_page([*folders[:4], *folders[:1]]).decode()
    contents = json.loads(re.search(r'id="contents">(.*?)</script>', text)[1])
    assert len({checkpoint["name"] for checkpoint in contents["checkpoints"]}) == 4
    assert contents["comparisons"] == []
    with pytest.raises(ValueError, match=r"5 image shapes"):
        export.export_page(folders)
    with pytest.raises(ValueError, match="at least one"):
        export.export_page([])


@pytest.mark.parametrize("kind", ["missing", "broken", "large", "flat", "folder", "nowhere"])
def test_what_cannot_be_exported_is_said_in_a_line_and_nothing_is_written(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html"
    file.write_text("before")
    configs = {
        "large": replace(TINY, hidden=(3000, 3000)),
        "flat": replace(TINY, latent_dim=1),
    }
    folder = tmp_path / "one"
    if kind != "missing":
        _save_tiny(folder, configs.get(kind, TINY))
    if kind == "broken":
        (folder / "model.safetensors").write_bytes(b"{}" * 40)
    there = set(tmp_path.iterdir())
    html = {"folder": tmp_path, "nowhere": tmp_path / "no" / "page.html"}.get(kind, file)
    assert export.main([str(folder), "--html", str(html)]) == 1
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "found" in line
    assert file.read_text() == "before"
    assert set(tmp_path.iterdir()) == there


def _drag_in_firefox(command: str, page: str, profile: Path) -> tuple[list[float], list[float]]:
    """Return the z of the picture before and after a drag of the handle, by WebDriver BiDi."""
    flags = ("--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0")
    with subprocess.Popen(
        [command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as firefox:
        try:
            found = next(
                found for line in firefox.stderr if (found := re.search(r"ws://\S+", line))
            )
            with connect(f"{found[0]}/session", max_size=None) as socket:
                return _drag(socket, page)
        finally:
            firefox.terminate()


def _drag(socket: ClientConnection, page: str) -> tuple[list[float], list[float]]:
    def call(method: str, **params: object) -> dict:
        socket.send(json.dumps({"id": 1, "method": method, "params": params}))
        while (answer := json.loads(socket.recv(60))).get("id") != 1:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]

    def run(script: str) -> list[float]:
        result = call("script.evaluate", expression=script, target=tab, awaitPromise=True)
        return json.loads(result["result"]["value"])

    def z_other_than(former: str) -> list[float]:
        return run(
            """new Promise((done) => {
                const look = () => {
                    const z = document.querySelector("[data-testid=decoded][data-z]")?.dataset.z;
                    if (z && z !== FORMER) done(z);
                    else setTimeout(look, 50);
                };
                look();
            })""".replace("FORMER", json.dumps(former))
        )

    call("session.new", capabilities={})
    tab = {"context": call("browsingContext.getTree")["contexts"][0]["context"]}
    call("browsingContext.navigate", **tab, url=page, wait="complete")
    before = z_other_than("")
    box = run(
        "JSON.stringify(document.querySelector('[data-testid=handle]').getBoundingClientRect())"
    )
    x, y = int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2)
    moves = [{"type": "pointerMove", "x": x + d, "y": y + d} for d in (0, 50)]
    held = [moves[0], {"type": "pointerDown", "button": 0}, moves[1]]
    mouse = {"type": "pointer", "id": "mouse", "actions": held}
    call("input.performActions", **tab, actions=[mouse])
    return before, z_other_than(json.dumps(before, separators=(",", ":")))


def test_firefox_drags_it_too(both: Path, tmp_path: Path) -> None:
    command = shutil.which("firefox-esr") or shutil.which("firefox")
    if command is None:
        pytest.skip("no Firefox on the PATH; apt-get install firefox-esr")
    (tmp_path / "profile").mkdir()
    before, after = _drag_in_firefox(command, both.as_uri(), tmp_path / "profile")
    assert np.abs(np.subtract(after, before)).max() > 0.2
