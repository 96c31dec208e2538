"""Write the live map of one or more checkpoints as one HTML file.

It opens in any browser, offline and without Python: to mail, to put on a web page, or to talk with.
"""

from __future__ import annotations

# The page loads nothing: it holds the app's own scripts as modules at `data:` addresses, and the
# blobs that they ask for, each in an element of its own; `browser/exported.js` opens it.
import argparse
import gzip
import html
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from vae_explorer.analysis.alignment import align_latents
from vae_explorer.analysis.codes import principal_axes
from vae_explorer.analysis.evaluation import check_images
from vae_explorer.analysis.views import why_no_plane
from vae_explorer.checkpoint.folder import files_changed, load_latents, load_meta, load_model
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.checkpoint.text import MAX_NAME, plain_text, whole_number
from vae_explorer.figures.style import class_colours
from vae_explorer.files.storage import replacing
from vae_explorer.film.film import load_film
from vae_explorer.live.blobs import (
    BROWSER_MACS,
    MAX_LEVEL,
    compared,
    film_blob,
    half,
    pack,
    plan_blob,
    plan_of_checkpoint,
    points_blob,
    quantised_blob,
)
from vae_explorer.live.doors import script_source
from vae_explorer.live.plan import Plan
from vae_explorer.live.routes import ASSETS
from vae_explorer.live.store import digest
from vae_explorer.scenes import MAX_COMPARED, Scenes, read_scenes

if TYPE_CHECKING:
    from vae_explorer.data import Split

__all__ = ["Frame", "export_page", "main", "show", "why_not_exported"]

# What weights of 8 bits may move the test −ELBO by, in nats per image.
MAX_MOVED = 0.1
MAX_IMAGE_SHAPES = 4
# Of a frame in a notebook, in pixels.
HEIGHT = 760

Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    """Write the file; return 1 where it cannot be written."""
    args = _parse(arguments)
    try:
        if not args.html.parent.is_dir() or args.html.is_dir():
            found = "a folder" if args.html.is_dir() else "no folder to write it to"
            raise OSError(f"--html {args.html}: found {found}, expected a path for a new file")
        page = export_page(
            args.checkpoints,
            encoder=not args.no_encoder,
            originals=args.originals,
            data_dir=args.data_dir,
            scenes=args.scenes,
            say=lambda text: print(text, flush=True),
        )
        with replacing(args.html) as temporary:
            temporary.write_bytes(page)
    except (ValueError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{args.html}: {len(page) / 1e6:.2f} MB")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vae_explorer.export", description=__doc__)
    add = parser.add_argument
    add("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="checkpoint folders")
    add("--html", type=Path, required=True, metavar="FILE", help="the file to write")
    add(
        "--scenes", type=Path, metavar="FILE", help="open with the talk in this JSON file of scenes"
    )
    add("--no-encoder", action="store_true", help="leave out the encoders: smaller, but no drawing")
    count = {"type": whole_number(0, 9_999_999), "default": 0, "metavar": "N"}
    add("--originals", **count, help="include N test images (default: 0)")
    add("--data-dir", type=Path, help="folder above MNIST/raw (default: VAE_EXPLORER_DATA or data)")
    return parser.parse_args(arguments)


class Frame:
    """A page in a frame, as notebooks show it.

    Attributes:
        page: the page, as a file would hold it.
        height: of the frame, in pixels.
    """

    def __init__(self, page: bytes, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.page.decode())}" title="VAE Explorer" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )


def show(
    *checkpoints: Path | str,
    encoder: bool = True,
    originals: int = 0,
    scenes: Path | str | None = None,
    height: int = HEIGHT,
) -> Frame:
    """Return the live map of checkpoints, which a notebook shows in a frame; see `export_page`."""
    page = export_page(checkpoints, encoder=encoder, originals=originals, scenes=scenes)
    return Frame(page, height)


