"""What a run was like at some of its steps: light copies of the model, kept until a film is made.

They lie beside the run's training state, one safetensors file a step: the decoder in half
precision, and the codes of the first test images. A run that is killed and resumed finds those
that it has, and writes the same ones again where it repeats a part of an epoch; one that is
resumed for more epochs adds to them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save

from vae_explorer.analysis.codes import encode_split
from vae_explorer.checkpoint.weights import weight_headers
from vae_explorer.data import Split
from vae_explorer.files.reading import (
    Header,
    parse_json,
    read_tensors,
    tensor_headers,
)
from vae_explorer.files.storage import replacing
from vae_explorer.film.film import MAX_SNAPSHOTS
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo
from vae_explorer.vae.precision import rounded_products

__all__ = ["FILMED", "Snapshot", "Snapshots", "snapshot_steps"]

# Test images whose codes are kept.
FILMED = 2000


class Snapshot(NamedTuple):
    """A model after a number of steps.

    step: how many were taken. neg_elbo: of the filmed test images, nats per image.
    mean: their codes, (M, D). decoder: its weights by name, half precision.
    """

    step: int
    neg_elbo: float
    mean: np.ndarray
    decoder: dict[str, torch.Tensor]


def snapshot_steps(count: int, steps: int) -> list[int]:
    """Return after which of `steps` steps a run of `count` snapshots keeps them.

    The first is the untrained model and the last the finished one. Between them they follow
    (k / (count - 1))^3: half of them lie in the run's first eighth, where most of it happens.

    Raises:
        ValueError: for fewer than two, or more than there are states to keep.
    """
    most = min(steps + 1, MAX_SNAPSHOTS)
    if not 2 <= count <= most:
        raise ValueError(
            f"snapshots: found {count}, expected 2 to {most:,} in a run of {steps:,} "
            "steps; change --snapshots"
        )
    due: list[int] = []
    for k in range(count):
        earliest = due[-1] + 1 if due else 0
        due.append(max(earliest, round(steps * (k / (count - 1)) ** 3)))
    # Where steps are few, the last ones stand one by one.
    return [min(step, steps - (count - 1 - k)) for k, step in enumerate(due)]


class Snapshots:
    """The snapshots of one run, in a folder of their own.

    Args:
        folder: where they lie.
        count: how many are wanted.
        steps: how many the whole run takes.
        run: what tells it from others; snapshots of another run are left alone.
    """

    def __init__(self, folder: Path, count: int, steps: int, run: str = "") -> None:
        self.folder, self.run = folder, run
        self.due = snapshot_steps(count, steps)

    def clear(self) -> None:
        """Remove those of an earlier run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, step: int, model: VAE, test: Split) -> None:
        """Keep the model as it is after `step` steps, one of those that are `due`."""
        split = test.first(FILMED)
        was_training = model.training
        model.eval()
        with rounded_products("float32"):
            neg_elbo, mean = mean_elbo(model, split).neg_elbo, encode_split(model, split).mean
        model.train(was_training)
        tensors = {
            f"decoder.{name}": value.detach().half().cpu() if value.is_floating_point() else value
            for name, value in model.decoder.state_dict().items()
        }
        tensors["mean"] = torch.from_numpy(mean)
        header = {"step": step, "neg_elbo": neg_elbo, "run": self.run}
        content = save(
            {name: value.contiguous() for name, value in tensors.items()},
            metadata={"snapshot": json.dumps(header)},
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.folder / f"{step:09d}.safetensors") as temporary:
            temporary.write_bytes(content)

    def load(self, model: ModelConfig) -> list[Snapshot]:
        """Return this run's in their order, those from before it was resumed too.

        Args:
            model: the run's.

        Raises:
            ValueError: where one is not readable; it names the file.
        """
        found = (self._read(file, model) for file in self.files)
        return [snapshot for snapshot in found if snapshot is not None]

    @property
    def files(self) -> list[Path]:
        """Those that are there, in their order."""
        return sorted(self.folder.glob("*.safetensors"))

    def _read(self, file: Path, model: ModelConfig) -> Snapshot | None:
        try:
            headers, metadata = tensor_headers(file)
            header = parse_json(metadata.get("snapshot", ""))
            if not isinstance(header, dict) or header.get("step") != int(file.stem):
                raise ValueError("found another step than in the name, expected that")
            # Earlier releases did not say whose a snapshot is.
            if header.get("run", self.run) != self.run:
                return None
            if not isinstance(neg_elbo := header.get("neg_elbo"), int | float):
                raise ValueError("found no −ELBO, expected a number")
            expected = {
                name: head
                for name, head in weight_headers(model).items()
                if name.startswith("decoder.")
            }
            rows = headers["mean"].shape[:1] if "mean" in headers else ()
            expected["mean"] = Header("float", (*rows, model.latent_dim))
            found = read_tensors(file, expected)
        except ValueError as error:
            problem = str(error).removeprefix(f"{file}: ")
            raise ValueError(
                f"{file}: found no readable snapshot ({problem}); delete it"
            ) from error
        mean = found.pop("mean")
        decoder = {name.removeprefix("decoder."): torch.tensor(found[name]) for name in found}
        return Snapshot(int(file.stem), float(neg_elbo), mean, decoder)
