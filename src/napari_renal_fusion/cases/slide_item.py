"""One slide of a case, before it is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .pixel_size import PixelSize

if TYPE_CHECKING:
    from .slide import Slide


@dataclass(frozen=True)
class SlideItem:
    """One whole slide of a case; nothing is opened until it is asked for.

    Attributes
    ----------
    path
        The original file (of a DICOM slide its folder). It is never changed or moved.
    stain
        PASM, HE, PAS, Masson ...; None if unknown.
    stated_pixel_size
        Pixel size from a table; it takes precedence over a remembered answer and the file's own.
    """

    path: Path
    stain: str | None = None
    stated_pixel_size: PixelSize | None = None

    @property
    def name(self) -> str:
        """What the slide is called on screen: its stain if known; never the file's name, which may name a patient."""
        return self.stain or "Slide"

    @property
    def pixel_size(self) -> PixelSize | None:
        """The pixel size of level 0: a table's or a person's, then the file's if it can be true.

        None means that it must be asked for. Not remembered here, because a person may answer at any
        time; opening reads headers only.

        Raises
        ------
        RenalFusionError
            If the slide cannot be opened.
        """
        if self.stated_pixel_size is not None:
            return self.stated_pixel_size
        from .sidecar import read_answer

        answer = read_answer(self.path)
        if answer is not None:
            return answer
        with self.open() as slide:
            return slide.pixel_size

    def open(self) -> Slide:
        """Open the slide; see :func:`.slide.open_slide` for the errors."""
        from .slide import open_slide

        return open_slide(self.path, stated=self.stated_pixel_size)


def keyed_slides(slides: Iterable[SlideItem]) -> dict[str, SlideItem]:
    """Every slide of a case under its key ``WSI-1``, ``WSI-2`` ..., in the order of the case."""
    return {f"WSI-{number}": slide for number, slide in enumerate(slides, start=1)}
