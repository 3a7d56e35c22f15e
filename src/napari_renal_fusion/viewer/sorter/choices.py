"""What a person may say of an image by a digit or by typing: stains, antibodies, magnifications, biopsies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...cases import Modality
from ...cases.magnification import magnification_of
from ...cases.names import stain_of
from ...cases.sorting import Correction
from ..words import SHORT_TITLES

STAINS: dict[Modality, tuple[str, ...]] = {
    Modality.OM: ("HE", "PAS", "PASM", "Masson", "Congo red", "Toluidine blue"),
    Modality.IM: (
        *("IgA", "IgG", "IgM", "C3", "C1q", "Kappa", "Lambda", "Fibrinogen", "Albumin"),
        *("C4", "C4d", "C3d", "C5b-9", "PLA2R"),
    ),
    Modality.TEM: (),
}
"""The first nine of a modality have the digits 1 to 9."""


@dataclass(frozen=True)
class Choice:
    """One thing that can be said of the chosen images, and how it reads in a list."""

    text: str
    correction: Correction


def by_digit(digit: int, modality: Modality | None) -> Correction | None:
    """What a digit says of an image of this modality; 0 says that the stain is not named."""
    stains = STAINS.get(modality, ()) if modality is not None else ()
    if digit == 0:
        return Correction(stain="") if stains else None
    return Correction(modality=modality, stain=stains[digit - 1]) if digit <= min(9, len(stains)) else None


def suggest(text: str, modality: Modality | None) -> list[Choice]:
    """What a typed beginning may mean, the most likely first; stains of the image's own modality before others.

    A stain says its modality too. ``x400`` is a magnification. What is in no list can be named all the same.
    """
    typed = text.strip()
    if not typed:
        return [_stain(modality, stain) for stain in STAINS.get(modality, ())] if modality else []
    order = [one for one in (modality, Modality.OM, Modality.IM) if one is not None and STAINS[one]]
    found: list[Choice] = []
    for one in dict.fromkeys(order):
        exact = stain_of(typed, one)
        beginning = [stain for stain in STAINS[one] if stain.casefold().startswith(typed.casefold())]
        within = [stain for stain in STAINS[one] if typed.casefold() in stain.casefold()]
        ranked = dict.fromkeys([*([exact] if exact else []), *beginning, *within])
        found += [_stain(one, stain) for stain in ranked]
    size = magnification_of(typed)
    if size is not None:
        found.insert(0, Choice(f"Magnification ×{size:g}", Correction(magnification=size)))
    free = modality if modality is not None and STAINS[modality] else Modality.OM
    if size is None and not any(one.correction.stain.casefold() == typed.casefold() for one in found):
        found.append(Choice(f"{SHORT_TITLES[free]}: “{typed}”", Correction(modality=free, stain=typed)))
    return found


def suggest_biopsy(text: str, biopsies: Sequence[str]) -> list[Choice]:
    """Biopsies that are there and contain what was typed, and a new one of this number or date."""
    typed = text.strip()
    found = [
        Choice(f"Biopsy {one or '(no number)'}", Correction(biopsy=one))
        for one in biopsies
        if typed.casefold() in one.casefold()
    ]
    if typed and typed not in biopsies:
        found.append(Choice(f"Another biopsy: {typed}", Correction(biopsy=typed)))
    return found


def _stain(modality: Modality, stain: str) -> Choice:
    return Choice(f"{SHORT_TITLES[modality]}: {stain}", Correction(modality=modality, stain=stain))
