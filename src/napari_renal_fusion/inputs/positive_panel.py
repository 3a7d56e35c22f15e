"""A model that learnt from positive antibodies knows nothing about a panel without one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..cases.grading import POSITIVE, grade_text
from .select import signal


class PositivePanel(BaseModel):
    """The weakest immunofluorescence image that a model was trained on.

    ``least_intensity`` is the smallest intensity (0 to 3) that a person gave, None unless every training image
    was graded; ``least_signal`` the smallest brightness (0 to 1, :func:`~.select.signal` of the prepared picture).
    Only where every training image was positive does a weaker one mean anything: a network that was shown
    negatives has no such limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_intensity: float | None = Field(None, ge=0, le=3)
    least_signal: float = Field(ge=0, le=1)

    @classmethod
    def fit(cls, images: Iterable[tuple[float | None, np.ndarray]]) -> PositivePanel | None:
        """From (graded intensity or None, prepared picture uint8 [H, W, 3]) of each training image.

        None without images, and where one was graded negative.
        """
        graded, signals = [], []
        for intensity, pixels in images:
            graded.append(intensity)
            signals.append(signal(pixels))
        if not signals or any(one == 0 for one in graded):
            return None
        return cls(least_intensity=None if None in graded else min(graded), least_signal=min(signals))

    def weaker(self, intensity: float | None, pixels: np.ndarray) -> str:
        """How an image is weaker than every one of training, in words; empty if it is not.

        The person's grade decides where there is one on both sides, else the brightness. Where training was not
        graded throughout, an antibody that a person graded below 1+ is weaker whatever its brightness: an exposure or
        autofluorescence can make a negative one bright.
        """
        if intensity is not None and self.least_intensity is not None:
            if intensity >= self.least_intensity:
                return ""
            return (
                f"graded {grade_text(intensity)}, the weakest in training {grade_text(self.least_intensity)}"
            )
        if intensity is not None and intensity < POSITIVE:
            return f"graded {grade_text(intensity)}, and the model was trained on positive antibodies"
        measured = signal(pixels)
        if measured >= self.least_signal:
            return ""
        return f"signal {measured:.2f} of 1, the weakest in training {self.least_signal:.2f}"
