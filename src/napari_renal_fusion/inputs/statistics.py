"""What a modality's training images look like, and how far from them a new image is."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

DESCRIPTORS = 13
_RIDGE = 0.2


def describe(pixels: np.ndarray) -> np.ndarray:
    """Describe a prepared picture, uint8 [H, W, 3], by 13 numbers, float64.

    Mean and standard deviation of each channel, mean saturation, the 2nd, 50th and 98th percentile of
    brightness, and the logarithm of the detail at three scales (mean absolute difference between
    neighbours, after averaging over 1, 2 and 4 pixels). They know colour, exposure and texture, and
    deliberately nothing of disease.
    """
    rgb = pixels.astype(np.float32) / 255
    grey = rgb.mean(axis=2)
    detail = []
    for size in (1, 2, 4):
        rows, columns = grey.shape[0] // size * size, grey.shape[1] // size * size
        small = grey[:rows, :columns].reshape(rows // size, size, columns // size, size).mean(axis=(1, 3))
        steps = np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean()
        detail.append(np.log(steps + 1e-3))
    return np.array(
        [
            *rgb.mean(axis=(0, 1)),
            *rgb.std(axis=(0, 1)),
            (rgb.max(axis=2) - rgb.min(axis=2)).mean(),
            *np.percentile(grey, (2, 50, 98)),
            *detail,
        ],
        dtype=np.float64,
    )


class InputStatistics(BaseModel):
    """Descriptors of training images as a Gaussian, and the distance beyond which an image is unlike them.

    ``mean`` [k], ``spread`` [k] (standard deviations) and ``precision`` [k, k], the inverse of the
    shrunk correlation matrix; ``limit`` is the largest distance still called usual; ``count`` images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limit: float
    count: int

    @model_validator(mode="after")
    def _sizes_agree(self) -> InputStatistics:
        if not DESCRIPTORS == len(self.mean) == len(self.spread) == len(self.precision):
            raise ValueError(f"mean, spread and precision must have {DESCRIPTORS} entries")
        if any(len(row) != DESCRIPTORS for row in self.precision) or min(self.spread) <= 0:
            raise ValueError("precision must be square and every spread positive")
        return self

    @classmethod
    def fit(cls, descriptors: np.ndarray, held_out: np.ndarray, margin: float = 1.4) -> InputStatistics:
        """Fit to training ``descriptors`` [n, k]; the limit is ``margin`` times the worst ``held_out`` one."""
        mean, spread = descriptors.mean(axis=0), np.maximum(descriptors.std(axis=0), 0.01)
        standard = (descriptors - mean) / spread
        correlation = standard.T @ standard / len(standard)
        precision = np.linalg.inv((1 - _RIDGE) * correlation + _RIDGE * np.eye(len(mean)))
        fitted = cls(
            mean=tuple(mean),
            spread=tuple(spread),
            precision=tuple(map(tuple, precision)),
            limit=1.0,
            count=len(descriptors),
        )
        worst = max(fitted.distance(one) for one in held_out)
        return fitted.model_copy(update={"limit": float(margin * worst)})

    def distance(self, descriptor: np.ndarray) -> float:
        """Mahalanobis distance of one descriptor [k]."""
        standard = (descriptor - np.array(self.mean)) / np.array(self.spread)
        return float(np.sqrt(standard @ np.array(self.precision) @ standard))

    def usual(self, descriptor: np.ndarray) -> bool:
        return self.distance(descriptor) <= self.limit
