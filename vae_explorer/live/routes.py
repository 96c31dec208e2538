"""What browsers fetch beside the pages: their scripts and styles, blobs, originals, and, for
networks too large for a browser, a socket to PyTorch.

No address names a file on disk: what can be fetched was read or stored under its name before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from vae_explorer.checkpoint import folder as checkpoint
from vae_explorer.live.store import BLOBS, CHECKPOINTS, Source, digest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

__all__ = ["ASSETS", "PREFIX", "asset_version", "routes"]

PREFIX = "/live"
ASSETS = Path(__file__).parent / "browser"
KINDS = {".js": "text/javascript", ".css": "text/css"}
# Named by what they hold, so they never change; and not to be compressed at every request.
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Encoding": "identity"}
# Examples in one message to the socket.
MAX_EXAMPLES = 512


def routes(base: str = "") -> list[BaseRoute]:
    """Return the routes, under the path `base` at which the app is served."""
    prefix = f"/{base.strip('/')}{PREFIX}" if base.strip("/") else PREFIX
    return [
        Route(f"{prefix}/assets/{{version}}/{{file:path}}", _asset),
        Route(f"{prefix}/blob/{{digest}}", _blob),
        Route(f"{prefix}/original/{{key}}/{{row:int}}", _original),
        WebSocketRoute(f"{prefix}/run/{{key}}/{{part}}", _run),
    ]


@cache
def _assets() -> dict[str, bytes]:
    """Return the browser's scripts and styles by their paths, as they are now."""
    files = (file.relative_to(ASSETS) for file in sorted(ASSETS.rglob("*")))
    served = (file for file in files if file.suffix in KINDS and "node_modules" not in file.parts)
    return {file.as_posix(): (ASSETS / file).read_bytes() for file in served}


@cache
def asset_version() -> str:
    """Return a name for the assets as they were first read, for their address."""
    parts = (part for name, content in _assets().items() for part in (name.encode(), content))
    return digest(b"\0".join(parts))


def _asset(request: Request) -> Response:
    name = request.path_params["file"]
    content = _assets().get(name)
    if content is None:
        return PlainTextResponse(f"found no asset {name}", 404)
    return Response(content, media_type=KINDS[Path(name).suffix], headers=FOREVER)


def _blob(request: Request) -> Response:
    content = BLOBS.get(request.path_params["digest"])
    if content is None:
        return PlainTextResponse("found no such blob: reload the page", 404)
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


def _original(request: Request) -> Response:
    """Answer with one test image, H·W·C bytes, or with a message where there is none."""
    source = CHECKPOINTS.get(request.path_params["key"])
    if source is None:
        return JSONResponse({"message": "The server has forgotten this page: reload it."})
    try:
        images, index = _test_images(source)
    except FileNotFoundError:
        return JSONResponse({"message": "The original is not here: its data set is not on disk."})
    except ValueError as error:
        return JSONResponse({"message": f"The original is not here. {error}"})
    row = request.path_params["row"]
    if row >= len(index) or index[row] >= len(images):
        return JSONResponse({"message": f"Row {row} is not in the data set."})
    content = images[index[row]].transpose(1, 2, 0).tobytes()
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


async def _run(socket: WebSocket) -> None:
    """Run a network for one page: uint32 number and float32 inputs in, the same and outputs out."""
    source, part = CHECKPOINTS.get(socket.path_params["key"]), socket.path_params["part"]
    # A page of another site can open a socket to this machine; its origin gives it away.
    same = urlsplit(socket.headers.get("origin", "")).netloc == socket.headers.get("host")
    if source is None or part not in ("decoder", "encoder") or not same:
        await socket.close(code=1008)
        return
    await socket.accept()
    try:
        network = await run_in_threadpool(_network, source, part)
        while True:
            answer = await run_in_threadpool(network, await socket.receive_bytes())
            await socket.send_bytes(answer)
    except (ValueError, FileNotFoundError):
        # The message is not from our page, or the checkpoint has changed or gone.
        await socket.close(code=1008)
    except WebSocketDisconnect:
        return


@lru_cache(maxsize=2)
def _test_images(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return a data set's test images, uint8 (N, C, H, W), and which one each row of codes is."""
    from vae_explorer.data import load_dataset

    source.check()
    recorded = checkpoint.load_meta(source.path).dataset
    index = checkpoint.load_latents(source.path).index
    source.check()
    split = load_dataset(recorded.name, download=False, checksum=recorded.checksum).test
    return split.images.numpy(), index


@lru_cache(maxsize=4)
def _network(source: Source, part: str) -> Callable[[bytes], bytes]:
    """Return a function from a message to its answer, in PyTorch, channels last."""
    import torch

    model = checkpoint.load_model(source.path)
    source.check()
    shape = model.config.image_shape
    width = model.config.latent_dim if part == "decoder" else int(np.prod(shape))

    @torch.no_grad()
    def answer(message: bytes) -> bytes:
        count, rest = divmod(len(message) - 4, 4 * width)
        if rest or not 1 <= count <= MAX_EXAMPLES:
            raise ValueError(
                f"message: found {len(message)} bytes, expected 4 and {4 * width} for each of "
                f"1 to {MAX_EXAMPLES} examples"
            )
        inputs = torch.from_numpy(np.frombuffer(message, np.float32, offset=4).copy())
        if part == "decoder":
            outputs = model.generate(inputs.view(count, width)).permute(0, 2, 3, 1)
        else:
            channels, height, columns = shape
            images = inputs.view(count, height, columns, channels).permute(0, 3, 1, 2)
            outputs = torch.cat(model.encode(images), dim=1)
        return message[:4] + outputs.contiguous().numpy().tobytes()

    return answer
