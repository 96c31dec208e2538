"""A talk, as its speaker gives it: scenes that are collected, put in order, and stepped through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import watched
from live_map import LiveMap, wait_until, z_of
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from served_app import DECODED, follow, ready

from vae_explorer.scenes import parse_scenes

pytestmark = pytest.mark.browser

STORE = "vae-explorer: scenes"
TALK = (
    "explore?checkpoint=mnist-2d&z=0,0&view=0,0,8",
    "explore?checkpoint=mnist-2d&z=1,1&view=0,0,8",
    "explore?checkpoint=no-such&z=0,0",
    "model?checkpoint=mnist-2d",
    "compare?compare=mnist-2d/mnist-20d&z=0,0",
    "film?checkpoint=mnist-2d&time=7",
)


def _talk(*links: str) -> str:
    scenes = [{"link": link, "caption": f"**{link}**", "seconds": 0.2} for link in links]
    return json.dumps(
        {"format": "vae-explorer-scenes", "version": 1, "title": "Mine", "scenes": scenes}
    )


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of its own, in which nothing is collected, and where nothing glides."""
    opened = browser.new_context(
        viewport={"width": 1280, "height": 720}, reduced_motion="reduce", accept_downloads=True
    )
    yield opened
    opened.close()


@pytest.fixture
def tab(profile: BrowserContext) -> Iterator[Page]:
    yield from watched(profile.new_page())


def _keep(page: Page, text: str) -> None:
    """Have the browser keep a text as its collected scenes, once."""
    page.add_init_script(
        f"localStorage.getItem({STORE!r}) ?? localStorage.setItem({STORE!r}, {json.dumps(text)})"
    )


def _at(page: Page, number: int) -> Locator:
    """Wait until a scene rests on the stage; return what it shows."""
    expect(page.locator(f"[data-testid=stage][data-scene='{number}']")).to_be_visible()
    expect(page.locator("[data-testid=stage][data-gliding]")).to_have_count(0)
    return page.locator("[data-testid=stage] .pr-scene.pr-on").last


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_talk_is_stepped_through_by_keys_and_stays_live(tab: Page, address: str) -> None:
    _keep(tab, _talk(*TALK))
    tab.goto(f"{address}/present?set=yours&scene=1")
    picture = _at(tab, 1).locator(DECODED).first
    np.testing.assert_allclose(z_of(picture), [0, 0])
    # Somebody asks; the focus stays on the handle, and the next key goes on from there.
    box = tab.get_by_test_id("handle").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 70, y - 40, steps=4)
    tab.mouse.up()
    wait_until(tab, lambda: np.abs(z_of(picture)).min() > 0.2)
    tab.get_by_test_id("handle").first.focus()
    moved = z_of(picture)
    _press(tab, "Shift+ArrowRight")
    wait_until(tab, lambda: z_of(picture)[0] > moved[0])
    expect(_at(tab, 1)).to_be_visible()
    _press(tab, "ArrowRight")
    np.testing.assert_allclose(z_of(_at(tab, 2).locator(DECODED).first), [1, 1], atol=1e-5)
    expect(tab).to_have_url(re.compile(r"scene=2"))
    # What cannot be shown is said in its place, and the talk goes on.
    for number, key in ((3, "PageDown"), (4, " ")):
        _press(tab, key)
        expect(_at(tab, number).get_by_role("alert")).to_be_visible()
    _press(tab, "End")
    film = _at(tab, 6)
    film.get_by_test_id("film-slider").focus()
    assert float(film.get_by_test_id("film-slider").input_value()) == pytest.approx(7)
    _press(tab, "PageUp")
    expect(_at(tab, 5).get_by_test_id("panel")).to_have_count(2)
    assert tab.locator(".pr-scene").count() <= 2
    _press(tab, "ArrowLeft", "Home")
    _at(tab, 1)
    _press(tab, "9", "Enter")
    expect(tab.get_by_test_id("stage-said")).not_to_be_empty()
    _press(tab, "2")
    expect(tab.get_by_test_id("scene-number")).to_contain_text("2")
    _press(tab, "Enter")
    _at(tab, 2)
    _press(tab, "f")
    wait_until(tab, lambda: tab.evaluate("document.fullscreenElement?.dataset.testid") == "stage")
    _press(tab, "f")
    wait_until(tab, lambda: not tab.evaluate("Boolean(document.fullscreenElement)"))
    _press(tab, "Escape")
    expect(tab.get_by_test_id("stage")).to_have_count(0)
    expect(tab).not_to_have_url(re.compile("scene=|set="))
    # Who looks through the list knows what will not be seen.
    expect(tab.locator(".pr-problem:not(:empty)")).to_have_count(2)
    # Its keys are the page's again.
    _press(tab, "PageDown")
    expect(tab.get_by_test_id("stage")).to_have_count(0)


