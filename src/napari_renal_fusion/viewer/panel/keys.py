"""The keys that grade an antibody, and what each does; the dock shows them on its buttons."""

from __future__ import annotations

from dataclasses import dataclass

from ...cases.grading import INTENSITIES, LOCATIONS, PATTERNS, grade_text
from .readings import Reading


@dataclass(frozen=True)
class Mark:
    """One thing that can be said of an antibody: ``field`` of the reading, ``value``, key, and words."""

    field: str
    value: object
    key: str
    text: str

    def applied(self, reading: Reading) -> Reading:
        """The reading after this key; a pattern or location that is there goes away again."""
        if self.field == "intensity":
            return reading.with_intensity(self.value)
        if self.field == "pattern":
            return reading.with_pattern(self.value)
        return reading.with_location(self.value)

    def holds(self, reading: Reading) -> bool:
        """Whether the reading says this."""
        if self.field == "location":
            return self.value in reading.locations
        return getattr(reading, self.field) == self.value


_INTENSITY_KEYS = ("0", "T", "1", "2", "3")
_LETTERS = {
    "granular": "G", "linear": "L", "pseudolinear": "P",
    "mesangial": "M", "capillary wall": "C", "tubular": "U", "vascular": "V", "interstitial": "I",
}  # fmt: skip

MARKS = (
    *(
        Mark("intensity", value, key, grade_text(value))
        for value, key in zip(INTENSITIES, _INTENSITY_KEYS, strict=True)
    ),
    *(Mark("pattern", one, _LETTERS[one], one) for one in PATTERNS),
    *(Mark("location", one, _LETTERS[one], one) for one in LOCATIONS),
)


def mark_of(text: str) -> Mark | None:
    """What a typed character means."""
    return next((one for one in MARKS if one.key == text.upper()), None) if text else None
