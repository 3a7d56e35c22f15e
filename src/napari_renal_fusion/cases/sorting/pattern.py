"""What a laboratory's names and pictures mean, learnt from corrections, without a word that could be a name."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from ..modality import Modality
from .guess import Guess, SortedFile
from .keys import candidates, forbidden_text, may_be_a_name, shortest, slots_of
from .look import Look
from .tokens import Name

if TYPE_CHECKING:
    from .sorting import Sorting

_EXAMPLES = 12
_CERTAIN = 0.8
_ALIKE = 0.09
"""Largest difference in one of a look's seven colour numbers for two pictures to count as alike."""


class Meaning(BaseModel):
    """What a piece of a name means in this laboratory; None says nothing. ``files`` it was learnt from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: Modality | None = None
    stain: str | None = None
    magnification: float | None = None
    files: int = 1


class Example(BaseModel):
    """Size and colours of one picture that a person's case sorted as this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int
    width: int
    colour: tuple[float, ...]
    modality: Modality
    stain: str | None = None


class LabPattern(BaseModel):
    """The laboratory's pattern.

    ``words`` maps pieces of names to meanings. A piece is learnt only if a person corrected a file that
    carries it, if it recurs on several files and does not look like a name (or stands where other files
    carry stains that are known), if every file that carries it means the same, and if it is not on all files
    of a biopsy, nor in the names of the folders above: a patient's name fails that. What is learnt is stored as a keyed hash
    (BLAKE2b with ``salt``), so the file holds no readable word at all. ``examples`` hold size and colours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    salt: str = Field(default_factory=lambda: secrets.token_hex(16))
    words: Mapping[str, Meaning] = {}
    examples: tuple[Example, ...] = ()
    cases: int = 0

    def meanings(self, name: Name) -> list[Meaning]:
        """What the pieces of a name mean; the longest pieces first."""
        if not self.words:
            return []
        found = ((len(key), self.words.get(self._hash(key))) for key in candidates(name))
        return [meaning for _, meaning in sorted(found, key=lambda one: -one[0]) if meaning is not None]

    def like(self, look: Look) -> tuple[Guess, Guess]:
        """Modality and stain of earlier pictures of exactly this size and of nearly these colours."""
        near = sorted(
            (max(abs(a - b) for a, b in zip(one.colour, look.colour, strict=True)), place, one)
            for place, one in enumerate(self.examples)
            if (one.height, one.width) == (look.height, look.width) and len(one.colour) == len(look.colour)
        )
        alike = [one for distance, _, one in near if distance <= _ALIKE][:5]
        if not alike:
            return Guess(), Guess()
        why = f"size and colours as {len(alike)} earlier pictures of this laboratory"
        modalities = {one.modality for one in alike}
        stains = {one.stain for one in alike[:3]}
        modality = Guess(alike[0].modality, 0.85, why, "laboratory") if len(modalities) == 1 else Guess()
        sure = 0.75 if len(alike) > 1 else 0.65
        known = len(stains) == 1 and None not in stains and modality.value is Modality.OM
        return modality, Guess(alike[0].stain, sure, why, "laboratory") if known else Guess()

    def learn(self, sorting: Sorting) -> LabPattern:
        """The pattern with what the person's corrections of ``sorting`` teach; contradicted words are forgotten.

        A correction that only confirms what the dictionary was sure of teaches nothing.
        """
        from .sorter import believe

        untaught = {file.name: file for file in believe(sorting, {}, LabPattern()).files}
        files = [file for file in sorting.files if not file.left_out]
        names = {file.name: Name.of(file.name) for file in files}
        avoid = forbidden_text(sorting.root, [file.biopsy.value for file in files])
        carried = {file.name: candidates(names[file.name], avoid) for file in files}
        on = defaultdict(list)
        for file in files:
            for key in carried[file.name]:
                on[key].append(file)
        slots = slots_of(files, names)
        named = Counter(file.biopsy.value for file in files if not names[file.name].from_camera)
        words = dict(self.words)
        for hashed in self._contradicted(files, names, sorting):
            words.pop(hashed, None)
        taught: dict[str, Meaning] = {}
        for key in {key for file in files if file.name in sorting.corrections for key in carried[file.name]}:
            recurs, in_slot = len(on[key]) > 1, carried[on[key][0].name][key] in slots
            if not in_slot and (not recurs or may_be_a_name(key)):
                continue
            if _on_all_of_a_biopsy(on[key], named):
                continue
            meaning = _meaning(on[key], sorting, untaught)
            if meaning is not None and not recurs:
                meaning = meaning.model_copy(update={"magnification": None})
            if meaning is not None and (meaning.modality or meaning.stain or meaning.magnification):
                taught[key] = meaning
        words |= {self._hash(key): taught[key] for key in shortest(taught)}
        return self.model_copy(
            update={"words": words, "examples": self._examples(sorting), "cases": self.cases + 1}
        )

    def _contradicted(
        self, files: Sequence[SortedFile], names: Mapping[str, Name], sorting: Sorting
    ) -> Iterable[str]:
        """Words whose meaning a correction contradicts."""
        for file in files:
            if file.name not in sorting.corrections:
                continue
            for key in candidates(names[file.name]):
                meaning = self.words.get(self._hash(key))
                if meaning is not None and not _agrees(meaning, file):
                    yield self._hash(key)

    def _examples(self, sorting: Sorting) -> tuple[Example, ...]:
        kept = list(self.examples)
        for file in sorting.files:
            look, told = file.look, file.name in sorting.corrections
            if look is None or not look.colour or file.left_out or file.modality.value is None:
                continue
            if not (told or (file.modality.sure >= 0.9 and file.stain.sure >= 0.9)):
                continue
            example = Example(
                height=look.height,
                width=look.width,
                colour=look.colour,
                modality=file.modality.value,
                stain=file.stain.value if file.modality.value is Modality.OM else None,
            )
            if example in kept:
                continue
            alike = [
                one
                for one in kept
                if (one.height, one.width, one.modality, one.stain)
                == (example.height, example.width, example.modality, example.stain)
            ]
            if len(alike) >= _EXAMPLES:
                kept.remove(alike[0])
            kept.append(example)
        return tuple(kept)

    def _hash(self, key: str) -> str:
        return hashlib.blake2b(key.encode(), key=bytes.fromhex(self.salt), digest_size=10).hexdigest()


def _on_all_of_a_biopsy(files: Sequence[SortedFile], named: Mapping[str, int]) -> bool:
    """Whether a piece is on every file of a biopsy that a person named: the patient, the number, the hospital."""
    counts = Counter(file.biopsy.value for file in files)
    return any(counts[biopsy] >= count for biopsy, count in named.items() if count > 2 or len(named) == 1)


def _meaning(
    files: Sequence[SortedFile], sorting: Sorting, untaught: Mapping[str, SortedFile]
) -> Meaning | None:
    """What all files that carry a piece mean, as far as they agree; None if no correction teaches anything."""
    told: dict[str, object] = {}
    for field in ("modality", "stain", "magnification"):
        values, taught = set(), False
        for file in files:
            correction = sorting.corrections.get(file.name)
            guess, before = getattr(file, field), getattr(untaught[file.name], field)
            if correction is not None and getattr(correction, field) is not None:
                taught |= before.value != guess.value or before.sure < _CERTAIN
                values.add(guess.value)
            elif guess.sure >= _CERTAIN and guess.value is not None and guess.by != "laboratory":
                values.add(guess.value)
        if taught and len(values) == 1 and (value := values.pop()):
            told[field] = value
    if "stain" in told:  # a stain says its modality too
        modalities = {file.modality.value for file in files if file.stain.value == told["stain"]}
        if len(modalities) == 1:
            told.setdefault("modality", modalities.pop())
    return Meaning(**told, files=len(files)) if told else None


def _agrees(meaning: Meaning, file: SortedFile) -> bool:
    """Whether a word's meaning is what the file turned out to be, where both say something."""
    return all(
        None in (known := getattr(meaning, field), here := getattr(file, field).value) or known == here
        for field in ("modality", "stain", "magnification")
    )
