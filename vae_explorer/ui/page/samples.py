"""What the model makes of images and of the prior, and what each latent dimension does."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode, dimensions_by_kl, kl_by_dimension
from vae_explorer.checkpoint.text import MAX_NAME, plain_text
from vae_explorer.figures.pictures import interleave, mosaic, png_bytes
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.link import linked, read_whole, say_problems
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
        asked = linked(name, expected, lambda text, ends=(low, high): read_whole(text, *ends))
        if asked is not None:
            st.session_state[key] = asked
    if linked("others", "0", lambda text: text if text == "0" else None):
        st.session_state.others = ZERO
    say_problems(*numbers, "others")


def _said(value: int, usual: int) -> str | None:
    """Return how the address has a number; as a first visitor finds it, it need not."""
    return None if value == usual else str(value)


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
    _show(
        interleave(kinds, COLUMNS),
        f"{caption} A reconstruction is the mean of p(x|z) at the posterior mean.",
    )


@part_of_page
def _show_prior_samples(path: Path) -> None:
    st.subheader("Samples of the prior", anchor=False)
    seed = _number("Seed of the prior samples", "prior_seed", 0, MAX_SEED)
    write_address(PAGE, prior=_said(seed, 0))
    z = np.random.default_rng(seed).standard_normal((PRIOR, load_meta(path).model.latent_dim))
    _show(decode(load_model(path), z), "z ~ N(0, I), each shown as the mean of p(x|z).")


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
        samples = decode(model, mean + deviation * noise)
        _show(samples, f"At {POSTERIOR} draws of z ~ q(z|x): what the code leaves open.", 4)
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
        st.html(_traversal(path, mean if others != ZERO else np.zeros_like(mean)))
        st.caption(
            "A row moves one dimension and shows the mean of p(x|z). The most informative one "
            "comes first: the KL beside it is the mean over the test images, in nats."
            + f" These are the first {MAX_DIMS} of {len(mean)}."
            * (len(mean) > MAX_DIMS)
        )


def _traversal(path: Path, center: np.ndarray) -> str:
    """Return a table with a row of decoded images for each of the first dimensions, about a code.

    The code has shape (D,).
    """
    latents, model = load_latents(path), load_model(path)
    kl = kl_by_dimension(latents)
    marks = "".join(
        f"<span>{value:g}</span>" if value % 1 == 0 else "<span></span>" for value in VALUES
    )
    rows = [f"<tr><td></td><td><div class=marks>{marks.replace('-', '−')}</div></td></tr>"]
    for dimension in dimensions_by_kl(latents)[:MAX_DIMS]:
        z = np.tile(center, (len(VALUES), 1))
        z[:, dimension] = VALUES
        picture = png_bytes(mosaic(decode(model, z), len(VALUES), gap=1))
        source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        name = f"z{dimension} from −3 to 3"
        rows.append(
            f"<tr><th scope=row>z{dimension}<br><small>KL {kl[dimension]:.2f}</small></th>"
            f"<td><img src='{source}' alt='{name}'></td></tr>"
        )
    return f"<table class=traversal>{''.join(rows)}</table>"


path = chosen_checkpoint()
_read_link(path)
left, right = st.columns(2, gap="medium")
with left:
    _show_reconstructions(path)
with right:
    _show_prior_samples(path)
_show_image(path)
