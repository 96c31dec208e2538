"""The state of a run after an epoch: all that is needed to resume as if it had never stopped.

One safetensors file: weights and Adam's moments as tensors, the rest as JSON in its header. No
random state is stored, because the randomness of every epoch follows from (seed, epoch) alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.weights import weight_headers
from vae_explorer.files.reading import (
    Header,
    parse_json,
    read_tensors,
    tensor_headers,
)
from vae_explorer.files.storage import replacing
from vae_explorer.vae.config import (
    ModelConfig,
    TrainConfig,
    config_differences,
    config_from_dict,
    config_to_dict,
)

__all__ = ["RESUME_HINT", "TrainingState", "read_state", "resumed_state", "write_state"]

RESUME_HINT = "Run the same command with --resume to continue after the last finished epoch."
FIELDS = {"model", "train", "dataset_checksum", "history"}
# Bytes, for a history of as many epochs as a run can have.
LONGEST_HEADER = 32 << 20


@dataclass(frozen=True)
class TrainingState:
    """A run after its last finished epoch.

    Attributes:
        model_config, train_config: what is trained, and how.
        dataset_checksum: SHA-256 of the training and test data.
        history: a row for each finished epoch.
        tensors: weights (`model.*`) and Adam's state (`adam.<parameter>.<name>`).
    """

    model_config: ModelConfig
    train_config: TrainConfig
    dataset_checksum: str
    history: list[Epoch]
    tensors: dict[str, torch.Tensor]

    @classmethod
    def capture(
        cls,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        train_config: TrainConfig,
        dataset_checksum: str,
        history: list[Epoch],
    ) -> TrainingState:
        """Return the state of a run; `model` and `optimizer` keep the tensors."""
        tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        return cls(model.config, train_config, dataset_checksum, list(history), tensors)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Load weights and moments; model and optimizer must be of the same configs."""
        weights: dict[str, torch.Tensor] = {}
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in self.tensors.items():
            kind, name = key.split(".", 1)
            if kind == "model":
                weights[name] = value
            else:
                index, moment = name.split(".")
                moments.setdefault(int(index), {})[moment] = value
        model.load_state_dict(weights)
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": moments, "param_groups": groups})


def write_state(path: Path, state: TrainingState) -> None:
    """Write `state` so that a run killed meanwhile leaves the old file or the new one."""
    header = {
        "model": config_to_dict(state.model_config),
        "train": config_to_dict(state.train_config),
        "dataset_checksum": state.dataset_checksum,
        "history": [list(epoch) for epoch in state.history],
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.tensors.items()}
    content = save(tensors, metadata={"state": json.dumps(header)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read_state(path: Path) -> TrainingState:
    """Read what `write_state` wrote.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it is not a training state.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no training state, expected one to resume from")
    try:
        _, metadata = tensor_headers(path, LONGEST_HEADER)
        header = parse_json(metadata.get("state", ""))
        if not isinstance(header, dict) or set(header) != FIELDS:
            raise ValueError(f"found other fields, expected {', '.join(sorted(FIELDS))}")
        model_config = config_from_dict(ModelConfig, header["model"])
        found = read_tensors(path, _expected(model_config), LONGEST_HEADER)
        return TrainingState(
            model_config=model_config,
            train_config=config_from_dict(TrainConfig, header["train"]),
            dataset_checksum=str(header["dataset_checksum"]),
            history=_epochs(header["history"]),
            tensors={name: torch.tensor(value) for name, value in found.items()},
        )
    except ValueError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise ValueError(
            f"{path}: found no readable training state ({problem}); "
            "delete it and train from the start"
        ) from error


def _expected(config: ModelConfig) -> dict[str, Header]:
    """Return the tensors of a state: the weights, and three of Adam's for each parameter."""
    weights = weight_headers(config)
    expected = {f"model.{name}": header for name, header in weights.items()}
    parameters = [v for name, v in weights.items() if name.endswith((".weight", ".bias"))]
    for index, header in enumerate(parameters):
        expected |= dict.fromkeys((f"adam.{index}.exp_avg", f"adam.{index}.exp_avg_sq"), header)
        expected[f"adam.{index}.step"] = Header("float", ())
    return expected


def _epochs(rows: object) -> list[Epoch]:
    """Return the history in a state's header, its epochs counted from 1."""
    if not isinstance(rows, list):
        raise ValueError("found no history, expected a row for each epoch")
    for epoch, row in enumerate(rows, 1):
        numbers = isinstance(row, list) and all(type(value) in (int, float) for value in row)
        if not numbers or len(row) != len(Epoch._fields) or row[0] != epoch:
            raise ValueError(
                f"found another row {epoch} of the history, expected {len(Epoch._fields)} numbers, "
                "the first its epoch"
            )
    return [Epoch(*row) for row in rows]


def resumed_state(
    path: Path, model_config: ModelConfig, train_config: TrainConfig, dataset_checksum: str
) -> TrainingState | None:
    """Read the state that a run is to be resumed from; None if there is none.

    Raises:
        ValueError: for another run's state: only a larger number of epochs may differ.
    """
    if not path.is_file():
        return None
    state = read_state(path)
    same_epochs = replace(train_config, epochs=state.train_config.epochs)
    differences = config_differences(
        (state.model_config, state.train_config), (model_config, same_epochs)
    )
    differing = [f"{name} {then!r} (now {now!r})" for name, (then, now) in differences.items()]
    if state.dataset_checksum != dataset_checksum:
        differing.append("other data under the same name")
    if differing:
        raise ValueError(
            f"{path}: found a run with {', '.join(differing)}, expected the same settings; "
            "resume with those, or leave out --resume to train from the start"
        )
    if (done := len(state.history)) > train_config.epochs:
        raise ValueError(
            f"epochs: found {train_config.epochs}, expected at least {done}, which the run at "
            f"{path} has finished; raise --epochs, or leave out --resume to train from the start"
        )
    return state
