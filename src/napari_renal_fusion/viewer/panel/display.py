"""One display range for the whole panel: what is black and what is white on screen, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST = 0.02
"""The two ends are never closer, as a share of the full scale."""


@dataclass(frozen=True)
class DisplayRange:
    """Shares of the full scale, 0 to 1, that are shown as black and as white; straight between them (no gamma).

    It is ours alone: files, what the model gets and what is written never pass through it.
    """

    low: float = 0.0
    high: float = 1.0

    @classmethod
    def between(cls, low: float, high: float) -> DisplayRange:
        """A range with its ends in order, inside 0 to 1, and at least :data:`LEAST` apart."""
        low, high = sorted((min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)))
        if high - low < LEAST:
            low = min(low, 1 - LEAST)
            high = low + LEAST
        return cls(low, high)

    @property
    def as_stored(self) -> bool:
        return self.low == 0 and self.high == 1

    def greys(self, full: int = 255) -> tuple[int, int]:
        """Both ends in the images' own values, of which ``full`` is white."""
        return round(self.low * full), round(self.high * full)

    def text(self, full: int = 255) -> str:
        """``0 to 60 % (grey 0 to 153 of 255)``."""
        low, high = self.greys(full)
        return f"{100 * self.low:.0f} to {100 * self.high:.0f} % (grey {low} to {high} of {full})"

    def applied(self, values: np.ndarray, full: int = 255) -> np.ndarray:
        """Pixels for the screen, uint8 in the shape of ``values`` (uint8 or uint16); as stored they stay equal."""
        if self.as_stored and values.dtype == np.uint8 and full == 255:
            return values
        steps = np.arange(full + 1, dtype=np.float64) / full
        table = np.rint(255 * (steps - self.low) / (self.high - self.low)).clip(0, 255).astype(np.uint8)
        if values.dtype == np.uint8 and full == 255:
            from PIL import Image

            bands = 1 if values.ndim == 2 else values.shape[2]
            return np.asarray(Image.fromarray(values).point(table.tolist() * bands))
        return table.take(np.minimum(values, full))
