"""From a trained model to its checkpoint folder: measure, encode the test split, save."""

from __future__ import annotations

import copy
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from tqdm import tqdm

from vae_explorer.analysis.codes import encode_split
from vae_explorer.analysis.evaluation import evaluate
from vae_explorer.analysis.metrics import METRICS
from vae_explorer.analysis.projections import tsne_projection, umap_projection
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import DatasetRecord, Meta
from vae_explorer.checkpoint.update import add_projection
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.data import Dataset, Split
from vae_explorer.film.film import add_film
from vae_explorer.film.render import make_film
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.fit import FitResult, total_steps
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo

__all__ = ["device_name", "save_trained"]

# A change of the bound, in nats, far below what two seeds differ by: half the bytes are worth it.
HALF_TOLERANCE = 0.05


def save_trained(
    result: FitResult,
    path: Path,
    recipe: str,
    dataset: Dataset,
    device: torch.device,
    *,
    snapshots: Snapshots | None = None,
) -> Meta:
    """Write the checkpoint folder of a finished or interrupted run and return its meta.

    Weights are stored as float16 where that moves the test −ELBO by less than 0.05 nats, and
    metrics and codes are of the weights as stored. For more than two dimensions UMAP and t-SNE
    follow once the folder is complete, so that stopping them loses nothing else; an interrupted
    run goes without.

    Args:
        result: of `fit`.
        path: the checkpoint folder, replaced when everything is written.
        recipe: the recipe's name, for the record.
        dataset: the data the model was trained on.
        device: where it was trained, for the record, and where it is measured.
        snapshots: of the run, for its film.
    """
    # First, because UMAP's libraries change torch's number of threads.
    trained_on = device_name(device)
    model, dtype = _as_stored(result.model, dataset.test)
    latents = encode_split(model.to(device), dataset.test)
    try:
        found = asdict(evaluate(model, latents, dataset))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; nothing was written, train from the start") from error
    train_config = result.train_config
    meta = Meta(
        name=path.name,
        recipe=recipe,
        model=model.config,
        training=train_config,
        dataset=DatasetRecord(
            name=dataset.name,
            checksum=dataset.checksum,
            classes=dataset.classes,
            train_size=len(dataset.train.first(train_config.limit).labels),
            test_size=len(dataset.test.labels),
        ),
        metrics={key: found[key] for key in METRICS if found.get(key) is not None},
        kl_by_dimension=found["kl_by_dimension"],
        epochs_done=len(result.history),
        weights_dtype=dtype,
        seed=train_config.seed,
        device=trained_on,
        seconds=round(sum(epoch.seconds for epoch in result.history), 1),
        versions={"python": platform.python_version()}
        | {package: version(package) for package in ("torch", "numpy", "umap-learn")},
    )
    save_checkpoint(path, model, meta, result.history, latents)
    if snapshots is not None:
        _add_film(path, snapshots, meta, latents)
    if model.config.latent_dim > 2 and not result.interrupted:
        try:
            _add_projections(path, latents)
        except ValueError as error:
            print(f"no projection: {error}")
    return meta


def device_name(device: torch.device) -> str:
    """Return a device's name, such as `cpu (threads: 2)` or `cuda (NVIDIA H200)`."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"cpu (threads: {torch.get_num_threads()})" if device.type == "cpu" else device.type


def _add_film(path: Path, snapshots: Snapshots, meta: Meta, latents: Latents) -> None:
    """Add the film of a run to its checkpoint; two snapshots are enough for one."""
    found = snapshots.load(meta.model)
    if len(found) < 2:
        print(f"no film: found {len(found)} snapshots of this run, expected at least 2")
        return
    steps_an_epoch = total_steps(meta.training, meta.dataset.train_size) // meta.training.epochs
    print(f"film of {len(found)} snapshots ...", flush=True)
    add_film(path, make_film(found, meta.model, latents, steps_an_epoch))


def _add_projections(path: Path, latents: Latents) -> None:
    """Add UMAP and t-SNE of a checkpoint's codes to it, each as soon as it is computed."""
    count = len(latents.mean)
    print(f"UMAP of {count:,} test codes ...", flush=True)
    add_projection(path, latents, "umap", umap_projection(latents.mean))
    with tqdm(
        total=100,
        desc=f"t-SNE of {count:,} test codes",
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
        mininterval=0.1 if sys.stderr.isatty() else 10,
    ) as bar:
        view = tsne_projection(
            latents.mean, on_progress=lambda share: bar.update(round(100 * share) - bar.n)
        )
    add_projection(path, latents, "tsne", view)


def _as_stored(model: VAE, test: Split) -> tuple[VAE, str]:
    """Return the model with its weights as stored, and their dtype."""
    rounded = copy.deepcopy(model).half().float()
    moved = abs(mean_elbo(rounded, test).neg_elbo - mean_elbo(model, test).neg_elbo)
    return (rounded, "float16") if moved < HALF_TOLERANCE else (model, "float32")
