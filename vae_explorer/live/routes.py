"""What browsers fetch beside the pages: the live side's own files, blobs, originals, and, for
networks too large for a browser, a socket to PyTorch.

No address names a file on disk: assets are known by name, all else lies on a shelf.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from vae_explorer import checkpoint
from vae_explorer.live.shelf import BLOBS, CHECKPOINTS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

__all__ = ["ASSETS", "PREFIX", "asset_version", "routes"]

PREFIX = "/live"
ASSETS = Path(__file__).parent / "assets"
KINDS = {".js": "text/javascript", ".css": "text/css"}
# Named by what they hold, so they never change; and not to be compressed at every request.
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Encoding": "identity"}
# The most examples in one message to the socket.
AT_ONCE = 512


def routes(base: str = "") -> list[BaseRoute]:
    """Return the routes, under the path `base` at which the app is served."""
    prefix = f"/{base.strip('/')}{PREFIX}" if base.strip("/") else PREFIX
    return [
        Route(f"{prefix}/assets/{{version}}/{{file}}", _asset),
        Route(f"{prefix}/blob/{{digest}}", _blob),
        Route(f"{prefix}/original/{{key}}/{{row:int}}", _original),
        WebSocketRoute(f"{prefix}/run/{{key}}/{{part}}", _run),
    ]


def asset_version() -> str:
    """Return a name for the assets as they are now, for their address."""
    digest = hashlib.sha256()
    for file in sorted(ASSETS.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _asset(request: Request) -> Response:
    file = ASSETS / Path(request.path_params["file"]).name
    if file.suffix not in KINDS or not file.is_file():
        return PlainTextResponse(f"found no asset {file.name}", 404)
    return Response(file.read_bytes(), media_type=KINDS[file.suffix], headers=FOREVER)


def _blob(request: Request) -> Response:
    content = BLOBS.get(request.path_params["digest"])
    if content is None:
        return PlainTextResponse("found no such blob: reload the page", 404)
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


def _original(request: Request) -> Response:
    """Answer with one test image, H·W·C bytes, or with words where the data is not on disk."""
    path = CHECKPOINTS.get(request.path_params["key"])
    row = request.path_params["row"]
    if path is None:
        return JSONResponse({"words": "The checkpoint has changed: reload the page."})
    try:
        images = _test_images(path)
        index = checkpoint.load_latents(path).index
        image = images[index[row]]
    except (ValueError, FileNotFoundError, IndexError):
        name = checkpoint.load_meta(path).dataset.name
        return JSONResponse({"words": f"The originals of {name} are not on disk."})
    return Response(
        image.transpose(1, 2, 0).tobytes(), media_type="application/octet-stream", headers=FOREVER
    )


async def _run(socket: WebSocket) -> None:
    """Run a network for one page: uint32 number and float32 inputs in, the same and outputs out."""
    path = CHECKPOINTS.get(socket.path_params["key"])
    part = socket.path_params["part"]
    # A page of another site can open a socket to this machine; its origin gives it away.
    same = urlsplit(socket.headers.get("origin", "")).netloc == socket.headers.get("host")
    if path is None or part not in ("decoder", "encoder") or not same:
        await socket.close(code=1008)
        return
    await socket.accept()
    try:
        network = await run_in_threadpool(_network, path, part)
        while True:
            message = await socket.receive_bytes()
            try:
                answer = await run_in_threadpool(network, message)
            except ValueError:
                await socket.close(code=1003)
                return
            await socket.send_bytes(answer)
    except WebSocketDisconnect:
        return


@lru_cache(maxsize=2)
def _test_images(path: Path) -> np.ndarray:
    """Return the test images a checkpoint was measured on, uint8 (N, C, H, W)."""
    from vae_explorer.data import load_dataset

    recorded = checkpoint.load_meta(path).dataset
    return load_dataset(
        recorded.name, download=False, checksum=recorded.checksum
    ).test.images.numpy()


@lru_cache(maxsize=4)
def _network(path: Path, part: str):
    """Return a function from a message to its answer, in PyTorch, channels last."""
    import torch

    model = checkpoint.load_model(path)
    shape = model.config.image_shape
    width = model.config.latent_dim if part == "decoder" else int(np.prod(shape))

    @torch.no_grad()
    def answer(message: bytes) -> bytes:
        count, rest = divmod(len(message) - 4, 4 * width)
        if rest or not 1 <= count <= AT_ONCE:
            raise ValueError(
                f"message: found {len(message)} bytes, expected 4 and {4 * width} for each of "
                f"1 to {AT_ONCE} examples"
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
