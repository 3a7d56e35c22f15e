"""Answers with some kinds of images taken away: of a network that reads the whole panel, every set is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from ..cases import Modality
from ..networks import PanelTokens
from .calibration import softmax
from .config import TrainingConfig
from .judging import Fitted
from .metrics import classification_metrics
from .outcome import Answers, Outputs
from .units import subset_name

MEASURED = ("train", "test")
"""Parts of a unit whose cases are also asked with some of their images."""


def sets_of(modalities: Iterable[Modality | str]) -> tuple[tuple[Modality, ...], ...]:
    """Every set of modalities but the empty one, the smallest first, each in the usual order."""
    every = [one for one in Modality if one in set(map(Modality, modalities))]
    return tuple(one for count in range(1, len(every) + 1) for one in combinations(every, count))


def part_of(part: str, shown: tuple[Modality, ...]) -> str:
    """Name of the answers of ``part`` from the modalities ``shown`` alone: ``test.OM-IM``."""
    return f"{part}.{subset_name(shown)}"


def in_parts(tokens: PanelTokens, sets: Sequence[tuple[Modality, ...]]) -> PanelTokens:
    """One patient's tokens as a batch with a row for each of ``sets``, which shows those modalities alone."""
    count = len(sets)
    masks = {}
    for modality, mask in tokens.masks.items():
        shown = mask.new_tensor([Modality(modality) in one for one in sets])
        masks[modality] = mask.expand(count, -1) & shown[:, None]
    maps, stains = (
        {m: one.expand(count, *one.shape[1:]) for m, one in part.items()}
        for part in (tokens.maps, tokens.stains)
    )
    return PanelTokens(maps, masks, stains)


def only(fitted: Fitted, shown: tuple[Modality, ...]) -> Fitted | None:
    """The same unit asked with the modalities ``shown`` alone, about the cases that have them.

    None where too few cases have them: a class has nobody to learn from, or to be tested.
    """
    outputs = only_outputs(fitted.outputs, shown)
    if outputs is None:
        return None
    test = outputs.parts["test"]
    metrics = classification_metrics(test.labels, softmax(test.logits))
    return replace(fitted, outputs=outputs, outcome=fitted.outcome.model_copy(update={"metrics": metrics}))


def only_outputs(outputs: Outputs, shown: tuple[Modality, ...]) -> Outputs | None:
    """The parts of :data:`MEASURED` from the modalities ``shown`` alone; None as :func:`only` says."""
    parts = dict(outputs.parts)
    for part in MEASURED:
        found = outputs.parts.get(part_of(part, shown))
        if found is None or not _same_classes(found, outputs.parts[part]):
            return None
        parts[part] = found
    return replace(outputs, parts=parts)


def complete(members: Sequence[Fitted], config: TrainingConfig) -> list[Fitted]:
    """The members on the cases that have every modality, on which they are calibrated; as they are where these are
    too few, and for a network that needs every modality anyway.
    """
    if not config.network.whole_panel:
        return list(members)
    every = sets_of(config.network.modalities)[-1]
    found = [only(one, every) for one in members]
    return list(members) if any(one is None for one in found) else found


def _same_classes(some: Answers, every: Answers) -> bool:
    return np.array_equal(np.unique(some.labels), np.unique(every.labels))
