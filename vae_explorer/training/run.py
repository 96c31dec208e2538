"""One run of `train.py`: the recipe with the flags in it, its summary, training, and saving."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import textwrap
from argparse import Namespace
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from vae_explorer.checkpoint.folder import load_meta
from vae_explorer.checkpoint.place import work_path
from vae_explorer.checkpoint.writing import check_replaceable, claim
from vae_explorer.data import (
    DATASETS,
    Dataset,
    Preparation,
    default_data_dir,
    load_dataset,
    load_images,
)
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.distributed import ProcessGroup
from vae_explorer.training.fit import FitResult, check_images, fit, total_steps
from vae_explorer.training.save import device_name, save_trained
from vae_explorer.training.state import RESUME_HINT, resumed_state
from vae_explorer.training.step import is_captured
from vae_explorer.vae.config import TrainConfig, config_to_dict
from vae_explorer.vae.precision import PrecisionChoice, choose_precision
from vae_explorer.vae.recipes import (
    DEFAULT_RECIPES,
    OWN_IMAGES_RECIPE,
    RECIPES,
    Recipe,
    find_recipe,
    fit_images,
)
from vae_explorer.vae.summary import network_in_words, parameter_count

__all__ = ["choose_device", "choose_recipes", "prepare_runs", "recipe_in_words", "train_run"]

# Bytes: a file system allows 255, and the files beside a folder have longer names than it.
LONGEST_NAME = 200


def recipe_in_words(recipe: Recipe) -> str:
    """Return a recipe as `--list-recipes` prints it: name, description and source."""
    return textwrap.fill(
        f"{recipe.description} {recipe.url or ''}".rstrip(),
        100,
        initial_indent=f"{recipe.name:14}",
        subsequent_indent=" " * 14,
        break_long_words=False,
        break_on_hyphens=False,
    )


def choose_device(name: str) -> torch.device:
    """Return the device called `name`, or the fastest one for `auto`."""
    names = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
    names.append("cpu")
    if name not in ("auto", *names):
        raise ValueError(
            f"--device: found {name}, which this machine or its torch lacks; "
            f"expected one of {', '.join(names)}, or auto"
        )
    return torch.device(names[0] if name == "auto" else name)


def choose_recipes(args: Namespace) -> list[tuple[str, Recipe]]:
    """Return the name of each recipe that was asked for, and the recipe with the flags in it."""
    own = (OWN_IMAGES_RECIPE, OWN_IMAGES_RECIPE)
    plane, deep = DEFAULT_RECIPES.get(args.dataset or "mnist", own)
    names = args.recipe or list(dict.fromkeys([plane, deep]))
    if not args.recipe and (args.name is not None or args.latent_dim is not None):
        # These flags ask for one model: the plane's recipe for up to two dimensions.
        names = [deep if (args.latent_dim or 2) > 2 else plane]
    if not str(args.out).isprintable():
        raise ValueError(
            "--out: found characters that cannot be shown, expected none; choose another folder"
        )
    if args.name is not None and len(names) > 1:
        raise ValueError(
            f"--name: found {args.name!r} for {len(names)} recipes, expected one; "
            "train them one at a time, or leave --name out"
        )
    if args.name is not None and (args.name != Path(args.name).name or args.name[:1] in ("", ".")):
        raise ValueError(
            f"--name: found {args.name!r}, expected a folder's name without a path or a leading "
            "dot; --out says where the folder goes"
        )
    if args.name is not None and (
        not args.name.isprintable() or len(os.fsencode(args.name)) > LONGEST_NAME
    ):
        raise ValueError(
            f"--name: found {len(os.fsencode(args.name))} bytes, expected at most {LONGEST_NAME}, "
            "and only characters that can be shown; choose another"
        )
    recipes = [_with_flags(find_recipe(name), args) for name in names]
    if len(folders := {recipe.name for recipe in recipes}) < len(recipes):
        raise ValueError(
            f"--recipe: found {', '.join(names)}, which with these flags would all be written to "
            f"{', '.join(folders)}; train them one at a time, each with its --name"
        )
    return list(zip(names, recipes, strict=True))


class _Run(NamedTuple):
    """What is trained, on what, where and how, and into which folder.

    `source` is the name of the recipe asked for; `data` where the data is, for the summary.
    """

    source: str
    recipe: Recipe
    training: TrainConfig
    dataset: Dataset
    data: Path
    device: torch.device
    group: ProcessGroup
    precision: PrecisionChoice
    path: Path
    state: Path
    resume: bool
    snapshots: Snapshots | None

    @property
    def train_size(self) -> int:
        return len(self.dataset.train.first(self.recipe.training.limit).labels)


def prepare_runs(
    args: Namespace, device: torch.device, group: ProcessGroup, held: ExitStack
) -> list[_Run]:
    """Return what `args` ask for, once all that can be known to fail has been looked at.

    Args:
        args: of `train.py`.
        device: where to train.
        group: the processes that train together.
        held: keeps the claims of all folders, for rank 0 to write them; no other run may.

    Raises:
        ValueError: for flags that do not fit, a damaged training state, another run's state.
        OSError: for a folder that cannot be written to, or that another process writes to.
    """
    recipes, runs = choose_recipes(args), []
    preparation = _preparation(args)
    if args.out.exists() and not args.out.is_dir():
        raise ValueError(f"--out: found {args.out}, which is a file, expected a folder")
    with group.together():
        for _, recipe in recipes * (group.rank == 0):
            check_replaceable(args.out / recipe.name)
            # Another run would be over late, and this one take its place unasked.
            held.enter_context(claim(args.out / recipe.name, patience=0.1))
    datasets: dict[str, Dataset] = {}
    for name in dict.fromkeys(recipe.training.dataset for _, recipe in recipes):
        with group.together(), group.rank_0_first():
            if own := _own_images(args):
                datasets[name] = load_images(own, preparation, name, args.data_dir)
            else:
                datasets[name] = load_dataset(name, args.data_dir)
    with group.together():
        for source, recipe in recipes:
            dataset = datasets[recipe.training.dataset]
            fitting = fit_images(recipe, tuple(dataset.train.images.shape[1:]))
            runs.append(_prepare(source, fitting, dataset, args, device=device, group=group))
    return runs


def _prepare(
    source: str,
    recipe: Recipe,
    dataset: Dataset,
    args: Namespace,
    *,
    device: torch.device,
    group: ProcessGroup,
) -> _Run:
    precision = PrecisionChoice(args.precision, "set by --precision")
    if args.precision == "auto":
        precision = choose_precision(device)
    training = replace(recipe.training, precision=precision.precision)
    path = args.out / recipe.name
    run = _Run(
        source=source,
        recipe=recipe,
        training=training,
        dataset=dataset,
        data=_own_images(args) or args.data_dir or default_data_dir(),
        device=device,
        group=group,
        precision=precision,
        path=path,
        state=work_path(path, ".safetensors"),
        resume=args.resume,
        snapshots=None,
    )
    check_images(recipe.model, training, dataset, group)
    if run.state.is_dir():
        raise ValueError(
            f"{run.state}: found a folder, expected the file of a training state; move it away"
        )
    if args.resume:
        resumed_state(run.state, recipe.model, training, dataset.checksum)
    return run._replace(snapshots=_snapshots(run, args.snapshots))


def train_run(run: _Run) -> int:
    """Train into a run's folder.

    Returns:
        The exit status: 0, 130 after Ctrl-C, or 1 where the loss was no longer finite.
    """
    print(_run_summary(run), flush=True)
    if _is_finished(run.path) and not run.resume:
        print(f"  replaces  the finished checkpoint {run.path}, once this run is finished")
    result = fit(
        run.recipe.model,
        run.training,
        run.dataset,
        device=run.device,
        state_path=run.state,
        resume=run.resume,
        group=run.group,
        snapshots=run.snapshots,
    )
    status = 1 if result.problem else 130 if result.interrupted else 0
    # torchrun ends all ranks when one has failed, and rank 0 may still be writing.
    with nullcontext() if status == 130 else run.group.together():
        if run.group.rank == 0:
            if result.problem:
                print(f"train.py: {result.problem}", file=sys.stderr)
            try:
                _write_checkpoint(run, result)
            except OSError as error:
                raise OSError(f"{error}. {RESUME_HINT}") from error
    return status


def _with_flags(recipe: Recipe, args: Namespace) -> Recipe:
    """Return the recipe with the flags in it, under the name it is saved by."""
    flags = ("dataset", "epochs", "batch_size", "lr", "beta", "warmup", "seed", "limit")
    given = {flag: getattr(args, flag) for flag in flags if getattr(args, flag) is not None}
    if own := _own_images(args):
        given["dataset"] = _name_of(own)
    training, model = replace(recipe.training, **given), recipe.model
    if args.latent_dim is not None:
        model = replace(model, latent_dim=args.latent_dim)
    name = recipe.name
    if training.dataset != recipe.training.dataset or model != recipe.model:
        name = _changed_name(recipe, training.dataset, model.latent_dim)
    changed = replace(recipe, name=args.name or name, model=model, training=training)
    if own:
        return changed  # its images' shape is not known before they are read
    return fit_images(changed, DATASETS[training.dataset].image_shape)


def _own_images(args: Namespace) -> Path | None:
    """Return where the images of one's own are, or None for a data set with a name."""
    return None if args.dataset is None or args.dataset in DATASETS else Path(args.dataset)


