"""Ask the model with every admissible image: each is encoded once, every combination is fused, none is averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod

from ..bundles import BundleConfig
from ..cases import Case
from ..compute.devices import DeviceChoice
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import (
    ImageMemo,
    PreparedImage,
    Selection,
    SlotChoices,
    TokenCache,
    keyed_images,
    slot_choices,
)
from ..inputs.choices import combinations
from .answer_range import Alternatives, Combination
from .encode import encode_images
from .fusing import Fused, fuse
from .gather import read_image
from .session import Session

MOST = 64
"""Combinations that are tried; fusing one takes 5 to 60 ms on a processor."""


@dataclass(frozen=True)
class Others:
    """The admissible images beside those that entered: their prepared pictures by key, and whether all are phantoms."""

    slots: tuple[SlotChoices, ...] = ()
    prepared: Mapping[str, PreparedImage] = field(default_factory=dict)
    synthetic: bool = True

    @property
    def possible(self) -> int:
        """How many combinations there are."""
        return prod(len(one.choices) for one in self.slots)


def find_others(
    case: Case, config: BundleConfig, selection: Selection, memo: ImageMemo, progress: Progress
) -> Others:
    """Which other images may enter, read and prepared.

    An image that cannot be read, or shows exactly what another choice shows, is not asked with; the slot says
    so. Nothing is to be chosen for a network that reads the whole panel.
    """
    if config.network.whole_panel:
        return Others()
    keyed = keyed_images(case)
    rules = {slot.modality: config.preprocessing[slot.modality] for slot in config.rules.slots}

    def read(key: str):
        return read_image(memo, keyed[key], rules[keyed[key].modality])

    def look(key: str):
        progress.update(0.0, f"Looking at {key} ({keyed[key].name})")
        return read(key).prepared.pixels

    slots = slot_choices(case, config.rules, selection, config.panel, look)
    prepared: dict[str, PreparedImage] = {}
    synthetic, kept = True, []
    for slot in slots:
        gone = dict.fromkeys(slot.keys[MOST:], f"more than {MOST} images may be chosen")
        first: dict[str, str] = {}
        for place, key in enumerate(slot.keys[:MOST]):
            progress.update(place / len(slot.keys), f"Reading {key} ({keyed[key].name})")
            try:
                found = read(key)
            except RenalFusionError as error:
                gone[key] = str(error)
                continue
            twin = first.setdefault(found.prepared.input_sha256, key)
            if twin != key:
                gone[key] = f"the same image as {twin}"
            elif place:
                prepared[key] = found.prepared
                synthetic = synthetic and found.phantom
        kept.append(slot.without(gone))
    return Others(tuple(kept), prepared, synthetic)


def ask_others(
    others: Others,
    session: Session,
    official: Fused,
    where: DeviceChoice,
    cache: TokenCache,
    progress: Progress,
) -> Alternatives | None:
    """The answers of every combination, from the session of the official one, whose numbers are taken as they are.

    Each image is encoded once and alone, so that its tokens do not depend on what else is asked. Of more than
    :data:`MOST` combinations those nearest to the official one are tried. An image whose features are not numbers
    is not asked with. None where nothing is chosen at all.
    """
    import torch

    if not others.slots:
        return None
    ways = list(islice(combinations(others.slots), MOST))
    needed = {
        way[slot.modality]: slot.modality
        for way in ways
        for slot in others.slots
        if way[slot.modality] in others.prepared
    }
    tokens, gone = {}, {}
    for place, (key, modality) in enumerate(needed.items()):
        with progress.part(0.9 * place / len(needed), 0.9 * (place + 1) / len(needed)):
            tokens |= encode_images(
                session.network,
                modality,
                {key: others.prepared[key]},
                session.bundle.config.preprocessing[modality],
                where,
                bundle_sha256=session.bundle.sha256,
                cache=cache,
                progress=progress,
            )
        if not bool(torch.isfinite(tokens[key]).all()):
            gone[key] = "the model's features of it are not numbers"
    slots = tuple(one.without(gone) for one in others.slots)
    names = {one.key: one.name for slot in slots for one in slot.choices}
    answers = []
    for place, way in enumerate(ways):
        progress.update(0.9 + 0.1 * place / len(ways), "Fusing")
        if gone.keys() & set(way.values()):
            continue
        fused = official
        if answers:  # the first way is the official one
            other = replace(
                session,
                tokens={**session.tokens, **tokens},
                prepared={**session.prepared, **others.prepared},
                order={**session.order, **{modality: (key,) for modality, key in way.items()}},
                names={**session.names, **names},
            )
            fused = fuse(other)
        answers.append(_combination(way, fused))
    return Alternatives(
        slots=slots,
        combinations=tuple(answers),
        possible=prod(len(one.choices) for one in slots),
        class_names=session.class_names,
    )


def _combination(way: dict, fused: Fused) -> Combination:
    relied = fused.relied
    return Combination(
        images=way,
        probabilities=fused.probabilities,
        conformal=relied.conformal,
        fits_none=None if relied.distance is None else relied.distance > relied.distance_limit,
    )
