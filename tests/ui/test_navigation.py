"""The bar over the pages, the address and the browser's history, and what only plotly draws."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from conftest import SHIPPED, watched
from playwright.sync_api import Browser, Locator, Page, expect
from prefix_proxy import prefix_proxy
from served_app import ROOT, follow, place_in_plot, ready, serve_app

from vae_explorer.checkpoint.folder import load_latents

pytestmark = pytest.mark.browser

PAGES = ("Explore", "Compare", "Film", "Projections", "Samples", "Model", "Present")


def _picker(page: Page) -> Locator:
    return page.get_by_test_id("stSelectbox").first


def _choose(page: Page, name: str) -> None:
    _picker(page).locator("input").click()
    page.get_by_role("option", name=name).click()
    expect(page).to_have_url(re.compile(f"checkpoint={name}"))


def test_every_page_is_one_step_in_the_history_and_keeps_the_checkpoint(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/?checkpoint=mnist-20d")
    ready(page)
    steps, current = page.evaluate("history.length"), page.locator("a[aria-current=page]")
    for count, name in enumerate(PAGES[3:6], 1):
        follow(page, name)
        ready(page)
        expect(page).to_have_url(f"{address}/{name.lower()}?checkpoint=mnist-20d")
        assert page.evaluate("history.length") == steps + count
    page.go_back()
    expect(current).to_have_text("Samples")
    expect(page).to_have_url(f"{address}/samples?checkpoint=mnist-20d")
    ready(page)
    _choose(page, "mnist-2d")
    ready(page)
    page.go_back()
    expect(current).to_have_text("Projections")
    # Back leads to what was there: the checkpoint too.
    expect(page.get_by_text("UMAP keeps neighbours together")).to_be_visible()
    page.go_forward()
    expect(current).to_have_text("Samples")
    expect(page).to_have_url(f"{address}/samples?checkpoint=mnist-2d")
    assert page.evaluate("history.length") == steps + 3


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("manifold", r"/\?.*tool=manifold"),
        ("interpolate", r"/\?.*tool=interpolate"),
        ("scatter", "/projections"),
        ("reconstruct", "/samples"),
    ],
)
def test_addresses_of_former_pages_open_what_has_taken_their_place(
    page: Page, address: str, former: str, now: str
) -> None:
    page.goto("about:blank")
    page.goto(f"{address}/{former}?checkpoint=mnist-20d")
    expect(page).to_have_url(re.compile(now))
    expect(page).to_have_url(re.compile("checkpoint=mnist-20d"))
    page.locator("a[aria-current=page]").wait_for()
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_the_app_works_below_a_path_that_only_its_proxy_knows(page: Page, address: str) -> None:
    with prefix_proxy(urlsplit(address).port, "/~/+") as shown:
        for query in ("?checkpoint=mnist-2d", "compare?compare=mnist-2d/mnist-20d"):
            page.goto(f"{shown}/{query}")
            ready(page)
        page.goto(f"{shown}/samples?checkpoint=mnist-20d")
        ready(page)
        follow(page, "Explore")
        ready(page)
        expect(page).to_have_url(re.compile(rf"^{re.escape(shown)}/\?checkpoint=mnist-20d"))
        page.goto(f"{shown}/manifold?checkpoint=mnist-20d")
        expect(page).to_have_url(re.compile(rf"^{re.escape(shown)}/\?.*tool=manifold"))
        ready(page)
        page.goto("about:blank")


@pytest.fixture(scope="module")
def old_clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as an old clone has it after a pull, with a folder that git has left behind.

    Among its checkpoints are two that cannot be opened.
    """
    clone, extra = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("extra")
    shutil.copytree(ROOT / "vae_explorer", clone / "vae_explorer")
    shutil.copytree(ROOT / ".streamlit", clone / ".streamlit")
    shutil.copy(ROOT / "app.py", clone)
    (clone / "checkpoints").symlink_to(ROOT / "checkpoints")
    (clone / "vae_explorer" / "ui" / "pages" / "__pycache__").mkdir(parents=True)
    for name in ("broken-one", "![a](https:www.example.com) & *b*"):
        (extra / name).mkdir()
    with serve_app(root=clone, VAE_EXPLORER_CHECKPOINTS=str(extra)) as served:
        yield served


def test_a_first_visitors_link_opens_its_page_and_checkpoint_in_an_old_clone_too(
    page: Page, old_clone: str
) -> None:
    page.goto(f"{old_clone}/samples?checkpoint=mnist-20d")
    page.get_by_role("heading", name="Traversal of every dimension").wait_for()
    links = page.get_by_role("navigation").get_by_role("link")
    assert links.all_inner_texts() == list(PAGES)
    for link, name in zip(links.all(), PAGES, strict=True):
        expect(link).to_have_accessible_name(name)
    assert "mnist-20d" in _picker(page).locator("input").input_value()
    assert page.title() == "VAE Explorer"
    page.goto("about:blank")