def _name_of(path: Path) -> str:
    """Return the name of images of one's own: their folder's or file's, as a folder's name."""
    path = path.resolve()
    stem = path.stem if path.suffix.lower() in (".zip", ".npz") else path.name
    name = re.sub(r"[^\w.-]+", "-", stem)[:60].strip(".-") or "images"
    return f"{name}-images" if name in DATASETS else name


def _preparation(args: Namespace) -> Preparation:
    """Return how images of one's own are prepared, from the flags that say so."""
    flags = ("size", "channels", "test_fraction", "classes", "skip_broken")
    given = {flag: value for flag in flags if (value := getattr(args, flag)) not in (None, False)}
    own = _own_images(args)
    if given and own is None:
        raise ValueError(
            f"--{next(iter(given)).replace('_', '-')}: found it with a data set that has a name, "
            "expected it with --dataset PATH; leave it out"
        )
    if own is not None and not own.exists():
        raise ValueError(
            f"--dataset: found {args.dataset!r}, expected one of {', '.join(DATASETS)}, or the "
            "path of a folder, a .zip or a .npz"
        )
    if "classes" in given:
        given["classes"] = tuple(part for part in given["classes"].split(",") if part)
    return Preparation(**given)


def _changed_name(recipe: Recipe, dataset: str, dims: int) -> str:
    """Return the folder's name for a recipe with another data set or other dimensions.

    Our recipes are named after their data set, the others after their source too: `digits-5d`,
    `vxlabs-5d`, `vxlabs-digits-2d`.
    """
    source = recipe.name.rsplit("-", 1)[0]
    stems = {name.rsplit("-", 1)[0] for names in DEFAULT_RECIPES.values() for name in names}
    parts = [] if source in stems else [source]
    if not parts or dataset != recipe.training.dataset:
        parts.append(dataset)
    return "-".join([*parts, f"{dims}d"])


