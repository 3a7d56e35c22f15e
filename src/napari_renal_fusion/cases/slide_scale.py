"""Whether the pixel size that a slide states can be true, and what to ask if it cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import RenalFusionError
from ..notices import Notice
from .names import readable
from .pixel_size import PixelSize

# Level 0 of a scan: a 100x objective gives about 0.1 um, a 5x objective 2 um.
LEAST_UM, MOST_UM = 0.1, 2.0
# What a person may answer: beyond it the answer itself is a slip of unit.
_LEAST_ANSWER_UM, _MOST_ANSWER_UM = 0.02, 20.0
_UNEQUAL = 0.05  # sides of a pixel that differ by more are a mistake, not a camera's tolerance
_USUAL = (0.25, 0.5)  # 40x and 20x objectives of nearly all scanners


@dataclass(frozen=True)
class StatedScale:
    """What a file says of its scale: sides of a pixel in um, the objective's power, and where it says so."""

    x_um: float | None = None
    y_um: float | None = None
    objective: float | None = None
    source: str = "slide"

    @property
    def pixel_size(self) -> PixelSize | None:
        """The pixel size as the file says it, whether it can be true or not; None if it says none."""
        sides = (self.x_um, self.y_um)
        if any(side is None or not math.isfinite(side) or side <= 0 for side in sides):
            return None
        return PixelSize(
            value=float(f"{math.sqrt(self.x_um * self.y_um):.8g}"), unit="um", source=self.source
        )


def plausible(um: float) -> bool:
    """Say whether level 0 of a slide may have ``um`` micrometres a pixel."""
    return LEAST_UM * (1 - 1e-6) <= um <= MOST_UM * (1 + 1e-6)


def question(path: Path, said: StatedScale) -> Notice | None:
    """What a person must be asked about a slide's pixel size, or None if the file's own can be true."""
    size, name = said.pixel_size, readable(path.name)
    if size is None:
        return Notice(
            code="slide_pixel_size_missing",
            message=f"{name} states no pixel size. {_what_is_usual(said)} Please say what it is.",
            path=path,
        )
    if abs(said.x_um - said.y_um) > _UNEQUAL * max(said.x_um, said.y_um):
        wrong = f"{name} states pixels that are not square ({said.x_um:.4g} x {said.y_um:.4g} um)."
    elif not plausible(size.um):
        wrong = f"{name} states {size.um:.4g} um a pixel, which no slide has."
    else:
        return None
    return Notice(
        code="slide_pixel_size_absurd",
        message=f"{wrong} {_what_is_usual(said)} Please say what it is.",
        path=path,
    )


def choices(said: StatedScale) -> tuple[float, ...]:
    """Two or three pixel sizes in um that would be plausible, the most likely first; to offer, never to use."""
    found: list[float] = []
    if size := said.pixel_size:
        powers = sorted((step for step in range(-6, 7) if plausible(size.um * 10.0**step)), key=abs)
        # Slips of a unit are by 10, 100, 1000; 100 (cm for um in dots per cm) is the commonest.
        powers.sort(key=lambda step: abs(step) != 2)
        found += [float(f"{size.um * 10.0**step:.4g}") for step in powers[:1]]
    if said.objective and plausible(10 / said.objective):
        found.append(float(f"{10 / said.objective:.4g}"))
    for usual in _USUAL:
        if not any(abs(usual - other) < 0.02 * usual for other in found):
            found.append(usual)
    return tuple(found[:3])


def check_answer(path: Path, um: float) -> PixelSize:
    """A person's answer as a pixel size.

    Raises
    ------
    RenalFusionError
        ``slide_pixel_size_implausible`` if it is not a number from 0.02 to 20 um.
    """
    if not (math.isfinite(um) and _LEAST_ANSWER_UM <= um <= _MOST_ANSWER_UM):
        raise RenalFusionError(
            "slide_pixel_size_implausible",
            f"{um:g} um a pixel is not possible for the slide {readable(path.name)}",
            path=path,
            remedy=f"Slides have {LEAST_UM:g} to {MOST_UM:g} um a pixel; give it in micrometres.",
        )
    return PixelSize(value=um, unit="um", source="person")


def _what_is_usual(said: StatedScale) -> str:
    likely = choices(said)
    if said.pixel_size is not None:
        factor = likely[0] / said.pixel_size.um
        step = round(math.log10(factor)) if factor > 0 else 0
        if step and abs(factor / 10.0**step - 1) < 0.01:
            times = f"{10 ** abs(step)} times {'as much' if step > 0 else 'less'}"
            return f"{likely[0]:.4g} um would be plausible ({times}); slides have {LEAST_UM:g} to {MOST_UM:g} um."
    if said.objective and likely and abs(likely[0] - 10 / said.objective) < 0.01:
        return f"Its {said.objective:g}x objective points to about {likely[0]:g} um; slides have {LEAST_UM:g} to {MOST_UM:g} um."
    return f"Slides have {LEAST_UM:g} to {MOST_UM:g} um, mostly 0.25 (40x) or 0.5 (20x)."
