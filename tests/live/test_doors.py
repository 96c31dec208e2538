"""Who may come in, what a browser may do with what it gets, and the sockets of networks."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
import uvicorn
from conftest import SHIPPED, Serve
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect
from served_app import DECODED, ready
from starlette.applications import Starlette
from starlette.middleware import Middleware
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.folder import files_changed
from vae_explorer.live import runner
from vae_explorer.live.doors import Doors
from vae_explorer.live.routes import routes
from vae_explorer.live.store import CHECKPOINTS, Source, once

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

Connect = Callable[[], connect]
MACHINE = socket.gethostname().lower().split(".")[0]


def _passes(kind: str, host: str, *origins: str, **options: object) -> bool:
    """Ask doors that are opened by some options; return whether they let the request in.

    What is not let in has to get an answer.
    """
    said = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        said.append("let in")

    async def send(message: Message) -> None:
        said.append(message.get("status") or message["type"])

    heads = [("host", host), *(("origin", origin) for origin in origins)]
    scope = {"type": kind, "headers": [tuple(text.encode("latin-1") for text in h) for h in heads]}
    asyncio.run(Doors(app, **options)(scope, None, send))
    refused = [403, "http.response.body"] if kind == "http" else ["websocket.close"]
    assert said in (["let in"], refused)
    return said == ["let in"]


# Names.


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        *(("127.0.0.1", True), ("192.168.7.9:8501", True), ("[::1]", True), ("[FD00::2]:80", True)),
        *(("LocalHost.:8501", True), (f"{MACHINE}:8501", True), (f"{MACHINE}.LOCAL", True)),
        *(
            ("named.example:8501", True),
            ("xn--bcher-kva.example", True),
            ("a.b.below.example", True),
        ),
        *(("", False), (" ", False), (":8501", False), ("localhost:65536", False), ("[::1", False)),
        *(("evil.example", False), ("below.example", False), ("127.0.0.1.evil.example", False)),
        *((f"{MACHINE}.evil.example", False), ("localhost@evil.example", False), ("0x7f.1", False)),
        *(("localhost/", False), ("localhost:8501:1", False), ("notnamed.example", False)),
    ],
)
def test_a_server_answers_to_its_own_names(host: str, answered: bool) -> None:
    names = ("https://named.example:443/path", "Bücher.example.")
    for kind in ("http", "websocket"):
        assert _passes(kind, host, names=names, patterns=("*.below.example",)) is answered


def test_a_wildcard_is_every_name_but_no_other_page() -> None:
    assert _passes("http", "lab.example:8501", patterns=("*",))
    assert not _passes("http", "lab.example:8501", names=("*",))
    assert not _passes("websocket", "localhost", "http://evil.example", patterns=("*",))


@pytest.mark.parametrize(
    ("origins", "connected"),
    [
        *((["http://localhost:8501"], True), (["http://LOCALHOST.:8501"], True), ([], True)),
        *((["https://named.example"], True), (["https://other.example:3000"], True)),
        *((["http://localhost"], False), (["http://localhost:9"], False), (["null"], False)),
        *((["http://127.0.0.1:8501"], False), (["http://evil.example"], False), ([""], False)),
        *(
            (["https://other.example"], False),
            (["http://["], False),
            (["http://localhost/"], False),
        ),
        (["http://localhost:8501", "http://evil.example"], False),
    ],
)
def test_a_socket_is_for_the_servers_own_pages(origins: list[str], connected: bool) -> None:
    names = "named.example", "https://other.example:3000"
    assert _passes("websocket", "localhost:8501", *origins, names=names) is connected
    assert _passes("websocket", "localhost:8501", *origins, any_origin=True)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_no_text_in_a_header_is_an_exception(host: str, origin: str) -> None:
    for kind in ("http", "websocket"):
        _passes(kind, host, origin)
        _passes(kind, "localhost", origin)


# The served app.


def _ask(address: str, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    """Return the status, the headers and the text of an answer."""
    with closing(http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")


def test_who_comes_by_a_foreign_name_is_told_the_name_and_the_option(address: str) -> None:
    status, _, said = _ask(address, "/", Host="lab.example:8501")
    assert status == 403
    assert "name lab.example." in said
    assert "--browser.serverAddress lab.example" in said


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/compare", "/_stcore/health", "/favicon.png", "/live/assets/1/explore.js"),
        *("/live/blob/1", "/live/original/1/2", "/manifold", "/nothing", "/static/js/none.js"),
    ],
)
def test_everything_says_that_nothing_else_may_be_fetched(address: str, path: str) -> None:
    _, headers, _ = _ask(address, path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert not re.search(r"\*|http|wss?:", " ".join(policy.values()))
    assert _ask(address, path, Host="evil.example")[0] == 403


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 2500, "%00", "%ff", "%ed%a0%80", "9" * 5000])
def test_odd_names_get_an_answer(address: str, name: str) -> None:
    # The fixture `address` finds what the server says of an exception.
    for start in (
        "live/assets/1",
        "live/blob",
        "live/original/1",
        "static",
        "media",
        "component/x",
    ):
        assert _ask(address, f"/{start}/{name}")[0] < 500


@pytest.mark.parametrize("path", ["_stcore/stream", "live/run/1/decoder"])
def test_a_page_of_another_name_pointed_at_this_machine_gets_no_socket(
    address: str, path: str
) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=30) as opened:
        host = f"evil.example:{place.port}"
        opened.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert opened.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.browser
def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script_put_into_it(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/model")
    ready(page)
    page.forgiven += ["Content Security Policy", "violates", "foreign host: http://192.0.2.1"]
    blocked = page.evaluate(
        """async () => {
            const seen = [];
            const all = new Promise((resolve) =>
                document.addEventListener('securitypolicyviolation', (event) => {
                    seen.push(event.effectiveDirective);
                    if (seen.length === 4) resolve(seen);
                }));
            const image = document.createElement('div');
            image.innerHTML = '<img src="http://192.0.2.1/x.png" onerror="window.ran = 1">';
            document.body.append(image);
            const script = document.createElement('script');
            script.textContent = 'window.ran = 1';
            document.body.append(script);
            fetch('http://192.0.2.1/').catch(() => {});
            return all;
        }"""
    )
    assert set(blocked) == {"img-src", "connect-src", "script-src-elem", "script-src-attr"}
    assert page.evaluate("window.ran") is None


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which another server serves it."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    (tmp_path / "favicon.ico").touch()
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.browser
def test_the_app_opens_in_a_frame_of_another_site_and_below_a_path(
    page: Page, elsewhere: tuple[Path, str], serve: Serve
) -> None:
    folder, elsewhere_address = elsewhere
    # Browsers that block what other sites keep refuse to be asked for it.
    page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"]) {
            const get = () => { throw new DOMException("denied", "SecurityError"); };
            if (window !== top) Object.defineProperty(window, name, { get });
        }"""
    )
    with serve(STREAMLIT_SERVER_BASE_URL_PATH="deep/down") as address:
        (folder / "index.html").write_text(
            f'<iframe src="{address}/?embed=true" width="1200" height="650"></iframe>'
        )
        page.goto(elsewhere_address)
        frame = page.frame_locator("iframe")
        decoded = frame.locator(f"{DECODED}[data-z]").first
        before = decoded.get_attribute("data-z")
        frame.get_by_test_id("handle").press("ArrowRight")
        expect(decoded).not_to_have_attribute("data-z", before)


