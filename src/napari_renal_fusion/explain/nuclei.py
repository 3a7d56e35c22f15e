"""Nuclei counted in a patch: by an installed nucleus segmenter, else by their haematoxylin; always said which."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..errors import RenalFusionError
from .nuclei_classical import haematoxylin_nuclei
from .nuclei_segmenters import NucleusSegmenter, installed_segmenter

COARSEST = 1.0
"""um per pixel; at more, a nucleus is a few pixels and its count a guess."""
CLASSICAL = "Haematoxylin count"


class NucleusCount(BaseModel):
    """Nuclei of one patch; ``centres`` are (row, column) in its pixels, a pixel's centre at whole numbers.

    ``area_mm2`` is the area of the whole patch. ``method`` says what counted, ``note`` how far it may be trusted.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    centres: tuple[tuple[float, float], ...]
    area_mm2: float
    method: str
    note: str

    @property
    def per_mm2(self) -> float:
        return self.count / self.area_mm2


def count_nuclei(
    pixels: np.ndarray,
    um_per_pixel: float | None,
    *,
    stain: str | None = None,
    segmenter: NucleusSegmenter | Literal["installed", "classical"] = "installed",
) -> NucleusCount:
    """Count the nuclei whose centre lies in a patch.

    Parameters
    ----------
    pixels
        uint8 [h, w, 3], transmitted light with haematoxylin (HE, PAS).
    um_per_pixel
        Size of a pixel; 0.25 to 0.5 is what the counts are made for.
    stain
        ``PAS`` separates haematoxylin from PAS, anything else from eosin.
    segmenter
        ``installed``: StarDist or Cellpose, if one of them is installed and its weights are on this computer
        (nothing is ever loaded from the network), else the haematoxylin count; ``classical`` is that count.

    Raises
    ------
    RenalFusionError
        ``nuclei_scale_unknown`` or ``nuclei_too_coarse``.
    """
    if um_per_pixel is None:
        raise RenalFusionError(
            "nuclei_scale_unknown",
            "Nuclei are told by their size, and the size of a pixel is not known",
            remedy="State the pixel size of the slide.",
        )
    if um_per_pixel > COARSEST:
        raise RenalFusionError(
            "nuclei_too_coarse",
            f"A pixel of {um_per_pixel:.2g} um is too large to count nuclei ({COARSEST:g} um at most)",
            remedy="Use a slide scanned at 20x or 40x.",
        )
    if segmenter == "installed":
        segmenter = installed_segmenter() or "classical"
    if isinstance(segmenter, NucleusSegmenter):
        centres, method = segmenter.centres(pixels, um_per_pixel), segmenter.title
        note = "Counted by a segmenter that is installed on this computer; not checked on this laboratory's slides."
    else:
        centres, method = haematoxylin_nuclei(pixels, um_per_pixel, stain), CLASSICAL
        note = (
            "Counted as round dark blue spots 3 to 9 um wide: right to about a tenth where nuclei lie apart, low "
            "where they overlap, rough in PAS, and no judgement of what kind they are."
        )
    height, width = pixels.shape[:2]
    return NucleusCount(
        count=len(centres),
        centres=tuple((float(row), float(column)) for row, column in centres),
        area_mm2=height * width * (um_per_pixel / 1000) ** 2,
        method=method,
        note=note,
    )