def export_page(
    checkpoints: Sequence[Path | str],
    *,
    encoder: bool = True,
    originals: int = 0,
    data_dir: Path | str | None = None,
    scenes: Scenes | Path | str | None = None,
    say: Say = lambda text: None,
) -> bytes:
    """Return the page of some checkpoints, in UTF-8.

    Weights take 8 bits, with a scale a column, as far as that moves the test −ELBO by less than
    `MAX_MOVED`, which takes the data set; otherwise 16 or as many as the checkpoint has.

    Args:
        checkpoints: folders.
        encoder: whether the encoders go in; the drawing pad needs them.
        originals: how many test images of each checkpoint go in.
        data_dir: where the data sets are; None for `data.default_data_dir()`.
        scenes: a talk or its file, with which the page opens; it may show these checkpoints alone.
            The test images that it selects go in where the data set is on disk.
        say: called with a sentence for what is worth knowing.

    Raises:
        FileNotFoundError, ValueError: where a checkpoint, the data set of the originals or the
            talk is missing or damaged, or a checkpoint does not fit a browser.
    """
    if not checkpoints:
        raise ValueError("checkpoints: found none, expected the folder of at least one")
    paths = list(dict.fromkeys(map(Path, checkpoints)))
    names = _unlike([plain_text(path.resolve().name) for path in paths])
    if isinstance(scenes, Scenes):
        talk, where = scenes, "scenes"
    else:
        talk, where = read_scenes(scenes) if scenes else Scenes("", ()), scenes
    for k, scene in enumerate(talk.scenes, 1):
        for name in scene.checkpoints:
            if name not in names:
                raise ValueError(
                    f"{where}: scene {k}: found the checkpoint {plain_text(name, MAX_NAME)}, "
                    f"expected one of {', '.join(names)}; give its folder, too"
                )
        if "drawing" in scene.query and not encoder:
            say(f"{where}: scene {k} shows a drawing, and no encoder finds its code")
    selected = [scene.image for scene in talk.scenes if scene.image]
    options = {"encoder": encoder, "originals": originals, "data_dir": data_dir, "say": say}
    parts = []
    for path, name in zip(paths, names, strict=True):
        before = files_changed(path)
        rows = [row for of, row in selected if of == name]
        parts.append(_Part.of(path, name, rows, **options))
        if files_changed(path) != before:
            raise ValueError(
                f"{path}: found that its files changed while they were read, expected one state "
                "of them; try again"
            )
    shapes = {part.meta.model.image_shape for part in parts}
    if len(shapes) > MAX_IMAGE_SHAPES:
        raise ValueError(
            f"checkpoints: found {len(shapes)} image shapes, expected at most "
            f"{MAX_IMAGE_SHAPES} in one file; write several files"
        )
    return _page(parts, _compared(parts, talk, where), talk)


def why_not_exported(path: Path) -> str | None:
    """Return in a sentence why a checkpoint has no page of its own; None where it has one."""
    try:
        _plans(path, load_meta(path), encoder=True)
    except (ValueError, OSError) as error:
        return str(error)
    return None


@dataclass(frozen=True, eq=False)
class _Part:
    """A checkpoint on its way into the page; `blobs` by what they are to it."""

    name: str
    meta: Meta
    latents: Latents
    blobs: dict[str, bytes]

    @classmethod
    def of(
        cls,
        path: Path,
        name: str,
        rows: Sequence[int],
        *,
        encoder: bool,
        originals: int,
        data_dir: Path | str | None,
        say: Say,
    ) -> _Part:
        from vae_explorer.data import load_dataset

        meta = load_meta(path)
        plans = _plans(path, meta, encoder)
        try:
            latents = load_latents(path)
        except FileNotFoundError:
            latents = Latents.empty(meta.model.latent_dim)
        colours = class_colours(len(meta.dataset.classes))
        blobs = {"points": points_blob(latents, meta, principal_axes(latents.mean), colours, True)}
        try:
            record = meta.dataset
            test = load_dataset(record.name, data_dir, False, record.checksum).test
            check_images(meta.model, latents, test)
        except (FileNotFoundError, ValueError) as error:
            if originals:
                raise
            test = None
            say(f"{name}: 16-bit weights, as what 8 bits move was not measured. {error}")
        chosen = _fit_for_8_bits(path, plans, test, name, say) if test else {}
        for part, plan in plans.items():
            blobs[part] = (
                quantised_blob(plan, chosen[part]) if chosen.get(part) else plan_blob(plan)
            )
        film = load_film(path, *latents.mean.shape) if len(latents.index) else None
        if film is not None:
            blobs["film"] = film_blob(film, latents, meta, colours)
        if test and len(latents.index):
            spread = np.linspace(0, len(latents.index) - 1, originals).astype(int)
            rows = sorted({*spread, *(row for row in rows if row < len(latents.index))})
            if rows:
                blobs["originals"] = _originals(test, latents, rows)
        return cls(name, meta, latents, blobs)


