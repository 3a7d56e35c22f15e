"""What is known of the scale and the legend of the image on the canvas, found out in a reading thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...cases import ImageItem, Modality, PixelSize
from ...cases.lab_scales import LabScale, scale_for
from ...cases.legend import Legend, find_legend, masked_rows
from ...cases.legend_look import LegendLook, legend_look, same_scale
from ...cases.scale_bar import Bar, bar_in_legend
from ...errors import RenalFusionError
from ...notices import Notice


@dataclass(frozen=True)
class ImageFacts:
    """One image: its pixel size and where it comes from, its legend with the bar in it.

    ``lab`` is what the laboratory told, if that is what holds for it; ``masked`` are the rows that no export shows.
    """

    key: str
    item: ImageItem
    shape: tuple[int, int]
    pixel_size: PixelSize | None
    notice: Notice | None = None
    lab: LabScale | None = None
    legend: Legend | None = None
    bar: Bar | None = None
    masked: int = 0

    @property
    def stated(self) -> bool:
        """Whether somebody said the pixel size of this very image."""
        return self.item.stated_pixel_size is not None


def read_facts(key: str, item: ImageItem, pixels: np.ndarray) -> ImageFacts:
    """Look at an image whose pixels [h, w] or [h, w, 3] are in memory; its file is asked for its pixel size."""
    size = item.pixel_size
    of_lab = size is not None and item.stated_pixel_size is None and size.source.startswith("laboratory")
    electron = item.modality == Modality.TEM
    legend = find_legend(pixels) if electron else None
    return ImageFacts(
        key=key,
        item=item,
        shape=pixels.shape[:2],
        pixel_size=size,
        notice=item.scale_notice,
        lab=scale_for(item, pixels.shape[:2]) if of_lab else None,
        legend=legend,
        bar=bar_in_legend(pixels, legend) if legend is not None else None,
        masked=masked_rows(item, pixels),
    )


def with_equal_legend(key: str, images: Mapping[str, ImageItem]) -> tuple[str, ...]:
    """Keys of the uncalibrated images whose legend is that of ``key``, so that its scale holds for them.

    Every candidate is read, so this runs in a thread; one that cannot be read is no candidate.
    """
    one = images[key]
    look = _look(one)
    if look is None:
        return ()
    return tuple(
        other
        for other, item in _candidates(key, images)
        if (theirs := _look(item)) is not None
        and same_scale(look, theirs, one.magnification, item.magnification)
    )


def _candidates(key: str, images: Mapping[str, ImageItem]) -> Iterable[tuple[str, ImageItem]]:
    modality = images[key].modality
    for other, item in images.items():
        if other == key or item.modality != modality:
            continue
        try:
            if item.pixel_size is None and item.scale_notice is None:
                yield other, item
        except RenalFusionError:
            continue


def _look(item: ImageItem) -> LegendLook | None:
    try:
        return legend_look(item.read())
    except RenalFusionError:
        return None
