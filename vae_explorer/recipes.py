"""Named configurations: a model, how it is trained, and in a sentence why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vae_explorer.config import ModelConfig, TrainConfig

__all__ = ["RECIPES", "Recipe", "default_recipes", "find_recipe"]


@dataclass(frozen=True)
class Recipe:
    """A name for a model, the way to train it, and a line on where it comes from."""

    name: str
    description: str
    model: ModelConfig
    training: TrainConfig


_PLANE = ModelConfig(
    latent_dim=2, hidden=(1024, 512, 256), activation="gelu", dropout=0.1, likelihood="bernoulli"
)
# A plane must hold ten classes, so it trains long; the KL enters gently lest an axis collapse.
# Dropout now and then throws a log-variance far out: unclipped, the gradient of its exponential
# outweighs a thousand steps in Adam's second moment, or overflows.
_PLANE_TRAINING = TrainConfig(
    epochs=80, batch_size=128, lr=1e-3, schedule="cosine", warmup=0.1, clip=200.0
)

# 1,437 images of 64 pixels: a small net, small steps, many of them.
_DIGITS = ModelConfig(image_shape=(1, 8, 8), hidden=(256, 128), activation="gelu")
_DIGITS_TRAINING = TrainConfig(
    dataset="digits", epochs=300, batch_size=32, lr=3e-3, schedule="cosine", warmup=0.1
)

_RECIPES = (
    Recipe(
        name="mnist-2d",
        description="MNIST in a plane, so that the whole latent space can be drawn.",
        model=_PLANE,
        training=_PLANE_TRAINING,
    ),
    Recipe(
        name="mnist-20d",
        description="MNIST in 20 dimensions: sharp digits, seen through projections and planes.",
        model=ModelConfig(
            latent_dim=20, hidden=(1024, 1024), activation="gelu", likelihood="bernoulli"
        ),
        training=TrainConfig(epochs=40, batch_size=128, lr=1e-3, schedule="cosine"),
    ),
    Recipe(
        name="digits-2d",
        description="scikit-learn's small digits in a plane: no download, seconds to train.",
        model=replace(_DIGITS, latent_dim=2),
        training=_DIGITS_TRAINING,
    ),
    Recipe(
        name="digits-20d",
        description="scikit-learn's small digits in 20 dimensions: no download, seconds to train.",
        model=replace(_DIGITS, latent_dim=20),
        training=_DIGITS_TRAINING,
    ),
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}

_DEFAULTS = {"mnist": ("mnist-2d", "mnist-20d"), "digits": ("digits-2d", "digits-20d")}


def default_recipes(dataset: str = "mnist") -> tuple[str, str]:
    """Return the names of the 2-D and the 20-D recipe for a dataset; MNIST's where it has none."""
    return _DEFAULTS.get(dataset, _DEFAULTS["mnist"])


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; `ValueError` lists the known ones."""
    if name not in RECIPES:
        raise ValueError(f"recipe: found {name!r}, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
