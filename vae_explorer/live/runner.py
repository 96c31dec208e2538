"""Networks that are too large for a browser, run here for the pages that show them.

All sockets share two threads and their queue, so that no number of visitors takes more memory than
two, and each has one message in it: they take turns. PyTorch itself uses all cores.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from starlette.websockets import WebSocketDisconnect

from vae_explorer.checkpoint import folder as checkpoint
from vae_explorer.live.store import CHECKPOINTS, Source, once

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from vae_explorer.vae.model import VAE

__all__ = ["run_network"]

MAX_SOCKETS = 256
# A page asks for at most 49 at once.
MAX_EXAMPLES = 64
# A page opens its socket again when it needs it.
IDLE_SECONDS = 60
ANSWER_SECONDS = 30

_sockets: set[WebSocket] = set()
_threads = ThreadPoolExecutor(2, "networks")


class _Refusal(Exception):
    """The code and the reason, of at most 123 bytes, with which a socket is closed."""


BUSY = 1013, "too many pages run networks here: try again later"


async def run_network(socket: WebSocket) -> None:
    """Run a network for one page: uint32 number and float32 inputs in, the same and outputs out."""
    source, part = CHECKPOINTS.get(socket.path_params["key"]), socket.path_params["part"]
    if source is None or part not in ("decoder", "encoder") or "origin" not in socket.headers:
        await socket.close(code=1008)
        return
    await socket.accept()
    _sockets.add(socket)
    try:
        await socket.close(*await _answer_until_refused(socket, source, part))
    except WebSocketDisconnect:
        return
    finally:
        _sockets.discard(socket)


async def _answer_until_refused(socket: WebSocket, source: Source, part: str) -> tuple[int, str]:
    if len(_sockets) > MAX_SOCKETS:
        return BUSY
    try:
        while True:
            await _answer_one(socket, source, part)
    except _Refusal as refusal:
        return refusal.args


async def _answer_one(socket: WebSocket, source: Source, part: str) -> None:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await socket.receive_bytes()
    except TimeoutError:
        raise _Refusal(1000, "nothing was asked for a while") from None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            run = asyncio.get_running_loop().run_in_executor
            await socket.send_bytes(await run(_threads, _answer, source, part, message))
    except TimeoutError:
        raise _Refusal(*BUSY) from None


def _answer(source: Source, part: str, message: bytes) -> bytes:
    """Return the answer to a message; images are channels last."""
    import torch

    try:
        model = _model(source)
        channels, height, width = model.config.image_shape
        size = model.config.latent_dim if part == "decoder" else channels * height * width
        count, rest = divmod(len(message) - 4, 4 * size)
        if rest or not 1 <= count <= MAX_EXAMPLES:
            raise _Refusal(
                1009 if count > MAX_EXAMPLES else 1007,
                f"found {len(message)} bytes, expected 4 and {4 * size} for each of 1 to "
                f"{MAX_EXAMPLES} examples",
            )
        inputs = torch.from_numpy(np.frombuffer(message, np.float32, offset=4).copy())
        with torch.inference_mode():
            if part == "decoder":
                outputs = model.generate(inputs.view(count, size)).permute(0, 2, 3, 1)
            else:
                images = inputs.view(count, height, width, channels).permute(0, 3, 1, 2)
                outputs = torch.cat(model.encode(images), dim=1)
            return message[:4] + outputs.contiguous().numpy().tobytes()
    except (ValueError, OSError) as error:
        raise _Refusal(1008, "the checkpoint has changed or gone: reload the page") from error
    except (RuntimeError, MemoryError) as error:
        logging.getLogger(__name__).exception("a network did not run")
        raise _Refusal(1011, "this machine cannot run the network") from error


@once(4)
def _model(source: Source) -> VAE:
    """Return a checkpoint's model, in evaluation mode."""
    model = checkpoint.load_model(source.path)
    source.check()
    return model
