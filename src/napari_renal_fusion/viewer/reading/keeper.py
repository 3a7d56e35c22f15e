"""Keeps every answer of the model in the work folder, of the open case and of those asked in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ..case_json import case_from_json
from . import known as on_disk

if TYPE_CHECKING:
    from ...readings import StoredAnswer
    from ..workspace import Workspace


class Keeper(QObject):
    """Stores answers as they come, sealed, in the workspace's writing thread."""

    kept = Signal(int, str)
    """Place and code of a case whose newest answer is on the disk now."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        workspace.runs.answered.connect(self._answered)
        workspace.runs.explained.connect(self._explained)

    def close(self) -> None:
        self._workspace = None

    def _answered(self, place: int) -> None:
        workspace = self._workspace
        answer = workspace.runs.held(place) if workspace is not None else None
        if answer is None:
            return
        listed = workspace.case_list.cases[place]

        def keep() -> StoredAnswer:
            # As it was asked: what is known of the images may have changed while the model ran.
            asked = case_from_json(answer.question["case"]) if answer.question else listed
            prediction = answer.prediction.model_dump(mode="json")
            return on_disk.keep_answer(asked, answer.question, prediction, workspace.work)

        def kept(stored: StoredAnswer) -> None:
            answer.stored, answer.number = stored, stored.what_if
            self.kept.emit(place, stored.code)

        self._write(keep, kept)

    def _explained(self, place: int) -> None:
        workspace = self._workspace
        answer = workspace.runs.held(place) if workspace is not None else None
        newest = (
            list(answer.explanations.values())[-1] if answer is not None and answer.explanations else None
        )
        if newest is None:
            return

        def keep() -> StoredAnswer | None:
            if answer.stored is None:
                return None
            return on_disk.keep_explanation(answer.stored, newest.model_dump(mode="json"), workspace.work)

        def kept(stored: StoredAnswer | None) -> None:
            if stored is not None:
                answer.stored = stored

        # A second turn of the thread: the answer itself may still wait for its first.
        self._write(lambda: None, lambda _: self._write(keep, kept))

    def _write(self, act: Any, done: Any) -> None:
        workspace = self._workspace
        if workspace is not None:
            workspace.writing.run(
                act, lambda result: done(result) if self._workspace is not None else None,
                lambda error: workspace.reader.show_message(str(error)),
            )  # fmt: skip
