"""Named configurations: a model, how it is trained, and in a sentence why."""

from __future__ import annotations

from dataclasses import dataclass

from vae_explorer.config import ModelConfig, TrainConfig

__all__ = ["DEFAULT_RECIPES", "RECIPES", "Recipe", "find_recipe"]


@dataclass(frozen=True)
class Recipe:
    """A name for a model, the way to train it, and a line on where it comes from."""

    name: str
    description: str
    model: ModelConfig
    train: TrainConfig


_PLANE = ModelConfig(
    latent_dim=2, hidden=(1024, 512, 256), activation="gelu", dropout=0.2, likelihood="bernoulli"
)
# A plane must hold ten classes, so it trains long; the KL enters gently lest an axis collapse.
_PLANE_TRAINING = TrainConfig(epochs=80, batch_size=128, lr=1e-3, schedule="cosine", warmup=0.1)

_RECIPES = (
    Recipe(
        name="mnist-2d",
        description="MNIST in a plane, so that the whole latent space can be drawn.",
        model=_PLANE,
        train=_PLANE_TRAINING,
    ),
    Recipe(
        name="mnist-20d",
        description="MNIST in 20 dimensions: sharp digits, seen through projections and planes.",
        model=ModelConfig(
            latent_dim=20, hidden=(1024, 1024), activation="gelu", likelihood="bernoulli"
        ),
        train=TrainConfig(epochs=40, batch_size=128, lr=1e-3, schedule="cosine"),
    ),
    Recipe(
        name="digits-2d",
        description="scikit-learn's 1,797 digits of 8 by 8 pixels: no download, seconds to train.",
        model=ModelConfig(image_shape=(1, 8, 8), latent_dim=2, hidden=(256, 128)),
        train=TrainConfig(dataset="digits", epochs=100, schedule="cosine", warmup=0.1),
    ),
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}

DEFAULT_RECIPES = ("mnist-2d", "mnist-20d")


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; `ValueError` lists the known ones."""
    if name not in RECIPES:
        raise ValueError(f"recipe: found {name!r}, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
