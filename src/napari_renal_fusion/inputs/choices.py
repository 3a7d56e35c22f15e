"""Which images could stand in the place of the one that enters a model: every positive antibody, every chosen field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..cases import Case, ImageItem, Modality
from ..cases.grading import POSITIVE, grade_text
from ..cases.names import natural_key
from ..errors import RenalFusionError
from .positive_panel import PositivePanel
from .rules import SelectionRules, SlotRule
from .select import signal
from .selection import LeftOutImage, Selection, keyed_images

Look = Callable[[str], np.ndarray]
"""The prepared picture of an image by its key, uint8 [H, W, 3]; raises RenalFusionError if it cannot be read."""


class Choice(BaseModel):
    """One image that may enter in a place where the model takes one, and why it may."""

    model_config = ConfigDict(frozen=True)

    key: str
    name: str
    reason: str


class SlotChoices(BaseModel):
    """Every admissible image of one modality; the first is the one that entered.

    ``rule`` says in a sentence how the admissible ones were found; ``not_asked`` are images that could not be
    asked with although the rule allows them, and why.
    """

    model_config = ConfigDict(frozen=True)

    modality: Modality
    rule: str
    choices: tuple[Choice, ...]
    not_asked: tuple[LeftOutImage, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.choices)

    def without(self, keys: Mapping[str, str]) -> SlotChoices:
        """The same with some images moved to ``not_asked``, each with its reason."""
        gone = tuple(
            LeftOutImage(key=one.key, modality=self.modality, name=one.name, reason=keys[one.key])
            for one in self.choices
            if one.key in keys
        )
        kept = tuple(one for one in self.choices if one.key not in keys)
        return self.model_copy(update={"choices": kept, "not_asked": self.not_asked + gone})


def slot_choices(
    case: Case, rules: SelectionRules, selection: Selection, panel: PositivePanel | None, look: Look
) -> tuple[SlotChoices, ...]:
    """The admissible images of every modality of which the model takes one, in the order of the rules.

    An image that a person chose has no alternative. Else, of immunofluorescence, every positive antibody is
    admissible: those that a person graded 1+ or more; if nobody graded any, those whose brightness
    (:func:`~.select.signal` of the prepared picture) reaches that of the weakest image in training, which
    ``panel`` knows. Antibodies weaker than every one of training are not, whoever graded them. Of light
    microscopy every image of the stain that the rule took, or, as soon as glomeruli are chosen on them
    (images with a crop), every one of these.
    """
    keyed = keyed_images(case)
    unusable = {
        one.key for one in selection.left_out if any(one.reason == n.message for n in selection.notices)
    }
    found = []
    for slot in rules.slots:
        entered = selection.of(slot.modality)
        if not slot.takes_one or len(entered) != 1:
            continue
        (taken,) = entered
        official = Choice(key=taken.key, name=taken.name, reason=taken.reason)
        images = {
            key: image
            for key, image in keyed.items()
            if image.modality == slot.modality and key not in unusable
        }
        if taken.by == "person":
            found.append(
                SlotChoices(modality=slot.modality, rule="A person chose this image.", choices=(official,))
            )
        elif slot.choose == "brightest":
            found.append(_positive(slot, official, images, panel, look))
        else:
            found.append(_same_stain(slot, official, images))
    return tuple(found)


def combinations(slots: Iterable[SlotChoices]) -> Iterator[dict[Modality, str]]:
    """Every way to take one image of each modality; the official one first, then those that differ least from it."""
    slots = tuple(slots)
    ways = list(product(*(range(len(one.choices)) for one in slots)))
    # Images further back in their list are weaker; where one image alone is another, it is clear which one matters.
    ways.sort(key=lambda way: (sum(place > 0 for place in way), sum(way), way))
    for way in ways:
        yield {slot.modality: slot.choices[place].key for slot, place in zip(slots, way, strict=True)}


def _positive(
    slot: SlotRule, official: Choice, images: Mapping[str, ImageItem], panel: PositivePanel | None, look: Look
) -> SlotChoices:
    graded = {key: image.intensity for key, image in images.items() if image.intensity is not None}
    if graded:
        return _graded_positive(slot, official, images, graded, panel, look)
    if panel is None:
        rule = (
            "Nobody graded the panel, and the model does not say how weak a positive antibody may be, so only the "
            "image of its own rule was asked. Grade the panel to have every positive antibody asked."
            if len(images) > 1
            else "The case has one immunofluorescence image."
        )
        return SlotChoices(modality=slot.modality, rule=rule, choices=(official,))
    strong, unread = {}, []
    for key, image in images.items():
        try:
            measured = signal(look(key))
        except RenalFusionError as error:
            unread.append(LeftOutImage(key=key, modality=slot.modality, name=image.name, reason=str(error)))
            continue
        if measured >= panel.least_signal:
            strong[key] = measured
    reasons = {key: f"signal {measured:.2f} of 1" for key, measured in strong.items()}
    rule = (
        "Nobody graded the panel: every antibody at least as bright as the weakest that the model was trained on "
        f"(signal {panel.least_signal:.2f} of 1) was asked."
    )
    choices = _in_order(official, images, reasons, lambda key: -strong[key])
    return SlotChoices(modality=slot.modality, rule=rule, choices=choices, not_asked=tuple(unread))


def _graded_positive(
    slot: SlotRule,
    official: Choice,
    images: Mapping[str, ImageItem],
    graded: Mapping[str, float],
    panel: PositivePanel | None,
    look: Look,
) -> SlotChoices:
    reasons, refused = {}, []
    for key, intensity in graded.items():
        if intensity < POSITIVE:
            continue
        try:
            weaker = panel.weaker(intensity, look(key)) if panel is not None else ""
        except RenalFusionError as error:
            weaker = str(error)
        if weaker:
            refused.append(
                LeftOutImage(key=key, modality=slot.modality, name=images[key].name, reason=weaker)
            )
        else:
            reasons[key] = f"graded {grade_text(intensity)}"
    rule = f"Every antibody graded {grade_text(POSITIVE)} or more was asked"
    untold = len(images) - len(graded)
    rule += f"; {untold} without a grade {'was' if untold == 1 else 'were'} not." if untold else "."
    if not any(intensity >= POSITIVE for intensity in graded.values()):
        rule = f"No antibody is graded {grade_text(POSITIVE)} or more; only the strongest was asked."
    choices = _in_order(official, images, reasons, lambda key: -graded[key])
    entered = {one.key for one in choices}
    return SlotChoices(
        modality=slot.modality,
        rule=rule,
        choices=choices,
        not_asked=tuple(one for one in refused if one.key not in entered),
    )


def _same_stain(slot: SlotRule, official: Choice, images: Mapping[str, ImageItem]) -> SlotChoices:
    stain = images[official.key].stain
    same = {
        key: image
        for key, image in images.items()
        if not slot.stains or (image.stain or "").casefold() == (stain or "").casefold()
    }
    outlined = {key: image for key, image in same.items() if image.crop is not None or image.is_cut}
    of_stain = f" {stain}" if stain and slot.stains else ""
    if official.key in outlined:
        same = outlined
        one, rule = "chosen glomerulus", f"Every glomerulus chosen on{of_stain or ' light'} images was asked."
    else:
        one, rule = f"another{of_stain} image", f"Every{of_stain or ' light'} image was asked."
    if len(same) == 1:
        rule = f"The case has one{of_stain or ' light'} image."
    choices = _in_order(official, images, dict.fromkeys(same, one), natural_key)
    return SlotChoices(modality=slot.modality, rule=rule, choices=choices)


def _in_order(
    official: Choice,
    images: Mapping[str, ImageItem],
    reasons: Mapping[str, str],
    rank: Callable[[str], object],
) -> tuple[Choice, ...]:
    """The official image, then the others by rank and name, whatever the order of files."""
    others = sorted(
        (key for key in reasons if key != official.key), key=lambda key: (rank(key), natural_key(key))
    )
    return (official, *(Choice(key=key, name=images[key].name, reason=reasons[key]) for key in others))
