"""A checkpoint as the browser takes it: its codes, decoder, encoder and film, each one blob.

    "VAEB" · length of the header, uint32 · header, JSON · arrays

Numbers are little-endian, and every array starts at a multiple of 8 bytes, so that the browser
views it as a typed array without a copy. `browser/dom/blob.js` reads what `pack` writes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_explorer.analysis.codes import PrincipalAxes, active_units, dimensions_by_kl
from vae_explorer.analysis.projections import PROJECTIONS
from vae_explorer.checkpoint.folder import WEIGHTS, load_meta, load_weights
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.text import MAX_NAME, plain_text
from vae_explorer.live.plan import Plan, decoder_plan, encoder_plan

if TYPE_CHECKING:
    from vae_explorer.analysis.alignment import Alignment
    from vae_explorer.checkpoint.meta import Meta
    from vae_explorer.film.film import Film

__all__ = [
    "BROWSER_MACS",
    "MAX_LEVEL",
    "compared",
    "film_blob",
    "half",
    "pack",
    "plan_blob",
    "plan_of_checkpoint",
    "points_blob",
    "quantised_blob",
]

# The largest weight of a column in 8 bits: coarser than it could be, as that compresses better.
MAX_LEVEL = 100
MAGIC = b"VAEB"
DTYPES = ("float32", "float16", "int8", "uint8", "uint32")

# Multiply-adds a browser does well within a frame; above, the server runs the network.
BROWSER_MACS = 8_000_000

PLANS = {"decoder": decoder_plan, "encoder": encoder_plan}


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return `header` and `arrays` in one blob.

    The header gets an entry `arrays`: for each name its dtype, its shape, and where it starts in
    bytes after the header.

    Raises:
        ValueError: for an array of a dtype that has no typed array in a browser.
    """
    places, parts, offset = {}, [], 0
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ValueError(
                f"{name}: found {array.dtype}, expected one of {', '.join(DTYPES)}; convert it"
            )
        part = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        part += bytes(-len(part) % 8)
        places[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        parts.append(part)
        offset += len(part)
    text = json.dumps({**header, "arrays": places}, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return MAGIC + len(text).to_bytes(4, "little") + text + b"".join(parts)


def half(values: np.ndarray) -> np.ndarray:
    """Return values as float16, or as float32 where one of them is beyond that."""
    fits = np.abs(values).max(initial=0) <= np.finfo(np.float16).max
    return values.astype(np.float16 if fits else np.float32)


def plan_of_checkpoint(path: Path | str, part: str) -> Plan:
    """Return the plan of a checkpoint's `decoder` or `encoder`, in the dtype it is stored in.

    Raises:
        FileNotFoundError, ValueError: where the files are missing or do not fit each other.
    """
    weights = load_weights(path)
    dtype = np.result_type(*(value for value in weights.values() if value.dtype.kind == "f"))
    try:
        return PLANS[part](load_meta(path).model, weights, dtype)
    except ValueError as error:
        raise ValueError(f"{Path(path) / WEIGHTS}: {error}") from error


def plan_blob(plan: Plan) -> bytes:
    """Return the blob of a plan: its header and one array, `weights`."""
    return pack(plan.header(), {"weights": plan.weights})


def _quantise(plan: Plan, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a step's matrix in 8 bits, int8 (rows, columns), and a scale a column, float32."""
    found = plan.steps[step]
    columns = found.outputs * (found.kernel**2 if found.kind == "conv_transpose" else 1)
    matrix = plan.weights[found.weight : found.bias].astype(np.float32).reshape(-1, columns)
    scales = np.abs(matrix).max(axis=0) / MAX_LEVEL
    return np.rint(matrix / np.where(scales, scales, 1)).astype(np.int8), scales


def quantised_blob(plan: Plan, chosen: Collection[int]) -> bytes:
    """Return the blob of a plan in which the matrices of the steps `chosen` take 8 bits a weight.

    Arrays: `quantised` int8 and `scales` float32, those matrices and their columns' scales, and
    `weights`, all other weights in the plan's order. The header's `scaled` has for each step how
    many scales it has, 0 for one that is not chosen.
    """
    scaled, quantised, scales, weights = [], [], [], []
    for k, step in enumerate(plan.steps):
        matrix, by_column = _quantise(plan, k) if k in chosen else (np.int8([]), np.float32([]))
        scaled.append(len(by_column))
        quantised.append(matrix.ravel())
        scales.append(by_column)
        start = step.bias if k in chosen else step.weight
        weights.append(plan.weights[start : step.bias + step.outputs])
    arrays = {"quantised": quantised, "scales": scales, "weights": weights}
    return pack(
        plan.header() | {"scaled": scaled},
        {name: np.concatenate(parts) for name, parts in arrays.items()},
    )


def points_blob(
    latents: Latents,
    meta: Meta,
    axes: PrincipalAxes,
    colours: Sequence[str],
    compact: bool = False,
) -> bytes:
    """Return the blob of N codes of D dimensions and what belongs to them.

    Args:
        latents, meta: of one checkpoint.
        axes: the principal axes of its codes.
        colours: `#rrggbb` for each class.
        compact: whether `mean` and projections are float16, as far as they fit it, and `logvar` is
            rounded to 1/32, which is 3 % of a variance.

    Arrays: `mean` (N, D) float32, `logvar` (N, D) float16, `label` (N,) uint8, `index` (N,)
    uint32, `axes` (D, D) and `center` (D,) float32, and the stored projections, `umap` and `tsne`
    (N, 2) float32, where there are any.
    """
    codes = half if compact else np.float32
    logvar = np.rint(latents.logvar * 32) / 32 if compact else latents.logvar
    arrays = {
        "mean": codes(latents.mean),
        "logvar": logvar.astype(np.float16),
        "label": latents.label.astype(np.uint8),
        "index": latents.index.astype(np.uint32),
        "axes": axes.axes.astype(np.float32),
        "center": axes.center.astype(np.float32),
    }
    # In one order always: the blob is known by its bytes, and browsers keep it by that.
    stored = [name for name in PROJECTIONS if name in latents.projections]
    arrays |= {name: codes(latents.projections[name]) for name in stored}
    header = {
        "classes": [plain_text(name, MAX_NAME) for name in meta.dataset.classes],
        "colours": list(colours),
        "kl": meta.kl_by_dimension,
        "order": dimensions_by_kl(latents).tolist(),
        "active": active_units(latents).tolist(),
        "image_shape": list(meta.model.image_shape),
        "dataset": meta.dataset.name,
    }
    return pack(header, arrays)


def film_blob(film: Film, latents: Latents, meta: Meta, colours: Sequence[str]) -> bytes:
    """Return the blob of a film of S snapshots of M test images.

    Arrays: `step` uint32, `epoch` and `neg_elbo` float32, (S,); `xy` (S, M, 2) float16, the bits;
    `label` (M,) uint8 and `index` (M,) uint32; `center` (D,), `axes` (2, D) and `box` (3,) float32;
    `sizes` (S,) uint32 and `sheets` uint8, the S WebP pictures one after the other.
    """
    arrays = {
        "step": film.step.astype(np.uint32),
        "epoch": film.epoch,
        "neg_elbo": film.neg_elbo,
        "xy": film.xy,
        "label": latents.label[film.row].astype(np.uint8),
        "index": latents.index[film.row].astype(np.uint32),
        "center": film.center,
        "axes": film.axes,
        "box": film.box,
        "sizes": np.array([len(sheet) for sheet in film.sheets], dtype=np.uint32),
        "sheets": np.frombuffer(b"".join(film.sheets), dtype=np.uint8),
    }
    header = {
        "classes": [plain_text(name, MAX_NAME) for name in meta.dataset.classes],
        "colours": list(colours),
        "across": film.across,
        "image_shape": list(meta.model.image_shape),
        "titles": ["z0", "z1"] if meta.model.latent_dim == 2 else ["PC 1", "PC 2"],
    }
    return pack(header, arrays)


def compared(meta: Meta, alignment: Alignment | None) -> dict[str, Any]:
    """Return what the page Compare takes of a checkpoint, beside its blobs and its name.

    `alignment` is onto the first of those that are compared, None for that one itself.
    """
    return {
        "caption": f"{meta.model.latent_dim}-D · −ELBO {meta.metrics['test_neg_elbo']:.1f}",
        "dataset": meta.dataset.checksum,
        "rotation": None if alignment is None else alignment.rotation.tolist(),
        "disparity": None if alignment is None else alignment.disparity,
    }
