"""The sentences of the sorter."""

from __future__ import annotations

from ...cases import Modality
from ...cases.sorting import SortedFile
from ..words import SHORT_TITLES

KEY_LINES = (
    ("L, I, E", "light, IF, electron"),
    ("1 to 9", "stain of this number"),
    ("S, or type", "stain, or x400"),
    ("Space", "out, or back in"),
    ("B", "another biopsy"),
    ("Arrows", "move (Shift: several)"),
    ("Ctrl+Z", "undo"),
    ("Enter", "accept all"),
)
TO_CHECK, LEFT_OUT, UNKNOWN = "To check", "Left out", "Not known"


def belief(file: SortedFile, *, size: bool = True) -> str:
    """``Light · PASM · ×400``: what a file is taken for, with or without the magnification."""
    modality: Modality | None = file.modality.value
    if modality is None:
        return "not known"
    parts = [SHORT_TITLES[modality]]
    if modality is not Modality.TEM:
        parts.append(file.stain.value or ("stain?" if modality is Modality.OM else "antibody?"))
    if size and file.magnification.value:
        parts.append(f"×{file.magnification.value:g}")
    return " · ".join(parts)


def under_picture(file: SortedFile) -> str:
    """The short line under a thumbnail: ``PASM? ×400`` while doubtful, ``×400`` where its heading names the stain."""
    modality: Modality | None = file.modality.value
    size = f"×{file.magnification.value:g}" if file.magnification.value else ""
    if file.left_out:
        return belief(file)
    if modality is None:
        return "not known"
    stain = file.stain.value if modality is not Modality.TEM else None
    if file.doubtful and modality is not Modality.TEM and not stain:
        return f"{SHORT_TITLES[modality]}, {'stain?' if modality is Modality.OM else 'antibody?'}"
    if file.doubtful:
        return f"{stain or SHORT_TITLES[modality]}? {size}".strip()
    return size


def count_of(count: int, what: str) -> str:
    """``1 image``, ``12 images``."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def last_part(name: str) -> str:
    """The file's own name without its folders."""
    return name.rpartition("/")[2]


def stem(name: str) -> str:
    """The file's own name without folders and suffix, for narrow places."""
    return last_part(name).rpartition(".")[0] or last_part(name)


def what_accepting_does(counts: dict[Modality, int], doubtful: int, unknown: int, biopsies: int) -> str:
    """One line above the button: what the case will hold, and what becomes of doubtful images."""
    held = " · ".join(f"{SHORT_TITLES[one]} {count}" for one, count in counts.items())
    several = f"{biopsies} biopsies, one case each. " if biopsies > 1 else ""
    checked = f" {count_of(doubtful, 'image')} still to check: taken as guessed." if doubtful else ""
    if unknown:
        checked += f" {count_of(unknown, 'image')} of unknown kind {'stays' if unknown == 1 else 'stay'} out."
    return f"{several}{held}.{checked}"
