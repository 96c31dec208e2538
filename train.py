"""Train variational autoencoders and write their checkpoints: `python train.py --help`."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from vae_explorer.checkpoint.folder import check_replaceable, load_meta
from vae_explorer.data import DATASETS, Dataset, default_data_dir, load_dataset
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.distributed import Processes, joined, own_device
from vae_explorer.training.fit import FitResult, fit, steps_of
from vae_explorer.training.run import banner, recipe_in_words, steps_in_words
from vae_explorer.training.save import release
from vae_explorer.vae.config import PRECISIONS
from vae_explorer.vae.precision import PrecisionChoice, choose_precision
from vae_explorer.vae.recipes import RECIPES, Recipe, default_recipes, find_recipe

GO_ON = "The same command with --resume goes on after the last finished epoch."


def main() -> int:
    """Train the chosen recipes one after the other; return the exit status."""
    args = parse_args()
    # A shell starts background jobs deaf to Ctrl-C, and a scheduler stops a run with SIGTERM.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    if args.list_recipes:
        print("\n\n".join(map(recipe_in_words, RECIPES.values())))
        return 0
    try:
        device = own_device(choose_device(args.device))
        with joined(device) as processes, processes.first_speaks():
            for source, recipe in choose_recipes(args):
                if status := train_one(source, recipe, args, device, processes):
                    return status
    except (ValueError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; what was finished until then is kept. {GO_ON}", file=sys.stderr)
        return 130
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train variational autoencoders. Without flags: "
        f"{' and '.join(default_recipes())}, on the GPU where there is one.",
        epilog="Flags that say how to train go before what the recipe says.",
    )
    add = parser.add_argument
    add(
        "--recipe",
        action="append",
        choices=RECIPES,
        metavar="NAME",
        help="which to train; repeatable",
    )
    add("--list-recipes", action="store_true", help="name the recipes and stop")
    add("--dataset", choices=DATASETS, help=", ".join(DATASETS))
    add("--data-dir", type=Path, help="folder above MNIST/raw (default: VAE_EXPLORER_DATA or data)")
    add(
        "--out",
        type=Path,
        default=Path("checkpoints"),
        help="folder of the checkpoint folders (default: %(default)s)",
    )
    add("--name", help="the checkpoint folder's name (default: the recipe's)")
    add("--latent-dim", type=int, metavar="D", help="dimensions of the latent space")
    add("--epochs", type=int, metavar="N", help="passes over the training images")
    add("--batch-size", type=int, metavar="N", help="images a step")
    add("--lr", type=float, help="Adam's learning rate, at its highest")
    add("--beta", type=float, help="weight of the KL term; 1 is the evidence bound")
    add("--warmup", type=float, metavar="F", help="first fraction of steps, KL weight rising")
    add("--seed", type=int, help="of weights, image order and noise")
    add("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="default: auto")
    add(
        "--precision",
        default="auto",
        choices=("auto", *PRECISIONS),
        help="of matrix products' factors; auto: what the device is fastest with",
    )
    add("--limit", type=int, metavar="N", help="train on the first N images only")
    add("--snapshots", type=int, metavar="N", help="film the training in N snapshots")
    add("--resume", action="store_true", help="go on after the last finished epoch of the same run")
    return parser.parse_args()


def choose_recipes(args: argparse.Namespace) -> list[tuple[str, Recipe]]:
    """Return each recipe's name, and the recipe with the flags in it."""
    plane, deep = default_recipes(args.dataset or "mnist")
    names = args.recipe or [plane, deep]
    if not args.recipe and (args.name is not None or args.latent_dim is not None):
        # One model is asked for: the plane's recipe for a plane, the other one for more.
        names = [deep if (args.latent_dim or 2) > 2 else plane]
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
    recipes = [with_flags(find_recipe(name), args) for name in names]
    if len(folders := {recipe.name for recipe in recipes}) < len(recipes):
        raise ValueError(
            f"--recipe: found {', '.join(names)}, which with these flags would all be written to "
            f"{', '.join(folders)}; train them one at a time, each with its --name"
        )
    return list(zip(names, recipes, strict=True))


