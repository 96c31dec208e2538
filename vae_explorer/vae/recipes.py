"""Recipes: named configs of a model and its training, with what they are for and their source.

Our own have no `url`. The others follow their sources, on the grey pixels of MNIST; where a source
leaves something open or does not optimise the ELBO, the description says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.kernels import halving_kernels, padding

__all__ = [
    "DEFAULT_RECIPES",
    "OWN_IMAGES_RECIPE",
    "RECIPES",
    "Published",
    "Recipe",
    "find_recipe",
    "fit_images",
]


@dataclass(frozen=True)
class Published:
    """A published result: the test −ELBO, in nats per image, after an epoch."""

    epoch: int
    test_neg_elbo: float


@dataclass(frozen=True)
class Recipe:
    """A name for a model and the way to train it.

    Attributes:
        name: of the recipe, and of the folder its checkpoint goes to.
        description: a paragraph on what it is and where it comes from.
        model, training: the two configs.
        url: of its source, if it has one.
        published: the results that its source states.
    """

    name: str
    description: str
    model: ModelConfig
    training: TrainConfig
    url: str | None = None
    published: tuple[Published, ...] = ()


# The image over a plane is intricate: depth and width are worth more to the decoder than to the
# encoder, in which a little dropout is enough to keep a long training from overfitting.
_PLANE = ModelConfig(
    latent_dim=2,
    hidden=(1024, 512, 256),
    decoder_hidden=(512, 512, 512, 512),
    activation="gelu",
    dropout=0.05,
    likelihood="bernoulli",
)
# A plane must hold ten classes, so it trains long, and the KL rises slowly lest a dimension
# collapse. Dropout sometimes gives a log-variance far too large: unclipped, the gradient of its
# exponential outweighs a thousand steps in Adam's second moment, or overflows.
_PLANE_TRAINING = TrainConfig(
    epochs=100, batch_size=128, lr=1e-3, schedule="cosine", warmup=0.1, clip=200.0
)

# 1,437 images of 64 pixels: a small network and many small batches.
_DIGITS = ModelConfig(image_shape=(1, 8, 8), hidden=(256, 128), activation="gelu")
_DIGITS_TRAINING = TrainConfig(
    dataset="digits", epochs=300, batch_size=32, lr=3e-3, schedule="cosine", warmup=0.1
)

# Channels of as many convolutions as halve an image's side down to 4 pixels.
_COLOUR_WIDTHS = (32, 64, 128, 256, 256, 256)


def _colour_model(shape: tuple[int, int, int], latent_dim: int) -> ModelConfig:
    kernels = halving_kernels(shape[1])
    return ModelConfig(
        image_shape=shape,
        latent_dim=latent_dim,
        hidden=_COLOUR_WIDTHS[: len(kernels) - 1],
        activation="silu",
        family="conv",
        kernels=kernels,
        decoder_kernels=kernels[::-1],
    )


_VXLABS = TrainConfig(epochs=10, batch_size=128, lr=1e-3)
_VXLABS_URL = (
    "https://vxlabs.com/2017/12/08/variational-autoencoder-in-pytorch-commented-and-annotated/"
)

_RECIPES = (
    Recipe(
        name="mnist-2d",
        description="MNIST in a plane, so that the whole latent space can be drawn. Our own: "
        "784-1024-512-256-2 with GELU and a little dropout, and back through four layers of 512, "
        "trained long, with a cosine schedule and a KL warm-up, so that ten classes find room in "
        "two dimensions.",
        model=_PLANE,
        training=_PLANE_TRAINING,
    ),
    Recipe(
        name="mnist-20d",
        description="MNIST in 20 dimensions: sharp digits, seen through projections and planes. "
        "Our own: 784-1024-1024-20 with GELU and a cosine schedule; a KL warm-up keeps every "
        "dimension in use, and weight decay keeps the long training from overfitting.",
        model=ModelConfig(
            latent_dim=20, hidden=(1024, 1024), activation="gelu", likelihood="bernoulli"
        ),
        training=TrainConfig(
            epochs=80,
            batch_size=128,
            lr=1e-3,
            schedule="cosine",
            warmup=0.1,
            weight_decay=0.1,
            clip=200.0,
        ),
    ),
    Recipe(
        name="fashion-2d",
        description="Fashion-MNIST (Xiao, Rasul and Vollgraf 2017) in a plane: our mnist-2d, "
        "trained on clothes and shoes.",
        model=_PLANE,
        training=replace(_PLANE_TRAINING, dataset="fashion-mnist"),
    ),
    Recipe(
        name="kmnist-2d",
        description="Kuzushiji-MNIST (Clanuwat et al. 2018) in a plane: our mnist-2d, trained on "
        "ten cursive hiragana.",
        model=_PLANE,
        training=replace(_PLANE_TRAINING, dataset="kmnist"),
    ),
    Recipe(
        name="digits-2d",
        description="scikit-learn's small digits in a plane: no download, seconds to train. Our "
        "own: 64-256-128-2 with GELU.",
        model=replace(_DIGITS, latent_dim=2),
        training=_DIGITS_TRAINING,
    ),
    Recipe(
        name="digits-20d",
        description="scikit-learn's small digits in 20 dimensions: no download, seconds to train. "
        "Our own: 64-256-128-20 with GELU.",
        model=replace(_DIGITS, latent_dim=20),
        training=_DIGITS_TRAINING,
    ),
    Recipe(
        name="colour-32d",
        description="Colour images, or grey ones, of 8 to 256 pixels in 32 dimensions; for "
        "images of your own. Our own: convolutions of kernel 4, stride 2 and padding 1 that halve "
        "the side down to 4 pixels, three of them for 32 pixels and four for 64, with 32, 64, 128 "
        "and 256 channels, and transposed ones with SiLU back.",
        model=_colour_model((3, 32, 32), 32),
        training=TrainConfig(
            dataset="cifar10",
            epochs=30,
            batch_size=128,
            lr=1e-3,
            schedule="cosine",
            warmup=0.1,
            clip=200.0,
        ),
    ),
    Recipe(
        name="vxlabs-2d",
        description="The VAE example of PyTorch, 784-400-z with ReLU, in the version that C. Botha "
        "commented and annotated for vxlabs (2017), with two latent dimensions to draw them.",
        model=ModelConfig(latent_dim=2, hidden=(400,), activation="relu"),
        training=_VXLABS,
        url=_VXLABS_URL,
    ),
    Recipe(
        name="vxlabs-20d",
        description="The VAE example of PyTorch as it stands, 784-400-20 with ReLU, which C. Botha "
        "commented and annotated for vxlabs (2017). The example's own log gives the figure.",
        model=ModelConfig(latent_dim=20, hidden=(400,), activation="relu"),
        training=_VXLABS,
        url=_VXLABS_URL,
        published=(Published(10, 105.6),),
    ),
    Recipe(
        name="pyro-50d",
        description="The VAE tutorial of Pyro: 784-400-50 with softplus, and the posterior's scale "
        "as the exponential of the encoder's last layer. Pyro samples the KL where we have it in "
        "closed form; the bound is the same.",
        model=ModelConfig(
            latent_dim=50, hidden=(400,), activation="softplus", posterior="logscale"
        ),
        training=TrainConfig(epochs=100, batch_size=256, lr=1e-3),
        url="https://pyro.ai/examples/vae.html",
        published=(Published(10, 107.8), Published(50, 102.4), Published(95, 101.2)),
    ),
    Recipe(
        name="gan-lab-32d",
        description="The VAE lab of DeepLearning.AI's GAN specialization (Build Better Generative "
        "Adversarial Networks): three strided convolutions with batch normalisation and leaky ReLU "
        "to 32 means and 32 log-scales, four transposed convolutions with batch normalisation and "
        "ReLU back.",
        model=ModelConfig(
            latent_dim=32,
            hidden=(16, 32),
            family="conv",
            decoder_hidden=(256, 128, 64),
            kernels=((4, 2), (4, 2), (4, 2)),
            decoder_kernels=((3, 2), (4, 1), (3, 2), (4, 2)),
            posterior="logscale",
        ),
        training=TrainConfig(epochs=10, batch_size=1024, lr=2e-3),
        url="https://www.coursera.org/learn/build-better-generative-adversarial-networks-gans",
    ),
    Recipe(
        name="physics-2d",
        description="784-512-2 with ReLU and a Gaussian likelihood of unit variance, half the "
        "squared error, from Bronzo and Yip's course notes for physicists. The notes average the "
        "KL over the batch but sum the squared error over it; here both are sums over an image and "
        "means over the batch, so that the loss is the ELBO, without its constant of log(2 pi) / 2 "
        "a pixel.",
        model=ModelConfig(latent_dim=2, hidden=(512,), likelihood="gaussian"),
        training=TrainConfig(epochs=20, batch_size=64, lr=1e-3),
    ),
    Recipe(
        name="notes-2d",
        description="784-512-256-2 with ReLU and batches of 100: the plane that many course notes "
        "and notebooks draw, as in lyeoni's pytorch-mnist-VAE, here for 40 epochs.",
        model=ModelConfig(latent_dim=2, hidden=(512, 256)),
        training=TrainConfig(epochs=40, batch_size=100, lr=1e-3),
        url="https://github.com/lyeoni/pytorch-mnist-VAE",
    ),
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}

# By dataset: the names of its recipes for two dimensions and for more.
DEFAULT_RECIPES = {
    "mnist": ("mnist-2d", "mnist-20d"),
    "digits": ("digits-2d", "digits-20d"),
    "fashion-mnist": ("fashion-2d", "mnist-20d"),
    "kmnist": ("kmnist-2d", "mnist-20d"),
    "cifar10": ("colour-32d", "colour-32d"),
    "svhn": ("colour-32d", "colour-32d"),
}
# For images of one's own, whatever their dimensions.
OWN_IMAGES_RECIPE = "colour-32d"


def fit_images(recipe: Recipe, shape: tuple[int, int, int]) -> Recipe:
    """Return a recipe for images of another shape; its own kernels fit its own images only."""
    model = recipe.model
    if shape == model.image_shape:
        return recipe
    if any(map(padding, model.kernels)):
        return replace(recipe, model=_colour_model(shape, model.latent_dim))
    model = replace(model, image_shape=shape, kernels=(), decoder_kernels=())
    return replace(recipe, model=model)


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; `ValueError` lists the known ones."""
    if name not in RECIPES:
        raise ValueError(f"recipe: found {name!r}, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
