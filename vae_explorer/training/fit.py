"""The training loop: a split on the device, shuffled batches, Adam, one epoch after another."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.data import Dataset, Split
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.distributed import Processes
from vae_explorer.training.divergence import Diverged, check_finite
from vae_explorer.training.schedule import kl_weight, learning_rate
from vae_explorer.training.state import TrainingState, read_state, write_state
from vae_explorer.training.step import Step, adam, is_captured
from vae_explorer.vae.config import ModelConfig, TrainConfig, config_to_dict
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import ElboMeans, mean_elbo
from vae_explorer.vae.precision import rounded_products

__all__ = ["FitResult", "fit", "steps_of"]

# Steps between two looks at whether the losses are finite.
CHECK_EVERY = 200
ALONE = Processes()


@dataclass(frozen=True)
class FitResult:
    """A trained model and its course.

    Attributes:
        model: after the last finished epoch, on the CPU, in evaluation mode.
        train_config: how it was trained.
        history: a row for each finished epoch.
        interrupted: whether it was ended before its last epoch, by Ctrl-C or by what `problem`
            says.
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
    processes: Processes = ALONE,
    snapshots: Snapshots | None = None,
) -> FitResult:
    """Train a VAE and print a line an epoch.

    Args:
        model_config: the model's shape; its image shape must be the dataset's.
        train_config: how to train it.
        dataset: trained on `dataset.train`, measured after each epoch on `dataset.test`.
        device: where to train.
        state_path: file that keeps the state after each epoch; None keeps none.
        resume: go on from `state_path` where it is there.
        processes: those that train together, all with the same arguments; the first one writes.
        snapshots: what is to be kept of the model on its way.

    Returns:
        The model and its course. After Ctrl-C, or where the loss is no longer finite, they are
        those of the last finished epoch.

    Raises:
        ValueError: where shapes disagree, or a resumed run had another config or other data.
        Diverged: where the loss was not finite and no finished epoch is kept to go back to.
        KeyboardInterrupt: where Ctrl-C came with no such epoch.
    """
    found, expected = tuple(dataset.train.images.shape[1:]), model_config.image_shape
    if found != expected:
        raise ValueError(
            f"dataset {dataset.name}: found images of shape {found}, expected {expected} "
            "from the model's config; set image_shape to the dataset's"
        )
    _check_batches(model_config, train_config, dataset, processes)
    torch.manual_seed(train_config.seed)
    model = VAE(model_config).to(device)
    optimizer = adam(model, train_config, is_captured(torch.device(device), processes))
    train = dataset.train.first(train_config.limit).to(device)
    test = dataset.test.to(device)
    history: list[Epoch] = []
    if resume and state_path is not None:
        history = _resume(state_path, model, optimizer, train_config, dataset)

    epochs = train_config.epochs
    bar = _progress_bar(steps_of(train_config, len(train.images)), len(history) / epochs, processes)
    step = Step(
        processes.parallel(model),
        optimizer,
        train.images,
        config=train_config,
        likelihood=model_config.likelihood,
        processes=processes,
    )
    resumable, interrupted, problem = bool(history), False, None

    def after_step(step: int) -> None:
        bar.update()
        if snapshots is not None and processes.rank == 0:
            snapshots.keep(step, model, test)

    try:
        if snapshots is not None and processes.rank == 0 and not history:
            snapshots.clear()
            snapshots.keep(0, model, test)
        for epoch in range(len(history) + 1, epochs + 1):
            started = time.perf_counter()
            bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
            model.train()
            with rounded_products(train_config.precision):
                trained = _train_epoch(
                    step,
                    train,
                    train_config,
                    epoch=epoch,
                    processes=processes,
                    after_step=after_step,
                )
            tested = mean_elbo(model, test, train_config.seed)
            if not math.isfinite(tested.neg_elbo):
                raise Diverged.at(epoch, "the test split", tested.neg_elbo)
            history.append(Epoch(epoch, *trained, *tested, time.perf_counter() - started))
            if state_path is not None:
                if processes.rank == 0:
                    checksum = dataset.checksum
                    write_state(
                        state_path,
                        TrainingState.capture(model, optimizer, train_config, checksum, history),
                    )
                # The others go back to what the first one wrote.
                processes.meet()
                resumable = True
            bar.write(_epoch_line(history[-1], epochs))
    except (KeyboardInterrupt, Diverged) as stop:
        if not resumable:
            raise
        problem = str(stop) or None
        # The weights have moved on since the last finished epoch.
        history = _go_back(state_path, model, optimizer)
        interrupted = len(history) < epochs
    finally:
        bar.close()
    return FitResult(model.cpu().eval(), train_config, history, interrupted, problem)


def steps_of(config: TrainConfig, count: int) -> int:
    """Return how many steps a whole run on `count` images takes."""
    return config.epochs * math.ceil(count / config.batch_size)


