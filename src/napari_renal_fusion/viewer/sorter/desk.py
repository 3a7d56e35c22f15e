"""What a person said of the files of one sorting, what that taught, and how it is taken back; no window is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...cases import Modality
from ...cases.sorting import Correction, SortedFile, Sorting
from .choices import by_digit
from .keys import Act
from .words import belief, count_of, last_part

Corrections = Mapping[str, Correction]


def judged(base: Sorting, corrections: Corrections) -> Sorting:
    """The sorting with everything that was said; takes tens of milliseconds, so it runs in a thread."""
    return base.correct(corrections) if corrections else base


class Desk:
    """Corrections so far, with undo and redo. :attr:`base` is the sorting before anything was said."""

    def __init__(self, base: Sorting):
        self.base = base
        self.corrections: dict[str, Correction] = {}
        self._past: list[dict[str, Correction]] = []
        self._future: list[dict[str, Correction]] = []

    def say(self, names: Sequence[str], change: Correction) -> None:
        """Say one thing of some files; :func:`judged` then tells what follows."""
        self._past.append(dict(self.corrections))
        self._future.clear()
        for name in names:
            self.corrections[name] = change.over(self.corrections.get(name))

    def undo(self) -> bool:
        """Take the last thing back; False if nothing was said."""
        if not self._past:
            return False
        self._future.append(self.corrections)
        self.corrections = self._past.pop()
        return True

    def redo(self) -> bool:
        """Say again what was taken back; False if there is nothing."""
        if not self._future:
            return False
        self._past.append(self.corrections)
        self.corrections = self._future.pop()
        return True

    @property
    def can_undo(self) -> bool:
        return bool(self._past)


def change_of(act: Act, chosen: Sequence[SortedFile]) -> Correction | str:
    """What a key says of the chosen files, or a sentence why it says nothing of them."""
    out = all(file.left_out for file in chosen)
    if act.kind == "leave_out":
        return Correction(left_out=not out)
    if act.kind == "modality":
        change = Correction(modality=act.value)
    elif act.kind == "choice":
        change = act.value
    else:
        change = by_digit(int(act.value), chosen[0].modality.value)
    if change is None and chosen[0].modality.value is None:
        return "First say what it is: L, I or E."
    if change is None:
        return "There is no stain of this number here. For another kind of image press L, I or E first."
    # To say what an image is brings it back into the case.
    return replace(change, left_out=False) if out else change


@dataclass(frozen=True)
class Lesson:
    """What one correction did: the files that were meant, others that follow, and a sentence for the person."""

    said: tuple[str, ...]
    taught: tuple[str, ...]
    sentence: str


def lesson(before: Sorting, after: Sorting, said: Sequence[str]) -> Lesson:
    """Compare two sortings of the same files around one correction."""
    old = {file.name: file for file in before.files}
    new = {file.name: file for file in after.files}
    taught = tuple(name for name, file in new.items() if name not in said and _differs(old[name], file))
    first = new[said[0]]
    who = last_part(first.name) if len(said) == 1 else count_of(len(said), "image")
    verb = "is" if len(said) == 1 else "are"
    if first.left_out:
        sentence = f"{who} {verb} left out of the case; nothing is deleted."
    else:
        biopsy = f", biopsy {first.biopsy.value}" if _biopsy_changed(old[first.name], first) else ""
        sentence = f"{who} {verb} {belief(first)}{biopsy}."
    if taught:
        beliefs = {belief(new[name], size=False) for name in taught}
        others = "1 other is" if len(taught) == 1 else f"{len(taught)} others are"
        what = f"{beliefs.pop()}, too" if len(beliefs) == 1 else "judged anew"
        sentence += f" Learnt from it: {others} {what}."
    return Lesson(tuple(said), taught, sentence)


def taken_back(before: Sorting, after: Sorting, *, back: bool) -> tuple[str, str]:
    """The first file that an undo (``back``) or redo changed ("" if none), and a sentence."""
    old = {file.name: file for file in before.files}
    changed = [file for file in after.files if _differs(old[file.name], file)]
    if not changed:
        return "", ""
    who = last_part(changed[0].name) + (f" and {len(changed) - 1} more" if len(changed) > 1 else "")
    verb = "are" if len(changed) > 1 else "is"
    if back:
        return changed[0].name, f"Taken back: {who} {verb} as before."
    return changed[0].name, f"Said again: {who} {verb} {belief(changed[0])}."


def usable(sorting: Sorting) -> dict[Modality, int]:
    """How many images of each modality a case would get."""
    kept = [file.modality.value for file in sorting.files if not file.left_out]
    return {modality: kept.count(modality) for modality in Modality}


def _differs(one: SortedFile, other: SortedFile) -> bool:
    return (
        one.modality.value, one.stain.value, one.magnification.value, one.biopsy.value, one.left_out, one.doubtful,
    ) != (
        other.modality.value, other.stain.value, other.magnification.value, other.biopsy.value, other.left_out,
        other.doubtful,
    )  # fmt: skip


def _biopsy_changed(one: SortedFile, other: SortedFile) -> bool:
    return one.biopsy.value != other.biopsy.value
