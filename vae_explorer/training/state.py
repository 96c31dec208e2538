"""Where a run stands after an epoch: all that is needed to go on as if it had never stopped.

One safetensors file: weights and Adam's moments as tensors, the rest as JSON in its header. No
random state is kept, because the randomness of every epoch follows from (seed, epoch) alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.vae.config import ModelConfig, TrainConfig, config_from_dict, config_to_dict

__all__ = ["TrainingState", "read_state", "write_state"]


@dataclass(frozen=True)
class TrainingState:
    """A run after its last finished epoch.

    Attributes:
        model_config, train_config: what is trained, and how.
        dataset_checksum: SHA-256 of the data it is trained on.
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
        """Take the state of a running training."""
        tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        return cls(model.config, train_config, dataset_checksum, list(history), tensors)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Put weights and moments back; the model and the optimizer must be of the same config."""
        weights = {k.removeprefix("model."): v for k, v in self._with("model.").items()}
        model.load_state_dict(weights)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in self._with("adam.").items():
            _, index, name = key.split(".")
            moments.setdefault(int(index), {})[name] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": moments, "param_groups": groups})

    def _with(self, prefix: str) -> dict[str, torch.Tensor]:
        return {k: v for k, v in self.tensors.items() if k.startswith(prefix)}


def write_state(path: Path, state: TrainingState) -> None:
    """Write `state` so that a run killed meanwhile leaves the old file or the new one."""
    header = {
        "model": config_to_dict(state.model_config),
        "train": config_to_dict(state.train_config),
        "dataset_checksum": state.dataset_checksum,
        "history": [list(epoch) for epoch in state.history],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    save_file(
        {k: v.detach().cpu().contiguous() for k, v in state.tensors.items()},
        temporary,
        metadata={"state": json.dumps(header)},
    )
    os.replace(temporary, path)


def read_state(path: Path) -> TrainingState:
    """Read what `write_state` wrote.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it is not a training state.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: found no training state, expected one to resume from")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["state"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return TrainingState(
            model_config=config_from_dict(ModelConfig, header["model"]),
            train_config=config_from_dict(TrainConfig, header["train"]),
            dataset_checksum=header["dataset_checksum"],
            history=[Epoch(int(row[0]), *row[1:]) for row in header["history"]],
            tensors=tensors,
        )
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: found no readable training state ({error}); "
            "delete it and train from the start"
        ) from error
