"""The pieces of a name that a laboratory's pattern may know, and those that could be a patient's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..modality import Modality
from ..names import stain_of
from .guess import SortedFile
from .tokens import Name, is_chinese, plain, words_of

Place = tuple[str, int] | None
"""Shape of a name and the place of a field in it."""


def candidates(name: Name, avoid: Sequence[str] = ()) -> dict[str, Place]:
    """Every piece of a name that may carry a meaning, with its place in the name if it has one.

    Latin words of three letters and more, Chinese words with their endings and beginnings, folders'
    words: wherever they stand. Words of one or two letters and numbers of one or two digits: only at
    their place in a name of this shape. ``avoid`` are texts whose words are no candidates.
    """
    found: dict[str, Place] = {}
    if name.from_camera:
        return _of_folders(name, avoid)
    for place, field in enumerate(name.fields):
        here = (name.shape, place)
        if field.isdigit():
            if len(field) <= 2:
                found[f"number {name.shape} {place} {int(field)}"] = here
            continue
        if any(sign.isdigit() for sign in field) and len(field) <= 4 and _allowed(field, avoid) == [field]:
            found[f"field {field}"] = here  # a word with its number: C3, 补3
        for word in words_of(field):
            for piece in _allowed(word, avoid):
                if is_chinese(piece):
                    for part in _parts(piece):
                        found[f"word {part}"] = here
                elif len(piece) > 2:
                    found[f"word {piece}"] = here
                else:
                    found[f"letters {name.shape} {place} {piece}"] = here
    return found | _of_folders(name, avoid)


def forbidden_text(root: Path | None, biopsies: Iterable[str]) -> tuple[str, ...]:
    """Texts that may hold a patient's name: the sorted folder, the folder above it, the biopsies' labels."""
    above = () if root is None else (root.name, root.parent.name)
    return tuple({text for text in (plain(one) for one in (*above, *biopsies)) if text})


def slots_of(files: Sequence[SortedFile], names: Mapping[str, Name]) -> set[Place]:
    """Places at which names of one shape carry at least two different stains or antibodies that are known."""
    seen: dict[Place, set[str]] = defaultdict(set)
    for file in files:
        name = names[file.name]
        for place, field in enumerate(name.fields):
            stain = stain_of(field, Modality.OM) or stain_of(field, Modality.IM)
            if stain:
                seen[name.shape, place].add(stain)
    return {place for place, stains in seen.items() if len(stains) >= 2}


def _of_folders(name: Name, avoid: Sequence[str]) -> dict[str, Place]:
    return {
        f"folder {piece}": None
        for folder in name.folders
        for word in words_of(folder)
        for piece in _allowed(word, avoid)
    }


def _parts(word: str) -> list[str]:
    """A Chinese word, its endings and its beginnings of two signs and more."""
    return [
        word,
        *(word[start:] for start in range(1, len(word) - 1)),
        *(word[:end] for end in range(2, len(word))),
    ]


def _allowed(word: str, avoid: Sequence[str]) -> list[str]:
    """What is left of a word without what it shares with the texts to avoid."""
    if not is_chinese(word):
        return (
            []
            if any(word in words_of(text) or (len(word) > 3 and word in text) for text in avoid)
            else [word]
        )
    pieces = [word]
    for text in avoid:
        pieces = [left for piece in pieces for left in _cut(piece, text)]
    return pieces


def _cut(piece: str, text: str) -> list[str]:
    """``piece`` without its longest part, of two signs or more, that ``text`` holds too; again for the rest."""
    for length in range(len(piece), 1, -1):
        for start in range(len(piece) - length + 1):
            if piece[start : start + length] in text:
                left, right = piece[:start], piece[start + length :]
                return [rest for side in (left, right) if side for rest in _cut(side, text)]
    return [piece]