def _plans(path: Path, meta: Meta, encoder: bool) -> dict[str, Plan]:
    """Return the networks that go into the page, in 16 bits where they fit those."""
    if problem := why_no_plane({str(path): meta.model.latent_dim}):
        raise ValueError(problem)
    plans = {}
    for part in ("decoder", "encoder")[: 1 + encoder]:
        plan = plan_of_checkpoint(path, part)
        if plan.macs > BROWSER_MACS:
            remedy = "; leave it out with --no-encoder" * (part == "encoder")
            raise ValueError(
                f"{path}: found {plan.macs:,} multiply-adds in its {part}, expected at most "
                f"{BROWSER_MACS:,}, as many as a browser does well{remedy}"
            )
        plans[part] = replace(plan, weights=half(plan.weights))
    return plans


def _fit_for_8_bits(
    path: Path, plans: Mapping[str, Plan], test: Split, name: str, say: Say
) -> dict[str, set[int]]:
    """Return for each part which steps take 8 bits a weight: all but the smallest that must not.

    A scale a column of a plan's matrix is one an output of PyTorch's layer, so that the model
    itself is measured: the k-th step is the k-th layer that has a matrix.
    """
    from torch import nn

    from vae_explorer.vae.objective import mean_elbo

    inputs = {nn.Linear: 1, nn.Conv2d: (1, 2, 3), nn.ConvTranspose2d: 0}
    model = load_model(path)
    layers = [
        (part, k, layer)
        for part in plans
        for k, layer in enumerate(
            layer for layer in getattr(model, part).layers if type(layer) in inputs
        )
    ]
    before = moved = mean_elbo(model, test).neg_elbo
    exact = [layer.weight.data for *_, layer in layers]
    for *_, layer in layers:
        weight = layer.weight.data
        scale = weight.abs().amax(inputs[type(layer)], keepdim=True) / MAX_LEVEL
        layer.weight.data = (weight / scale.clamp_min(1e-30)).round() * scale
    fine: set[tuple[str, int]] = set()
    for n in sorted(range(len(layers)), key=lambda n: exact[n].numel()):
        moved = mean_elbo(model, test).neg_elbo
        if abs(moved - before) < MAX_MOVED:
            break
        part, k, layer = layers[n]
        layer.weight.data = exact[n]
        fine.add((part, k))
    if len(fine) == len(layers):
        say(f"{name}: 16-bit weights, as 8 bits move the test −ELBO by {MAX_MOVED} nats or more")
        return {}
    say(
        f"{name}: 8-bit weights move the test −ELBO by {moved - before:+.3f} nats, from "
        f"{before:.2f} to {moved:.2f}"
        + f"; {len(fine)} of {len(layers)} layers keep 16 bits"
        * bool(fine)
    )
    return {part: {k for p, k, _ in layers if p == part and (p, k) not in fine} for part in plans}


def _originals(test: Split, latents: Latents, rows: Sequence[int]) -> bytes:
    """Return the blob of the test images of rows of the codes."""
    images = test.images.numpy()[latents.index[rows]].transpose(0, 2, 3, 1)
    return pack({"size": images[0].size}, {"rows": np.uint32(rows), "images": images})


