"""Projections that visitors ask for: each computed once, one at a time, in a process of its own.

The server's interpreter stays free for other visitors, and the process saves what it has computed:
nothing is lost where nobody waits any more. It ends with the server.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

import numpy as np

from vae_explorer.analysis.projections import PROJECTIONS, tsne_projection, umap_projection
from vae_explorer.checkpoint.folder import load_latents
from vae_explorer.checkpoint.update import add_projection
from vae_explorer.checkpoint.writing import why_not_writable
from vae_explorer.live.store import digest

__all__ = ["ProjectionJob", "projection_job", "running_job", "start_projection"]

ROOT = Path(__file__).parents[2]


@dataclass
class ProjectionJob:
    """A projection that is being computed.

    Attributes:
        path, name: the checkpoint folder, and the projection as `PROJECTIONS` has it.
        started: when its process was, as `time.monotonic` says it; None while it waits.
        share: what is done of it, 0 to 1; UMAP does not say.
        problem: why it failed.
        ended: whether it is saved, or failed.
    """

    path: Path
    name: str
    started: float | None = None
    share: float = 0.0
    problem: str = ""
    ended: bool = False


# By the folder, the projection, and the codes that were there when it was asked for.
_jobs: dict[tuple[Path, str, str], ProjectionJob] = {}
_asking, _computing = Lock(), Lock()


def projection_job(path: Path, name: str, codes: np.ndarray) -> ProjectionJob | None:
    """Return the last job that was to compute `name` of a checkpoint's codes, (N, D), if any."""
    return _jobs.get(_key(path, name, codes))


def running_job() -> ProjectionJob | None:
    """Return the job that is computed now."""
    return next((job for job in list(_jobs.values()) if job.started and not job.ended), None)


def start_projection(path: Path, name: str, codes: np.ndarray) -> None:
    """Have `name` of a checkpoint's codes, (N, D), computed, unless it is being computed."""
    key = _key(path, name, codes)
    with _asking:
        if key not in _jobs or _jobs[key].ended:
            _jobs[key] = ProjectionJob(path, name)
            Thread(target=_follow, args=(_jobs[key],), daemon=True).start()


def _key(path: Path, name: str, codes: np.ndarray) -> tuple[Path, str, str]:
    return path, name, digest(codes.tobytes())


def _follow(job: ProjectionJob) -> None:
    """Wait for the job's turn, start its process, and note what that says until it ends."""
    command = [sys.executable, "-m", __name__, str(job.path.absolute()), job.name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with _computing:
        job.started = time.monotonic()
        try:
            # In a session of its own, Ctrl-C is the server's alone.
            with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes) as process:
                for line in process.stdout:
                    told = json.loads(line)
                    job.share, job.problem = told["share"], told["problem"]
            if process.returncode and not job.problem:
                job.problem = f"its process ended with status {process.returncode}"
        except (ValueError, OSError) as error:
            job.problem = str(error)
        finally:
            job.ended = True


def _main() -> None:
    """Compute and save a projection, and tell the server how far that is, a line of JSON each."""
    path, name = Path(sys.argv[1]), sys.argv[2]
    Thread(target=_end_with_server, daemon=True).start()
    answer = sys.stdout

    def tell(share: float, problem: str = "") -> None:
        print(json.dumps({"share": share, "problem": problem}), file=answer, flush=True)

    try:
        # What libraries print is for the log.
        with redirect_stdout(sys.stderr):
            _add_projection(path, name, tell)
    except (ValueError, OSError) as error:
        tell(0, str(error))
    except Exception as error:
        logging.exception("%s of %s", name, path)
        tell(0, f"{PROJECTIONS[name]} cannot be made of these codes ({type(error).__name__})")


def _add_projection(path: Path, name: str, tell: Callable[[float], None]) -> None:
    latents = load_latents(path)
    if name in latents.projections:
        return
    if problem := why_not_writable(path):
        raise OSError(problem)
    if name == "tsne":
        view = tsne_projection(latents.mean, on_progress=tell)
    else:
        view = umap_projection(latents.mean)
    add_projection(path, latents, name, view)


def _end_with_server() -> None:
    """End this process when the other end of its standard input is closed."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    _main()
