"""How long an epoch takes: `python tests/benchmarks/epoch.py [--epochs N] [--repeats N]`.

In one process and in turn, on the same model (784-400-20) and MNIST: (a) the loop as tutorials
write it, torchvision's MNIST with ToTensor, a shuffling DataLoader, Adam, batch 128; (b) the loop
of train.py. Prints seconds an epoch (training, and a pass over the test digits), images a second,
their ratio, and the test −ELBO of both, so that speed is never bought with quality.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from vae_explorer.data import default_data_dir, load_dataset
from vae_explorer.training.fit import fit
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo
from vae_explorer.vae.precision import choose_precision
from vae_explorer.vae.recipes import find_recipe

RECIPE = find_recipe("vxlabs-20d")


def main() -> None:
    """Run both loops in turn and print what they took and reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2, help="of each run")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each loop")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    device = torch.device(args.device)
    dataset = load_dataset("mnist", download=False)
    seconds: dict[str, list[float]] = {"stock": [], "ours": []}
    bounds: dict[str, list[float]] = {"stock": [], "ours": []}
    for seed in range(args.repeats):
        for name, run in (("stock", _stock), ("ours", _ours)):
            model, taken = run(args.epochs, seed, device, dataset)
            seconds[name] += taken
            bounds[name].append(mean_elbo(model.to(device), dataset.test).neg_elbo)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    print(f"{name}, {os.cpu_count()} cores, torch threads {torch.get_num_threads()}")
    count = len(dataset.train.labels)
    for name, taken in seconds.items():
        low, middle, high = min(taken), statistics.median(taken), max(taken)
        print(
            f"{name:6} {low:6.2f} / {middle:6.2f} / {high:6.2f} s an epoch (min / median / max), "
            f"{count / middle:9,.0f} images/s, test −ELBO after {args.epochs}: "
            f"{statistics.mean(bounds[name]):.2f}"
        )
    print(f"ratio of medians {statistics.median(seconds['stock']) / middle:.2f}")


def _stock(epochs: int, seed: int, device: torch.device, _: object) -> tuple[VAE, list[float]]:
    torch.manual_seed(seed)
    train, test = (
        DataLoader(
            datasets.MNIST(default_data_dir(), train=split, transform=transforms.ToTensor()),
            batch_size=128,
            shuffle=split,
        )
        for split in (True, False)
    )
    model = VAE(RECIPE.model).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    seconds = []
    for _ in range(epochs):
        started = time.perf_counter()
        model.train()
        for images, _ in train:
            optimizer.zero_grad()
            loss = _loss(model, images.to(device)) / len(images)
            loss.backward()
            loss.item()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            sum(_loss(model, images.to(device)).item() for images, _ in test)
        seconds.append(time.perf_counter() - started)
    return model, seconds


def _loss(model: VAE, images: torch.Tensor) -> torch.Tensor:
    logits, (mean, logvar) = model(images)
    bce = F.binary_cross_entropy_with_logits(logits, images, reduction="sum")
    return bce - 0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())


def _ours(epochs: int, seed: int, device: torch.device, dataset) -> tuple[VAE, list[float]]:
    precision = choose_precision(device).precision
    training = replace(RECIPE.training, epochs=epochs, seed=seed, precision=precision)
    result = fit(RECIPE.model, training, dataset, device=device)
    return result.model, [row.seconds for row in result.history]


if __name__ == "__main__":
    main()
