"""A proxy as hosts have it: the app is below a path there that its server never sees."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

__all__ = ["prefix_proxy"]


@contextmanager
def prefix_proxy(port: int, prefix: str) -> Iterator[str]:
    """Yield the address at which the server on `port` is shown below the path `prefix`."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            line, rest = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return
        method, path, version = line.split()
        if not path.startswith(prefix.encode() + b"/"):
            writer.write(b"HTTP/1.1 404 Outside\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        if b"upgrade: websocket" not in rest.lower():
            # One request a connection.
            rest = b"Connection: close\r\n" + rest.replace(b"Connection: keep-alive\r\n", b"")
        to = await asyncio.open_connection("127.0.0.1", port)
        to[1].write(b" ".join((method, path[len(prefix) :], version)) + b"\r\n" + rest)
        await asyncio.gather(_copy(reader, to[1]), _copy(to[0], writer))

    async def serve() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        started.put((asyncio.get_running_loop(), stop, server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()

    started: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Queue()
    # What is open still when `serve` ends is cancelled by `run`.
    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, stop, own = started.get()
    try:
        yield f"http://127.0.0.1:{own}{prefix}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