def _compared(parts: Sequence[_Part], talk: Scenes, where: Path | str | None) -> list[list[_Part]]:
    """Return what the page compares: what is alike, and what the talk of the file `where` needs."""
    shapes = dict.fromkeys(part.meta.model.image_shape for part in parts)
    alike = [[part for part in parts if part.meta.model.image_shape == shape] for shape in shapes]
    groups = [group[:MAX_COMPARED] for group in alike if len(group) > 1]
    for k, scene in enumerate(talk.scenes, 1):
        shown = [part for name in scene.checkpoints for part in parts if part.name == name]
        if scene.page == "film" and "film" not in shown[0].blobs:
            raise ValueError(f"{where}: scene {k}: {shown[0].name} has no film")
        if len({part.meta.model.image_shape for part in shown}) > 1:
            raise ValueError(
                f"{where}: scene {k}: found images of several shapes, expected checkpoints of one "
                "to compare"
            )
        if len(shown) > 1 and shown not in groups:
            groups.append(shown)
    return groups


# The page's text.


def _page(parts: Sequence[_Part], groups: Sequence[Sequence[_Part]], talk: Scenes) -> bytes:
    """Return the page of all parts, of which those in a group are compared."""
    kinds = ("points", "decoder", "film", "originals", "encoder")
    blobs = {
        digest(part.blobs[kind]): part.blobs[kind]
        for kind in kinds
        for part in parts
        if kind in part.blobs
    }
    live = {id(part): _live(part) for part in parts}
    contents = {
        "checkpoints": [
            {
                "name": part.name,
                "explore": live[id(part)],
                "film": _film(part),
                "comparison": next((k for k, g in enumerate(groups) if part in g), None),
            }
            for part in parts
        ],
        "comparisons": [_comparison(group, live) for group in groups],
        "originals": {
            live[id(part)]["key"]: digest(part.blobs["originals"])
            for part in parts
            if "originals" in part.blobs
        },
        "scenes": talk.as_data() if talk.scenes else None,
    }
    # In the order of the style sheets: each may overrule those before it.
    there = {
        "compare": bool(groups),
        "film": any("film" in part.blobs for part in parts),
        "present": bool(talk.scenes),
    }
    left_out = [f"{name}.js" for name in there if not there[name]]
    title = talk.title or ", ".join(part.name for part in parts)
    scripts = _json({"imports": _modules(frozenset(left_out))})
    start = _renamed("start.js", _script("start.js"))
    inline = " ".join(map(script_source, (scripts, start)))
    policy = (
        f"default-src 'none'; script-src {inline} data: 'wasm-unsafe-eval'; worker-src data:; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    styles = "\n".join(
        (ASSETS / f"{name}.css").read_text(encoding="utf-8")
        for name in ("exported", "map", *filter(there.get, there))
    )
    packed = [
        f'<script type="application/octet-stream" id="{name}">{_seven_bits(blob)}</script>'
        for name, blob in ({"scripts": scripts.encode()} | blobs).items()
    ]
    # A file is opened while it is read: what shows the first picture comes first.
    packed.insert(1, f"<script>{start}</script>")
    elements = "\n".join(packed)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{html.escape(title)} · VAE Explorer</title>
