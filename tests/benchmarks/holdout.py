"""Compare recipes on digits that are held out: `python tests/benchmarks/holdout.py RECIPE [flags]`.

A recipe is chosen by the last 10,000 training digits, never by the test digits: it is trained on
the others, and measured on those after each epoch. Flags change it, one at a time or several, with
`--seed` for a second opinion; the last line says what came out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from vae_explorer.analysis.codes import active_units, encode_split
from vae_explorer.analysis.neighbours import knn_accuracy
from vae_explorer.data import Dataset, Split, load_dataset
from vae_explorer.training.fit import fit
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.objective import mean_elbo
from vae_explorer.vae.recipes import RECIPES, find_recipe

HELD_OUT = 10_000


def main() -> None:
    """Train one recipe, changed by the flags, and print its figures on the held-out digits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--state", type=Path, help="file to keep the run in, to resume it from")
    for kind in (ModelConfig, TrainConfig):
        for field in fields(kind):
            parser.add_argument(f"--{field.name.replace('_', '-')}", help=f"as in {kind.__name__}")
    args = vars(parser.parse_args())
    recipe = find_recipe(args["recipe"])
    model, training = (_changed(config, args) for config in (recipe.model, recipe.training))
    dataset = _held_out(load_dataset(training.dataset))
    result = fit(model, training, dataset, state_path=args["state"], resume=bool(args["state"]))
    train, test = (encode_split(result.model, split) for split in (dataset.train, dataset.test))
    elbo, trained = (mean_elbo(result.model, split) for split in (dataset.test, dataset.train))
    print(
        f"{' '.join(sys.argv[1:])}: held-out −ELBO {elbo.neg_elbo:.2f} "
        f"(train {trained.neg_elbo:.2f}), KL {elbo.kl:.2f}, "
        f"{active_units(test).sum()} of {model.latent_dim} active, "
        f"5-NN {knn_accuracy(train.mean, train.label, test.mean, test.label):.4f}, "
        f"{sum(row.seconds for row in result.history):.0f} s"
    )


def _held_out(dataset: Dataset) -> Dataset:
    """Return the training digits alone, the last of them in the place of the test digits."""
    cut = len(dataset.train.labels) - HELD_OUT
    held_out = Split(*(part[cut:] for part in dataset.train))
    return dataset._replace(train=dataset.train.first(cut), test=held_out)


def _changed(config: ModelConfig | TrainConfig, args: dict[str, str | None]):
    """Return `config` with what the flags say, read as the kind of value that is there."""
    changes = {}
    for field in fields(config):
        text, value = args[field.name], getattr(config, field.name)
        if text is None:
            continue
        if isinstance(value, tuple) or field.name == "decoder_hidden":
            changes[field.name] = tuple(int(part) for part in text.split(",") if part)
        else:
            changes[field.name] = float(text) if value is None else type(value)(text)
    return replace(config, **changes)


if __name__ == "__main__":
    main()
