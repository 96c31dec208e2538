"""Data sets as tensors: those with a name, and images of one's own."""

from vae_explorer.data.images import Preparation, load_images
from vae_explorer.data.named import DATASETS, DatasetInfo, load_dataset
from vae_explorer.data.splits import Dataset, Split, default_data_dir, to_float

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "Preparation",
    "Split",
    "default_data_dir",
    "load_dataset",
    "load_images",
    "to_float",
]
