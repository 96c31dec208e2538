"""Draw a figure of a checkpoint for a paper or a slide: PNG, SVG, PDF or GIF.

A PNG or GIF of decoded images holds their pixels alone; an SVG or PDF adds axes.
"""

from __future__ import annotations

import argparse
import io
import math
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from vae_explorer.analysis.codes import decode, dimensions_by_kl, kl_by_dimension, traverse
from vae_explorer.analysis.paths import INTERPOLATIONS, path_between
from vae_explorer.analysis.views import View, find_view
from vae_explorer.checkpoint.folder import Checkpoint, load_checkpoint
from vae_explorer.checkpoint.latents import MAX_CODE, Latents
from vae_explorer.checkpoint.text import MAX_NAME, plain_text, whole_number
from vae_explorer.data import load_dataset
from vae_explorer.figures.pictures import (
    LARGEST,
    enlarged,
    interleave,
    mosaic,
    note_of,
    png_bytes,
    usual_scale,
)
from vae_explorer.figures.printed import (
    Ticks,
    labelled_picture,
    printed_scatter,
    ticks_at,
    traversal_ticks,
)
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.files.storage import replacing

__all__ = ["main"]

# Pixels a side, about, where no scale is given; those of SVG and PDF are 1/96 inch: six inches.
USUAL_GIF, USUAL_VECTOR = 400, 576
# Of a scatter whose scale is not given, pixels an inch.
DPI = 200
# Milliseconds of a frame, and of the first and the last one.
FRAME_MS, END_MS = 80, 600
GIF_STEPS = 30
MAX_DIMS = 10
# What a picture depends on, beside its checkpoint and z.
SAID = (
    *("view", "size", "spacing", "range", "row", "between", "path", "steps", "count", "seed"),
    *("columns", "dims", "rows"),
)
ENDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Picture(NamedTuple):
    """Images that make up a picture.

    Attributes:
        images: (N, C, H, W) in [0, 1], row by row.
        columns: of them.
        gap: pixels between them.
        x, y: what stands below and left of them.
        frames: the images of each frame of a GIF, by number, (S, M).
    """

    images: np.ndarray
    columns: int
    gap: int = 1
    x: Ticks = Ticks()
    y: Ticks = Ticks()
    frames: np.ndarray | None = None


