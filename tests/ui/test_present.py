"""The page Present, as Python makes it: which scenes it is given, and what they need."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from vae_explorer.scenes import DEFAULT_SCENES, read_scenes

MAIN = Path(__file__).resolve().parents[2] / "vae_explorer" / "ui" / "page" / "main.py"
NEEDS = ["explore mnist-2d", "compare mnist-2d/mnist-20d", "film mnist-2d"]


def _talk(path: Path, *links: str) -> str:
    scenes = [{"link": link} for link in links]
    path.write_text(json.dumps({"format": "vae-explorer-scenes", "version": 1, "scenes": scenes}))
    return str(path)


def _present(wanted: object = None, query: bool = True) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    if query:
        app.query_params["checkpoint"] = "mnist-2d"
    if wanted is not None:
        app.session_state["present"] = {"wanted": wanted}
    app.run()
    if query:
        app.switch_page("present.py").run()
    assert not app.exception
    return app


def _shown(app: AppTest) -> dict[str, object]:
    (data,) = (json.loads(element.proto.json) for element in app.get("bidi_component"))
    return data


def test_the_default_talk_has_all_that_it_needs() -> None:
    app = _present()
    data, talk = _shown(app), read_scenes(DEFAULT_SCENES)
    assert (data["title"], data["file"], data["missing"]) == (talk.title, "", {})
    assert [scene["link"] for scene in data["scenes"]] == [scene.link for scene in talk.scenes]
    assert set(data["pages"]) == {scene.needs for scene in talk.scenes} == set(NEEDS)
    assert data["pages"]["explore mnist-2d"]["decoder"]
    assert len(data["pages"]["compare mnist-2d/mnist-20d"]["checkpoints"]) == 2
    assert data["pages"]["film mnist-2d"]["name"] == "mnist-2d"
    assert not app.error
    assert not data["play"]


def test_the_browser_gets_what_else_it_wants() -> None:
    data = _shown(_present(["explore mnist-20d", "film mnist-20d", "explore no-such", 3, None]))
    assert set(data["pages"]) == {*NEEDS, "explore mnist-20d"}
    assert data["missing"].keys() == {"film mnist-20d", "explore no-such"}
    assert "no-such" in data["missing"]["explore no-such"]


@settings(max_examples=12, derandomize=True, database=None, deadline=None)
@given(
    st.none()
    | st.text()
    | st.dictionaries(st.text(), st.integers())
    | st.lists(
        st.none()
        | st.integers()
        | st.builds(
            "{} {}".format, st.sampled_from(["explore", "compare", "film", "model", ""]), st.text()
        ),
        max_size=300,
    )
)
def test_whatever_comes_from_a_browser_the_talk_stands(wanted: object) -> None:
    data = _shown(_present(wanted))
    assert data["pages"].keys() >= set(NEEDS)
    assert len(data["missing"]) <= 200


def test_a_talk_of_ones_own_plays_when_the_app_is_opened_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _talk(tmp_path / "talk.json", "/?checkpoint=mnist-20d", "film?checkpoint=gone")
    monkeypatch.setenv("VAE_EXPLORER_SCENES", file)
    app = _present(query=False)
    data = _shown(app)
    assert (data["file"], data["play"]) == ("talk.json", True)
    # One scene that cannot be shown does not take down the others.
    assert data["pages"].keys() == {"explore mnist-20d"}
    assert data["missing"].keys() == {"film gone"}
    # A link is opened where it leads.
    assert not _shown(_present())["play"]


def test_a_bad_file_is_said_and_the_default_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_EXPLORER_SCENES", str(tmp_path / "none.json"))
    app = _present()
    assert [("VAE" in error.value, "none" in error.value) for error in app.error] == [(True, True)]
    assert set(_shown(app)["pages"]) == set(NEEDS)


def test_who_starts_the_server_is_told_of_a_bad_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAE_EXPLORER_SCENES", str(tmp_path / "none.json"))
    runpy.run_path(str(MAIN.parents[3] / "app.py"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "VAE_EXPLORER_SCENES" in line
    assert "none.json" in line


def test_a_file_is_opened_on_the_page_and_a_bad_one_leaves_it_open(tmp_path: Path) -> None:
    app = _present()
    first = _shown(app)["key"]
    good = Path(_talk(tmp_path / "mine.json", "film?checkpoint=mnist-2d"))
    app.file_uploader[0].upload(good.name, good.read_bytes()).run()
    data = _shown(app)
    assert (data["file"], list(data["pages"])) == ("mine.json", ["film mnist-2d"])
    assert data["key"] != first
    app.file_uploader[0].upload("bad.json", b"[1, 2]").run()
    assert [error.value.split(":")[0].replace("\\", "") for error in app.error] == ["bad.json"]
    assert _shown(app)["file"] == "mine.json"
    # It stays while other pages are looked at, until it is closed.
    app.switch_page("model.py").run()
    app.switch_page("present.py").run()
    assert _shown(app)["file"] == "mine.json"
    app.button[0].click().run()
    assert _shown(app)["key"] == first