<style>{styles}</style>
</head>
<body>
<script type="application/json" id="contents">{_json(contents)}</script>
{elements}
</body>
</html>
""".encode()


def _unlike(names: Sequence[str]) -> list[str]:
    """Return names of which no two are the same."""
    taken: list[str] = []
    for name in names:
        others = (f"{name} ({k})" for k in range(2, len(names) + 2))
        taken.append(name if name not in taken else next(n for n in others if n not in taken))
    return taken


def _live(part: _Part) -> dict[str, Any]:
    """Return what the page Explore takes, as `ui.loaders.load_live` does for the app."""
    digests = {kind: digest(part.blobs[kind]) for kind in ("points", "decoder")}
    digests["encoder"] = digest(part.blobs["encoder"]) if "encoder" in part.blobs else None
    return {**digests, "name": part.name, "key": digest(f"{part.name} {digests}".encode())}


def _film(part: _Part) -> dict[str, str] | None:
    return {"key": digest(part.blobs["film"]), "name": part.name} if "film" in part.blobs else None


def _comparison(group: Sequence[_Part], live: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    """Return what the page Compare takes."""
    first, *_ = group
    checkpoints = []
    for part in group:
        same = part.meta.dataset.checksum == first.meta.dataset.checksum
        found = align_latents(first.latents, part.latents) if same and part != first else None
        checkpoints.append(live[id(part)] | compared(part.meta, found))
    return {"key": " ".join(one["key"] for one in checkpoints), "checkpoints": checkpoints}


def _json(value: object) -> str:
    """Return JSON in ASCII that stays text within a script element."""
    return json.dumps(value).replace("<", "\\u003c")


def _seven_bits(blob: bytes) -> str:
    """Return a blob, gzipped, as text of 7 bits a letter; `browser/dom/source.js` reads it.

    In UTF-8 a letter takes a byte, so that it is an eighth smaller than base64. What HTML would
    not keep, NUL, carriage return and <, stands 128 higher.
    """
    bits = np.unpackbits(np.frombuffer(gzip.compress(blob, mtime=0), np.uint8))
    letters = np.packbits(np.pad(bits, (0, -len(bits) % 7)).reshape(-1, 7), axis=1) >> 1
    letters[np.isin(letters, [0, ord("\r"), ord("<")])] |= 128
    return letters.tobytes().decode("latin-1")


# The scripts: a relative name leads nowhere from a `data:` address, so each module gets a bare
# name, which an import map knows.

COMMENT = re.compile(r"^[ \t]*(/\*\*.*?\*/|//[^\n]*)", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r'\b(from |import |import\()"(\.[^"]+)"')
WORKER = re.compile(r'new URL\("(\.[^"]+)", import\.meta\.url\)')


@cache
def _modules(left_out: frozenset[str]) -> dict[str, str]:
    """Return the address of each module by its bare name: all that the page needs."""
    modules: dict[str, str] = {}
    waiting = ["exported.js"]
    while waiting:
        name = waiting.pop()
        if _bare(name) in modules or name in left_out:
            continue
        text = _script(name)
        waiting += [_place(name, found[2]) for found in IMPORT.finditer(text)]
        modules[_bare(name)] = _address(_renamed(name, text))
    return modules


def _renamed(name: str, text: str) -> str:
    """Return a module's text with bare names, and with workers' addresses in place of theirs."""
    text = IMPORT.sub(lambda found: f'{found[1]}"{_bare(_place(name, found[2]))}"', text)
    return WORKER.sub(lambda found: f'"{_whole(_place(name, found[1]))}"', text)


def _whole(name: str) -> str:
    """Return the address of a module with all that it imports in it: workers see no import map."""
    whole = IMPORT.sub(lambda found: f'{found[1]}"{_whole(_place(name, found[2]))}"', _script(name))
    return _address(whole)


def _script(name: str) -> str:
    """Return a module's text without most comments and without indents."""
    text = COMMENT.sub("", (ASSETS / name).read_text(encoding="utf-8"))
    return re.sub(r"\n\s*", "\n", text)


def _bare(name: str) -> str:
    return f"vae/{name}"


def _place(name: str, relative: str) -> str:
    """Return the name of the module that `name` calls `relative`."""
    return (ASSETS / name).parent.joinpath(relative).resolve().relative_to(ASSETS).as_posix()


def _address(text: str) -> str:
    return "data:text/javascript;charset=utf-8," + quote(text, safe=" !$&'()*+,-./:;=?@[]^_`{|}~>")


if __name__ == "__main__":
    sys.exit(main())
