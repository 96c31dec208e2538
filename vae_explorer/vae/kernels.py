"""Windows of convolutions, (kernel, stride) each and without padding, and the sizes they lead to.

A convolution turns a side of n pixels into (n - kernel) // stride + 1, its transpose a side of n
into (n - 1) * stride + kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Window", "fitted_windows", "side_after", "side_before"]

Window = tuple[int, int]


def side_after(side: int, windows: Sequence[Window]) -> int:
    """Return the side that convolutions leave of `side` pixels; 0 or less where one has no room."""
    for kernel, stride in windows:
        if side < kernel:
            return 0
        side = (side - kernel) // stride + 1
    return side


def side_before(windows: Sequence[Window], side: int = 1) -> int:
    """Return the side that transposed convolutions make of `side` pixels."""
    for kernel, stride in windows:
        side = (side - 1) * stride + kernel
    return side


def fitted_windows(side: int, count: int) -> tuple[Window, ...]:
    """Return `count` windows that lead from `side` pixels to one, and transposed back to `side`.

    Each but the last halves the side, with a kernel of 4 or 3 that leaves no pixel over; the last
    one covers what remains.
    """
    windows: list[Window] = []
    for _ in range(count - 1):
        if side == 1:
            windows.append((1, 1))
        else:
            windows.append((min(side, 4 if side % 2 == 0 else 3), 2))
        side = side_after(side, windows[-1:])
    return (*windows, (side, 1))
