"""The numbers by which two checkpoints are compared, every one measured the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vae_explorer.analysis.codes import active_units, encode_split, kl_by_dimension
from vae_explorer.analysis.neighbours import knn_accuracy, trustworthiness
from vae_explorer.checkpoint.latents import Latents

if TYPE_CHECKING:
    from vae_explorer.data import Dataset, Split
    from vae_explorer.vae.config import ModelConfig
    from vae_explorer.vae.model import VAE

__all__ = ["Evaluation", "check_images", "evaluate", "importance_weighted_nll"]


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one checkpoint on the test split; None where one needs data not at hand.

    Attributes:
        test_neg_elbo, test_reconstruction, test_kl: nats per image, one sampled z each.
        iw_nll: K-sample importance-weighted negative log-likelihood, nats per image.
        iw_samples: that K.
        kl_by_dimension: mean KL of each latent dimension, D values in nats.
        variance_of_mean_by_dimension: variance over the images of the posterior mean, D values.
        mean_variance_by_dimension: mean over the images of the posterior variance, D values.
        active_units: dimensions whose posterior mean varies by more than 0.01.
        knn_accuracy: 5-nearest-neighbour accuracy on the means, fit on train, scored on test.
        trustworthiness: of the means as a map of the images, over a random 5,000, seed 0.
    """

    test_neg_elbo: float | None
    test_reconstruction: float | None
    test_kl: float
    iw_nll: float | None
    iw_samples: int | None
    kl_by_dimension: list[float]
    variance_of_mean_by_dimension: list[float]
    mean_variance_by_dimension: list[float]
    active_units: int
    knn_accuracy: float | None
    trustworthiness: float | None


def evaluate(
    model: VAE, latents: Latents, dataset: Dataset | None, samples: int | None = None
) -> Evaluation:
    """Measure a model.

    Args:
        model: in evaluation mode.
        latents: its codes of the whole test split.
        dataset: the data it was trained on; None leaves out what needs images.
        samples: K of the importance-weighted bound; None leaves that out (it is slow).

    Raises:
        ValueError: where the model takes other images than the data set's, or makes of them what
            is not finite.
    """
    from vae_explorer.vae.objective import mean_elbo

    kl = kl_by_dimension(latents)
    elbo = bound = accuracy = trust = None
    if dataset:
        check_images(model.config, latents, dataset.test)
        elbo = mean_elbo(model, dataset.test)
        train = encode_split(model, dataset.train)
        if not all(np.isfinite(values).all() for values in (*elbo, train.mean, latents.mean)):
            raise ValueError("found codes or an ELBO that are not finite, expected finite ones")
        accuracy = knn_accuracy(train.mean, train.label, latents.mean, latents.label)
        pixels = dataset.test.images[latents.index].flatten(1).float().numpy()
        trust = trustworthiness(pixels, latents.mean)
        if samples:
            bound = importance_weighted_nll(model, dataset.test, samples)
    return Evaluation(
        test_neg_elbo=elbo.neg_elbo if elbo else None,
        test_reconstruction=elbo.reconstruction if elbo else None,
        test_kl=elbo.kl if elbo else float(kl.sum()),
        iw_nll=bound,
        iw_samples=samples if bound is not None else None,
        kl_by_dimension=kl.tolist(),
        variance_of_mean_by_dimension=latents.mean.var(axis=0, dtype=np.float64).tolist(),
        mean_variance_by_dimension=np.exp(latents.logvar).mean(axis=0, dtype=np.float64).tolist(),
        active_units=int(active_units(latents).sum()),
        knn_accuracy=accuracy,
        trustworthiness=trust,
    )


def check_images(config: ModelConfig, latents: Latents, split: Split) -> None:
    """Refuse, by `ValueError`, images that are not those that the model and its codes are of."""
    found, expected = tuple(split.images.shape[1:]), config.image_shape
    if found != expected:
        raise ValueError(
            f"found images of shape {found} in the data set, expected {expected}, which the model "
            "takes"
        )
    if latents.index.max(initial=-1) >= len(split.images):
        raise ValueError(
            f"found a code of image {latents.index.max()}, expected at most {len(split.images) - 1}"
        )


def importance_weighted_nll(model: VAE, split: Split, samples: int = 500, seed: int = 0) -> float:
    """Return the K-sample importance-weighted estimate of −log p(x), nats per image.

    With one sample it is the −ELBO; it falls with K towards the negative log-likelihood.
    Images are taken a few at a time, and their samples too, so that memory stays bounded.
    """
    import torch
    from tqdm import tqdm

    from vae_explorer.data import to_float
    from vae_explorer.vae.objective import DECODED_AT_ONCE, importance_weighted_bound

    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    total = 0.0
    parts = split.images.split(max(1, DECODED_AT_ONCE // samples))
    # Only a terminal gets a bar: minutes of silence look like a hang.
    for images in tqdm(parts, desc=f"IW-NLL, K = {samples}", leave=False, disable=None):
        x = to_float(images.to(device))
        with torch.no_grad():
            bound = importance_weighted_bound(model, x, samples, noise)
        total -= bound.sum(dtype=torch.float64).item()
    return total / len(split.images)
