"""Glomeruli that a person outlined, as images of their own that may enter a model."""

from __future__ import annotations

from dataclasses import replace

from ..cases import Box, Case, ImageItem, Modality
from ..cases.cut_out import CutOut
from ..cases.work_folder import WorkFolder
from ..inputs.selection import keyed_images
from .drawing import content_of, journal_path, stored_outlines
from .edits import Outlines


def with_glomeruli(case: Case, work: WorkFolder | None = None) -> Case:
    """The case with an image more for each outlined glomerulus that is not kept from the model.

    It follows its whole image: same file, key "OM-1.3" (the third of the list of OM-1), ``cut_out`` its shape,
    ``crop`` its box. Light and fluorescence images are looked at, slides are not. A case without a code has no journals.

    Raises
    ------
    RenalFusionError
        ``journal_unreadable``, ``journal_other``, or that the image cannot be read.
    """
    if not case.code:
        return case
    images: list[ImageItem] = []
    for key, image in keyed_images(case).items():
        images.append(image)
        if image.modality in (Modality.OM, Modality.IM) and image.cut_out is None:
            images += glomeruli_of(replace(image, image_id=key), _drawn(case.code, key, image, work))
    return replace(case, images=tuple(images))


def glomeruli_of(image: ImageItem, outlines: Outlines) -> list[ImageItem]:
    """One image for each outline that is not kept from the model, in the order of the list."""
    return [
        replace(
            image,
            image_id=f"{image.image_id}.{number}",
            crop=_within(image.crop, outline.bounds),
            cut_out=CutOut(outline.parts),
        )
        for number, outline in enumerate(outlines, start=1)
        if not outline.excluded
    ]


def _drawn(code: str, key: str, image: ImageItem, work: WorkFolder | None) -> Outlines:
    journal = journal_path(work or WorkFolder(), code, key)
    # The hash of a large file takes a while; most images have no journal.
    return stored_outlines(journal, content_of(image)) if journal.is_file() and journal.stat().st_size else ()


def _within(crop: Box | None, bounds: Box) -> Box:
    """The box of an outline; what a person cut off before stays off where the box reaches into it."""
    if crop is None:
        return bounds
    top, left = max(crop.top, bounds.top), max(crop.left, bounds.left)
    bottom = min(crop.top + crop.height, bounds.top + bounds.height)
    right = min(crop.left + crop.width, bounds.left + bounds.width)
    return Box(top, left, bottom - top, right - left) if bottom > top and right > left else bounds
