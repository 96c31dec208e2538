"""Who may come in, and what a browser may do with what it gets: one middleware before everything.

The owner of any name can point it at this machine, and then a page of that name reads what this
server answers; and a page of any site can open a socket to it. The name that a browser asked for,
in `Host`, and the page that asks, in `Origin`, give both away.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import socket
from collections.abc import Iterable
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import idna
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Doors", "script_source"]

# Everything comes from this server. Streamlit's components are blobs, its styles stand in the page,
# and plotly compiles what draws many points (without `unsafe-eval` it says there is no WebGL).
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' blob: 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?")


class Host(NamedTuple):
    """A host as a browser names it: in lower case, without the dot at its end or a usual port."""

    name: str
    port: str | None


class Doors:
    """Answers requests for names of this machine alone, and sockets of its own pages.

    Args:
        names: names, addresses or origins that the server was started with. Pages of these may open
            its sockets under any name of it, as a proxy may call it by another.
        patterns: more names, where `*.example.org` is every name below it and `*` any name.
        any_origin: whether pages of other sites may open sockets, too.
        scripts: the texts of the scripts that stand in pages.
    """

    def __init__(
        self,
        app: ASGIApp,
        names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        any_origin: bool = False,
        scripts: Iterable[str] = (),
    ) -> None:
        self._app, self._any_origin = app, any_origin
        self._named = {_host_of(text) for text in names}
        self._patterns = {_host_of(text).name for text in patterns}
        self._patterns |= {host.name for host in self._named if "*" not in host.name}
        allowed = " ".join([POLICY["script-src"], *map(script_source, scripts)])
        policy = POLICY | {"script-src": allowed}
        self._headers = {
            "Content-Security-Policy": "; ".join(f"{kind} {what}" for kind, what in policy.items()),
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif problem := await self._problem(scope):
            if scope["type"] == "http":
                await PlainTextResponse(problem, 403)(scope, receive, send_with_headers)
            else:
                # A browser shows nobody why a socket was refused.
                logging.getLogger(__name__).warning("refused a socket: %s", problem)
                await WebSocket(scope, receive, send).close(1008)
        elif scope["type"] == "http":
            await self._app(scope, receive, send_with_headers)
        else:
            await self._app(scope, *_without_text(receive, send))

    async def _problem(self, scope: Scope) -> str:
        """Return why a request is refused, or nothing."""
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host = _parse(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return "Host: found no name or more than one, expected the name of this server."
        if not await self._is_known(host.name):
            return (
                f"This server does not answer to the name {host.name}. If it should, start it with "
                f"--browser.serverAddress {host.name}"
            )
        # Browsers send the origin of whoever opens a socket; who sends none is not a browser.
        if scope["type"] == "http" or self._any_origin or not origins:
            return ""
        page = _parse(origins[0].partition("://")[2]) if len(origins) == 1 else None
        if page is None:
            return "Origin: found no page or more than one, expected one page of this server."
        if page == host or page in self._named:
            return ""
        return (
            f"Only pages of {host.name} may use its sockets, this is one of {page.name}. If it "
            f"may, start the server with --server.corsAllowedOrigins and the page's origin"
        )

    async def _is_known(self, name: str) -> bool:
        """Return whether a name is this machine's, or the server was started with it.

        Nobody can point an IP address elsewhere, or the name that a machine has in its own network.
        """
        machine = socket.gethostname().lower()
        short = machine.split(".")[0]
        if name in ("localhost", machine, short, f"{short}.local") or any(
            pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
            for pattern in self._patterns
        ):
            return True
        try:
            return bool(ip_address(name.strip("[]")))
        except ValueError:
            # Only for such a name is it worth asking the network, which takes a while.
            return name.startswith(f"{short}.") and name == await run_in_threadpool(_full_name)


@cache
def _full_name() -> str:
    """Return the machine's name with its domain."""
    return socket.getfqdn().lower()


def script_source(script: str) -> str:
    """Return the source by which a Content-Security-Policy allows one script that is in a page."""
    value = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(value).decode()}'"


def _parse(host: str) -> Host | None:
    """Return a host as `Host` or an origin names it; None where it is none."""
    match = HOST.fullmatch(host.lower())
    if match is None or int(match[2] or 0) > 65535:
        return None
    return Host(match[1].removesuffix("."), None if match[2] in ("80", "443") else match[2])


def _host_of(text: str) -> Host:
    """Return the host in an option: a name, an address or an origin, with or without a port."""
    host = urlsplit(text if "//" in text else f"//{text}").netloc.lower()
    ascii_host = re.sub(
        r"[^.:]*[^.:\x00-\x7f][^.:]*",
        lambda label: idna.encode(label[0], uts46=True).decode(),
        host,
    )
    return _parse(ascii_host) or Host(ascii_host.rstrip("."), None)


def _without_text(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Close a socket at its first text: all of ours and of Streamlit's speak in bytes."""
    closed = False

    async def receive_bytes() -> Message:
        nonlocal closed
        message = await receive()
        if message["type"] != "websocket.receive" or message.get("bytes") is not None:
            return message
        closed = True
        await send({"type": "websocket.close", "code": 1003, "reason": "found text, not bytes"})
        return {"type": "websocket.disconnect", "code": 1003}

    async def send_while_open(message: Message) -> None:
        if not closed:
            await send(message)

    return receive_bytes, send_while_open