_Draw = Callable[[Checkpoint, argparse.Namespace], bytes]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one picture; return 1 where that is impossible, and say why."""
    args = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        args.format = _format(args)
        checkpoint = load_checkpoint(args.checkpoint)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            content = args.draw(checkpoint, args)
        if args.format != "svg" and any(str(found.message).startswith("Glyph") for found in said):
            print(
                "render: found no font with all letters of the names, which are boxes now; "
                "install one, such as Noto Sans CJK, or write .svg",
                file=sys.stderr,
            )
        with replacing(args.output) as temporary:
            temporary.write_bytes(content)
    except (ValueError, OSError) as error:
        print(f"render: {error}", file=sys.stderr)
        return 1
    print(f"{args.output}: {len(content):,} bytes")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vae_explorer.render", description=__doc__)
    pixels = "enlarge each pixel to N × N (default: to fit a page)"
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    def kind(draw: _Draw, words: str, formats: str, scale: str = pixels) -> Callable[..., object]:
        made = kinds.add_parser(draw.__name__[1:], help=words, description=words)
        made.set_defaults(formats=formats.split(), draw=draw)
        add = made.add_argument
        add("checkpoint", type=Path, metavar="CHECKPOINT", help="a checkpoint folder")
        shown = ", ".join(f".{one}" for one in formats.split())
        add("-o", "--output", type=Path, required=True, metavar="FILE", help=f"to write: {shown}")
        add("--scale", type=whole_number(1, 1200), metavar="N", help=scale)
        return add

    view = {
        "metavar": "VIEW",
        "help": "z (the two latent dimensions with the largest KL), dims:i,j, pca or pca:i,j%s "
        "(default: z for a 2-D latent space, otherwise pca)",
    }
    code = {"type": _numbers, "metavar": "Z", "help": "a code: comma-separated numbers"}
    row = {"type": whole_number(0, 10**9), "metavar": "N", "help": "use the code of test image N"}
    per_row = {"type": whole_number(1, 1000), "metavar": "N", "help": "images per row (default: 8)"}

    add = kind(
        _scatter, "plot the codes by class", "png svg pdf", f"dots per inch (default: {DPI})"
    )
    add("--view", **view | {"help": view["help"] % ", umap, tsne"})
    add("--z", action="append", **code | {"help": f"mark {code['help']}; repeatable"})

    add = kind(_manifold, "decode a lattice of codes on a plane", "png svg pdf")
    add("--view", **view | {"help": view["help"] % ""})
    add("--size", type=whole_number(2, 128), default=20, metavar="N", help="N × N (default: 20)")
    spacing = {"choices": ("linear", "quantile"), "default": "linear"}
    add("--spacing", **spacing, help="equal steps in z, or in prior probability")
    add("--range", type=_positive, metavar="R", help="from -R to R (default: 3)")
    add("--z", **code | {"help": f"{code['help']}, which the plane passes through (default: 0)"})
    add("--row", **row)

    add = kind(_interpolation, "decode a path between codes", "png svg pdf gif")
    usual = "(default: two of different classes)"
    add(
        "--between",
        type=_rows,
        metavar="ROWS",
        help=f"two or more test images, such as 17,3 {usual}",
    )
    add("--z", action="append", **code | {"help": f"{code['help']}; repeat it, once per endpoint"})
    add("--path", choices=INTERPOLATIONS, default=INTERPOLATIONS[0], help="default: %(default)s")
    steps = f"images from one endpoint to the next (default: 10; GIF: {GIF_STEPS})"
    add("--steps", type=whole_number(2, 500), metavar="N", help=steps)

    add = kind(_samples, "decode samples from the prior", "png svg pdf")
    add("--count", type=whole_number(1, 10_000), default=64, metavar="N", help="default: 64")
    add("--seed", type=whole_number(0, 2**63), default=0, metavar="N", help="default: 0")
    add("--columns", default=8, **per_row)

    add = kind(_traversal, "vary one latent dimension at a time, decoded", "png svg pdf gif")
    add("--z", **code | {"help": f"{code['help']}, for the other dimensions (default: 0)"})
    add("--row", **row)
    add("--dims", type=_rows, metavar="DIMS", help=f"default: the {MAX_DIMS} with the largest KL")
    add("--range", type=_positive, default=3.0, metavar="R", help="from -R to R (default: 3)")
    steps = f"images per dimension (default: 13; GIF: {GIF_STEPS})"
    add("--steps", type=whole_number(2, 500), metavar="N", help=steps)

    add = kind(_reconstructions, "show test images above their reconstructions", "png svg pdf")
    add("--rows", type=_rows, metavar="ROWS", help="such as 17,3 or 0-31 (default: the first 32)")
    add("--columns", default=8, **per_row)
    add("--data-dir", type=Path, help="folder above MNIST/raw (default: VAE_EXPLORER_DATA or data)")
    # Negative numbers are no flags: argparse tells by a space.
    is_code = re.compile(r"-[\d.][\d.,e+-]*")
    return parser.parse_args([f" {a}" if is_code.fullmatch(a) else a for a in arguments])


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("expected a number above 0, up to 1,000")
    return value


def _numbers(text: str) -> np.ndarray:
    try:
        values = np.array([float(part) for part in text.split(",")])
    except ValueError:
        values = np.array([math.nan])
    if not (np.abs(values) <= MAX_CODE).all():
        raise argparse.ArgumentTypeError("expected numbers with commas between, such as 0.5,-1.2")
    return values.astype(np.float32)


def _rows(text: str) -> list[int]:
    if not re.fullmatch(r"\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*", text):
        raise argparse.ArgumentTypeError("expected numbers from 0, such as 17,3 or 0-31")
    parts = [[int(number) for number in part.split("-")] for part in text.split(",")]
    counts = [part[-1] - part[0] + 1 for part in parts]
    if min(counts) < 1 or sum(counts) > 1000:
        raise argparse.ArgumentTypeError("expected at most 1,000 numbers, and ranges that rise")
    return [number for part in parts for number in range(part[0], part[-1] + 1)]


def _format(args: argparse.Namespace) -> str:
    """Return the format that the name of the file to be written asks for."""
    found = args.output.suffix.lower().removeprefix(".")
    if found not in args.formats:
        raise ValueError(
            f"{args.output}: found {f'.{found}' if found else 'no format'} at the end of its name, "
            f"expected .{', .'.join(args.formats)} for {args.kind}"
        )
    return found


def _scatter(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    if args.format != "png" and args.scale:
        raise ValueError(f"--scale: found {args.scale} for .{args.format}, which has no dots")
    latents, codes = checkpoint.latents, _checked(checkpoint, args.z or [])
    view = _view(args, latents)
    plane = view.axes is not None
    if codes and not plane:
        raise ValueError(f"--z: found a code to be marked in {view.name}, expected a plane")
    names = "z" if len(codes) == 1 else ENDS
    titles = _with_units(view) if plane else tuple(f"{title} (no unit)" for title in view.titles)
    return printed_scatter(
        ScatterInfo.of(latents, view.xy, checkpoint.meta.dataset.classes, titles),
        origin=view.place(np.zeros(latents.mean.shape[1])) if plane else None,
        marks={name: view.place(code) for name, code in zip(names, codes, strict=False)},
        file_format=args.format,
        dpi=args.scale or DPI,
        note=_note(checkpoint, args, codes),
    )


def _manifold(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    base = _base(checkpoint, args)
    view = _view(args, checkpoint.latents)
    if view.axes is None:
        raise ValueError(f"--view: found {view.name}, which has no inverse, expected a plane")
    if args.spacing == "quantile":
        if args.range:
            raise ValueError("--range: found it beside --spacing quantile, expected one of them")
        # Middles of equal shares: a picture on the border would stand for too much of the prior.
        shares = (np.arange(args.size) + 0.5) / args.size
        steps = np.array([NormalDist().inv_cdf(share) for share in shares])
    else:
        args.range = args.range or 3.0
        steps = np.linspace(-args.range, args.range, args.size)
    origin = view.place(np.zeros(len(base)))
    right, up = origin[0] + steps, (origin[1] + steps)[::-1]
    places = np.stack(np.meshgrid(right, up), axis=-1).reshape(-1, 2)
    images = decode(checkpoint.model, base + (places - view.place(base)) @ view.axes)
    across, upward = _with_units(view)
    x, y = Ticks(across, ticks_at(right)), Ticks(upward, ticks_at(up))
    picture = Picture(images, args.size, gap=0, x=x, y=y)
    return _drawn(picture, args, _note(checkpoint, args, [base]))


def _interpolation(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    if args.between and args.z:
        raise ValueError("--between and --z: found both, expected one of them")
    latents, classes = checkpoint.latents, checkpoint.meta.dataset.classes
    if not args.z:
        args.between = args.between or _usual_ends(latents)
        rows = _checked_rows("--between", args.between, latents)
        codes = list(latents.mean[rows])
        labels = [plain_text(classes[label], MAX_NAME) for label in latents.label[rows]]
        names = [
            f"{label} ({number})" for label, number in zip(labels, latents.index[rows], strict=True)
        ]
    else:
        codes, names = _checked(checkpoint, args.z), list(ENDS)
    if not 2 <= len(codes) <= len(ENDS):
        raise ValueError(f"a path: found {len(codes)} of its ends, expected 2 to {len(ENDS)}")
    steps = args.steps = args.steps or (GIF_STEPS if args.format == "gif" else 10)
    paths = [path_between(*pair, steps, args.path) for pair in pairwise(codes)]
    images = decode(checkpoint.model, np.concatenate(paths))
    x = Ticks(f"share of the {args.path} path", {0: "0", (steps - 1) / 2: "0.5", steps - 1: "1"})
    y = Ticks(names={k: f"{names[k]} → {names[k + 1]}" for k in range(len(paths))})
    picture = Picture(images, steps, x=x, y=y, frames=np.arange(len(images))[:, None])
    return _drawn(picture, args, _note(checkpoint, args, codes))


def _usual_ends(latents: Latents) -> list[int]:
    """Return the first row, and the first one of another class, if there is any."""
    others = np.flatnonzero(latents.label != latents.label[:1])
    return [0, int(others[0]) if len(others) else 1]


def _samples(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    dims = checkpoint.meta.model.latent_dim
    z = np.random.default_rng(args.seed).standard_normal((args.count, dims))
    picture = Picture(decode(checkpoint.model, z), min(args.columns, args.count))
    return _drawn(picture, args, _note(checkpoint, args))


def _traversal(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    base, kl = _base(checkpoint, args), kl_by_dimension(checkpoint.latents)
    dims = args.dims = args.dims or dimensions_by_kl(checkpoint.latents)[:MAX_DIMS].tolist()
    if max(dims) >= len(kl):
        raise ValueError(f"--dims: found {max(dims)}, expected 0 to {len(kl) - 1}")
    steps = args.steps = args.steps or (GIF_STEPS if args.format == "gif" else 13)
    values = np.linspace(-args.range, args.range, steps)
    images = decode(checkpoint.model, traverse(base, dims, values))
    x, y = traversal_ticks(dims, kl, values)
    frames = np.arange(len(images)).reshape(len(dims), steps).T
    picture = Picture(images, steps, x=x, y=y, frames=frames)
    return _drawn(picture, args, _note(checkpoint, args, [base]))


def _reconstructions(checkpoint: Checkpoint, args: argparse.Namespace) -> bytes:
    latents, recorded = checkpoint.latents, checkpoint.meta.dataset
    args.rows = args.rows or list(range(len(latents.index)))[:32]
    rows = _checked_rows("--rows", args.rows, latents)
    kinds = {"reconstruction": decode(checkpoint.model, latents.mean[rows])}
    try:
        expected = {"download": False, "checksum": recorded.checksum}
        test = load_dataset(recorded.name, args.data_dir, **expected).test
        shape = checkpoint.meta.model.image_shape
        if (originals := test.pictures(latents.index[rows], shape)) is None:
            raise ValueError(f"{recorded.name}: found other images, expected those of the model")
        kinds = {"original": originals} | kinds
    except (ValueError, OSError) as error:
        print(f"render: {error}\nThe reconstructions alone follow.", file=sys.stderr)
    columns = min(args.columns, len(rows))
    images = interleave(list(kinds.values()), columns)
    names = dict(enumerate(list(kinds) * (len(images) // columns // len(kinds))))
    return _drawn(Picture(images, columns, y=Ticks(names=names)), args, _note(checkpoint, args))


def _with_units(view: View) -> tuple[str, str]:
    """Return the titles of a plane's axes."""
    first, second = (f"{title} (prior standard deviations)" for title in view.titles)
    return first, second


