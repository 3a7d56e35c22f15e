"""What the attention dock needs of whoever shows it: a case, its answer, a slide on the canvas, a model's process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ..engine import Engine

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...cases import Case, SlideItem
    from ..answer import Answer


@dataclass(frozen=True)
class ShownSlide:
    """A slide on the canvas: where it comes from, and the napari layer whose pixels are its level 0."""

    item: SlideItem
    layer: Layer


class Host(QObject):
    """Base of the two hosts: the reading workspace, and the dock's own when it stands alone."""

    case_changed = Signal()
    """Another case, or another answer about it."""
    slide_changed = Signal()
    """Another image is on the canvas."""

    engine: Engine

    @property
    def case(self) -> Case | None:
        raise NotImplementedError

    @property
    def answer(self) -> Answer | None:
        raise NotImplementedError

    @property
    def shown(self) -> ShownSlide | None:
        """The slide on the canvas; None if something else is, or nothing."""
        raise NotImplementedError

    @property
    def can_run(self) -> bool:
        """Whether a model can be asked about the case now."""
        raise NotImplementedError

    def show_slide(self, item: SlideItem) -> None:
        """Bring a slide onto the canvas; :attr:`slide_changed` follows."""
        raise NotImplementedError

    def run(self) -> None:
        """Ask the model about the case."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything."""
