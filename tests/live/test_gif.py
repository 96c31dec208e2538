"""Animations as GIFs, written by the page's scripts in node and read by Pillow."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

SCRIPT = Path(__file__).parents[1] / "js" / "live.mjs"
SECONDS = 0.123


def _read_back(
    node: list[str], folder: Path, frames: np.ndarray, comment: str = ""
) -> tuple[dict, list]:
    """Return what Pillow finds in the GIF of frames, (S, H, W, 3): its info, frames, durations."""
    _, height, width, _ = frames.shape
    opaque = np.full((*frames.shape[:3], 1), 255, np.uint8)
    pixels = np.concatenate([frames, opaque], axis=3).reshape(len(frames), -1)
    asked = {
        **{"width": width, "height": height, "frames": pixels.tolist()},
        **{"seconds": SECONDS, "comment": comment},
    }
    file = folder / "asked"
    file.write_text(json.dumps(asked))
    command = [*node, str(SCRIPT), "gif", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    with Image.open(io.BytesIO(bytes(json.loads(run.stdout)))) as gif:
        info = dict(gif.info)
        found = [
            (np.asarray(frame.convert("RGB")), frame.info["duration"])
            for frame in ImageSequence.Iterator(gif)
        ]
    return info, found


@pytest.mark.parametrize("colours", [1, 2, 255])
def test_as_many_colours_as_fit_are_exact(node: list[str], tmp_path: Path, colours: int) -> None:
    rng = np.random.default_rng(colours)
    # No two are so near that they count as one.
    levels = rng.permutation(64**3)[:colours]
    palette = 4 * np.stack(np.unravel_index(levels, (64, 64, 64)), axis=1).astype(np.uint8)
    frames = palette[rng.integers(0, colours, (5, 70, 90))]
    # Runs are long, too, as on a map; and one frame is as the one before.
    frames[:, :9] = palette[0]
    frames[3] = frames[2]
    comment = "z = −1 " * 100
    info, found = _read_back(node, tmp_path, frames, comment)
    assert info["loop"] == 0
    assert info["comment"].decode() == comment
    seen = [k for k in range(5) if k == 0 or (frames[k] != frames[k - 1]).any()]
    assert len(found) == len(seen)
    for (picture, _), k in zip(found, seen, strict=True):
        np.testing.assert_array_equal(picture, frames[k])
    assert sum(duration for _, duration in found) == pytest.approx(5 * 1000 * SECONDS, abs=5)


def test_many_colours_become_near_ones(node: list[str], tmp_path: Path) -> None:
    # Three soft gradients of two colours each.
    share = np.linspace(0, 1, 200)[:, None]
    ends = np.random.default_rng(0).uniform(0, 255, (3, 2, 3))
    rows = (1 - share) * ends[:, None, 0] + share * ends[:, None, 1]
    frames = np.repeat(rows.astype(np.uint8)[None, :, None], 20, axis=2).reshape(1, 60, 200, 3)
    _, [(picture, _)] = _read_back(node, tmp_path, frames)
    away = np.abs(picture.astype(int) - frames[0])
    assert away.max() <= 8
    assert away.mean() <= 1.5
