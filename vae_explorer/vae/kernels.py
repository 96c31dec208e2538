"""Kernels of convolutions, (size, stride) or (size, stride, padding), and the sides they lead to.

A convolution turns a side of n pixels into (n + 2 * padding - size) // stride + 1, a transposed
convolution a side of n into (n - 1) * stride + size - 2 * padding.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Kernel", "fitted_kernels", "halving_kernels", "padding", "side_after", "side_before"]

Kernel = tuple[int, int] | tuple[int, int, int]


def padding(kernel: Kernel) -> int:
    """Return a kernel's padding: 0 where it does not say."""
    return kernel[2] if len(kernel) == 3 else 0


def side_after(side: int, kernels: Sequence[Kernel]) -> int:
    """Return the side that convolutions leave of `side` pixels; 0 where a kernel does not fit."""
    for kernel in kernels:
        side += 2 * padding(kernel)
        if side < kernel[0]:
            return 0
        side = (side - kernel[0]) // kernel[1] + 1
    return side


def side_before(kernels: Sequence[Kernel], side: int = 1) -> int:
    """Return the side that transposed convolutions make of `side` pixels."""
    for kernel in kernels:
        side = (side - 1) * kernel[1] + kernel[0] - 2 * padding(kernel)
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


def halving_kernels(side: int) -> tuple[Kernel, ...]:
    """Return padded kernels that halve `side` until 4 pixels are left, and one that covers those.

    With size 4 and stride 2 a transposed convolution puts as many products into each pixel; where
    some get more, checkerboards stay (Odena et al. 2016). An odd side takes a size of 3.
    """
    kernels: list[Kernel] = []
    while side > 4:
        kernels.append((4 - side % 2, 2, 1))
        side = (side + 1) // 2
    return (*kernels, (side, 1))
