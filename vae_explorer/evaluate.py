"""Measure checkpoints in the same way: `python -m vae_explorer.evaluate CHECKPOINT...`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from vae_explorer.analysis.evaluation import Evaluation, evaluate
from vae_explorer.analysis.metrics import METRICS
from vae_explorer.checkpoint.folder import Checkpoint, load_checkpoint
from vae_explorer.checkpoint.meta import DatasetRecord
from vae_explorer.checkpoint.text import whole_number
from vae_explorer.checkpoint.update import add_metrics
from vae_explorer.checkpoint.writing import why_not_writable
from vae_explorer.data import Dataset, load_dataset

__all__ = ["main"]

NEEDS_DATA = "needs the dataset"


def main(arguments: list[str] | None = None) -> int:
    """Print the metrics of each checkpoint; return 1 where one of them cannot be read."""
    args = _parse(arguments)
    results, failed = {}, False
    for path in args.checkpoints:
        try:
            checkpoint = load_checkpoint(path)
            if args.save and (problem := why_not_writable(path)):
                raise OSError(f"--save: {problem}")
            dataset = _dataset_of(checkpoint.meta.dataset, args.data_dir)
            found = _evaluate(checkpoint, dataset, args.samples)
            if args.save:
                _save(path, found, checkpoint.meta.metrics)
        except (ValueError, OSError) as error:
            print(f"evaluate: {error}", file=sys.stderr)
            failed = True
            continue
        results[str(path)] = asdict(found)
        if not args.json:
            print(f"{path}\n{_table(found)}")
            if omitted := checkpoint.meta.model.omitted_constant:
                print(f"  omitted from −ELBO and IW-NLL: {omitted:.2f} nats per image")
            print(flush=True)
    if args.json:
        print(json.dumps(results, indent=2))
    return int(failed)


def _evaluate(checkpoint: Checkpoint, dataset: Dataset | None, samples: int) -> Evaluation:
    try:
        return evaluate(checkpoint.model, checkpoint.latents, dataset, samples)
    except ValueError as error:
        raise ValueError(f"{checkpoint.path}: {error}") from error


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vae_explorer.evaluate", description=__doc__)
    add = parser.add_argument
    add("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="checkpoint folders")
    add("--data-dir", type=Path, help="folder above MNIST/raw (default: VAE_EXPLORER_DATA or data)")
    count = {"type": whole_number(1, 9_999_999), "default": 500, "metavar": "K"}
    add("--samples", **count, help="of the IW-NLL (default: 500)")
    add("--save", action="store_true", help="save the IW-NLL in meta.json, for the Model page")
    add("--json", action="store_true", help="print one JSON object instead of tables")
    return parser.parse_args(arguments)


def _dataset_of(recorded: DatasetRecord, data_dir: Path | None) -> Dataset | None:
    """Return the data that the checkpoint was measured on, or None if it is not on disk."""
    try:
        return load_dataset(recorded.name, data_dir, download=False, checksum=recorded.checksum)
    except FileNotFoundError as error:
        print(f"evaluate: {error}\nThe metrics that need no image follow.", file=sys.stderr)
        return None


def _save(path: Path, found: Evaluation, before: dict[str, float]) -> None:
    """Save the importance-weighted NLL with a checkpoint, and print what it replaces."""
    if found.iw_nll is None:
        print(f"{path}: found no IW-NLL to save, expected the dataset for it", file=sys.stderr)
        return
    add_metrics(path, {"iw_nll": found.iw_nll, "iw_samples": found.iw_samples})
    former = f", instead of K = {before['iw_samples']:.0f}" if "iw_samples" in before else ""
    saved = f"saved the IW-NLL with K = {found.iw_samples} in {path / 'meta.json'}{former}"
    print(saved, file=sys.stderr)


def _table(found: Evaluation) -> str:
    def row(values: list[float]) -> str:
        lines = [values[k : k + 10] for k in range(0, len(values), 10)]
        return ("\n" + " " * 24).join(" ".join(f"{v:7.3f}" for v in line) for line in lines)

    rows = []
    for metric in METRICS.values():
        if not hasattr(found, metric.key):
            continue
        title, value = metric.title, getattr(found, metric.key)
        text = NEEDS_DATA if value is None else f"{metric.text(value):>8}"
        if metric.unit and value is not None:
            text += f" {metric.unit} per image"
        if metric.key == "active_units":
            text += f" of {len(found.kl_by_dimension)}"
        if metric.key == "iw_nll" and found.iw_samples:
            title += f", K = {found.iw_samples}"
        rows.append((title, text))
    rows += [
        ("KL by dimension", row(found.kl_by_dimension)),
        ("variance of the mean", row(found.variance_of_mean_by_dimension)),
        ("mean variance", row(found.mean_variance_by_dimension)),
    ]
    return "\n".join(f"  {label:22}{value}" for label, value in rows)


if __name__ == "__main__":
    sys.exit(main())
