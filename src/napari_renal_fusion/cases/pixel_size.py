"""The physical size of a pixel, with its unit and where it was learnt."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PixelSize(BaseModel):
    """Length of a pixel's side. An image without one is *uncalibrated* (``None``), never guessed.

    ``source`` says where it was stated: "OME-XML", "TIFF resolution tag", "PNG pHYs", "cohort.csv", "person".
    """

    model_config = ConfigDict(frozen=True)

    value: float = Field(gt=0, allow_inf_nan=False)
    unit: Literal["nm", "um"]
    source: str = "person"

    @property
    def um(self) -> float:
        """The same length in micrometres."""
        return self.value / 1000 if self.unit == "nm" else self.value
