"""How the app bears a class: `python tests/benchmarks/load.py [--sessions N] [--seconds S]`.

Prints a table of two servers, in turn in one run: with Streamlit's file watcher, and as the app is
served. Sessions without a browser open Explore at once, and then walk through all pages; sockets
ask for one picture each of a network too large for a browser. Last, browser tabs drag at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import torch
from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from served_app import DECODED, ROOT, open_browser, ready, serve_app

from vae_explorer import load_checkpoint
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.vae.model import VAE

PAGES = ("", "compare", "film", "projections", "samples", "model")
NAMES = ("mnist-2d", "mnist-20d")
TABS, SOCKETS, DRAG_SECONDS = 10, 300, 10
WATCH = """() => {
    window.frames = 0;
    requestAnimationFrame(function next() { window.frames++; requestAnimationFrame(next); });
}"""


class Session:
    """A visitor without a browser, who speaks Streamlit's protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.key, self.errors = "", 0

    async def open(self, page: str, name: str) -> float:
        """Ask for a page; return the seconds until its script has ended."""
        request = BackMsg()
        request.rerun_script.page_name = page
        request.rerun_script.query_string = urlencode({"checkpoint": name})
        started = time.perf_counter()
        await self._socket.send(request.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(await self._socket.recv())
            element = message.delta.new_element
            self.errors += element.HasField("exception") or element.alert.format == 1
            if key := re.search(rb'"key": ?"([0-9a-f]{32})"', message.SerializeToString()):
                self.key = key[1].decode()
            if message.WhichOneof("type") == "script_finished":
                self.errors += message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY
                return time.perf_counter() - started


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parsed = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {parsed.sessions} sessions")
    rows: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        _save_large(Path(folder) / "large")
        for watcher in ("auto", "none"):
            environment = {"STREAMLIT_SERVER_FILE_WATCHER_TYPE": watcher}
            with serve_app(VAE_EXPLORER_CHECKPOINTS=folder, **environment) as address:
                found = asyncio.run(_visit(address, parsed.sessions, parsed.seconds))
                found |= asyncio.run(_run_networks(address))
                found |= _drag(address)
            for title, value in found.items():
                rows.setdefault(title, []).append(value)
    print("| | with the watcher | without |\n|---|---|---|")
    for title, values in rows.items():
        print(f"| {title} | {' | '.join(values)} |")


def _save_large(path: Path) -> None:
    """Save a checkpoint of random weights that is too large for a browser."""
    torch.manual_seed(0)
    shipped = load_checkpoint(ROOT / "checkpoints" / NAMES[0])
    config = replace(shipped.meta.model, hidden=(2600, 2600), decoder_hidden=None)
    meta = replace(shipped.meta, name=path.name, model=config)
    save_checkpoint(path, VAE(config), meta, shipped.history, shipped.latents)


async def _visit(address: str, count: int, seconds: float) -> dict[str, str]:
    """Open Explore in all sessions at once, then let each walk through the pages."""
    async with _connected(f"{address}/_stcore/stream", address, 1) as sockets:
        # The first visitor of a server waits for what the others find done.
        for page in PAGES:
            for name in NAMES:
                await Session(sockets[0]).open(page, name)
    async with _connected(f"{address}/_stcore/stream", address, 1) as sockets:
        alone = await Session(sockets[0]).open("", NAMES[0])
    before = _memory()
    async with _connected(f"{address}/_stcore/stream", address, count) as sockets:
        sessions = [Session(socket) for socket in sockets]
        opened = await asyncio.gather(*(session.open("", NAMES[0]) for session in sessions))
        end, taken = time.perf_counter() + seconds, []

        async def walk(number: int, session: Session) -> None:
            rng = np.random.default_rng(number)
            while time.perf_counter() < end:
                taken.append(await session.open(rng.choice(PAGES), rng.choice(NAMES)))
                # A visitor looks at a page for some seconds.
                await asyncio.sleep(rng.uniform(1, 4))

        await asyncio.gather(*(walk(number, session) for number, session in enumerate(sessions)))
    return {
        "one session opens Explore": f"{alone:.2f} s",
        f"{count} at once, median and p95": _spread(opened),
        f"page runs in {seconds:.0f} s": str(len(taken)),
        "a page run, median and p95": _spread(taken),
        "errors": str(sum(session.errors for session in sessions)),
        "memory before and after": f"{before} and {_memory()} MB",
    }


async def _run_networks(address: str) -> dict[str, str]:
    """Ask for a picture of a large network over many sockets at once."""
    async with _connected(f"{address}/_stcore/stream", address, 1) as sockets:
        session = Session(sockets[0])
        await session.open("", "large")
    place, message, taken, refused = f"{address}/live/run/{session.key}/decoder", bytes(12), [], 0
    async with _connected(place, address, 1) as sockets:
        await sockets[0].send(message)
        await sockets[0].recv()
    before = _memory()

    async def ask() -> None:
        nonlocal refused
        started = time.perf_counter()
        async with connect(place.replace("http", "ws"), origin=address, open_timeout=60) as socket:
            try:
                await socket.send(message)
                await socket.recv()
            except ConnectionClosed:
                refused += 1
            else:
                taken.append(time.perf_counter() - started)

    await asyncio.gather(*(ask() for _ in range(SOCKETS)))
    return {
        f"{SOCKETS} sockets run a network, median and p95": _spread(taken),
        "of these told to come later": str(refused),
        "memory before and after the sockets": f"{before} and {_memory()} MB",
    }


def _drag(address: str) -> dict[str, str]:
    """Drag the handle in all of a browser's tabs at once."""
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        tabs = [browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(TABS)]
        for tab in tabs:
            tab.on("pageerror", lambda error: wrong.append(str(error)))
            tab.on(
                "console", lambda text: wrong.append(text.text) if text.type == "error" else None
            )
            tab.goto(f"{address}/?checkpoint={NAMES[0]}")
        handles = []
        for tab in tabs:
            ready(tab)
            box = tab.get_by_test_id("handle").bounding_box()
            handles.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
            tab.mouse.move(*handles[-1])
            tab.mouse.down()
            tab.evaluate(WATCH)
        milliseconds, started = [], time.perf_counter()
        while (now := time.perf_counter() - started) < DRAG_SECONDS:
            for tab, (x, y) in zip(tabs, handles, strict=True):
                tab.mouse.move(x + 60 * np.sin(3 * now), y - 60 + 60 * np.cos(3 * now))
        frames = [tab.evaluate("frames") / now for tab in tabs]
        milliseconds = [float(tab.locator(DECODED).first.get_attribute("data-ms")) for tab in tabs]
        browser.close()
    return {
        f"{TABS} tabs drag: frames a second, median and least": f"{np.median(frames):.0f} and "
        f"{min(frames):.0f}",
        "decode + paint in them, median": f"{np.median(milliseconds):.1f} ms",
        "errors in them": str(len(wrong)),
    }


@asynccontextmanager
async def _connected(place: str, origin: str, count: int) -> AsyncIterator[list[ClientConnection]]:
    """Open sockets at once, and close them at the end."""
    async with AsyncExitStack() as stack:
        opening = (
            connect(place.replace("http", "ws"), origin=origin, max_size=None, open_timeout=60)
            for _ in range(count)
        )
        yield await asyncio.gather(*map(stack.enter_async_context, opening))


def _spread(seconds: list[float]) -> str:
    return "{:.2f} and {:.2f} s".format(*np.quantile(seconds, (0.5, 0.95)))


def _memory() -> int:
    """Return the megabytes that the server, our child, has in memory."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    sizes = []
    for child in children:
        if b"streamlit" in Path(f"/proc/{child}/cmdline").read_bytes():
            status = Path(f"/proc/{child}/status").read_text()
            sizes.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024)
    return max(sizes)


if __name__ == "__main__":
    main()
