"""Mixed precision: how far training rounds the factors of matrix products, and where it helps.

Everything else is float32: weights, Adam's moments, the sums within the products, the draw of z,
the losses (Micikevicius et al. 2018; Kalamkar et al. 2019 for bfloat16). Metrics are measured
without rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch

__all__ = ["PrecisionChoice", "choose_precision", "rounded_products"]

# PyTorch's names of the most that a backend may round; one without the format uses float32.
_MATMUL = {"float32": "highest", "tfloat32": "high", "bfloat16": "medium"}


class PrecisionChoice(NamedTuple):
    """One of `config.PRECISIONS`, and why it was chosen, as a clause."""

    precision: str
    reason: str


def choose_precision(device: torch.device) -> PrecisionChoice:
    """Return the fastest format on `device` that trains as well as float32."""
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) >= (8, 0):
            return PrecisionChoice("tfloat32", "this GPU multiplies it on its tensor cores")
        return PrecisionChoice("float32", "this GPU has no tensor cores for tfloat32")
    if device.type == "cpu" and _has_amx():
        return PrecisionChoice("bfloat16", "this CPU multiplies it by matrix instructions (AMX)")
    lacking = "CPU has no matrix instructions (AMX)" if device.type == "cpu" else "device has none"
    return PrecisionChoice("float32", f"this {lacking} for a shorter format")


@contextmanager
def rounded_products(precision: str) -> Iterator[None]:
    """Let float32 matrix products round their factors to `precision` within the block."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(_MATMUL[precision])
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _has_amx() -> bool:
    """Return whether this CPU multiplies bfloat16 by AMX; False if an older torch cannot tell."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16", False))
