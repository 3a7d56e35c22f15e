"""How a glomerulus is cut out: how much around it stays, and what becomes of the background."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..cases import Box, PixelSize
from ..cases.cut_out import Background
from ..errors import RenalFusionError

_MARGIN = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*(um|µm|μm|%|px)", re.IGNORECASE)
_UNITS = {"%": "share", "px": "px"}


class Margin(BaseModel):
    """What stays around the outline's box on each side: micrometres, a share of the box's longer side, or pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(default=0.1, ge=0, le=10_000, allow_inf_nan=False)
    unit: Literal["um", "share", "px"] = "share"

    @classmethod
    def parse(cls, text: str) -> Margin:
        """Read ``20um``, ``10%`` or ``15px``.

        Raises
        ------
        RenalFusionError
            ``crop_margin_invalid``.
        """
        found = _MARGIN.fullmatch(text.strip())
        value = float(found[1].replace(",", ".")) if found else -1.0
        unit = _UNITS.get(found[2].lower(), "um") if found else "um"
        value = value / 100 if unit == "share" else value
        if not found or value > (10 if unit == "share" else 10_000):
            raise RenalFusionError(
                "crop_margin_invalid", f"{text!r} is no margin", remedy="Write 20um, 10% or 15px."
            )
        return cls(value=value, unit=unit)

    def pixels(self, bounds: Box, pixel_size: PixelSize | None) -> float:
        """The margin in image pixels.

        Raises
        ------
        RenalFusionError
            ``crop_uncalibrated``: micrometres on an image that does not know them.
        """
        if self.unit == "px":
            return self.value
        if self.unit == "share":
            return self.value * max(bounds.height, bounds.width)
        if pixel_size is None:
            raise RenalFusionError(
                "crop_uncalibrated",
                "A margin in um was asked for, but the image has no pixel size",
                remedy="Give a margin such as 10%, or say how many um a pixel has.",
            )
        return self.value / pixel_size.um


class CropRule(BaseModel):
    """What a bundle, or a person, asks a crop to be.

    Attributes
    ----------
    background
        ``keep``; ``blur``: what is outside the outline is blurred so that its colours stay and its
        structures do not; ``remove``: it becomes ``fill``.
    fill
        Brightness from 0 (black) to 1 (white); None takes white for light microscopy and slides, black for others.
    um_per_pixel
        Resolution at which a slide is cut; None takes the slide's own. Images keep their pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: Margin = Margin()
    background: Background = "keep"
    fill: float | None = Field(default=None, ge=0, le=1)
    um_per_pixel: float | None = Field(default=None, gt=0, le=20, allow_inf_nan=False)
