"""Train variational autoencoders and write their checkpoints: `python train.py --help`."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

import torch

from vae_explorer.checkpoint import load_meta
from vae_explorer.data import DATASETS, default_data_dir, load_dataset
from vae_explorer.recipes import RECIPES, Recipe, default_recipes, find_recipe
from vae_explorer.release import device_name, release
from vae_explorer.training import fit


def main() -> int:
    """Train the chosen recipes one after the other; return the exit status."""
    args = parse_args()
    if args.list_recipes:
        for recipe in RECIPES.values():
            print(f"{recipe.name:12} {recipe.description}")
        return 0
    try:
        device = choose_device(args.device)
        for name, recipe in choose_recipes(args).items():
            if train_one(name, recipe, args, device) == "interrupted":
                return 130
    except (ValueError, FileNotFoundError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped before an epoch was finished; nothing was changed", file=sys.stderr)
        return 130
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train variational autoencoders. Without flags: "
        f"{' and '.join(default_recipes())}, on the GPU where there is one.",
        epilog="Flags below --list-recipes replace what the recipe says.",
    )
    add = parser.add_argument
    add("--recipe", action="append", choices=RECIPES, metavar="NAME", help="repeatable")
    add("--list-recipes", action="store_true", help="name the recipes and stop")
    add("--dataset", choices=DATASETS, help=", ".join(DATASETS))
    add("--data-dir", type=Path, help="folder above MNIST/raw (default: VAE_EXPLORER_DATA or data)")
    add("--out", type=Path, default=Path("checkpoints"), help="folder of the checkpoint folders")
    add("--name", help="the checkpoint folder's name, when one model is trained")
    add("--latent-dim", type=int, metavar="D", help="dimensions of the latent space")
    add("--epochs", type=int, metavar="N", help="passes over the training images")
    add("--batch-size", type=int, metavar="N", help="images a step")
    add("--lr", type=float, help="Adam's learning rate, at its highest")
    add("--beta", type=float, help="weight of the KL term; 1 is the evidence bound")
    add("--seed", type=int, help="of weights, image order and noise")
    add("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="default: auto")
    add("--limit", type=int, metavar="N", help="train on the first N images only")
    add("--resume", action="store_true", help="go on after the last finished epoch")
    return parser.parse_args()


def choose_recipes(args: argparse.Namespace) -> dict[str, Recipe]:
    """Return the recipes to train, with the flags in them, by checkpoint name."""
    plane, deep = default_recipes(args.dataset or "mnist")
    names = args.recipe or [plane, deep]
    if not args.recipe and (args.name or args.latent_dim):
        # One model is asked for: the plane's recipe for a plane, the other one for more.
        names = [deep if (args.latent_dim or 2) > 2 else plane]
    if args.name and len(names) > 1:
        raise ValueError(
            f"--name: found {args.name!r} for {len(names)} recipes, expected one; "
            "train them one at a time, or leave --name out"
        )
    chosen = {}
    for recipe in map(find_recipe, names):
        flags = ("dataset", "epochs", "batch_size", "lr", "beta", "seed", "limit")
        given = {f: getattr(args, f) for f in flags if getattr(args, f) is not None}
        train = replace(recipe.training, **given)
        model = replace(recipe.model, latent_dim=args.latent_dim or recipe.model.latent_dim)
        name = recipe.name
        if train.dataset != recipe.training.dataset or model != recipe.model:
            name = f"{train.dataset}-{model.latent_dim}d"
        model = replace(model, image_shape=DATASETS[train.dataset].image_shape)
        chosen[args.name or name] = replace(recipe, model=model, training=train)
    return chosen


def choose_device(name: str) -> torch.device:
    """Return the device that `name` means on this machine, or say that it is not there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name != "auto" and not there[name]:
        raise ValueError(
            f"--device: found {name}, which this machine or its torch lacks; "
            f"expected one of {', '.join(d for d, ok in there.items() if ok)}, or auto"
        )
    return torch.device(next(d for d, ok in there.items() if ok) if name == "auto" else name)


def train_one(name: str, recipe: Recipe, args: argparse.Namespace, device: torch.device) -> str:
    """Train one recipe into the folder `name`, and return `finished` or `interrupted`."""
    train, path = recipe.training, args.out / name
    dataset = load_dataset(train.dataset, args.data_dir)
    size = len(dataset.train.first(train.limit).labels)
    widths = (math.prod(recipe.model.image_shape), *recipe.model.hidden, recipe.model.latent_dim)
    where = (
        ""
        if DATASETS[train.dataset].folder is None
        else f" in {args.data_dir or default_data_dir()}"
    )
    print(
        f"{name}: {recipe.description}\n"
        f"  recipe   {recipe.name}, seed {train.seed}, beta {train.beta:g}\n"
        f"  model    {'-'.join(map(str, widths))}, {recipe.model.activation}, "
        f"{recipe.model.likelihood} likelihood\n"
        f"  data     {train.dataset}{where}, {size:,} training and "
        f"{len(dataset.test.labels):,} test images\n"
        f"  training {train.epochs} epochs, batch {train.batch_size}, Adam {train.lr:g} "
        f"({train.schedule})\n"
        f"  device   {device_name(device)}",
        flush=True,
    )
    state = args.out / ".training" / f"{name}.safetensors"
    result = fit(recipe.model, train, dataset, device=device, state_path=state, resume=args.resume)
    if result.interrupted and _is_finished(path):
        print(
            f"\nstopped after epoch {len(result.history)}; {path} is a finished checkpoint and "
            "stays as it was. Add --resume to go on."
        )
        return "interrupted"
    meta = release(result, path, recipe.name, dataset, device)
    print(
        f"wrote {path}: test −ELBO {meta.metrics['test_neg_elbo']:.2f} nats per image, "
        f"{meta.metrics['active_units']} active dimensions"
    )
    if result.interrupted:
        print(
            f"stopped after epoch {len(result.history)} of {train.epochs}. Add --resume to go on."
        )
        return "interrupted"
    return "finished"


def _is_finished(path: Path) -> bool:
    try:
        meta = load_meta(path)
    except (ValueError, FileNotFoundError):
        return False
    return meta.epochs_done >= meta.training.epochs


if __name__ == "__main__":
    sys.exit(main())
