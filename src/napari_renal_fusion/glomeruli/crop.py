"""Cutting a glomerulus out of an image or a slide, with its pixel size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..cases import Box, ImageItem, Modality, PixelSize, SlideItem
from ..cases.slide import Slide
from ..errors import RenalFusionError
from ..inputs.crop_rule import CropRule
from ..inputs.outline_mask import with_background
from .outline import Outline


@dataclass(frozen=True)
class Crop:
    """One glomerulus cut out.

    Attributes
    ----------
    pixels
        uint8 or uint16, [height, width] or [height, width, 3].
    box
        What it covers of the original, in its pixels (of a slide: of level 0), from the corner.
    pixel_size
        Of the crop's own pixels; None if the original is uncalibrated.
    """

    outline: Outline
    pixels: np.ndarray
    box: Box
    pixel_size: PixelSize | None


def crop_image(image: ImageItem, outlines: Iterable[Outline], rule: CropRule) -> Iterator[Crop]:
    """Cut outlines out of an OM or IM image, one by one; it is read once. Its pixels are not resampled.

    A crop ends where the image, or the part of it that a person uses (``image.crop``: the legend is cut
    off), ends.

    Raises
    ------
    RenalFusionError
        That the image cannot be read, ``crop_uncalibrated``, ``outline_outside``.
    """
    pixels = image.read()
    size = image.pixel_size
    height, width = pixels.shape[:2]
    field = _common(Box(0, 0, height, width), image.crop) if image.crop else Box(0, 0, height, width)
    fill = (image.modality is Modality.OM) * 1.0 if rule.fill is None else rule.fill
    for outline in outlines:
        box = _whole(_common(_around(outline, rule, size), field, outline))
        top, left = int(box.top), int(box.left)
        part = pixels[top : top + int(box.height), left : left + int(box.width)]
        yield Crop(outline, _with_background(part.copy(), outline, box, rule, fill), box, size)


def crop_slide(slide: SlideItem, outlines: Iterable[Outline], rule: CropRule) -> Iterator[Crop]:
    """Cut outlines (in level-0 pixels) out of a slide, at ``rule.um_per_pixel`` or at its own resolution.

    Only the regions are read, from the coarsest level that is fine enough, and resampled to exactly the
    resolution that was asked for.

    Raises
    ------
    RenalFusionError
        That the slide cannot be read, ``crop_uncalibrated``, ``outline_outside``,
        ``slide_region_too_large``.
    """
    with slide.open() as opened:
        for outline in outlines:
            yield _slide_crop(opened, outline, rule)


def _slide_crop(slide: Slide, outline: Outline, rule: CropRule) -> Crop:
    own = slide.pixel_size
    if rule.um_per_pixel and own is None:
        raise RenalFusionError(
            "crop_uncalibrated",
            f"A crop at {rule.um_per_pixel:g} um a pixel was asked for, but the slide has no pixel size",
            path=slide.path,
            remedy="Say how many um a pixel has, or leave the resolution out.",
        )
    step = rule.um_per_pixel / own.um if rule.um_per_pixel else 1.0  # level-0 pixels a pixel of the crop
    box = _common(_around(outline, rule, own), Box(0, 0, *slide.levels[0].shape), outline)
    box = _whole(box)
    rows, columns = max(1, math.ceil(box.height / step - 1e-6)), max(1, math.ceil(box.width / step - 1e-6))
    box = Box(box.top, box.left, rows * step, columns * step)  # whole pixels of the crop, up to one more
    pixels = _read(slide, box, (rows, columns), step)
    size = None if own is None else PixelSize(value=own.um * step, unit="um", source=own.source)
    fill = 1.0 if rule.fill is None else rule.fill
    return Crop(outline, _with_background(pixels, outline, box, rule, fill), box, size)


def _read(slide: Slide, box: Box, shape: tuple[int, int], step: float) -> np.ndarray:
    """The box of level 0 as uint8 [*shape, 3]."""
    from PIL import Image

    level = slide.best_level(step)
    down = [whole / own for whole, own in zip(slide.levels[0].shape, slide.levels[level].shape, strict=True)]
    top, left = box.top / down[0], box.left / down[1]
    bottom, right = (box.top + box.height) / down[0], (box.left + box.width) / down[1]
    first_row, first_column = math.floor(top + 1e-6), math.floor(left + 1e-6)
    height, width = math.ceil(bottom - 1e-6) - first_row, math.ceil(right - 1e-6) - first_column
    region = slide.read(level, first_row, first_column, height, width)
    if region.shape[:2] == shape and level == 0:
        return region
    inner = (
        max(0.0, left - first_column),
        max(0.0, top - first_row),
        min(width, right - first_column),
        min(height, bottom - first_row),
    )
    picture = Image.fromarray(region).resize(shape[::-1], Image.Resampling.BICUBIC, box=inner)
    return np.array(picture)


def _around(outline: Outline, rule: CropRule, size: PixelSize | None) -> Box:
    bounds = outline.bounds
    margin = rule.margin.pixels(bounds, size)
    return Box(
        bounds.top - margin, bounds.left - margin, bounds.height + 2 * margin, bounds.width + 2 * margin
    )


def _common(box: Box, field: Box, outline: Outline | None = None) -> Box:
    """The part of a box that lies on the field, which must hold some of the outline itself."""
    inner = box if outline is None else outline.bounds
    if not (_overlap(inner, field) and _overlap(box, field)):
        raise RenalFusionError(
            "outline_outside",
            "An outline lies outside the image, or in the part of it that is cut off",
            remedy="Check that it belongs to this image.",
        )
    top, left = max(box.top, field.top), max(box.left, field.left)
    bottom = min(box.top + box.height, field.top + field.height)
    right = min(box.left + box.width, field.left + field.width)
    return Box(top, left, bottom - top, right - left)


def _overlap(one: Box, other: Box) -> bool:
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    return down > 0 and across > 0


def _whole(box: Box) -> Box:
    """The smallest box of whole pixels around it."""
    top, left = math.floor(box.top + 1e-6), math.floor(box.left + 1e-6)
    bottom, right = math.ceil(box.top + box.height - 1e-6), math.ceil(box.left + box.width - 1e-6)
    return Box(top, left, bottom - top, right - left)


def _with_background(
    pixels: np.ndarray, outline: Outline, box: Box, rule: CropRule, fill: float
) -> np.ndarray:
    side = max(outline.bounds.height, outline.bounds.width)
    return with_background(pixels, outline.rings, box, rule.background, fill, longer_side=side)
