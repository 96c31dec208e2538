"""Texts out of a checkpoint are shown letter by letter: no picture, link or request is theirs."""

from __future__ import annotations

import json
import random
import shutil
import string
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from conftest import SHIPPED, Serve
from playwright.sync_api import Page, expect
from safetensors.numpy import save_file
from served_app import ROOT, follow, place_in_plot, ready, serve_app

from vae_explorer.checkpoint.folder import load_latents, load_meta
from vae_explorer.checkpoint.meta import write_meta

pytestmark = pytest.mark.browser

TEXTS = [
    *("my_model-v2", "a__b__c", "C++", "50% dropout", "おきすつ", "“shirt”", 'it\'s "it"', "%{x}"),
    *("![x](http://elsewhere.test/a.png)", "[l](http://elsewhere.test)", "[^1] [x]: y", ":red[x]"),
    *("<img src=http://elsewhere.test/b.png onerror=alert(1)>", "<b>x</b>", "</script>", "&lt;"),
    *('<a href="http://elsewhere.test">x</a>', "HTTPS://elsewhere.test/(a)?b&c", "<!-- -->"),
    *("www.elsewhere.test", "a@elsewhere.test", "mailto:a@elsewhere.test", "| cell |", "\\| \\"),
    *(":material/home:", ":material_home:", ":smile:", ":streamlit: x", "::x::y", "a:color[]b"),
    *("$x^2$", "`code`", "*a* _b_ ~c~ ~~d~~", "a -- b -> c <- d >= e", "# h", "- x", "1. x", "> q"),
]
# What is shown of texts that would steer those around them, or take all the room.
UNSEEN = {
    "a\nb": "a�b",
    "a\u202eb\u2066c": "a�b�c",
    "a\u200bb\0c": "a�b�c",
    "نمی\u200cخواهم": "نمی\u200cخواهم",
    " ": "“”",
    "a" * 5_000 + "z" * 5_000: "a" * 399 + "…" + "z" * 200,
}
PIECES = [*string.punctuation * 2, "a", "b c", "1", " ", "é", "字", "http://", "www.", "x@y.z"]
PIECES += ["--", "streamlit:", "material/home:", "&amp;", "&#33;", "<b>", "-->", "![", "]("]

# Every text at the beginning of a line, within one, in tables; the first ones in all widgets.
APP = """
import json
from pathlib import Path
import streamlit as st
from vae_explorer.ui.markdown import escape_markdown

texts, several = json.loads((Path(__file__).parent / "texts.json").read_text())
escaped = [escape_markdown(text) for text in texts]
with st.container(key="lines"):
    st.markdown("\\n\\n".join(escaped))
with st.container(key="quoted"):
    st.caption("\\n\\n".join(f"a “{text}”: {text}, b" for text in escaped))
with st.container(key="cells"):
    rows = "\\n".join(f"|{text}|**{text}**|" for text in escaped)
    st.markdown(f"|{escaped[0]}| |\\n|:--|--:|\\n{rows}")
for kind in (st.error, st.warning, st.info, st.subheader):
    with st.container(key=kind.__name__):
        for text in escaped[:several]:
            kind(text)
for kind in (st.button, st.checkbox, st.popover):
    with st.container(key=kind.__name__):
        for k, text in enumerate(escaped[:several]):
            kind(text, key=f"{kind.__name__} {k}")
"""
PLACES = {
    **{"lines": "p", "cells": "tbody strong"},
    **dict.fromkeys(("error", "warning", "info"), "p"),
    **{"subheader": "h3", "button": "button", "checkbox": "p", "popover": "button p"},
}
# Links and pictures that are not the app's own, and whatever else Markdown makes of texts.
FOREIGN = """() => [
    ...[...document.querySelectorAll("a[href]")].filter(link => link.host !== location.host),
    ...[...document.images].filter(image =>
        !image.src.startsWith(`${location.origin}/media/`) && !image.closest(".traversal")),
    ...document.querySelectorAll("iframe, object, embed, video"),
    ...document.querySelectorAll(
        "[data-testid=stMarkdownContainer] :is(em, del, code, h1, input, [role=img])"),
].map(element => element.outerHTML)"""


def _words(texts: Iterable[str]) -> list[str]:
    """Return texts as a page has them: runs of spaces are one."""
    return [" ".join(text.split()) for text in texts]