def test_scenes_are_collected_written_put_in_order_and_saved(tab: Page, address: str) -> None:
    LiveMap.opened(tab, address, "checkpoint=mnist-2d&z=0.5,-1")
    for number, name in enumerate(("Explore", "Compare", "Film"), 1):
        if number > 1:
            follow(tab, name)
            ready(tab)
        tab.get_by_role("button", name="Add scene").click()
        expect(tab.get_by_role("button", name=f"Scene {number}", exact=True)).to_be_visible()
    follow(tab, "Present")
    tab.get_by_role("button", name="Yours").click()
    rows = tab.get_by_test_id("listed-scene")
    expect(rows).to_have_count(3)
    tab.get_by_label("Caption of scene 1").fill("**A** code\nof mine")
    seconds = tab.get_by_label("Seconds of the glide into scene 1")
    for typed, taken in (("500", "60"), ("-5", "0"), ("3.5", "3.5")):
        seconds.fill(typed)
        seconds.blur()
        expect(seconds).to_have_value(taken)
    tab.get_by_label("Title").fill("My talk")
    tab.get_by_role("button", name="Move scene 1 down").click()
    expect(tab.get_by_role("button", name="Move scene 2 down")).to_be_focused()
    tab.get_by_role("button", name="Delete scene 3").click()
    expect(rows).to_have_count(2)
    tab.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(3)
    tab.reload()
    tab.get_by_role("button", name="Yours").click()
    expect(tab.get_by_label("Caption of scene 2")).to_have_value("**A** code of mine")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as JSON").click()
    saved = parse_scenes(Path(download.value.path()).read_bytes(), "saved")
    assert saved.title == "My talk"
    assert [scene.page for scene in saved.scenes] == ["compare", "explore", "film"]
    assert (saved.scenes[1].caption, saved.scenes[1].seconds) == ("**A** code of mine", 3.5)
    assert "z=0.5,-1" in saved.scenes[1].link
    # The given scenes come behind them, and go again.
    tab.locator(".pr-head [role=group] button").first.click()
    given = rows.count()
    tab.get_by_role("button", name="Edit a copy").click()
    expect(rows).to_have_count(3 + given)
    tab.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(3)


def test_a_clickers_keys_go_to_the_talk_whatever_has_the_focus(tab: Page, address: str) -> None:
    """Also where a part of the scene keeps its keys for itself."""
    _keep(tab, _talk("explore?checkpoint=mnist-20d", "explore?checkpoint=mnist-2d&image=651"))
    tab.goto(f"{address}/present?set=yours&scene=1")
    for number, part, key in (
        (1, "input[type=range]", "PageDown"),
        (2, ".lm-buttons button", "PageUp"),
    ):
        focus = _at(tab, number).locator(part).first
        focus.evaluate("part => part.addEventListener('keydown', (key) => key.stopPropagation())")
        focus.focus()
        expect(focus).to_be_focused()
        _press(tab, key)
    _at(tab, 1)


def test_ones_own_scenes_come_first_and_back_leads_to_their_list(tab: Page, address: str) -> None:
    _keep(tab, _talk(*TALK[:2]))
    tab.goto(f"{address}/present")
    rows = tab.get_by_test_id("listed-scene")
    expect(rows).to_have_count(2)
    tab.get_by_role("button", name="Show scene 2").click()
    _at(tab, 2)
    # Nothing lies over what is said.
    _press(tab, "1", "2", "Enter")
    said = tab.get_by_test_id("stage-said")
    expect(said).to_contain_text("12")
    assert said.evaluate(
        """(said) => {
            const { left, right, top, bottom } = said.getBoundingClientRect();
            return said === document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        }"""
    )
    tab.go_back()
    expect(tab.get_by_test_id("stage")).to_have_count(0)
    expect(rows).to_have_count(2)
    expect(tab).to_have_url(re.compile("/present$"))


def test_damaged_scenes_and_a_scene_that_is_not_there_are_said(tab: Page, address: str) -> None:
    """The damaged ones are left alone until one is added."""
    _keep(tab, '{"format": "vae-explorer-scenes", "scenes": [')
    tab.goto(f"{address}/present?set=yours&scene=1")
    expect(tab.get_by_test_id("scenes")).to_be_attached()
    expect(tab.get_by_test_id("message")).not_to_be_empty()
    expect(tab.get_by_test_id("stage")).to_have_count(0)
    assert tab.evaluate("name => localStorage.getItem(name)", STORE).endswith("[")
    tab.goto(f"{address}/present?scene=99")
    expect(tab.get_by_test_id("message")).to_contain_text("99")
    expect(tab.get_by_test_id("stage")).to_have_count(0)
    LiveMap.opened(tab, address, "checkpoint=mnist-2d")
    tab.get_by_role("button", name="Add scene").click()
    expect(tab.get_by_role("button", name="Scene 1", exact=True)).to_be_visible()


def test_on_an_open_day_the_first_map_tours_by_itself(tab: Page, address: str) -> None:
    _keep(tab, _talk(TALK[5], TALK[0]))
    tab.goto(f"{address}/present?set=yours&tour=1")
    picture = _at(tab, 2).locator(DECODED).first
    wait_until(tab, lambda: np.abs(z_of(picture)).max() > 0.1)


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)], ids=["projector", "phone"])
def test_in_a_scene_nothing_is_cut_or_covered(
    page: Page, address: str, size: tuple[int, int]
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{address}/present?scene=1")
    count = int(page.get_by_test_id("scene-number").inner_text().split("/")[1])
    for number in range(1, count + 1):
        shown = _at(page, number)
        cut = shown.evaluate(
            "({scrollWidth, clientWidth, scrollHeight, clientHeight}) =>"
            " Math.max(scrollWidth - clientWidth, scrollHeight - clientHeight)"
        )
        assert cut <= 1, f"scene {number}"
        foot = page.locator(".pr-foot").bounding_box()
        assert foot["y"] + foot["height"] <= size[1]
        parts = shown.locator("[data-testid=surface], canvas.lm-decoded").all()
        for box in (part.bounding_box() for part in parts if part.is_visible()):
            assert 0 <= box["x"] <= size[0] - box["width"]
            assert 0 <= box["y"] <= foot["y"] - box["height"]
        _press(page, "PageDown")
