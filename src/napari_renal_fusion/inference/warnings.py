"""Warnings about inputs: unlike the training images, in the wrong modality, bag sizes never seen."""

from __future__ import annotations

from collections.abc import Mapping

from ..bundles import BundleConfig
from ..cases import Case, Modality
from ..inputs import PreparedImage, Selection, describe, keyed_images
from ..notices import Notice

# Micrometres a pixel that a microscope of each kind can have, with room on both sides.
_PLAUSIBLE_UM = {Modality.OM: (0.03, 10.0), Modality.IM: (0.03, 10.0), Modality.TEM: (5e-5, 0.2)}


def input_notices(
    case: Case, config: BundleConfig, selection: Selection, prepared: Mapping[str, PreparedImage]
) -> tuple[Notice, ...]:
    """Everything about the inputs that a person must know beside the answer, in the order of the images."""
    notices = [notice for notice in case.notices if notice.severity != "info"]
    notices += selection.notices
    notices += _scale_notices(case, selection)
    for key, one in prepared.items():
        notices += one.notices
        if notice := _unlike_training(config, selection, key, one):
            notices.append(notice)
    notices += _bag_notices(case, config, selection, prepared)
    notices += _stain_notices(case, config, selection)
    return tuple(notices)


def _scale_notices(case: Case, selection: Selection) -> list[Notice]:
    keyed = keyed_images(case)
    notices = []
    for image in selection.images:
        size = keyed[image.key].pixel_size
        if size is None and (refused := keyed[image.key].scale_notice):
            notices.append(refused)
            continue
        smallest, largest = _PLAUSIBLE_UM[image.modality]
        if size is not None and not smallest <= size.um <= largest:
            notices.append(
                Notice(
                    code="image_scale_doubtful",
                    message=f"{image.key} ({image.name}) says that a pixel is {size.value:g} {size.unit}, "
                    f"which no {image.modality.title} image has; lengths on it would be wrong.",
                )
            )
    return notices


def _unlike_training(
    config: BundleConfig, selection: Selection, key: str, one: PreparedImage
) -> Notice | None:
    image = selection.get(key)
    descriptor = describe(one.pixels)
    if config.input_statistics[image.modality].usual(descriptor):
        return None
    distances = {m: s.distance(descriptor) / s.limit for m, s in config.input_statistics.items()}
    nearest = min(distances, key=distances.__getitem__)
    if nearest != image.modality and distances[nearest] <= 1:
        return Notice(
            code="wrong_modality",
            message=f"{key} ({image.name}) stands under {image.modality.title} but looks like {nearest.title}.",
        )
    return Notice(
        code="out_of_range",
        message=f"{key} ({image.name}) is unlike the images that the model was trained on "
        f"({distances[image.modality]:.1f} times the usual limit); its answer may mean nothing.",
    )


def _bag_notices(
    case: Case, config: BundleConfig, selection: Selection, prepared: Mapping[str, PreparedImage]
) -> list[Notice]:
    keys = [image.key for image in selection.of(Modality.TEM)]
    notices = []
    smallest, largest = config.bag_range
    if keys and not smallest <= len(keys) <= largest:
        notices.append(
            Notice(
                code="bag_size_unseen",
                message=f"{len(keys)} electron images enter; the model was trained on {smallest} to {largest}.",
            )
        )
    keyed = keyed_images(case)
    first: dict[tuple[Modality, str, int], str] = {}
    for image in selection.images:
        if config.slot(image.modality).takes_one:
            continue
        key, shown = image.key, 0
        if config.network.whole_panel:
            shown = config.network.stain_index(image.modality.value, keyed[key].stain)
        twin = first.setdefault((image.modality, prepared[key].input_sha256, shown), key)
        if twin != key:
            notices.append(
                Notice(
                    code="duplicate_image",
                    severity="info",
                    message=f"{key} is the same image as {twin}; it counts once.",
                )
            )
    return notices


def _stain_notices(case: Case, config: BundleConfig, selection: Selection) -> list[Notice]:
    """Images whose stain or antibody a network that asks for it does not know."""
    if not config.network.whole_panel:
        return []
    keyed, notices = keyed_images(case), []
    for modality, word in ((Modality.OM, "stain"), (Modality.IM, "antibody")):
        chosen = [one for one in selection.of(modality) if config.network.stains_of(modality.value)]
        unseen = [
            f"{one.key} ({keyed[one.key].stain})"
            for one in chosen
            if keyed[one.key].stain and not config.network.stain_index(modality.value, keyed[one.key].stain)
        ]
        untold = [one.key for one in chosen if not keyed[one.key].stain]
        if unseen:
            notices.append(
                Notice(
                    code="stain_unseen",
                    message=f"The model was not trained on the {word} of {', '.join(unseen)}; it reads "
                    f"{'them' if len(unseen) > 1 else 'it'} as one it does not know.",
                )
            )
        if untold:
            notices.append(
                Notice(
                    code="stain_untold",
                    message=f"The {word} of {', '.join(untold)} is not known; the model can tell more from images "
                    "that are named.",
                )
            )
    return notices
