"""Kernels of convolutions without padding, (size, stride) each, and the image sides they lead to.

A convolution turns a side of n pixels into (n - size) // stride + 1, a transposed convolution a
side of n into (n - 1) * stride + size.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Kernel", "fitted_kernels", "side_after", "side_before"]

Kernel = tuple[int, int]


def side_after(side: int, kernels: Sequence[Kernel]) -> int:
    """Return the side that convolutions leave of `side` pixels; 0 where a kernel does not fit."""
    for size, stride in kernels:
        if side < size:
            return 0
        side = (side - size) // stride + 1
    return side


def side_before(kernels: Sequence[Kernel], side: int = 1) -> int:
    """Return the side that transposed convolutions make of `side` pixels."""
    for size, stride in kernels:
        side = (side - 1) * stride + size
    return side


def fitted_kernels(side: int, count: int) -> tuple[Kernel, ...]:
    """Return `count` kernels that lead from `side` pixels to one, and transposed back to `side`.

    Each but the last halves the side, with a size of 4 or 3 that leaves no pixel over; the last
    one covers what remains.
    """
    kernels: list[Kernel] = []
    for _ in range(count - 1):
        halving = (min(side, 4 if side % 2 == 0 else 3), 2)
        kernels.append(halving if side > 1 else (1, 1))
        side = side_after(side, kernels[-1:])
    return (*kernels, (side, 1))