def with_flags(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """Return the recipe with what the flags replace in it, under the name it is saved by."""
    flags = ("dataset", "epochs", "batch_size", "lr", "beta", "warmup", "seed", "limit")
    given = {flag: getattr(args, flag) for flag in flags if getattr(args, flag) is not None}
    training, model = replace(recipe.training, **given), recipe.model
    if args.latent_dim is not None:
        model = replace(model, latent_dim=args.latent_dim)
    name = recipe.name
    if training.dataset != recipe.training.dataset or model != recipe.model:
        name = other_name(recipe, training.dataset, model.latent_dim)
    shape = DATASETS[training.dataset].image_shape
    if shape != model.image_shape:
        # Kernels of another size of image give way to such as fit this one.
        model = replace(model, image_shape=shape, kernels=(), decoder_kernels=())
    return replace(recipe, name=args.name or name, model=model, training=training)


def other_name(recipe: Recipe, dataset: str, dims: int) -> str:
    """Return the name of a recipe's checkpoint with another data set or other dimensions.

    Ours are called by their data set, the others by their source too: `digits-5d`, `vxlabs-5d`,
    `vxlabs-digits-2d`.
    """
    source = recipe.name.rsplit("-", 1)[0]
    stems = {name.rsplit("-", 1)[0] for key in DATASETS for name in default_recipes(key)}
    parts = [] if source in stems else [source]
    if not parts or dataset != recipe.training.dataset:
        parts.append(dataset)
    return "-".join([*parts, f"{dims}d"])


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


def train_one(
    source: str,
    recipe: Recipe,
    args: argparse.Namespace,
    device: torch.device,
    processes: Processes,
) -> int:
    """Train one recipe into the folder of its name; return 0, 130 (Ctrl-C) or 1 (diverged)."""
    asked = PrecisionChoice(args.precision, "as asked for")
    choice = choose_precision(device) if args.precision == "auto" else asked
    training = replace(recipe.training, precision=choice.precision)
    path, state = args.out / recipe.name, args.out / ".training" / f"{recipe.name}.safetensors"
    if args.out.exists() and not args.out.is_dir():
        raise ValueError(f"--out: found {args.out}, which is a file, expected a folder")
    check_replaceable(path)
    with processes.first_before_others():
        dataset = load_dataset(training.dataset, args.data_dir)
    print(banner(source, recipe, args.data_dir or default_data_dir(), dataset, device))
    print(f"  products  {choice.precision}: {choice.reason}; all else is float32")
    print(f"  steps     {steps_in_words(device, processes)}", flush=True)
    if recipe.model.latent_dim == 1:
        print("  note      the app's maps need two dimensions: it opens this one's Model page only")
    if _is_finished(path) and not args.resume:
        print(f"  replaces  the finished checkpoint {path}, once this run is finished")
    steps = steps_of(training, len(dataset.train.first(training.limit).labels))
    snapshots = choose_snapshots(args, state, steps)
    result = fit(
        recipe.model,
        training,
        dataset,
        device=device,
        state_path=state,
        resume=args.resume,
        processes=processes,
        snapshots=snapshots,
    )
    if result.problem and processes.rank == 0:
        print(f"train.py: {result.problem}", file=sys.stderr)
    status = 1 if result.problem else 130 if result.interrupted else 0
    if processes.rank == 0:
        write_checkpoint(result, path, source, dataset, device, snapshots=snapshots)
    if status != 130:
        # torchrun ends all of them when one has failed, and the first may still be writing.
        processes.meet()
    return status


def choose_snapshots(args: argparse.Namespace, state: Path, steps: int) -> Snapshots | None:
    """Return what is to be kept of a run of so many steps; a film that was begun is finished."""
    folder = state.with_suffix(".snapshots")
    begun = args.resume and any(folder.glob("*.safetensors"))
    if args.snapshots is None and not begun:
        return None
    if args.resume and state.is_file() and not begun:
        print("  note      this run began without --snapshots: its film begins here")
    return Snapshots(folder, args.snapshots or 2, steps)


def write_checkpoint(
    result: FitResult,
    path: Path,
    source: str,
    dataset: Dataset,
    device: torch.device,
    *,
    snapshots: Snapshots | None,
) -> None:
    """Write the folder of a run, and say so; a stopped run leaves a finished folder as it is."""
    stopped = f"stopped after epoch {len(result.history)} of {result.train_config.epochs}"
    if result.interrupted and _is_finished(path):
        print(f"\n{stopped}; {path} is a finished checkpoint and stays as it was. {GO_ON}")
        return
    if result.interrupted:
        print(f"\n{stopped}; measuring it and writing {path} ...", flush=True)
    meta = release(result, path, source, dataset, device, snapshots=snapshots)
    print(
        f"wrote {path}: test −ELBO {meta.metrics['test_neg_elbo']:.2f} nats per image, "
        f"{meta.metrics['active_units']} of {meta.model.latent_dim} dimensions active"
    )
    if result.interrupted:
        print(GO_ON)


def _is_finished(path: Path) -> bool:
    try:
        meta = load_meta(path)
    except (ValueError, FileNotFoundError):
        return False
    return meta.epochs_done >= meta.training.epochs


if __name__ == "__main__":
    sys.exit(main())
