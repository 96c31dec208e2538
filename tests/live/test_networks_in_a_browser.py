"""The app in a real browser: every page, its clicks, its links, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Serve
from playwright.sync_api import Page, expect
from served_app import ready

from vae_explorer import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("Explore", "Scatter", "Manifold", "Interpolate", "Reconstruct", "Model")
LINKS = (*PAGES, "Film", "Compare")
pytestmark = pytest.mark.browser


def _go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(r"/\?" if name == "Explore" else f"/{name.lower()}"))
    ready(page)


def _checked(page: Page) -> str:
    return page.locator("[data-testid=stSidebar] label:has(input:checked)").inner_text()


def _point(page: Page, chart: int, row: int) -> tuple[float, float]:
    """Return where on the screen a row of the latents is drawn."""
    return page.evaluate(
        """([chart, row]) => {
            const plot = document.querySelectorAll('.js-plotly-plot')[chart];
            const {xaxis, yaxis} = plot._fullLayout;
            const box = plot.getBoundingClientRect();
            for (const trace of plot._fullData) {
                const found = (trace.customdata || []).indexOf(row);
                if (found >= 0) return [
                    box.left + xaxis._offset + xaxis.d2p(trace.x[found]),
                    box.top + yaxis._offset + yaxis.d2p(trace.y[found]),
                ];
            }
        }""",
        [chart, row],
    )


def _lonely_row(path: Path) -> int:
    """Return the row of a code far from all others, so that a click can mean no other."""
    mean = load_checkpoint(path).latents.mean[:, :2]
    inner = np.flatnonzero(np.abs(mean).max(axis=1) < np.quantile(np.abs(mean), 0.999))
    gaps = [np.partition(np.linalg.norm(mean - mean[row], axis=1), 1)[1] for row in inner]
    return int(inner[np.argmax(gaps)])


def _range(page: Page, chart: int = 0) -> list[float]:
    return page.evaluate(
        "chart => document.querySelectorAll('.js-plotly-plot')[chart]._fullLayout.xaxis.range",
        chart,
    )


def test_every_page_opens_on_every_checkpoint_without_a_console_error(
    page: Page, address: str, shipped: Path
) -> None:
    page.goto(f"{address}/?checkpoint={shipped.name}")
    ready(page)
    for name in PAGES:
        _go(page, name)
        assert shipped.name in _checked(page)
        assert f"checkpoint={shipped.name}" in page.url
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stAlertContentError").count() == 0


def test_a_first_visitors_link_opens_its_page_and_checkpoint(page: Page, serve: Serve) -> None:
    # A server of its own, because the first visit to a server is the one that can go wrong.
    with serve() as address:
        page.goto(f"{address}/manifold?checkpoint=mnist-20d")
        ready(page)
        expect(page.get_by_role("heading", name="What the decoder makes")).to_be_visible()
        links = page.get_by_test_id("stSidebarNav").get_by_role("link")
        assert [name for name in LINKS if name in "".join(links.all_inner_texts())] == list(LINKS)
        assert "mnist-20d" in _checked(page)
        assert page.title() == "VAE Explorer"


def test_a_click_shows_the_digit_and_keeps_the_zoom(page: Page, address: str) -> None:
    path = ROOT / "checkpoints" / "mnist-2d"
    latents, row = load_checkpoint(path).latents, _lonely_row(path)
    page.goto(f"{address}/scatter?checkpoint=mnist-2d")
    ready(page)
    x, y = _point(page, 0, row)
    before = _range(page)
    page.mouse.move(x, y)
    for _ in range(5):
        page.mouse.wheel(0, -100)
    page.wait_for_function(
        "([low, high]) => {"
        "const [l, h] = document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range;"
        "return h - l < 0.9 * (high - low)}",
        arg=before,
    )
    zoomed = _range(page)
    page.mouse.click(*_point(page, 0, row))
    title = f"{latents.label[row]} · test image {latents.index[row]}"
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    ready(page)
    np.testing.assert_allclose(_range(page), zoomed)


def test_clicked_digits_become_the_ends_in_turn_and_the_clicked_map_stays(
    page: Page, address: str
) -> None:
    path = ROOT / "checkpoints" / "mnist-2d"
    latents, row = load_checkpoint(path).latents, _lonely_row(path)
    page.goto(f"{address}/interpolate?checkpoint=mnist-2d")
    ready(page)
    said = page.get_by_text("Click a digit to set")
    expect(said).to_contain_text("to set A")
    shown, drawn = _range(page), page.locator(".stImage img").first.get_attribute("src")
    page.mouse.click(*_point(page, 0, row))
    expect(said).to_contain_text("to set B")
    expect(said).to_contain_text(f"A: {latents.label[row]} (test image {latents.index[row]})")
    ready(page)
    np.testing.assert_allclose(_range(page), shown)
    expect(page.locator(".stImage img").first).not_to_have_attribute("src", drawn)


def test_the_legend_hides_a_class_with_its_name(page: Page, address: str) -> None:
    page.goto(f"{address}/scatter?checkpoint=mnist-2d")
    ready(page)
    page.locator(".legendtoggle").first.click()
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')._fullData"
        ".filter(t => t.visible === 'legendonly').length === 2"
    )


def test_the_path_plays_as_a_gif_and_files_download(page: Page, address: str) -> None:
    page.goto(f"{address}/interpolate?checkpoint=mnist-2d")
    ready(page)
    page.get_by_text("Play, there and back").click()
    film = page.locator(".stImage img").last
    expect(film).to_have_attribute("src", re.compile(r"\.gif"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download GIF").click()
    assert download.value.path().read_bytes()[:4] == b"GIF8"
    _go(page, "Manifold")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    assert download.value.path().read_bytes()[1:4] == b"PNG"


def test_settings_survive_a_change_of_page(page: Page, address: str) -> None:
    page.goto(f"{address}/manifold?checkpoint=mnist-2d")
    ready(page)
    page.get_by_role("radio", name="quantile").click()
    expect(page.get_by_text("quantile spacing")).to_be_visible()
    _go(page, "Scatter")
    _go(page, "Manifold")
    expect(page.get_by_text("quantile spacing")).to_be_visible()


def test_a_broken_folder_is_listed_and_the_rest_keeps_working(
    page: Page, tmp_path: Path, serve: Serve
) -> None:
    (tmp_path / "broken-one").mkdir()
    with serve(VAE_EXPLORER_CHECKPOINTS=str(tmp_path)) as address:
        page.goto(address)
        ready(page)
        sidebar = page.get_by_test_id("stSidebar")
        expect(sidebar).to_contain_text("broken-one")
        expect(sidebar).to_contain_text("meta.json: found no such file")
        assert "mnist-2d" in _checked(page)