def _view(args: argparse.Namespace, latents: Latents) -> View:
    """Return the view that is asked for; `args.view` becomes its whole name."""
    view = find_view(latents, args.view or ("z" if latents.mean.shape[1] == 2 else "pca"))
    args.view = view.name
    return view


def _base(checkpoint: Checkpoint, args: argparse.Namespace) -> np.ndarray:
    """Return the code that is asked for, (D,), or 0."""
    if args.z is not None and args.row is not None:
        raise ValueError("--z and --row: found both, expected one of them")
    if args.row is not None:
        return checkpoint.latents.mean[_checked_rows("--row", [args.row], checkpoint.latents)[0]]
    if args.z is not None:
        return _checked(checkpoint, [args.z])[0]
    return np.zeros(checkpoint.meta.model.latent_dim, np.float32)


def _checked(checkpoint: Checkpoint, codes: list[np.ndarray]) -> list[np.ndarray]:
    """Return codes, (D,) each, if that is what they are, and not too many to have names."""
    dims = checkpoint.meta.model.latent_dim
    for code in codes:
        if len(code) != dims:
            raise ValueError(
                f"--z: found a code of length {len(code)}, expected {dims}, a number for each "
                "latent dimension"
            )
    if len(codes) > len(ENDS):
        raise ValueError(f"--z: found {len(codes)} codes, expected at most {len(ENDS)}")
    return codes


