"""Train variational autoencoders and write their checkpoints: `python train.py --help`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from vae_explorer.data import DATASETS
from vae_explorer.training.distributed import is_rank_0, local_device, process_group
from vae_explorer.training.run import choose_device, prepare_runs, recipe_in_words, train_run
from vae_explorer.training.state import RESUME_HINT
from vae_explorer.vae.config import PRECISIONS
from vae_explorer.vae.recipes import DEFAULT_RECIPES, RECIPES


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train variational autoencoders, on the GPU if there is one. Without flags: "
        + " and ".join(DEFAULT_RECIPES["mnist"]),
        epilog="Flags override the recipe.",
    )
    add = parser.add_argument_group("recipe").add_argument
    add(
        "--recipe",
        action="append",
        choices=RECIPES,
        metavar="NAME",
        help="train this one; repeatable",
    )
    add("--list-recipes", action="store_true", help="describe the recipes and exit")
    add("--latent-dim", type=int, metavar="D", help="dimensions of the latent space")
    add = parser.add_argument_group("data").add_argument
    add(
        "--dataset",
        metavar="NAME|PATH",
        help=f"{', '.join(DATASETS)}, or images of your own: a folder (folders in it are classes, "
        "below train and test or val if there are such), a .zip of one, or a .npz of images and, "
        "if you like, labels and classes",
    )
    add(
        "--data-dir",
        type=Path,
        help="folder above MNIST/raw, and above images/, where your own are kept once prepared "
        "(default: VAE_EXPLORER_DATA or data)",
    )
    add("--limit", type=int, metavar="N", help="train on the first N images only")
    add = parser.add_argument_group("images of your own").add_argument
    add("--size", type=int, metavar="S", help="scale the short side to S, cut the middle S x S")
    add("--channels", type=int, choices=(1, 3), help="1: grey, 3: colour (default: as they are)")
    add("--test-fraction", type=float, metavar="F", help="held out of each class (default: 0.1)")
    add("--classes", metavar="A,B", help="folders to take, as classes in this order")
    add("--skip-broken", action="store_true", help="leave out what cannot be read or is too small")
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=int, metavar="N", help="passes over the training images")
    add("--batch-size", type=int, metavar="N", help="images a step")
    add("--lr", type=float, metavar="RATE", help="Adam's peak learning rate")
    add("--beta", type=float, metavar="B", help="weight of the KL term; 1: the ELBO")
    add("--warmup", type=float, metavar="F", help="fraction of the steps in which it rises from 0")
    add("--seed", type=int, metavar="N", help="of weights, image order and noise")
    add = parser.add_argument_group("device").add_argument
    add("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="default: auto")
    add(
        "--precision",
        default="auto",
        choices=("auto", *PRECISIONS),
        metavar="FORMAT",
        help=f"{', '.join(PRECISIONS)}: of matrix products' factors (default: auto, the fastest)",
    )
    add = parser.add_argument_group("output").add_argument
    add(
        "--out",
        type=Path,
        default=Path("checkpoints"),
        help="folder of the checkpoint folders (default: %(default)s)",
    )
    add("--name", help="the checkpoint folder's name (default: the recipe's)")
    add("--snapshots", type=int, metavar="N", help="film the training in N snapshots")
    add("--resume", action="store_true", help="continue after the run's last finished epoch")
    args = parser.parse_args(arguments)
    for name, value in vars(args).items():
        # argparse takes the -- of `--name=--` away, and leaves a list.
        if value in ([], [[]]):
            parser.error(f"--{name.replace('_', '-')}: found no value, expected one")
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the chosen recipes one after the other; return the exit status."""
    args = parse_args(arguments)
    if args.list_recipes:
        print("\n\n".join(map(recipe_in_words, RECIPES.values())))
        return 0
    try:
        device = local_device(choose_device(args.device))
        with process_group(device) as group, group.mute_other_ranks(), ExitStack() as held:
            for run in prepare_runs(args, device, group, held):
                if status := train_run(run):
                    return status
    except (ValueError, OSError) as error:
        if is_rank_0():
            print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; all finished epochs are kept. {RESUME_HINT}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    # A shell starts background jobs deaf to Ctrl-C, and a scheduler stops a run with SIGTERM.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    # A terminal that lacks the minus of −ELBO, or a letter of a path, must not end a run.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
