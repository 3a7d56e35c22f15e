"""Choose and read the images of a case; one that cannot be read gives way to the next that the rule allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ..bundles import BundleConfig
from ..cases import Case, ImageItem, Modality
from ..cases.image_files import image_pages
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import (
    ImageMemo,
    PreparedImage,
    Preprocessing,
    Selection,
    keyed_images,
    prepare_image,
    select,
    without_unreadable,
)
from ..notices import Notice
from ..phantoms.stamp import is_phantom


@dataclass(frozen=True)
class Gathered:
    """What enters the model: the selection, the prepared picture of each image by key, the images' pages,
    and whether every one of them is a phantom.
    """

    selection: Selection
    prepared: Mapping[str, PreparedImage]
    notices: tuple[Notice, ...]
    synthetic: bool


@dataclass(frozen=True)
class Found:
    """A prepared picture, whether its original is a phantom, and how many pages the file has."""

    prepared: PreparedImage
    phantom: bool
    pages: int


def gather(
    case: Case,
    config: BundleConfig,
    memo: ImageMemo,
    progress: Progress,
    *,
    selection: Selection | None = None,
    choice: Mapping[Modality, tuple[str, ...]] | None = None,
) -> Gathered:
    """Select (unless a selection is given) and prepare; nothing that was read before is decoded again."""
    keyed = keyed_images(case)
    unreadable: dict[str, RenalFusionError] = {}
    while True:
        chosen = selection or select(case, config.rules, choice, memo, unreadable)
        found: dict[str, Found] = {}
        failed: dict[str, RenalFusionError] = {}
        for done, image in enumerate(chosen.images):
            progress.update(
                done / len(chosen.images),
                f"Reading {image.key}" + (f" ({image.name})" if image.name != image.key else ""),
            )
            rule = config.preprocessing[image.modality]
            try:
                found[image.key] = read_image(memo, keyed[image.key], rule)
            except RenalFusionError as error:
                failed[image.key] = error
        if not failed:
            break
        unreadable |= failed
        if selection is not None:
            selection = without_unreadable(selection, failed)
    return Gathered(
        selection=chosen,
        prepared={key: one.prepared for key, one in found.items()},
        notices=tuple(_pages(key, keyed[key], one.pages) for key, one in found.items() if one.pages > 1),
        synthetic=bool(found) and all(one.phantom for one in found.values()),
    )


def read_image(memo: ImageMemo, image: ImageItem, preprocessing: Preprocessing) -> Found:
    """Read and prepare one image, or remember it from before.

    Raises
    ------
    RenalFusionError
        If it cannot be read.
    """
    return memo.get(image, preprocessing, partial(_read, image, preprocessing))


def _read(image: ImageItem, preprocessing: Preprocessing) -> Found:
    array = image.read()
    pages = 1 if image.pixels is not None else image_pages(image.path)
    return Found(prepare_image(image, preprocessing, array), is_phantom(array), pages)


def _pages(key: str, image: ImageItem, pages: int) -> Notice:
    return Notice(
        code="image_more_pages",
        message=f"{key} ({image.name}) holds {pages} pages or channels; only number {image.page + 1} was used. "
        "Another one is chosen by the column `page` of a cohort.csv.",
    )
