"""What browsers fetch beside the pages: their scripts and styles, blobs, originals, and, for
networks too large for a browser, a socket to PyTorch.

No address names a file on disk: what can be fetched was read or stored under its name before.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from vae_explorer.checkpoint import folder as checkpoint
from vae_explorer.live.runner import run_network
from vae_explorer.live.store import BLOBS, CHECKPOINTS, Source, digest, once

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["ASSETS", "PREFIX", "asset_version", "routes"]

PREFIX = "/live"
ASSETS = Path(__file__).parent / "browser"
KINDS = {".js": "text/javascript", ".css": "text/css"}
# Named by what they hold, so they never change; and not to be compressed at every request.
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Encoding": "identity"}


def routes(base: str = "") -> list[BaseRoute]:
    """Return the routes, under the path `base` at which the app is served."""
    prefix = f"/{base.strip('/')}{PREFIX}" if base.strip("/") else PREFIX
    return [
        Route(f"{prefix}/assets/{{version}}/{{file:path}}", _asset),
        Route(f"{prefix}/blob/{{digest}}", _blob),
        Route(f"{prefix}/original/{{key}}/{{row}}", _original),
        WebSocketRoute(f"{prefix}/run/{{key}}/{{part}}", run_network),
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
        return PlainTextResponse("found no such asset: reload the page", 404)
    return Response(content, media_type=KINDS[Path(name).suffix], headers=FOREVER)


def _blob(request: Request) -> Response:
    content = BLOBS.get(request.path_params["digest"])
    if content is None:
        return PlainTextResponse("found no such blob: reload the page", 404)
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


def _original(request: Request) -> Response:
    """Answer with one test image, H·W·C bytes, or with a message where there is none."""
    # Python reads no numbers of thousands of digits.
    if not re.fullmatch("[0-9]{1,18}", request.path_params["row"]):
        return PlainTextResponse("found no row: expected a number of at most 18 digits", 404)
    row, source = int(request.path_params["row"]), CHECKPOINTS.get(request.path_params["key"])
    if source is None:
        return JSONResponse({"message": "The server has forgotten this page: reload it."})
    try:
        images, index = _test_images(source)
    except FileNotFoundError:
        return JSONResponse({"message": "The original is not here: its data set is not on disk."})
    except (ValueError, OSError) as error:
        return JSONResponse({"message": f"The original is not here. {error}"})
    if row >= len(index) or index[row] >= len(images):
        return JSONResponse({"message": f"Row {row} is not in the data set."})
    content = images[index[row]].transpose(1, 2, 0).tobytes()
    return Response(content, media_type="application/octet-stream", headers=FOREVER)


@once(2)
def _test_images(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Return a data set's test images, uint8 (N, C, H, W), and which one each row of codes is."""
    from vae_explorer.data import load_dataset

    source.check()
    meta = checkpoint.load_meta(source.path)
    recorded, shape = meta.dataset, meta.model.image_shape
    index = checkpoint.load_latents(source.path).index
    source.check()
    split = load_dataset(recorded.name, download=False, checksum=recorded.checksum).test
    if split.images.shape[1:] != shape:
        raise ValueError(
            f"{recorded.name}: found images of shape {tuple(split.images.shape[1:])}, expected "
            f"{shape}, which the model takes"
        )
    return split.images.numpy(), index
