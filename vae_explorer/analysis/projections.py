"""Projections of codes that no plane gives: UMAP (McInnes et al. 2018) and t-SNE (van der Maaten
2008). They have no inverse and take their time, so they are saved with a checkpoint.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

__all__ = ["PROJECTIONS", "tsne_projection", "umap_projection"]

# How each is stored in a checkpoint, and what it is called.
PROJECTIONS = {"umap": "UMAP", "tsne": "t-SNE"}

# Of fewer different ones, UMAP and t-SNE fail, or show structure where there is none.
MIN_CODES = 4

PERPLEXITY = 30
# Iterations with the attraction exaggerated, and those after.
ITERATIONS = (250, 500)

Progress = Callable[[float], None]


def umap_projection(z: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return UMAP's 2-D embedding of codes z, (N, D) to (N, 2); it takes seconds to minutes.

    Raises:
        ValueError: where fewer than `MIN_CODES` codes differ.
    """
    _check_codes("umap", z)
    with warnings.catch_warnings():
        # numba and scikit-learn warn of their own innards, of which a user can do nothing.
        warnings.simplefilter("ignore")
        from umap import UMAP

        neighbours = min(15, len(z) - 1)
        reducer = UMAP(n_components=2, n_neighbors=neighbours, random_state=seed, n_jobs=1)
        return reducer.fit_transform(z).astype(np.float32)


def tsne_projection(
    z: np.ndarray, seed: int = 0, on_progress: Progress = lambda share: None
) -> np.ndarray:
    """Return the 2-D t-SNE of codes z, (N, D) to (N, 2); 10,000 codes take about a minute.

    Args:
        z: the codes.
        seed: the same codes and seed give the same view.
        on_progress: called now and then with the share that is done, 0 to 1.

    Raises:
        ValueError: where fewer than `MIN_CODES` codes differ.
    """
    _check_codes("tsne", z)
    from openTSNE import TSNE

    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += every
        on_progress(done / sum(ITERATIONS))

    every = 10
    # One thread: more of them add up in another order, and end in another view.
    embedding = TSNE(
        perplexity=min(PERPLEXITY, (len(z) - 1) / 3),
        early_exaggeration_iter=ITERATIONS[0],
        n_iter=ITERATIONS[1],
        random_state=seed,
        n_jobs=1,
        callbacks=count,
        callbacks_every_iters=every,
    ).fit(z)
    return np.asarray(embedding, dtype=np.float32)


def _check_codes(name: str, z: np.ndarray) -> None:
    different = len(np.unique(z, axis=0))
    if different < MIN_CODES:
        raise ValueError(
            f"{PROJECTIONS[name]}: found {different} different codes among {len(z)}, expected at "
            f"least {MIN_CODES}"
        )