def test_folders_that_cannot_be_opened_are_listed_in_plain_words(
    page: Page, old_clone: str
) -> None:
    page.goto(f"{old_clone}/model?checkpoint=![no](http://www.example.com/such.png)")
    warning = page.get_by_test_id("stAlert")
    expect(warning).to_contain_text("which is not here")
    page.get_by_test_id("stPopoverButton").filter(visible=True).click()
    said = page.get_by_test_id("stPopoverBody")
    expect(said).to_contain_text("broken-one · ")
    expect(said).to_contain_text("meta.json: found no such file")
    expect(said).to_contain_text("& *b*")
    for place in (said, warning):
        assert place.locator("img, a").count() == 0
    page.goto("about:blank")


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    view = {"width": 390, "height": 844}
    context = browser.new_context(viewport=view, is_mobile=True, has_touch=True)
    yield from watched(context.new_page())
    context.close()


def test_on_a_phone_the_picker_leaves_both_menus_free(phone: Page, address: str) -> None:
    phone.goto(f"{address}/model?checkpoint=mnist-20d")
    ready(phone)
    menu = phone.get_by_test_id("stExpandSidebarButton")
    # Streamlit's status would lie over it.
    expect(phone.get_by_test_id("stStatusWidget").filter(visible=True)).to_have_count(0)
    picker = phone.locator(".st-key-picker").bounding_box()
    left, right = menu.bounding_box(), phone.get_by_role("button", name="Main menu").bounding_box()
    assert left["x"] + left["width"] <= picker["x"]
    assert picker["x"] + picker["width"] <= right["x"]
    menu.tap()
    phone.get_by_role("link", name="Samples", exact=True).tap()
    expect(phone).to_have_url(f"{address}/samples?checkpoint=mnist-20d")
    # The menu gives the page free: its heading takes a click.
    heading = phone.get_by_role("heading", name="Originals and reconstructions")
    heading.click(trial=True)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def _range(page: Page) -> list[float]:
    return page.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range")


def _lonely_row(mean: np.ndarray) -> int:
    """Return the row of a code, (N, 2), far from all others, so that a click can mean no other."""
    inner = np.flatnonzero(np.abs(mean).max(axis=1) < np.quantile(np.abs(mean), 0.999))
    gaps = [np.partition(np.linalg.norm(mean - mean[row], axis=1), 1)[1] for row in inner]
    return int(inner[np.argmax(gaps)])


@pytest.fixture
def scatter(page: Page, address: str) -> Page:
    page.goto(f"{address}/projections?checkpoint=mnist-2d")
    ready(page)
    return page


def test_a_click_shows_the_image_and_keeps_the_zoom(scatter: Page) -> None:
    latents = load_latents(SHIPPED[0])
    row = _lonely_row(latents.mean)
    before = _range(scatter)
    scatter.mouse.move(*place_in_plot(scatter, row))
    for _ in range(5):
        scatter.mouse.wheel(0, -100)
    scatter.wait_for_function(
        "([low, high]) => {"
        "const [l, h] = document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range;"
        "return h - l < 0.9 * (high - low)}",
        arg=before,
    )
    zoomed = _range(scatter)
    scatter.mouse.click(*place_in_plot(scatter, row))
    title = f"{latents.label[row]} · test image {latents.index[row]}"
    expect(scatter.get_by_role("heading", name=title)).to_be_visible()
    ready(scatter)
    np.testing.assert_allclose(_range(scatter), zoomed)


def test_a_lasso_counts_each_class_and_the_legend_hides_one_with_its_name(scatter: Page) -> None:
    scatter.locator(".modebar-btn[data-val=lasso]").click()
    box = scatter.locator(".nsewdrag").first.bounding_box()
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.03)]
    for k, (right, down) in enumerate(corners):
        x, y = box["x"] + right * box["width"], box["y"] + down * box["height"]
        scatter.mouse.move(x, y, steps=4)
        if not k:
            scatter.mouse.down()
    scatter.mouse.up()
    heading = scatter.get_by_role("heading", name=re.compile("selected"))
    heading.wait_for()
    counts = scatter.locator(".counts tr").all_inner_texts()
    numbers = [int(text.split()[1].replace(",", "")) for text in counts]
    assert sorted(text.split()[0] for text in counts) == list("0123456789")
    assert numbers == sorted(numbers, reverse=True)
    assert heading.inner_text() == f"{sum(numbers):,} selected"
    scatter.locator(".legendtoggle").first.click()
    scatter.wait_for_function(
        """() => {
            const traces = document.querySelector('.js-plotly-plot')._fullData;
            const first = traces.filter(trace => trace.legendgroup === traces[0].legendgroup);
            const hidden = traces.filter(trace => trace.visible === 'legendonly');
            return first.length > 1 && hidden.length === first.length
                && hidden.every(trace => first.includes(trace));
        }"""
    )
