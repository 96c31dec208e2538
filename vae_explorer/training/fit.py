"""The training loop: shuffled batches from a split on the device, one epoch after another.

`train_epochs` takes the steps and yields a row an epoch; `fit` resumes, saves and stops.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.data import Dataset, Split
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.distributed import ProcessGroup
from vae_explorer.training.state import (
    RESUME_HINT,
    TrainingState,
    read_state,
    resumed_state,
    write_state,
)
from vae_explorer.training.step import (
    Diverged,
    Step,
    adam,
    check_finite,
    is_captured,
    kl_weight,
    learning_rate,
)
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo
from vae_explorer.vae.precision import rounded_products

__all__ = ["FitResult", "check_images", "fit", "total_steps", "train_epochs"]

# Steps between two looks at whether the losses are finite.
CHECK_EVERY = 200
ALONE = ProcessGroup()


@dataclass(frozen=True)
class FitResult:
    """A trained model and its history.

    Attributes:
        model: after the last finished epoch, on the CPU, in evaluation mode.
        train_config: how it was trained.
        history: a row for each finished epoch.
        interrupted: whether it stopped before its last epoch, by Ctrl-C or because of `problem`.
        problem: where the loss was no longer finite; None where it always was.
    """

    model: VAE
    train_config: TrainConfig
    history: list[Epoch]
    interrupted: bool
    problem: str | None = None


def fit(
    model_config: ModelConfig,
    train_config: TrainConfig,
    dataset: Dataset,
    *,
    device: torch.device | str = "cpu",
    state_path: Path | None = None,
    resume: bool = False,
    group: ProcessGroup = ALONE,
    snapshots: Snapshots | None = None,
) -> FitResult:
    """Train a VAE and print a line an epoch.

    Args:
        model_config: the model's architecture; its image shape must be the dataset's.
        train_config: how to train it.
        dataset: `dataset.train` is trained on, `dataset.test` measured after each epoch.
        device: where to train.
        state_path: file for the state after each epoch; None keeps none.
        resume: continue from the state at `state_path`, if there is one.
        group: the processes that train together, all with the same arguments.
        snapshots: where the film's snapshots of the model go.

    Returns:
        The model and its history. After Ctrl-C, or where the loss is no longer finite, they are
        those of the last finished epoch.

    Raises:
        ValueError: where shapes disagree, or a resumed run had another config or other data.
        Diverged: where the loss was not finite before any epoch was saved.
        KeyboardInterrupt: where Ctrl-C came before any epoch was saved.
        OSError: where the state or a snapshot cannot be written, such as on a full disk.
    """
    check_images(model_config, train_config, dataset, group)
    torch.manual_seed(train_config.seed)
    model = VAE(model_config).to(device)
    optimizer = adam(model, train_config, is_captured(torch.device(device), group))
    history: list[Epoch] = []
    if resume and state_path is not None:
        history = _resume(state_path, model, optimizer, train_config, dataset.checksum)
    train = dataset.train.first(train_config.limit).to(device)
    test = dataset.test.to(device)
    writes, saved, problem = group.rank == 0, bool(history), None
    bar = _progress_bar(train_config, len(train.images), len(history), disable=not writes)

    def keep_snapshot(step: int) -> None:
        if snapshots is not None and step in snapshots.due:
            with group.together():
                if writes:
                    snapshots.keep(step, model, test)

    def after_step(step: int) -> None:
        bar.update()
        keep_snapshot(step)

    try:
        if snapshots is not None and not history:
            if writes:
                snapshots.clear()
            keep_snapshot(0)
        epochs = train_epochs(
            model,
            optimizer,
            train,
            test,
            train_config,
            done=len(history),
            group=group,
            after_step=after_step,
        )
        for row in epochs:
            history.append(row)
            if state_path is not None:
                # The other ranks would go back to what rank 0 wrote.
                with group.together():
                    if writes:
                        state = TrainingState.capture(
                            model, optimizer, train_config, dataset.checksum, history
                        )
                        write_state(state_path, state)
                saved = True
            bar.write(_epoch_line(row, train_config.epochs))
            bar.set_description(_epoch_name(row.epoch + 1, train_config.epochs), refresh=False)
    except (KeyboardInterrupt, Diverged) as stop:
        if not saved:
            raise
        problem = str(stop) or None
        # The weights have moved on since the last finished epoch.
        state = read_state(state_path)
        state.restore(model, optimizer)
        history = state.history
    except OSError as error:
        raise OSError(f"{error}. {RESUME_HINT}" if saved else str(error)) from error
    finally:
        bar.close()
    interrupted = len(history) < train_config.epochs
    return FitResult(model.cpu().eval(), train_config, history, interrupted, problem)


def train_epochs(
    model: VAE,
    optimizer: torch.optim.Optimizer,
    train: Split,
    test: Split,
    config: TrainConfig,
    *,
    done: int = 0,
    group: ProcessGroup = ALONE,
    after_step: Callable[[int], object] = lambda step: None,
) -> Iterator[Epoch]:
    """Train `model` and yield a row an epoch, measured on both splits.

    Args:
        model: a VAE, on the same device as the splits.
        optimizer: `adam` of the model.
        train, test: the splits to train and to measure on.
        config: how to train; the order of images and the noise follow from (seed, epoch).
        done: epochs that are finished.
        group: the processes that train together.
        after_step: called with the number of steps that the run has taken.

    Raises:
        Diverged: at the first loss that is not finite.
    """
    step = Step(model, optimizer, train.images, config, group)
    count, device = len(train.images), train.images.device
    for epoch in range(done + 1, config.epochs + 1):
        started = time.perf_counter()
        # 2^20 epochs fit between two seeds, so that no two runs share an epoch's randomness.
        seed = (config.seed << 20) + epoch
        torch.manual_seed(seed)
        batches = torch.randperm(count).to(device).split(config.batch_size)
        if group.rank > 0:
            # One order for all ranks, but each its own noise.
            torch.manual_seed((group.rank << 52) + seed)
        steps, first = config.epochs * len(batches), (epoch - 1) * len(batches)
        # The losses stay on the device: reading them at each step would make it wait.
        losses = torch.zeros(len(batches), 3, device=device)
        model.train()
        with rounded_products(config.precision):
            for k, batch in enumerate(batches):
                at = first + k, steps
                losses[k] = step(batch, learning_rate(config, *at), kl_weight(config, *at))
                after_step(first + k + 1)
                if k % CHECK_EVERY == 0 or k == len(batches) - 1:
                    summed = group.sum(losses[: k + 1])
                    check_finite(summed[:, 2], epoch, len(batches))
        reconstruction, kl = (summed[:, :2].double().sum(0) / count).tolist()
        tested = mean_elbo(model, test, config.seed)
        if not math.isfinite(tested.neg_elbo):
            raise Diverged(epoch, "the test split", tested.neg_elbo)
        seconds = time.perf_counter() - started
        yield Epoch(epoch, reconstruction + kl, reconstruction, kl, *tested, seconds)


def _resume(
    path: Path, model: VAE, optimizer: torch.optim.Optimizer, config: TrainConfig, checksum: str
) -> list[Epoch]:
    """Take up the run whose state is at `path`, if there is one, and return its history."""
    state = resumed_state(path, model.config, config, checksum)
    if state is None:
        print(f"nothing to resume at {path}: training from the start")
        return []
    print(f"resuming after epoch {len(state.history)} from {path}")
    state.restore(model, optimizer)
    return state.history


def total_steps(config: TrainConfig, count: int) -> int:
    """Return how many steps a whole run on `count` images takes."""
    return config.epochs * math.ceil(count / config.batch_size)


def _progress_bar(config: TrainConfig, count: int, done: int, disable: bool) -> tqdm:
    """Return a bar of the steps of a run on `count` images, of which `done` epochs are behind."""
    steps = total_steps(config, count)
    return tqdm(
        total=steps,
        initial=steps * done // config.epochs,
        desc=_epoch_name(done + 1, config.epochs),
        unit="step",
        dynamic_ncols=True,
        # A terminal sees it move; a log file gets a line now and then.
        mininterval=0.1 if sys.stderr.isatty() else 10,
        disable=disable,
    )


def _epoch_name(epoch: int, epochs: int) -> str:
    return f"epoch {min(epoch, epochs):{len(str(epochs))}d}/{epochs}"


def _epoch_line(row: Epoch, epochs: int) -> str:
    return (
        f"{_epoch_name(row.epoch, epochs)}  "
        f"train −ELBO {row.train_neg_elbo:7.2f}  test −ELBO {row.test_neg_elbo:7.2f} "
        f"= reconstruction {row.test_reconstruction:7.2f} + KL {row.test_kl:5.2f} nats  "
        f"{row.seconds:5.1f} s"
    )


def check_images(
    model_config: ModelConfig, train_config: TrainConfig, dataset: Dataset, group: ProcessGroup
) -> None:
    """Refuse images of another shape, and a last batch too small to be normalised by each rank."""
    found, expected = tuple(dataset.train.images.shape[1:]), model_config.image_shape
    if found != expected:
        raise ValueError(
            f"dataset {dataset.name}: found images of shape {found}, expected {expected} "
            "from the model's config; set image_shape to the dataset's"
        )
    count = len(dataset.train.first(train_config.limit).labels)
    last, least = (count - 1) % train_config.batch_size + 1, 2 * group.world_size
    if model_config.family == "conv" and last < least:
        raise ValueError(
            f"batch_size: found {train_config.batch_size} for {count:,} images, which leaves a "
            f"last batch of {last}, expected at least {least} for batch normalisation; "
            "change --batch-size"
        )