def _run_summary(run: _Run) -> str:
    """Return what is trained, on what, where and how, a line each."""
    model, training = run.recipe.model, run.recipe.training
    original = RECIPES[run.source]
    unchanged = (model, training) == (original.model, original.training)
    changes = "" if unchanged else f"{run.source} with other settings. "
    where = ", from scikit-learn" if run.dataset.name == "digits" else f" from {run.data}"
    channels, height, width = model.image_shape
    images = f"{width} x {height} pixels" + ", colour" * (channels == 3)
    extras = f", dropout {model.dropout:g}" * bool(model.dropout)
    extras += f", KL warm-up over {training.warmup:.0%}" * bool(training.warmup)
    extras += f", weight decay {training.weight_decay:g}" * bool(training.weight_decay)
    extras += f", gradient clipped to {training.clip or 0:g}" * bool(training.clip)
    steps = "one operation at a time (a CUDA graph needs an NVIDIA GPU)"
    if run.group.world_size > 1:
        steps = f"by {run.group.world_size} processes, each with its shard of every batch"
    elif is_captured(run.device, run.group):
        steps = "captured as one CUDA graph and replayed"
    lines = [
        f"{run.recipe.name}: {changes}{run.recipe.description}",
        f"recipe    {run.source}, seed {training.seed}, beta {training.beta:g}",
        f"model     {network_in_words(model)}, {model.likelihood} likelihood, "
        f"{parameter_count(model):,} parameters",
        f"data      {run.dataset.name}{where}: {run.train_size:,} training, "
        f"{len(run.dataset.test.labels):,} test images, {images}",
        f"training  epochs {training.epochs}, batch {training.batch_size}, "
        f"Adam {training.lr:g} ({training.schedule}){extras}",
        f"device    {device_name(run.device)}",
        f"products  {run.precision.precision}: {run.precision.reason}; all else is float32",
        f"steps     {steps}",
    ]
    if run.snapshots and run.resume and run.state.is_file() and not run.snapshots.files:
        lines.append("note      this run began without --snapshots: its film begins here")
    if model.latent_dim == 1:
        lines.append("note      the app's maps need two dimensions: only the Model page opens it")
    return "\n  ".join(lines)


def _snapshots(run: _Run, count: int | None) -> Snapshots | None:
    """Return where a run's snapshots go, if it is filmed; a film that was begun is finished."""
    digest = hashlib.sha256(run.dataset.checksum.encode())
    # Only the number of epochs may be another where a run is resumed.
    for config in (run.recipe.model, replace(run.training, epochs=1)):
        digest.update(json.dumps(config_to_dict(config)).encode())
    folder, steps = work_path(run.path, ".snapshots"), total_steps(run.training, run.train_size)
    snapshots = Snapshots(folder, 2 if count is None else count, steps, digest.hexdigest())
    begun = run.resume and snapshots.load(run.recipe.model)
    return snapshots if begun or count is not None else None


def _write_checkpoint(run: _Run, result: FitResult) -> None:
    """Save a run, and print where; an interrupted one does not replace a finished checkpoint."""
    path = run.path
    stopped = f"stopped after epoch {len(result.history)} of {result.train_config.epochs}"
    if result.interrupted and _is_finished(path):
        print(f"\n{stopped}; {path} is a finished checkpoint and stays as it was. {RESUME_HINT}")
        return
    if result.interrupted:
        print(f"\n{stopped}; measuring it and writing {path} ...", flush=True)
    meta = save_trained(result, path, run.source, run.dataset, run.device, snapshots=run.snapshots)
    print(
        f"wrote {path}: test −ELBO {meta.metrics['test_neg_elbo']:.2f} nats per image, "
        f"{meta.metrics['active_units']} of {meta.model.latent_dim} dimensions active"
    )
    if result.interrupted:
        print(RESUME_HINT)


def _is_finished(path: Path) -> bool:
    try:
        meta = load_meta(path)
    except (ValueError, OSError):
        return False
    return meta.epochs_done >= meta.training.epochs