def test_any_text_is_shown_letter_by_letter(page: Page, serve: Serve, tmp_path: Path) -> None:
    dice = random.Random(0)
    mixed = ("".join(dice.choices(PIECES, k=dice.randint(1, 9))) for _ in range(400))
    shown = dict(zip(TEXTS, TEXTS, strict=True)) | UNSEEN
    several = len(shown)
    shown = {text: text for text in mixed if text.strip()} | shown
    texts = [*TEXTS, *UNSEEN, *list(shown)[:-several]]
    (tmp_path / "texts.json").write_text(json.dumps([texts, several]))
    (tmp_path / "app.py").write_text(APP)
    quiet = {"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    with serve(root=tmp_path, PYTHONPATH=str(ROOT), **quiet) as address:
        page.goto(address)
        expected = _words(shown[text] for text in texts)
        for place, selector in PLACES.items():
            whole = place in ("lines", "cells")
            elements = page.locator(f".st-key-{place} {selector}")
            expect(elements).to_have_count(len(texts) if whole else several)
            found = _words(elements.all_inner_texts())
            assert found == (expected if whole else expected[:several]), place
        quoted = _words(page.locator(".st-key-quoted p").all_inner_texts())
        assert quoted == [f"a “{text}”: {text}, b" for text in expected]
        assert page.evaluate(FOREIGN) == []


# As a folder's name, a class's name and any other text of a checkpoint's description.
FOLDER = "a__b ![x](y.png) <img src=y onerror=alert(1)> www.elsewhere.test a@elsewhere.test :smile:"
CLASSES = (
    *("![x](http://elsewhere.test/a.png)", "[l](http://elsewhere.test)", "<b>x</b> &lt; %{x}"),
    *("<img src=//elsewhere.test onerror=a()>", "www.elsewhere.test", "z" * 900),
    *('<a href="http://elsewhere.test">x</a>', "| cell | `code` $x^2$ :red[x]", "おきすつ “shirt”"),
    "x@elsewhere.test :smile: :streamlit:",
)
CUT = "z" * 26 + "…" + "z" * 13


def _folder(tmp_path: Path) -> Path:
    """Write a checkpoint with such texts wherever it has one, and three that cannot be opened."""
    path = Path(shutil.copytree(SHIPPED[0], tmp_path / FOLDER))
    meta = load_meta(path)
    texts = {name: f"{name}: {' '.join(CLASSES[:5])}" for name in ("recipe", "device", "name")}
    dataset = replace(meta.dataset, name=" ".join(CLASSES[6:]), classes=CLASSES)
    training = replace(meta.training, dataset=" ".join(CLASSES[:5]))
    versions = dict(zip(CLASSES, CLASSES, strict=True))
    made = replace(meta, **texts, dataset=dataset, training=training, versions=versions)
    write_meta(path / "meta.json", made)
    for name, file in (("t", "model.safetensors"), ("h", "history.csv"), ("m", "meta.json")):
        broken = Path(shutil.copytree(path, tmp_path / f"{name} {FOLDER}"))
        (broken / file).unlink()
        if name == "t":
            save_file({text: np.zeros(1, np.float32) for text in CLASSES}, broken / file)
        elif name == "h":
            (broken / file).write_text(f"{','.join(CLASSES)}\n1,2,3\n")
        else:
            values = json.loads((path / file).read_text())
            (broken / file).write_text(json.dumps(values | {"model": dict.fromkeys(CLASSES, 1)}))
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _folder(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def hostile(checkpoint: Path) -> Iterator[str]:
    with serve_app(VAE_EXPLORER_CHECKPOINTS=str(checkpoint.parent)) as served:
        yield served


def _look(page: Page) -> str:
    """Look for what is not ours on a page; return its words."""
    ready(page)
    assert page.evaluate(FOREIGN) == []
    return " ".join(page.locator("body").inner_text().split())


def test_no_text_of_a_checkpoint_becomes_a_picture_a_link_or_a_request(
    page: Page, hostile: str, checkpoint: Path
) -> None:
    meta, latents = load_meta(checkpoint), load_latents(checkpoint)
    shown = [*CLASSES[:5], CUT, *CLASSES[6:]]
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"{hostile}/?checkpoint={quote(FOLDER)}")
    _look(page)
    assert _words(page.locator(".lm-class").all_inner_texts()) == _words(shown)
    follow(page, "Film")
    _look(page)
    follow(page, "Projections")
    _look(page)
    assert page.locator(".legendtext").all_text_contents() == shown
    # A point apart from all others, of a class whose name plotly might read.
    row = int(np.where(latents.label == 2, latents.mean.sum(axis=1), 0).argmin())
    name = f"{CLASSES[2]} · test image {latents.index[row]}"
    page.mouse.move(*place_in_plot(page, row))
    expect(page.locator(".hoverlayer text").filter(has_text="test image")).to_contain_text(name)
    page.mouse.click(*place_in_plot(page, row))
    page.get_by_role("heading", name=name, exact=True).wait_for()
    _look(page)
    follow(page, "Samples")
    assert meta.dataset.name[:20] in _look(page)
    follow(page, "Model")
    words = _look(page)
    assert all(text in words for text in (meta.dataset.name, meta.device, meta.recipe))
    assert not dialogs


def test_lists_and_errors_show_the_texts_of_other_checkpoints_as_they_are(
    page: Page, hostile: str, checkpoint: Path
) -> None:
    page.goto(f"{hostile}/model?checkpoint=mnist-20d")
    _look(page)
    page.get_by_role("combobox", name="Checkpoint").click()
    options = page.get_by_role("option").all_inner_texts()
    assert any(text.startswith(f"{FOLDER} · ") for text in options)
    page.keyboard.press("Escape")
    page.locator(".st-key-picker").get_by_text("⚠").first.click()
    for name in "tm":
        expect(page.get_by_test_id("stPopoverBody")).to_contain_text(f"{name} {FOLDER} ")
    _look(page)
    page.goto(f"{hostile}/model?checkpoint={quote('h ' + FOLDER)}")
    expect(page.get_by_test_id("stAlert")).to_contain_text(f"h {FOLDER}/history.csv: ")
    assert page.evaluate(FOREIGN) == []
    page.goto(f"{hostile}/compare?compare={quote(FOLDER)}/mnist-20d")
    page.locator("th").get_by_text(FOLDER).first.wait_for()
    expect(page.locator(".legendtext")).to_have_count(4)
    page.locator(".st-key-picker").get_by_role("button").click()
    listed = page.get_by_test_id("stPopoverBody")
    expect(listed).to_contain_text(f"{FOLDER} · 2-D")
    expect(listed).to_contain_text(load_meta(checkpoint).dataset.name)
    _look(page)
