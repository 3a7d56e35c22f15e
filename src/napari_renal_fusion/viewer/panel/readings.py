"""What a person reads of each antibody, with undo: plain data behind the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...cases.grading import POSITIVE, locations_of, reading_text, with_location
from ...cases.record import CaseRecord, ImageRecord

SHORT = {
    "granular": "gran", "linear": "lin", "pseudolinear": "pseudolin",
    "mesangial": "mes", "capillary wall": "cap", "tubular": "tub", "vascular": "vasc", "interstitial": "int",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """Intensity 0 to 3 (a half is a trace), pattern and locations of one antibody; None is not said."""

    intensity: float | None = None
    pattern: str | None = None
    location: str | None = None

    @classmethod
    def of(cls, image: ImageRecord) -> Reading:
        return cls(image.intensity, image.pattern, image.location)

    @property
    def text(self) -> str:
        return reading_text(self.intensity, self.pattern, self.location)

    @property
    def short(self) -> str:
        """Pattern and locations in short words, for a small place: ``gran · mes, cap``."""
        places = ", ".join(SHORT.get(one, one) for one in self.locations)
        return " · ".join(one for one in (SHORT.get(self.pattern, self.pattern or ""), places) if one)

    @property
    def locations(self) -> tuple[str, ...]:
        return locations_of(self.location)

    @property
    def positive(self) -> bool:
        return self.intensity is not None and self.intensity >= POSITIVE

    def with_intensity(self, intensity: float | None) -> Reading:
        """Graded; an antibody that shows nothing has neither pattern nor location."""
        return Reading(intensity) if intensity == 0 else replace(self, intensity=intensity)

    def with_pattern(self, pattern: str) -> Reading:
        """With a pattern, or without one if it was that already."""
        return replace(self, pattern=None if self.pattern == pattern else pattern)

    def with_location(self, location: str) -> Reading:
        """With a location more, or less if it was there."""
        return replace(self, location=with_location(self.location, location))


class ReadingBook:
    """The readings of one case by image id; every change can be undone and done again."""

    def __init__(self, readings: Mapping[str, Reading] | None = None):
        self._readings = dict(readings or {})
        self._undo: list[tuple[str, Reading, Reading]] = []
        self._redo: list[tuple[str, Reading, Reading]] = []

    def __getitem__(self, key: str) -> Reading:
        return self._readings.get(key, Reading())

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def change(self, key: str, reading: Reading) -> bool:
        """Take over a reading; False if it says nothing new."""
        before = self[key]
        if reading == before:
            return False
        self._readings[key] = reading
        self._undo.append((key, before, reading))
        self._redo.clear()
        return True

    def undo(self) -> tuple[str, Reading] | None:
        """Take the last change back: the image and its reading now; None if there is nothing."""
        if not self._undo:
            return None
        key, before, after = self._undo.pop()
        self._redo.append((key, before, after))
        self._readings[key] = before
        return key, before

    def redo(self) -> tuple[str, Reading] | None:
        if not self._redo:
            return None
        key, before, after = self._redo.pop()
        self._undo.append((key, before, after))
        self._readings[key] = after
        return key, after

    def follow(self, readings: Mapping[str, Reading]) -> list[str]:
        """Take over what is stored; the images whose reading is another than before."""
        changed = [key for key, one in readings.items() if one != self[key]]
        self._readings.update(readings)
        return changed


def readings_of(record: CaseRecord) -> dict[str, Reading]:
    """The stored readings of a case."""
    return {key: Reading.of(image) for key, image in record.images.items()}


def stored(record: CaseRecord, key: str, reading: Reading) -> CaseRecord:
    """The record with one reading; unchanged if the image is not in it."""
    if key not in record.images:
        return record
    return record.with_image(
        key, intensity=reading.intensity, pattern=reading.pattern, location=reading.location
    )
