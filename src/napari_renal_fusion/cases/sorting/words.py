"""What the words of a file's or a folder's name say: modality, stain or antibody, magnification."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..magnification import magnification_of
from ..modality import Modality
from ..names import modality_of_folder, modality_words, stain_of
from .guess import By, Guess

_IHC = re.compile(r"免疫组化|免疫組化|(?<![a-z])(?:ihc|immunohisto\w*)(?![a-z])")
_ELECTRON_MICROSCOPES = re.compile(
    r"(?<![a-z])(?:jem|jeol|hitachi|ht-?7[0-9]00|h-?7[0-9]{3}|tecnai|talos)(?![a-z])|日立"
)


@dataclass(frozen=True)
class Said:
    """What one text says; a guess without value says nothing. ``torn`` is a contradiction within the text."""

    modality: Guess = field(default_factory=Guess)
    stain: Guess = field(default_factory=Guess)
    magnification: Guess = field(default_factory=Guess)
    torn: str = ""


def said_by(text: str, by: By) -> Said:
    """Read a plain text: ``by`` is "name" or "folder" and decides only how the reason is worded."""
    where = "the folder's name" if by == "folder" else "the file's name"
    shown = text.replace("_", " ")
    light, antibody = stain_of(shown, Modality.OM), stain_of(shown, Modality.IM)
    stated = modality_words(text)
    if by == "folder" and (meant := modality_of_folder(text)):
        stated = {meant}
    magnification = magnification_of(text)
    size = (
        Guess(magnification, 0.95, f"{where} says {magnification:g} times", by) if magnification else Guess()
    )
    if _IHC.search(shown):
        said = Guess(Modality.OM, 0.9, f"{where} says immunohistochemistry, which is light microscopy", by)
        stain = light or (f"{antibody} (IHC)" if antibody else None)
        return Said(said, Guess(stain, 0.9, f"{where} says {stain}", by) if stain else Guess(), size)
    if len(stated) == 1:
        modality = next(iter(stated))
        said = Guess(modality, 0.95, f"{where} says {modality.title}", by)
        stain = {Modality.OM: light, Modality.IM: antibody}.get(modality)
        return Said(said, Guess(stain, 0.95, f"{where} says {stain}", by) if stain else Guess(), size)
    if len(stated) > 1:
        return Said(magnification=size, torn=f"{where} speaks of {' and '.join(sorted(stated))}")
    if light and antibody:
        return Said(magnification=size, torn=f"{where} speaks of {light} and of {antibody}")
    if light or antibody:
        modality, stain = (Modality.OM, light) if light else (Modality.IM, antibody)
        said = Guess(modality, 0.95, f"{where} says {stain}", by)
        return Said(said, Guess(stain, 0.95, f"{where} says {stain}", by), size)
    if _ELECTRON_MICROSCOPES.search(shown):
        return Said(
            Guess(Modality.TEM, 0.8, f"{where} is that of an electron microscope", by), magnification=size
        )
    return Said(magnification=size)
