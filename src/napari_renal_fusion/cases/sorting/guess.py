"""What the sorter believes of a file, how sure it is, and why, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..modality import Modality
from .look import Look

By = Literal["name", "folder", "file", "laboratory", "pixels", "record", "person", "nobody"]
DOUBTFUL = 0.6
"""Below this certainty a person should look."""


@dataclass(frozen=True)
class Guess:
    """One thing believed: its value (None if unknown), certainty 0 to 1, the reason, and who says so."""

    value: Any = None
    sure: float = 0.0
    why: str = "nothing says"
    by: By = "nobody"

    @property
    def doubtful(self) -> bool:
        return self.sure < DOUBTFUL


@dataclass(frozen=True)
class Correction:
    """What a person says of one file; None leaves the guess, an empty text means "none" or "unknown".

    A correction equal to the guess confirms it. ``left_out`` takes the image out of the case; the file
    stays where it is.
    """

    modality: Modality | None = None
    stain: str | None = None
    magnification: float | None = None
    biopsy: str | None = None
    left_out: bool | None = None

    def over(self, earlier: Correction | None) -> Correction:
        """Lay this correction on top of an earlier one; a new modality forgets the earlier stain."""
        if earlier is None:
            return self
        fields = ("modality", "stain", "magnification", "biopsy", "left_out")
        both = {
            name: getattr(earlier, name) if getattr(self, name) is None else getattr(self, name)
            for name in fields
        }
        if self.stain is None and self.modality is not None and self.modality is not earlier.modality:
            both["stain"] = None
        return Correction(**both)


@dataclass(frozen=True)
class SortedFile:
    """One image file and what is believed of it.

    Attributes
    ----------
    path, name
        The original, and its name below the folder that was sorted (with ``/``), as shown.
    modality, stain, magnification, biopsy
        Guesses. The biopsy's value is a number that the names state, a date, or "".
    look
        What the pixels say, if they were looked at.
    problem
        Why the image cannot be read; "" if it can, or if nobody tried.
    code, image_id
        Case code and image id of a file that was sorted before; "" for a new one.
    left_out
        Whether a person took it out of the case.
    """

    path: Path
    name: str
    modality: Guess = field(default_factory=Guess)
    stain: Guess = field(default_factory=Guess)
    magnification: Guess = field(default_factory=Guess)
    biopsy: Guess = field(default_factory=Guess)
    look: Look | None = field(default=None, compare=False, repr=False)
    problem: str = ""
    code: str = ""
    image_id: str = ""
    left_out: bool = False

    @property
    def _weakest(self) -> Guess:
        concerned = [self.modality, self.biopsy]
        if self.modality.value in (Modality.OM, Modality.IM):
            concerned.insert(1, self.stain)
        return min(concerned, key=lambda guess: guess.sure)

    @property
    def sure(self) -> float:
        """Certainty of the least certain of modality, stain or antibody (not of TEM), and biopsy."""
        if self.left_out:
            return 1.0
        return 0.0 if self.problem else self._weakest.sure

    @property
    def doubtful(self) -> bool:
        return self.sure < DOUBTFUL

    @property
    def why(self) -> str:
        """The reason to show: of the doubt if there is one, else of the modality and the stain."""
        if self.left_out:
            return "left out by a person"
        if self.problem:
            return self.problem
        if self.doubtful:
            return self._weakest.why
        reasons = [self.modality.why]
        if self.modality.value is not Modality.TEM and self.stain.why not in reasons:
            reasons.append(self.stain.why)
        return "; ".join(reasons)


@dataclass(frozen=True)
class OtherFile:
    """A file that is no image of a case, and what it is; it is left where it lies."""

    path: Path
    name: str
    what: str
