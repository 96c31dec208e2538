"""A file of scenes: it is read as it was meant, or one sentence says what is wrong, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import SHIPPED
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_explorer.scenes import DEFAULT_SCENES, parse_scenes, read_scenes

SECRET = "sEcReT"
thrifty = settings(max_examples=150, derandomize=True, database=None, deadline=None)

lines = st.text(st.characters(categories=("L", "N", "P", "S")) | st.just(" "), max_size=60)
names = st.text("abcdefghij-0123456789", min_size=1, max_size=12)
queries = st.lists(names, min_size=2, max_size=4, unique=True).map("/".join)
links = st.one_of(
    st.builds(
        "{}?checkpoint={}&z=0.5,-1.2".format, st.sampled_from(["explore", "film", ""]), names
    ),
    st.builds("https://host.org/base/?checkpoint={}&image=3#top".format, names),
    st.builds("compare?compare={}&mode=image".format, queries),
    st.builds("http://127.0.0.1:8501/compare?a=b&compare={}".format, queries),
    st.builds("file:///tmp/vae.html?page=film&checkpoint={}".format, names),
)
scenes = st.fixed_dictionaries(
    {"link": links},
    optional={"caption": lines, "seconds": st.integers(0, 60) | st.floats(0, 60)},
)
files = st.fixed_dictionaries(
    {
        "format": st.just("vae-explorer-scenes"),
        "version": st.just(1),
        "scenes": st.lists(scenes, min_size=1, max_size=5),
    },
    optional={"title": lines},
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def _parse(value: Any) -> Any:
    return parse_scenes(json.dumps(value).encode(), "talk.json")


def _refused(content: bytes) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(ValueError, match=r"expected|found") as refused:
        parse_scenes(content, "talk.json")
    text = str(refused.value)
    assert text.startswith("talk.json: ")
    assert "\n" not in text
    assert len(text) < 300
    assert SECRET not in text
    return text


@thrifty
@given(files)
def test_what_is_right_is_read_as_it_was_meant(value: dict[str, Any]) -> None:
    read = _parse(value)
    assert read.title == value.get("title", "")
    assert len(read.scenes) == len(value["scenes"])
    for scene, given_ in zip(read.scenes, value["scenes"], strict=True):
        assert scene.caption == given_.get("caption", "")
        assert scene.seconds == given_.get("seconds", 2)
        page, _, query = scene.link.partition("?")
        said = parse_qs(query)
        key = "compare" if page == "compare" else "checkpoint"
        assert scene.needs == f"{page} {said[key][0]}"
        assert said[key] == ["/".join(scene.checkpoints)]
        assert said[key][0] in given_["link"]
    # What was read says the same when it is read again.
    again = {**read.as_data(), "format": "vae-explorer-scenes", "version": 1}
    assert _parse(again) == read


@thrifty
@given(files, st.data())
def test_a_fault_is_one_sentence_that_names_the_scene(
    value: dict[str, Any], data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, len(value["scenes"])))
    wrong = data.draw(
        st.sampled_from(
            [
                {"link": None},
                {"link": f"explore?checkpoint={SECRET}" + "x" * 20_000},
                {"link": f"{SECRET}?checkpoint=mnist-2d"},
                {"link": f"explore?image=3&{SECRET}="},
                {"link": f"compare?compare={SECRET}"},
                {"link": f"compare?compare={SECRET}/{SECRET}"},
                {"link": f"compare?compare=a/b/c/d/{SECRET}"},
                {"link": f"http://[{SECRET}"},
                {"caption": [SECRET]},
                {"caption": f"two\n{SECRET}"},
                {"caption": f"\u202e{SECRET}"},
                {"caption": SECRET * 100},
                {"seconds": -1},
                {"seconds": 61},
                {"seconds": True},
                {"seconds": SECRET},
                {"seconds": None},
                {SECRET: 1},
            ]
        )
    )
    value["scenes"][number - 1] |= wrong
    text = _refused(json.dumps(value).encode())
    assert text.startswith(f"talk.json: scene {number}: ")
    assert next(iter(wrong)) in text or SECRET in wrong


@thrifty
@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_in_a_file_it_is_refused_in_a_sentence(content: bytes) -> None:
    _refused(content)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"version": 2}, "newer"),
        ({"version": True}, "version"),
        ({"format": SECRET}, "format"),
        ({"title": SECRET * 50}, "title"),
        ({"scenes": []}, "1 to 200"),
        ({"scenes": [{"link": "?checkpoint=a"}] * 201}, "201"),
        ({SECRET: 1}, "unknown"),
        ({"titel": SECRET}, "did you mean title"),
        ({"scenes": [{"link": "explorer?checkpoint=a"}]}, "did you mean explore"),
        ({"title": "x" * (4 << 20)}, "bytes"),
    ],
)
def test_what_is_wrong_with_a_whole_file_is_said(change: dict[str, Any], word: str) -> None:
    right = {"format": "vae-explorer-scenes", "version": 1, "scenes": [{"link": "?checkpoint=a"}]}
    assert len(_parse(right).scenes) == 1
    assert word in _refused(json.dumps(right | change).encode())


def test_an_empty_file_is_called_empty() -> None:
    for content in (b"", b" \n", b"\xef\xbb\xbf"):
        assert "empty" in _refused(content)


def test_bounds_of_json_hold_here_too() -> None:
    start = b'{"format": "vae-explorer-scenes", "version": 1, "scenes": '
    _refused(start + b'[{"link": "?checkpoint=a", "seconds": NaN}]}')
    _refused(start + b'[{"link": "?checkpoint=a", "link": "?checkpoint=b"}]}')
    _refused(start + b"[" * 100_000)
    # As Windows' editors write it.
    content = b'\xef\xbb\xbf%s[{"link": "?checkpoint=a"}]}' % start
    assert parse_scenes(content, "talk.json").scenes[0].needs == "explore a"


@pytest.mark.parametrize(
    ("link", "image"),
    [
        ("explore?checkpoint=a&image=17", ("a", 17)),
        ("compare?compare=a/b&image=17", ("a", 17)),
        ("compare?compare=a/b&image=1:17", ("b", 17)),
        ("compare?compare=a/b&image=2:17", None),
        ("explore?checkpoint=a&image=-1", None),
        ("film?checkpoint=a", None),
    ],
)
def test_a_scene_tells_which_test_image_it_selects(
    link: str, image: tuple[str, int] | None
) -> None:
    value = {"format": "vae-explorer-scenes", "version": 1, "scenes": [{"link": link}]}
    assert _parse(value).scenes[0].image == image


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_scenes(tmp_path / "none.json")
    with pytest.raises(ValueError, match="regular file"):
        read_scenes(tmp_path)
    talk = read_scenes(DEFAULT_SCENES)
    assert len(talk.scenes) == 8
    assert {name for scene in talk.scenes for name in scene.checkpoints} <= {
        path.name for path in SHIPPED
    }
    assert {scene.page for scene in talk.scenes} == {"explore", "compare", "film"}
