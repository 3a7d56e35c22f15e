"""Choose the images that enter a model, by the bundle's rule or by the person."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..cases import Case, ImageItem, Modality
from ..cases.grading import grade_text
from ..cases.names import natural_key
from ..errors import RenalFusionError
from ..notices import Notice
from .memo import ImageMemo
from .rules import SelectionRules, SlotRule
from .selection import LeftOutImage, SelectedImage, Selection, keyed_images

_EVERY = {
    Modality.OM: "every light image enters",
    Modality.IM: "every antibody enters, negative ones too",
    Modality.TEM: "every electron image enters the bag",
}


def select(
    case: Case,
    rules: SelectionRules,
    choice: Mapping[Modality, tuple[str, ...]] | None = None,
    memo: ImageMemo | None = None,
    unreadable: Mapping[str, RenalFusionError] | None = None,
) -> Selection:
    """Choose images of ``case``.

    Parameters
    ----------
    choice
        Keys that the person chose, per modality; modalities not named follow the rule.
    memo
        Remembers measured brightness from one call to the next.
    unreadable
        Images that are known to be unreadable, with the reason: they are left out, and the rule goes on
        without them.

    Returns
    -------
    Selection
        With a reason for every image of the case, in or out. A modality of which nothing usable is
        left is listed under ``missing``.

    Raises
    ------
    RenalFusionError
        ``selection_unknown`` for a key that the case does not have, ``selection_too_many`` for
        several images where the model takes one.
    """
    keyed = keyed_images(case)
    entered: list[SelectedImage] = []
    left_out: list[LeftOutImage] = []
    failed = dict(unreadable or {})
    for slot in rules.slots:
        candidates = {
            key: image
            for key, image in keyed.items()
            if image.modality == slot.modality and key not in failed
        }
        chosen = (choice or {}).get(slot.modality)
        if chosen is not None:
            chosen = tuple(key for key in chosen if key not in failed)
        if chosen is not None:
            picked = _by_person(slot, chosen, candidates)
        elif slot.choose == "all":
            picked = dict.fromkeys(candidates, _EVERY[slot.modality])
        elif slot.choose == "brightest":
            picked = _brightest(candidates, failed, memo or ImageMemo())
            candidates = {key: image for key, image in candidates.items() if key not in failed}
        else:
            picked = _preferred_stain(slot, candidates)
        by = "rule" if chosen is None else "person"
        for key, image in candidates.items():
            if key in picked:
                entered.append(
                    SelectedImage(key=key, modality=slot.modality, name=image.name, reason=picked[key], by=by)
                )
            else:
                why = "not chosen by the person" if chosen is not None else _why_not(slot, picked, candidates)
                left_out.append(LeftOutImage(key=key, modality=slot.modality, name=image.name, reason=why))
    used = rules.modalities
    left_out += [
        LeftOutImage(key=key, modality=keyed[key].modality, name=keyed[key].name, reason=str(error))
        for key, error in failed.items()
    ]
    left_out += [
        LeftOutImage(key=key, modality=image.modality, name=image.name, reason="this model does not use it")
        for key, image in keyed.items()
        if image.modality not in used
    ]
    present = {image.modality for image in entered}
    return Selection(
        images=tuple(entered),
        left_out=tuple(left_out),
        missing=tuple(modality for modality in used if modality not in present),
        notices=_failures(failed),
        takes_one=tuple(slot.modality for slot in rules.slots if slot.takes_one),
    )


def without_unreadable(selection: Selection, unreadable: Mapping[str, RenalFusionError]) -> Selection:
    """Move images that turned out unreadable to ``left_out``, each with a notice that names the file."""
    if not unreadable:
        return selection
    images = tuple(image for image in selection.images if image.key not in unreadable)
    moved = tuple(
        LeftOutImage(
            key=image.key, modality=image.modality, name=image.name, reason=str(unreadable[image.key])
        )
        for image in selection.images
        if image.key in unreadable
    )
    present = {image.modality for image in images}
    gone = tuple(dict.fromkeys(one.modality for one in moved if one.modality not in present))
    return selection.model_copy(
        update={
            "images": images,
            "left_out": selection.left_out + moved,
            "missing": selection.missing + gone,
            "notices": selection.notices + _failures(unreadable),
        }
    )


def _failures(unreadable: Mapping[str, RenalFusionError]) -> tuple[Notice, ...]:
    return tuple(Notice(code=e.code, message=str(e), path=e.path) for e in unreadable.values())


def signal(array: np.ndarray) -> float:
    """Brightness of an immunofluorescence image's signal, 0 to 1: mean of its brightest hundredth."""
    thinned = array[::4, ::4]
    largest = 255.0 if array.dtype == np.uint8 else 65535.0
    brightest = thinned.max(axis=2) if thinned.ndim == 3 else thinned
    values = np.sort(brightest, axis=None)
    return float(values[-max(1, len(values) // 100) :].mean() / largest)


def _by_person(
    slot: SlotRule, chosen: tuple[str, ...], candidates: Mapping[str, ImageItem]
) -> dict[str, str]:
    for key in chosen:
        if key not in candidates:
            raise RenalFusionError(
                "selection_unknown",
                f"The case has no image {key} of {slot.modality.title}",
                remedy=f"Choose among {', '.join(candidates) or 'other modalities'}.",
            )
    if slot.takes_one and len(chosen) > 1:
        raise RenalFusionError(
            "selection_too_many",
            f"This model takes one image of {slot.modality.title}, {len(chosen)} were chosen",
            remedy="Choose one.",
        )
    return dict.fromkeys(chosen, "chosen by the person")


def _preferred_stain(slot: SlotRule, candidates: Mapping[str, ImageItem]) -> dict[str, str]:
    # A part that a person chose (a glomerulus) goes before a whole field.
    def part_first(key: str) -> tuple[bool, object]:
        return candidates[key].crop is None and not candidates[key].is_cut, natural_key(key)

    ordered = sorted(candidates, key=part_first)
    for stain in slot.stains:
        for key in ordered:
            if (candidates[key].stain or "").casefold() == stain.casefold():
                return {key: f"{stain} is the stain that the model was trained on"}
    wanted = " or ".join(slot.stains)
    reason = f"first image; no {wanted} image in this case" if wanted else "first image"
    return dict.fromkeys(ordered[:1], reason)


def _brightest(
    candidates: Mapping[str, ImageItem], failed: dict[str, RenalFusionError], memo: ImageMemo
) -> dict[str, str]:
    """The strongest antibody; images that cannot be read on the way are added to ``failed``.

    Of several with the same grade the brightest, so that the order of files decides nothing.
    """
    graded = {key: image.intensity for key, image in candidates.items() if image.intensity is not None}
    if graded:
        best = max(graded.values())
        strongest = [key for key, given in graded.items() if given == best]
        if len(strongest) > 1:
            measured = _measured({key: candidates[key] for key in strongest}, failed, memo)
            if not measured:  # none of them can be read: on to the weaker ones
                rest = {key: image for key, image in candidates.items() if key not in failed}
                return _brightest(rest, failed, memo)
            strongest = [max(measured, key=lambda key: (measured[key], key))]
        said = f"strongest graded antibody ({grade_text(best)} of {len(candidates)} images)"
        return {strongest[0]: said}
    measured = _measured(candidates, failed, memo)
    if not measured:
        return {}
    key = max(measured, key=measured.__getitem__)
    if len(measured) == 1:
        return {key: "the only immunofluorescence image"}
    return {key: f"brightest of {len(measured)} images (signal {measured[key]:.2f} of 1)"}


def _measured(
    candidates: Mapping[str, ImageItem], failed: dict[str, RenalFusionError], memo: ImageMemo
) -> dict[str, float]:
    """Brightness of each image that can be read; the others are added to ``failed``."""
    measured = {}
    for key, image in candidates.items():
        try:
            measured[key] = memo.get(image, "signal", lambda image=image: signal(image.read()))
        except RenalFusionError as error:
            failed[key] = error
    return measured


def _why_not(slot: SlotRule, picked: Mapping[str, str], candidates: Mapping[str, ImageItem]) -> str:
    if not picked:
        return "the chosen image could not be read"
    key = next(iter(picked))
    winner = key if candidates[key].stain is None else candidates[key].stain
    if slot.choose == "brightest":
        return f"weaker than {winner}"
    return f"the model takes one image; {winner} was preferred"
