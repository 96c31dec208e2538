"""Where a training's loss is no longer a finite number."""

from __future__ import annotations

from torch import Tensor

__all__ = ["Diverged", "check_finite"]


class Diverged(ValueError):
    """A loss that is no longer a finite number; says where it was found."""

    @classmethod
    def at(cls, epoch: int, where: str, loss: float) -> Diverged:
        """Say in which epoch, where in it, and what was found."""
        kept = f"What was trained until epoch {epoch - 1} is kept."
        return cls(
            f"epoch {epoch}, {where}: found a loss of {loss}, expected a finite number; lower "
            f"--lr. {kept if epoch > 1 else 'Nothing was written.'}"
        )


def check_finite(losses: Tensor, epoch: int, steps: int) -> None:
    """Raise `Diverged` at the first of an epoch's losses, (S,), that is not finite.

    `steps` is how many the epoch has; looking makes a device finish what it was given.
    """
    found = losses.cpu()
    bad = (~found.isfinite()).nonzero()
    if len(bad):
        step = int(bad[0])
        raise Diverged.at(epoch, f"step {step + 1} of {steps}", found[step].item())
