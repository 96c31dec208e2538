"""What the model makes of images and of the prior, and what each latent dimension does."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode, dimensions_by_kl, kl_by_dimension, traverse
from vae_explorer.checkpoint.text import MAX_NAME, cell_text, parse_whole, plain_text
from vae_explorer.figures.pictures import (
    LARGEST,
    interleave,
    mosaic,
    note_of,
    png_bytes,
    usual_scale,
)
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.link import linked, say_problems
from vae_explorer.ui.live_map import write_address
from vae_explorer.ui.loaders import (
    load_latents,
    load_meta,
    load_model,
    load_originals,
    part_of_page,
)
from vae_explorer.ui.markdown import escape_markdown

SHOWN, COLUMNS, PRIOR, POSTERIOR = 32, 8, 64, 16
# The values of z along a row of the traversal.
VALUES = np.linspace(-3, 3, 13)
MAX_DIMS = 50
PAGE, MAX_SEED = "samples", 9999
# Where the other dimensions of a traversal are.
CODE, ZERO = "the image's code", "0"
# What can be had as files: the name of a file's kind, and its title.
KINDS = {
    "reconstructions": "Reconstructions",
    "prior-samples": "Prior samples",
    "posterior-samples": "Posterior samples",
    "traversal": "Traversal",
}
# As in the menu Export of pages that run in the browser (panels/export-menu.js).
SCALES, USUAL_SCALE = [1, 2, 3, 4], 2
# Height of a traversal's row at scale 1, about, in pixels: there is room for two lines of text.
ROW = 48


class Shown(NamedTuple):
    """What a part of the page shows now, to be had as files.

    Attributes:
        draw: returns its picture as a PNG file, so many times as large as usual.
        columns: what a table says of each code beside it, by title.
        z: the codes, (N, D).
    """

    draw: Callable[[int], bytes]
    columns: Mapping[str, Sequence[object]]
    z: np.ndarray


# By the names of `KINDS`; each part of the page says here what it shows whenever it runs.
shown: dict[str, Shown] = {}


def _drawn(
    images: np.ndarray, note: Mapping[str, str], columns: int = COLUMNS
) -> Callable[[int], bytes]:
    """Return what draws images, (N, C, H, W) in [0, 1], as a PNG file at a scale."""
    picture = mosaic(images, columns, gap=1)
    return lambda scale: png_bytes(picture, scale * usual_scale(picture), note, LARGEST)


def _table(path: Path, kind: str) -> bytes:
    """Return the codes of what is shown as CSV."""
    found, file = shown[kind], io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["checkpoint", *found.columns, *(f"z{k}" for k in range(found.z.shape[1]))])
    for *said, code in zip(*found.columns.values(), np.float32(found.z), strict=True):
        cells = (cell_text(cell) if isinstance(cell, str) else cell for cell in said)
        writer.writerow([cell_text(path.name), *cells, *map(str, code)])
    return file.getvalue().encode()


@part_of_page
def _show_export(path: Path) -> None:
    """Offer what the page shows as files, which are made when they are asked for."""
    with st.popover("Export"):
        scale = st.segmented_control(
            "Scale",
            SCALES,
            format_func=lambda scale: f"{scale}×",
            default=None if st.session_state.get("export_scale") else USUAL_SCALE,
            key="export_scale",
            required=True,
            persist_state="session",
        )
        for kind, title in KINDS.items():
            name = f"{plain_text(path.name)}-{kind}"
            with st.container(horizontal=True):
                st.download_button(
                    f"{title}, PNG",
                    lambda kind=kind: shown[kind].draw(scale),
                    file_name=f"{name}.png",
                    mime="image/png",
                    on_click="ignore",
                )
                st.download_button(
                    f"{title}, z as CSV",
                    lambda kind=kind: _table(path, kind),
                    file_name=f"{name}.csv",
                    mime="text/csv",
                    on_click="ignore",
                )


def _show(images: np.ndarray, caption: str, columns: int = COLUMNS) -> None:
    """Show images, (N, C, H, W) in [0, 1], row by row, and say what they are."""
    picture = png_bytes(mosaic(images, columns, gap=1), scale=4)
    shown = escape_markdown(caption)
    st.image(picture, shown, width="stretch", output_format="PNG", alt=plain_text(caption))


def _number(label: str, key: str, low: int, high: int) -> int:
    return st.number_input(label, low, high, key=key, persist_state="session")


def _read_link(path: Path) -> None:
    """Choose what a link asks for."""
    count = len(load_latents(path).index)
    numbers = {
        "page": ("samples_page", min(1, count), -(-count // SHOWN)),
        "prior": ("prior_seed", 0, MAX_SEED),
        "image": ("image", 0, count - 1),
        "posterior": ("posterior_seed", 0, MAX_SEED),
    }
    for name, (key, low, high) in numbers.items():
        expected = f"a whole number from {low} to {high}"
        asked = linked(name, expected, lambda text, ends=(low, high): parse_whole(text, *ends))
        if asked is not None:
            st.session_state[key] = asked
    if linked("others", "0", lambda text: text if text == "0" else None):
        st.session_state.others = ZERO
    say_problems(*numbers, "others")


def _said(value: int, usual: int) -> str | None:
    """Return how the address has a number; as a first visitor finds it, it need not."""
    return None if value == usual else str(value)


def _classes(path: Path, rows: np.ndarray) -> list[str]:
    """Return the names of the classes of rows of the codes."""
    return [load_meta(path).dataset.classes[label] for label in load_latents(path).label[rows]]


@part_of_page
def _show_reconstructions(path: Path) -> None:
    latents, count = load_latents(path), len(load_latents(path).index)
    st.subheader("Originals and reconstructions", anchor=False)
    pages = -(-count // SHOWN)
    label = f"Test images, {SHOWN} a page: page 1 to {pages}"
    page = _number(label, "samples_page", min(1, pages), pages)
    write_address(PAGE, page=_said(page, min(1, pages)))
    rows = np.arange((page - 1) * SHOWN, min(page * SHOWN, count))
    kinds = [decode(load_model(path), latents.mean[rows])]
    originals = load_originals(path, rows)
    caption = "Each pair of rows: originals above, reconstructions below."
    if originals is not None:
        kinds.insert(0, originals)
    else:
        dataset = plain_text(load_meta(path).dataset.name, MAX_NAME)
        caption = (
            f"The originals of {dataset} are not on disk, so these are the reconstructions alone. "
            "Point VAE_EXPLORER_DATA at the data to see both."
        )
    images = interleave(kinds, COLUMNS)
    _show(images, f"{caption} A reconstruction is the mean of p(x|z) at the posterior mean.")
    note = note_of(path.name, "reconstructions", rows=rows.tolist(), columns=COLUMNS)
    shown["reconstructions"] = Shown(
        _drawn(images, note),
        {"image": latents.index[rows], "class": _classes(path, rows)},
        latents.mean[rows],
    )


@part_of_page
def _show_prior_samples(path: Path) -> None:
    st.subheader("Samples of the prior", anchor=False)
    seed = _number("Seed of the prior samples", "prior_seed", 0, MAX_SEED)
    write_address(PAGE, prior=_said(seed, 0))
    z = np.random.default_rng(seed).standard_normal((PRIOR, load_meta(path).model.latent_dim))
    images = decode(load_model(path), z)
    _show(images, "z ~ N(0, I), each shown as the mean of p(x|z).")
    note = note_of(path.name, "samples", count=PRIOR, seed=seed, columns=COLUMNS)
    shown["prior-samples"] = Shown(_drawn(images, note), {"seed": [seed] * PRIOR}, z)


@part_of_page
def _show_image(path: Path) -> None:
    """Show what hangs on one test image: its posterior, and a traversal about its code."""
    latents, model = load_latents(path), load_model(path)
    left, right = st.columns([1, 2], gap="medium")
    with left:
        st.subheader("Posterior samples of one image", anchor=False)
        chosen, drawn = st.columns(2)
        with chosen:
            last = len(latents.index) - 1
            row = _number(f"Test image, 0 to {last}", "image", 0, last)
        with drawn:
            seed = _number("Seed of the posterior samples", "posterior_seed", 0, MAX_SEED)
        mean, deviation = latents.mean[row], np.exp(latents.logvar[row] / 2)
        noise = np.random.default_rng(seed).standard_normal((POSTERIOR, len(mean)))
        images, caption = decode(model, mean[None]), "Its reconstruction, at the mean of q(z|x)."
        original = load_originals(path, np.array([row]))
        if original is not None:
            label = plain_text(load_meta(path).dataset.classes[latents.label[row]], MAX_NAME)
            images = np.concatenate([original, images])
            caption = f"The original, {label}, and its reconstruction at the mean of q(z|x)."
        _show(images, caption, 2)
        z = mean + deviation * noise
        samples = decode(model, z)
        _show(samples, f"At {POSTERIOR} draws of z ~ q(z|x): what the code leaves open.", 4)
        said = {"row": row, "count": POSTERIOR, "seed": seed, "columns": 4}
        image = {"image": latents.index[[row]], "class": _classes(path, [row]), "seed": [seed]}
        shown["posterior-samples"] = Shown(
            _drawn(samples, note_of(path.name, "posterior samples", [mean], **said), 4),
            {title: [*cells] * POSTERIOR for title, cells in image.items()},
            z,
        )
    with right:
        st.subheader("Traversal of every dimension", anchor=False)
        others = st.segmented_control(
            "The other dimensions are at",
            [CODE, ZERO],
            default=None if st.session_state.get("others") else CODE,
            key="others",
            required=True,
            persist_state="session",
        )
        write_address(
            PAGE,
            image=_said(row, 0),
            posterior=_said(seed, 0),
            others=None if others == CODE else ZERO,
        )
        _show_traversal(path, mean if others != ZERO else np.zeros_like(mean))
        st.caption(
            "A row moves one dimension and shows the mean of p(x|z). The most informative one "
            "comes first: the KL beside it is the mean over the test images, in nats."
            + f" These are the first {MAX_DIMS} of {len(mean)}."
            * (len(mean) > MAX_DIMS)
        )


def _show_traversal(path: Path, base: np.ndarray) -> None:
    """Show a row of decoded images for each of the first dimensions, about a code, (D,)."""
    latents = load_latents(path)
    kl, dims = kl_by_dimension(latents), dimensions_by_kl(latents)[:MAX_DIMS].tolist()
    z = traverse(base, dims, VALUES)
    images, steps = decode(load_model(path), z), len(VALUES)
    height, width = (side + 1 for side in images.shape[2:])
    # Of bytes, because it is kept as long as the page is open.
    whole = mosaic(images, steps, gap=1)
    marks = "".join(
        f"<span>{value:g}</span>" if value % 1 == 0 else "<span></span>" for value in VALUES
    )
    rows = [f"<tr><td></td><td><div class=marks>{marks.replace('-', '−')}</div></td></tr>"]
    for number, dimension in enumerate(dims):
        picture = png_bytes(whole[number * height :][: height - 1])
        source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        name = f"z{dimension} from −3 to 3"
        rows.append(
            f"<tr><th scope=row>z{dimension}<br><small>KL {kl[dimension]:.2f}</small></th>"
            f"<td><img src='{source}' alt='{name}'></td></tr>"
        )
    st.html(f"<table class=traversal>{''.join(rows)}</table>")
    said = {"range": VALUES[-1], "steps": steps, "dims": dims}
    note = note_of(path.name, "traversal", [base], **said)

    def draw(scale: int) -> bytes:
        # Matplotlib takes a while to be imported.
        from vae_explorer.figures.printed import labelled_picture, traversal_ticks

        x, y = traversal_ticks(dims, kl, VALUES)
        return labelled_picture(
            whole,
            cell=(height, width),
            scale=max(1, round(ROW / height)),
            x=x,
            y=y,
            file_format="png",
            note=note,
            dpi=96 * scale,
        )

    columns = {"dimension": np.repeat(dims, steps), "value": np.tile(VALUES, len(dims))}
    shown["traversal"] = Shown(draw, columns, z)


path = chosen_checkpoint()
_read_link(path)
top = st.container(key="export")
left, right = st.columns(2, gap="medium")
with left:
    _show_reconstructions(path)
with right:
    _show_prior_samples(path)
_show_image(path)
with top:
    _show_export(path)
