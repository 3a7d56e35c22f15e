"""Questions about the attention of one answer, asked of the model's process; every answer is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ...compute.progress import Step
from ...errors import RenalFusionError
from ..engine import Engine
from .parts import AttentionParts, Choice

if TYPE_CHECKING:
    from ...cases import Box, SlideItem
    from ...explain.attention import SlideAttention, TokenAttention


class AttentionQuestions(QObject):
    """Asks about the answer given last with :meth:`set_answer`; what belongs to an earlier one is dropped."""

    parts_ready = Signal(object)
    """:class:`AttentionParts`"""
    attention_ready = Signal(object, object)
    """:class:`Choice`, and its attention"""
    nuclei_ready = Signal(object, object)
    """The box that was counted, and its :class:`NucleusCount`"""
    nuclei_progressed = Signal(object)
    nuclei_ended = Signal()
    failed = Signal(object)

    def __init__(self, engine: Engine, parent: QObject | None = None):
        super().__init__(parent)
        self._engine = engine
        self._prediction_id: str | None = None
        self._generation = 0
        self._waiting = 0
        self._kept: dict[Choice, SlideAttention | TokenAttention] = {}
        self._wanted: Choice | None = None
        self._round: int | None = None
        self._rounds = 0
        self._boxes: list[tuple[SlideItem, Box]] = []
        self._count = 0

    @property
    def busy(self) -> bool:
        return self._waiting > 0 or self.counting

    @property
    def counting(self) -> bool:
        """Whether nuclei are being counted."""
        return self._round is not None

    def set_answer(self, prediction_id: str | None) -> None:
        """Another answer (or none): forget everything, and ask what can be looked at."""
        if prediction_id == self._prediction_id:
            return
        self.stop_counting()
        # What is under way goes on in its process, which would be ended if it did not stop; nobody listens any more.
        self._generation += 1
        self._waiting, self._kept, self._wanted = 0, {}, None
        self._prediction_id = prediction_id
        if prediction_id is not None:
            self._ask("attention_parts", {}, self._take_parts)

    def ask(self, choice: Choice) -> None:
        """Ask for one attention; of several asked for quickly only the last one is handed out."""
        self._wanted = choice
        if choice in self._kept:
            self.attention_ready.emit(choice, self._kept[choice])
        elif self._prediction_id is not None:
            self._ask("attention", choice.__dict__, lambda result: self._take(choice, result))

    def count_nuclei(self, item: SlideItem, boxes: Sequence[Box]) -> None:
        """Count the nuclei of patches, one after the other, so that each stands as soon as it is counted."""
        if self.counting or not boxes:
            return
        self._rounds += 1
        self._round = self._rounds
        self._boxes, self._count = [(item, box) for box in boxes], len(boxes)
        self._count_next()

    def stop_counting(self) -> None:
        """Stop at once; what was counted stays, the patch under way is not waited for."""
        if self.counting:
            self._end_counting()

    def close(self) -> None:
        """Forget everything without a word; the engine is not ours."""
        self.blockSignals(True)
        self.set_answer(None)

    def _ask(self, method: str, params: dict[str, Any], done: Any) -> None:
        generation = self._generation

        def finished(result: dict[str, Any]) -> None:
            if generation == self._generation:
                self._waiting -= 1
                done(result)

        def refused(error: RenalFusionError) -> None:
            if generation == self._generation:
                self._waiting -= 1
                if error.code != "cancelled":
                    self.failed.emit(error)

        self._waiting += 1
        self._engine.ask(method, {"prediction_id": self._prediction_id, **params}, finished, refused)

    def _take_parts(self, result: dict[str, Any]) -> None:
        self.parts_ready.emit(AttentionParts.model_validate(result))

    def _take(self, choice: Choice, result: dict[str, Any]) -> None:
        from ...explain.attention import SlideAttention, TokenAttention

        kind = SlideAttention if "weights" in result else TokenAttention
        self._kept[choice] = kind.model_validate(result)
        if choice == self._wanted:
            self.attention_ready.emit(choice, self._kept[choice])

    def _count_next(self) -> None:
        item, box = self._boxes[0]
        done = self._count - len(self._boxes)
        self.nuclei_progressed.emit(
            Step(done / self._count, f"Counting nuclei in patch {done + 1} of {self._count}")
        )
        size = item.stated_pixel_size
        params = {
            "path": str(item.path), "stain": item.stain,
            "pixel_size": size.model_dump() if size else None,
            "box": [box.top, box.left, box.height, box.width],
        }  # fmt: skip
        here = self._round

        def counted(result: dict[str, Any]) -> None:
            if here == self._round:
                self._counted(result)

        def failed(error: RenalFusionError) -> None:
            if here == self._round:
                self._end_counting()
                self.failed.emit(error)

        self._engine.ask("nuclei", params, counted, failed)

    def _counted(self, result: dict[str, Any]) -> None:
        from ...explain.nuclei import NucleusCount

        _, box = self._boxes.pop(0)
        self.nuclei_ready.emit(box, NucleusCount.model_validate(result))
        if self._boxes:
            self._count_next()
        else:
            self._end_counting()

    def _end_counting(self) -> None:
        self._round, self._boxes = None, []
        self.nuclei_ended.emit()
