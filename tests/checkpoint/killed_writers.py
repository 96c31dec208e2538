"""Writers that are killed at each of their file operations: `killed_writers.py FOLDER`.

A process that is forked for it ends, as by SIGKILL, right before its k-th operation, with half of
what it wrote last. Whatever k, the folder opens, old or new, its readers write nothing, and the
next writer goes on and sweeps. Prints how many such ends each writer had.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm
from written import film, history, latents, save, version

import train
from vae_explorer import list_checkpoints, load_checkpoint
from vae_explorer.checkpoint.update import add_projection
from vae_explorer.checkpoint.writing import claim
from vae_explorer.data import Split
from vae_explorer.film.film import add_film, load_film
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.state import TrainingState, read_state, write_state

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
KEPT = {"a.lock", "a.owner", "a.safetensors", "a.snapshots"}
FILES = {"model.safetensors", "meta.json", "history.csv", "latents.npz", "film.npz"}
FLAGS = ["--recipe", "digits-2d", "--name", "a", "--limit", "32", "--epochs", "3"]
FLAGS += ["--device", "cpu", "--resume", "--snapshots", "3", "--out"]
# A training has as many operations as all others together, and takes longer.
TRAININGS = 6


class Writer(NamedTuple):
    """What is done to a folder of checkpoints with `a` in it, and what may be found of it.

    `look` tells which of the `known` states is there; the last is the one that is written.
    """

    write: Callable[[Path], object]
    look: Callable[[Path], object]
    known: tuple[object, ...]


def _write_state(out: Path) -> None:
    with claim(out / "a"):
        state = read_state(out / ".training" / "a.safetensors")
        write_state(out / ".training" / "a.safetensors", replace(state, history=history(2)))


def _keep_snapshots(out: Path) -> None:
    checkpoint = load_checkpoint(out / "a")
    shape = checkpoint.meta.model.image_shape
    test = Split(torch.zeros(4, *shape, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64))
    snapshots = Snapshots(out / ".training" / "a.snapshots", 2, 1)
    with claim(out / "a"):
        for step in snapshots.due:
            snapshots.keep(step, checkpoint.model, test)


def _kept_snapshots(out: Path) -> int:
    model = load_checkpoint(out / "a").meta.model
    return len(Snapshots(out / ".training" / "a.snapshots", 2, 1).load(model))


def _train(out: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = train.main([*FLAGS, str(out)])
    assert status == 0, status


WRITERS = {
    "save": Writer(lambda out: save(out / "a", 2), lambda out: version(out / "a"), (1, 2)),
    "projection": Writer(
        lambda out: add_projection(out / "a", latents(1), "tsne", np.ones((6, 2))),
        lambda out: "tsne" in load_checkpoint(out / "a").latents.projections,
        (False, True),
    ),
    "film": Writer(
        lambda out: add_film(out / "a", film()),
        lambda out: load_film(out / "a", 6, 5) is not None,
        (False, True),
    ),
    "state": Writer(
        _write_state,
        lambda out: len(read_state(out / ".training" / "a.safetensors").history),
        (1, 2),
    ),
    "snapshots": Writer(_keep_snapshots, _kept_snapshots, (0, 1, 2)),
}
TRAINING = Writer(_train, lambda out: load_checkpoint(out / "a").meta.epochs_done, (1, 3))


def killed(write: Callable[[Path], object], out: Path, point: int) -> bool:
    """Whether a process that writes came to its operation number `point`, and ended there."""
    child = os.fork()
    if child == 0:
        _end_at(point, out)
        write(out)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), status
    return status == 9


def _end_at(point: int, out: Path) -> None:
    done, last = 0, None

    def count(event: str, args: tuple) -> None:
        nonlocal done, last
        flags = args[2] if event == "open" and isinstance(args[2], int) else 0
        writes = flags & (os.O_WRONLY | os.O_RDWR) and str(args[0]).startswith(str(out))
        if event in CHANGES or writes:
            done += 1
            if done == point:
                if last and os.path.isfile(last):
                    done = -sys.maxsize
                    os.truncate(last, os.path.getsize(last) // 2)
                os._exit(9)
            last = args[0] if writes else last

    sys.addaudithook(count)


def tree(out: Path) -> Iterator[tuple[object, ...]]:
    """All that is in a folder, with what changes where it is written to."""
    for path in sorted(out.rglob("*")):
        found = path.lstat()
        yield str(path), found.st_ino, found.st_size, found.st_mtime_ns


def survives(writer: Writer, former: Path, out: Path, point: int) -> bool:
    """Kill a writer at a point and look what is there; False where it ended before."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(former, out)
    if not killed(writer.write, out, point):
        return False
    before = list(tree(out))
    listed = [(entry.path.name, entry.problem) for entry in list_checkpoints(out)]
    assert listed == [("a", None)], listed
    assert (found := writer.look(out)) in writer.known, found
    assert version(out / "a") in (1, 2, "trained")
    assert list(tree(out)) == before, "a reader wrote"
    writer.write(out)
    assert (found := writer.look(out)) == writer.known[-1], found
    assert {path.name for path in out.iterdir()} == {"a", ".training"}
    assert {path.name for path in (out / "a").iterdir()} <= FILES
    assert {path.name for path in (out / ".training").iterdir()} <= KEPT
    hidden = [path for path in out.rglob(".*") if path.name != ".training"]
    assert not hidden, hidden
    return True


def main() -> None:
    torch.set_num_threads(1)
    tqdm.monitor_interval = 0
    # What a killed process wrote is not lost: flushing is against power cuts, and slow.
    os.fsync = lambda file: None
    former, out = (Path(sys.argv[1]) / name for name in ("former", "out"))
    save(former / "a", 1)
    model = load_checkpoint(former / "a").model.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters())
    model.decode(torch.zeros(1, 5)).sum().backward()
    model.encode(torch.zeros(1, 3, 4, 5))[0].sum().backward()
    optimizer.step()
    config = load_checkpoint(former / "a").meta.training
    state = TrainingState.capture(model, optimizer, config, "0", history(1))
    write_state(former / ".training" / "a.safetensors", state)
    for name, writer in WRITERS.items():
        point = 1
        while survives(writer, former, out, point):
            point += 1
        assert point > 1
        print(name, point - 1)
    shutil.rmtree(former)
    flags = [*FLAGS[: FLAGS.index("--epochs")], "--epochs", "1", "--device", "cpu", "--out"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert train.main([*flags, str(former)]) == 0
    points = random.Random(0).sample(range(1, 61), TRAININGS)
    print("training", sum(survives(TRAINING, former, out, point) for point in points))


if __name__ == "__main__":
    main()