def _checked_rows(flag: str, rows: list[int], latents: Latents) -> list[int]:
    """Return rows of the codes, if they are there."""
    if max(rows) >= len(latents.index):
        raise ValueError(
            f"{flag}: found test image {max(rows)}, expected 0 to {len(latents.index) - 1}"
        )
    return rows


def _note(
    checkpoint: Checkpoint, args: argparse.Namespace, codes: Sequence[np.ndarray] = ()
) -> dict[str, str]:
    """Return what a file's metadata say; see `note_of`."""
    name = checkpoint.path.resolve().name
    return note_of(name, args.kind, codes, **{key: getattr(args, key, None) for key in SAID})


def _drawn(picture: Picture, args: argparse.Namespace, note: dict[str, str]) -> bytes:
    """Return a picture in the format that is asked for."""
    if args.format == "gif":
        return _gif(picture, args, note)
    pixels = mosaic(picture.images, picture.columns, picture.gap)
    if args.format == "png":
        scale = args.scale or usual_scale(pixels)
        _check_side(scale * max(pixels.shape))
        return png_bytes(pixels, scale, note, LARGEST)
    height, width = (side + picture.gap for side in picture.images.shape[2:])
    scale = args.scale or USUAL_VECTOR / max(pixels.shape)
    _check_side(scale * max(pixels.shape))
    return labelled_picture(
        pixels,
        cell=(height, width),
        scale=scale,
        x=picture.x,
        y=picture.y,
        file_format=args.format,
        note=note,
    )


def _gif(picture: Picture, args: argparse.Namespace, note: dict[str, str]) -> bytes:
    """Return the frames there and back."""
    columns = math.ceil(math.sqrt(picture.frames.shape[1]))
    there = [mosaic(picture.images[frame], columns, picture.gap) for frame in picture.frames]
    scale = args.scale or max(1, USUAL_GIF // max(there[0].shape))
    _check_side(scale * max(there[0].shape))
    frames = [enlarged(frame, scale) for frame in there + there[-2:0:-1]]
    durations = [FRAME_MS] * len(frames)
    durations[0] = durations[len(there) - 1] = END_MS
    more = {"append_images": frames[1:], "duration": durations, "loop": 0}
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, comment=note["description"], **more)
    return file.getvalue()


def _check_side(side: float) -> None:
    if side > LARGEST:
        raise ValueError(
            f"found a picture of {side:,.0f} pixels a side, expected at most {LARGEST:,}; give a "
            "smaller --scale, or draw fewer images"
        )


if __name__ == "__main__":
    # A terminal that lacks a letter of a path must not end this.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