# Sockets that run networks.


@pytest.fixture
def network() -> Iterator[Connect]:
    """Connect to the decoder of a shipped checkpoint, on a server of the routes alone."""
    CHECKPOINTS.put("key", Source(SHIPPED[0], files_changed(SHIPPED[0])))
    app = Starlette(routes=routes(), middleware=[Middleware(Doors)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        yield lambda: connect(f"ws://{host}/live/run/key/decoder", origin=f"http://{host}")
        server.should_exit = True
        thread.join()


def _message(count: int, number: int = 7) -> tuple[bytes, np.ndarray]:
    z = np.random.default_rng(number).standard_normal((count, 2)).astype(np.float32)
    return np.uint32(number).tobytes() + z.tobytes(), z


def _code_of(connecting: connect, *messages: str | bytes) -> int:
    """Return the code with which a socket is closed; a reason has to come with it."""
    with connecting as opened:
        for message in messages:
            opened.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv()
    assert closed.value.rcvd.reason
    return closed.value.rcvd.code


def test_a_socket_answers_with_what_the_network_says(network: Connect) -> None:
    decoder = load_checkpoint(SHIPPED[0]).model
    with network() as opened:
        for count in (1, 3, runner.MAX_EXAMPLES):
            message, z = _message(count, count)
            opened.send(message)
            answer = opened.recv()
            assert answer[:4] == message[:4]
            seen = np.frombuffer(answer, np.float32, offset=4).reshape(count, 28, 28)
            with torch.no_grad():
                expected = decoder.generate(torch.from_numpy(z))[:, 0].numpy()
            np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_odd_messages_get_a_code_and_a_reason(network: Connect) -> None:
    many = bytes(4 + 8 * (runner.MAX_EXAMPLES + 1))
    odd = {1003: ["text"], 1009: [many, bytes(5 << 20)], 1007: [b"", b"1234", b"12345", bytes(29)]}
    for code, messages in odd.items():
        assert [_code_of(network(), message) for message in messages] == [code] * len(messages)


def test_sockets_are_bounded_in_number_and_time(
    network: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MAX_SOCKETS", 2)
    with network() as first, network() as second:
        assert _code_of(network()) == 1013
        for opened in (first, second):
            opened.send(_message(1)[0])
            assert len(opened.recv()) == 4 + 4 * 28 * 28
    # Who asks for nothing leaves, and makes room.
    monkeypatch.setattr(runner, "MAX_SOCKETS", 4)
    monkeypatch.setattr(runner, "IDLE_SECONDS", 0.01)
    assert [_code_of(network()) for _ in range(6)] == [1000] * 6
    # An answer that would take too long is none.
    monkeypatch.setattr(runner, "IDLE_SECONDS", 60)
    monkeypatch.setattr(runner, "ANSWER_SECONDS", 0)
    assert _code_of(network(), _message(1)[0]) == 1013


def test_sockets_take_turns(network: Connect) -> None:
    turns: list[str] = []
    done = Event()

    def ask(name: str) -> None:
        with network() as opened:
            while not done.is_set():
                opened.send(_message(runner.MAX_EXAMPLES)[0])
                opened.recv()
                turns.append(name)

    threads = [Thread(target=ask, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    while set(turns) != set("abcdef"):
        done.wait(0.01)
    first = len(turns)
    while len(turns) < first + 300:
        done.wait(0.01)
    done.set()
    for thread in threads:
        thread.join()
    counts = [turns[first : first + 300].count(name) for name in "abcdef"]
    assert max(counts) <= 2 * min(counts)


def test_a_thing_is_made_once_however_many_ask_at_once() -> None:
    made: list[int] = []

    @once(2)
    def make(number: int) -> int:
        made.append(number)
        return number

    threads = [Thread(target=make, args=(number,)) for number in (1, 2) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [1, 2]