def _resume(
    path: Path,
    model: VAE,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    dataset: Dataset,
) -> list[Epoch]:
    """Put model and optimizer where the run at `path` stands, if there is one; return its rows."""
    if not path.is_file():
        print(f"nothing to resume at {path}: training from the start")
        return []
    state = read_state(path)
    _check_same_run(state, model.config, config, dataset, path)
    done = len(state.history)
    if done > config.epochs:
        raise ValueError(
            f"epochs: found {config.epochs}, expected at least {done}, the epochs that {path} has "
            "behind it"
        )
    state.restore(model, optimizer)
    print(f"resuming after epoch {done} from {path}")
    return list(state.history)


def _train_epoch(
    step: Step,
    train: Split,
    config: TrainConfig,
    *,
    epoch: int,
    processes: Processes,
    after_step: Callable[[int], None],
) -> ElboMeans:
    """Take one pass over `train` in an order, and with noise, that follow from (seed, epoch).

    `after_step` is called with the number of steps that the run has taken.
    """
    device = train.images.device
    # 2^20 epochs fit between two seeds, so that no two runs share an epoch's randomness.
    torch.manual_seed((config.seed << 20) + epoch)
    order = torch.randperm(len(train.images)).to(device)
    if processes.rank > 0:
        # One order for all, and other noise for each.
        torch.manual_seed((processes.rank << 52) + (config.seed << 20) + epoch)
    batches = order.split(config.batch_size)
    steps, first = config.epochs * len(batches), (epoch - 1) * len(batches)
    # Kept where they are computed: to look at each step's would make the device wait for us.
    losses = torch.zeros(len(batches), 3, device=device)
    for k, batch in enumerate(batches):
        now = first + k
        losses[k] = step(batch, learning_rate(config, now, steps), kl_weight(config, now, steps))
        after_step(now + 1)
        if k % CHECK_EVERY == 0 or k == len(batches) - 1:
            seen = processes.sum(losses[: k + 1])
            check_finite(seen[:, 2], epoch, len(batches))
    reconstruction, kl = (seen[:, :2].double().sum(0) / len(train.images)).tolist()
    return ElboMeans(reconstruction + kl, reconstruction, kl)


def _go_back(path: Path, model: VAE, optimizer: torch.optim.Optimizer) -> list[Epoch]:
    """Put model and optimizer where the state at `path` stands; return its rows."""
    state = read_state(path)
    state.restore(model, optimizer)
    return list(state.history)


def _progress_bar(steps: int, done: float, processes: Processes) -> tqdm:
    """Return the bar of a run of which a share is done."""
    return tqdm(
        total=steps,
        initial=round(steps * done),
        unit="step",
        dynamic_ncols=True,
        # A terminal sees it move; a log file gets a line now and then.
        mininterval=0.1 if sys.stderr.isatty() else 10,
        disable=processes.rank > 0,
    )


def _epoch_line(row: Epoch, epochs: int) -> str:
    width = len(str(epochs))
    return (
        f"epoch {row.epoch:{width}d}/{epochs}  "
        f"train −ELBO {row.train_neg_elbo:7.2f}  test −ELBO {row.test_neg_elbo:7.2f} "
        f"= reconstruction {row.test_reconstruction:7.2f} + KL {row.test_kl:5.2f} nats  "
        f"{row.seconds:5.1f} s"
    )


def _check_batches(
    model_config: ModelConfig, train_config: TrainConfig, dataset: Dataset, processes: Processes
) -> None:
    """Refuse a last batch that is too small to be normalised by each of the processes."""
    count = len(dataset.train.first(train_config.limit).labels)
    last, least = (count - 1) % train_config.batch_size + 1, 2 * processes.count
    if model_config.family == "conv" and last < least:
        raise ValueError(
            f"batch_size: found {train_config.batch_size} for {count:,} images, which leaves a "
            f"last batch of {last}, expected at least {least} for batch normalisation; "
            "change --batch-size"
        )


def _check_same_run(
    state: TrainingState,
    model_config: ModelConfig,
    train_config: TrainConfig,
    dataset: Dataset,
    path: Path,
) -> None:
    """Refuse to mix two runs; only the number of epochs may differ, to train on."""
    now = config_to_dict(model_config) | config_to_dict(
        replace(train_config, epochs=state.train_config.epochs)
    )
    then = config_to_dict(state.model_config) | config_to_dict(state.train_config)
    differing = [f"{k} {then[k]!r} (now {now[k]!r})" for k in now if now[k] != then[k]]
    if state.dataset_checksum != dataset.checksum:
        differing.append("other data under the same name")
    if differing:
        raise ValueError(
            f"{path}: found a run with {', '.join(differing)}, expected the same settings; "
            "resume with those, or leave out --resume to train from the start"
        )
