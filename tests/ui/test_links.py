"""Links: what any of them says is read without a fault, and what is on the screen is in one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from conftest import SHIPPED, watched
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_map import LiveMap, pixels_of, wait_until, z_of
from playwright.sync_api import Browser, BrowserContext, Page, expect
from served_app import follow, ready

from vae_explorer.checkpoint.folder import load_latents
from vae_explorer.checkpoint.text import parse_whole
from vae_explorer.ui.link import MAX_ROWS_TEXT, read_rows, write_rows

JS = Path(__file__).parents[1] / "js"
MAP = "z image digit drawing path plane scale view tool show lattice height way steps speed hide"
NAMES = {
    "explore": MAP,
    "compare": f"{MAP} mode aligned along views hides",
    "compare, of other dimensions": f"{MAP} mode aligned along views hides",
    "film": "time follow z view show hide",
    "projections": "plane image images",
    "samples": "page prior image posterior others",
    "model": "image",
}
# What is meant somewhere, and what is nearly so.
MEANT = (
    "0 1 2 -1 99999 1e308 -0 0.5 nan Infinity 0,0 1,2 0.5,-1 0,0,8 1,2,3 0,0,0 1e-9,0,1 1;2 0;1;2 "
    "0:1 1:2 9:9 1:0;2 0,0;1,1 0.1,0.2,0.3;4 0,0,8;1,2,3 1,1;2 ; , : pca:0,1 pca:1,0 pca:0,0 umap "
    "tsne pca dims:0,2 dims:2,0 dims:0,1 through:0;1;2 through:1;1;1 digits:1,2,3 linear quantile "
    "scatter manifold interpolate points grid points,grid none 20,3 30,5 5,1 31,3 straight,z "
    "spherical,picture slerp,z yes no z image none;1 0;0,1 DwD_ AA AfACDwIPAg_w 0,1,2 AQIDBAUG"
)
VALUES = MEANT.split()
VALUE = st.one_of(
    st.sampled_from(VALUES),
    st.lists(st.sampled_from(VALUES), max_size=3).flatmap(
        lambda parts: st.sampled_from(",;:").map(lambda mark: mark.join(parts))
    ),
    st.lists(st.integers(-2, 6) | st.floats(-1e4, 1e4, width=32), max_size=4).map(
        lambda numbers: ",".join(map(str, numbers))
    ),
    st.from_regex(r"[A-Za-z0-9_-]{0,40}", fullmatch=True),
    st.text(max_size=20),
)


def _links(page: str) -> st.SearchStrategy[str]:
    """Return searches for a page: its names, and now and then a misspelt or a strange one."""
    name = st.sampled_from(NAMES[page].split()) | st.text("abdeghimnpstvwz", max_size=7)
    return st.lists(st.tuples(name, VALUE), max_size=6).map(urlencode)


# Some dozens in a browser; there are thousands without one.
BROWSED = 12
NAME = st.sampled_from(["mnist-2d", "mnist-20d"])


@pytest.fixture(scope="module")
def read(node: list[str]) -> Iterator[Callable[[str, str], list]]:
    """Have one node read every link: `links.mjs`."""
    with subprocess.Popen(
        [*node, "links.mjs"],
        **{"cwd": JS, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True},
    ) as reader:

        def ask(page: str, search: str) -> list:
            reader.stdin.write(f"{json.dumps([page, search])}\n")
            reader.stdin.flush()
            answer = reader.stdout.readline()
            assert answer, f"the reader stopped at {page}?{search}"
            return json.loads(answer)

        yield ask
        reader.stdin.close()


@pytest.mark.parametrize("page", ["explore", "compare", "compare, of other dimensions", "film"])
def test_any_link_is_read_and_what_was_read_is_written_as_it_is_read_again(
    read: Callable[[str, str], list], page: str
) -> None:
    @settings(max_examples=700, deadline=None, derandomize=True, database=None)
    @given(_links(page))
    def holds(search: str) -> None:
        written, problems, sound, again, left = read(page, search)
        asked = parse_qs(search, keep_blank_values=True)
        assert sound
        assert {text.split(":")[0] for text in problems} <= asked.keys()
        assert len({text.split(":")[0] for text in problems}) == len(problems)
        assert all(len(text) < 250 and text.endswith("it was left out.") for text in problems)
        # What it writes is a link that says the same.
        assert (again, left) == (written, [])

    holds()


@settings(max_examples=700, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,80}", fullmatch=True), st.data())
def test_any_text_is_a_choice_of_rows_or_none(text: str, data: st.DataObject) -> None:
    xy = np.random.default_rng(0).normal(size=(200, 2))
    found = read_rows(text, xy[:100], "pca")
    assert found is None or (found and set(found) <= set(range(100)))
    number = parse_whole(text, 2, 30)
    assert number is None or 2 <= number <= 30
    rows = data.draw(st.sets(st.integers(0, 99), min_size=1))
    assert read_rows(write_rows(sorted(rows), xy[:100], "pca"), xy[:100], "pca") == sorted(rows)
    # Chosen of another number of codes, or in another view, it is none of these.
    assert read_rows(write_rows(sorted(rows), xy, "pca"), xy[:100], "pca") is None
    assert read_rows(write_rows(sorted(rows), xy, "pca"), xy, "umap") is None


def test_a_lasso_of_half_a_million_fits_into_an_address_and_noise_is_not_written() -> None:
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(1_000_000, 2))
    rows = np.flatnonzero(np.hypot(*(xy.T - 0.3)) < 1)
    text = write_rows(rows, xy, "")
    assert len(text) < MAX_ROWS_TEXT
    np.testing.assert_array_equal(read_rows(text, xy, ""), rows)
    assert write_rows(np.flatnonzero(rng.integers(0, 2, 60_000)), xy[:60_000], "") is None


# In a browser.

SEVEN = [(0, 0), (28, 0), (44, 1), (34, 24), (26, 44), (20, 62)]


def _two_frames(page: Page) -> None:
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def _asked(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def _copied(page: Page) -> str:
    """Press Copy link, and return what is on the clipboard once the button has said so."""
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def sharing(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A profile that may use the clipboard."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    yield context
    context.close()


@pytest.fixture
def tab(sharing: BrowserContext) -> Iterator[Page]:
    yield from watched(sharing.new_page())


@pytest.mark.browser
def test_a_drawing_its_path_and_the_lattice_are_in_the_link(
    tab: Page, page: Page, address: str
) -> None:
    live = LiveMap.opened(tab, address, "checkpoint=mnist-20d&path=3;4&lattice=12,2&hide=1")
    live.draw(SEVEN, 40, 30)
    drawn, z = pixels_of(tab.get_by_test_id("original")), live.z
    link = _copied(tab)
    # Another visitor, who has never been here.
    page.goto(link)
    there = LiveMap(page)
    title = page.get_by_role("heading", name="Your drawing")
    expect(title).to_be_visible()
    np.testing.assert_allclose(there.z, z, atol=1e-4)
    np.testing.assert_allclose(pixels_of(page.get_by_test_id("original")), drawn, atol=9)
    reconstruction = page.get_by_test_id("reconstruction").get_by_test_id("decoded")
    np.testing.assert_allclose(z_of(reconstruction), z, atol=0.2)
    expect(page.get_by_test_id("path-end")).to_have_count(2)
    # It stays in the address, also of who only looks.
    there.let_go()
    assert _asked(page, "drawing") == parse_qs(urlsplit(link).query)["drawing"][0]


@pytest.mark.browser
def test_a_compared_drawing_and_a_films_time_are_in_the_link(
    tab: Page, page: Page, address: str
) -> None:
    tab.goto(f"{address}/compare?compare=mnist-2d/mnist-20d")
    tab.locator("[data-testid=draw-pad][data-enabled=true]").wait_for()
    tab.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    box = tab.get_by_test_id("draw-pad").bounding_box()
    tab.mouse.move(box["x"] + 50, box["y"] + 40)
    tab.mouse.down()
    for right, down in SEVEN[1:]:
        tab.mouse.move(box["x"] + 50 + right, box["y"] + 40 + down, steps=4)
    tab.mouse.up()
    expect(tab.get_by_test_id("sentence")).to_contain_text("Your drawing")
    codes = _codes(tab)
    page.goto(_copied(tab))
    expect(page.get_by_test_id("sentence")).to_contain_text("Your drawing")
    wait_until(page, lambda: np.abs(_codes(page)[1] - codes[1]).max() < 0.3)
    np.testing.assert_allclose(_codes(page)[0], codes[0], atol=0.1)

    tab.goto(f"{address}/film?checkpoint=mnist-2d")
    ready(tab)
    tab.get_by_test_id("film-slider").fill("7.5")
    tab.get_by_role("button", name="Grid").click()
    _two_frames(tab)
    place = tab.get_by_test_id("film-picture").get_attribute("data-place")
    page.goto(_copied(tab))
    ready(page)
    expect(page.get_by_test_id("film-picture")).to_have_attribute("data-place", place)
    expect(page.get_by_role("button", name="Grid")).to_have_attribute("aria-pressed", "false")
    assert float(page.get_by_test_id("film-slider").input_value()) == pytest.approx(7.5)


def _codes(page: Page) -> list[np.ndarray]:
    _two_frames(page)
    pictures = page.get_by_test_id("panel").get_by_role("img", name="Decoded by")
    return [z_of(pictures.nth(k)) for k in range(pictures.count())]


@pytest.mark.browser
def test_where_there_is_no_clipboard_the_link_stands_in_a_field(page: Page, address: str) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    LiveMap.opened(page, address, "checkpoint=mnist-2d&z=1,-0.5")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_test_id("link")
    expect(field).to_be_focused()
    assert "z=1,-0.5" in page.evaluate("getSelection().toString() || document.activeElement.value")
    chosen = field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
    assert chosen == field.input_value()
    field.press("Escape")
    expect(field).to_be_hidden()


@pytest.mark.browser
def test_undo_and_redo_step_through_what_was_done_and_a_drag_is_one_step(
    page: Page, address: str
) -> None:
    live = LiveMap.opened(page, address, "checkpoint=mnist-2d&view=0,0,8&z=0.5,0.5&hide=9")
    undo = page.get_by_role("button", name="Undo", exact=True)
    redo = page.get_by_role("button", name="Redo", exact=True)
    expect(undo).to_have_attribute("aria-disabled", "true")
    seen = [live.z]
    for way in (60, -90):
        live.drag_handle(way, way)
        seen.append(live.z)
    page.get_by_role("button", name="9", exact=True).click()
    view = _asked(page, "view")
    surface = live.box("surface")
    page.mouse.move(surface["x"] + 60, surface["y"] + surface["height"] - 60)
    page.mouse.wheel(0, -200)
    live.until(lambda: _asked(page, "view") != view)
    # Over the map the pointer would show what is under it.
    page.mouse.move(5, 5)
    # Looking around is no step: the first one back is the class, the next two are the drags.
    page.keyboard.press("Control+z")
    live.until(lambda: _asked(page, "hide") == "9")
    np.testing.assert_array_equal(live.z, seen[2])
    for k in (1, 0):
        page.keyboard.press("Control+z")
        np.testing.assert_array_equal(live.z, seen[k])
    expect(undo).to_have_attribute("aria-disabled", "true")
    redo.click()
    np.testing.assert_array_equal(live.z, seen[1])
    page.keyboard.press("Control+Shift+z")
    np.testing.assert_array_equal(live.z, seen[2])
    undo.click()
    live.settle()
    live.drag_handle(20, 20)
    expect(redo).to_have_attribute("aria-disabled", "true")


@pytest.mark.browser
def test_projections_and_samples_open_with_what_their_link_asks_for(
    page: Page, address: str
) -> None:
    codes = load_latents(SHIPPED[1]).mean
    images = write_rows([3, 5, 8], codes[:, [3, 1]], "dims:3,1")
    page.goto(f"{address}/projections?checkpoint=mnist-20d&plane=dims:3,1&images={images}")
    ready(page)
    expect(page.get_by_role("heading", name="3 selected")).to_be_visible()
    expect(page.get_by_role("radio", name="Dimensions")).to_be_checked()
    wait_until(page, lambda: _asked(page, "plane") == "dims:3,1")
    page.get_by_role("radio", name="PCA").click()
    wait_until(page, lambda: _asked(page, "plane") == "pca")
    # The address has the same images, now as they stand in this view.
    assert _asked(page, "images") not in ("", images)
    page.reload()
    ready(page)
    expect(page.get_by_role("heading", name="3 selected")).to_be_visible()
    page.goto(f"{address}/samples?checkpoint=mnist-2d&page=4&image=17&others=0&prior=-1")
    ready(page)
    field = page.get_by_label("Test image, 0 to 9999")
    expect(field).to_have_value("17")
    expect(page.get_by_text("prior: found “-1”, expected a whole number")).to_be_visible()
    field.fill("21")
    field.press("Enter")
    wait_until(page, lambda: _asked(page, "image") == "21")
    assert (_asked(page, "page"), _asked(page, "prior")) == ("4", "")
    entries = page.evaluate("history.length")
    follow(page, "Model")
    assert page.evaluate("history.length") == entries + 1


@pytest.mark.browser
def test_no_link_breaks_a_page(page: Page, address: str) -> None:
    at = {
        "explore": "/?checkpoint={}",
        "compare": "/compare?compare={}/mnist-20d",
        "film": "/film?checkpoint={}",
        "projections": "/projections?checkpoint={}",
        "samples": "/samples?checkpoint={}",
        "model": "/model?checkpoint={}",
    }

    @settings(
        max_examples=BROWSED,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(at)).flatmap(lambda to: st.tuples(st.just(to), _links(to))), NAME)
    def holds(link: tuple[str, str], name: str) -> None:
        to, search = link
        page.goto(f"{address}{at[to].format(name)}&{search}")
        if to == "film" and name != "mnist-2d":
            expect(page.get_by_text("has no film")).to_be_visible()
        else:
            ready(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)

    holds()
