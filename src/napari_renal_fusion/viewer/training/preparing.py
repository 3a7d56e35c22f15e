"""What the training dock asks of its child: check a cohort, create and start a run, resume one, ask another model about a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject

from ...compute.settings import Settings
from ...errors import RenalFusionError
from ...training.config import TrainingConfig
from ..engine import Engine


class Preparing(QObject):
    """One question at a time; ``ended`` runs after each answer or refusal, before what the asker wants.

    The child only prepares: a training is a process of its own that outlives it.
    """

    def __init__(self, command: list[str] | None, ended: Callable[[], None], parent: QObject):
        super().__init__(parent)
        self.engine = Engine(
            command or [sys.executable, "-m", "napari_renal_fusion.viewer.training.prepare_child"], self
        )
        self._ended = ended
        self._asked: int | None = None

    @property
    def busy(self) -> bool:
        return self._asked is not None

    def check(self, cohort: Path, config: TrainingConfig, done, failed, progress) -> None:
        """Check a cohort; ``done`` gets the report as JSON values."""
        self._ask("check", {"cohort": str(cohort), "config": _plain(config)}, done, failed, progress)

    def start(self, cohort: Path, config: TrainingConfig, folder: Path, done, failed, progress) -> None:
        """Create a run in ``folder`` and start it."""
        params = {"cohort": str(cohort), "config": _plain(config), "folder": str(folder)}
        self._ask("start", params, done, failed, progress)

    def resume(self, folder: Path, done, failed) -> None:
        """Start a stopped run's process again."""
        self._ask("resume", {"folder": str(folder)}, done, failed)

    def beside(self, folder: Path, bundle: Path, settings: Settings, done, failed, progress) -> None:
        """Ask an installed bundle about the cases of a run, on the device that the person chose."""
        params = {
            "folder": str(folder), "bundle": str(bundle),
            "device": settings.device, "threads": settings.threads,
        }  # fmt: skip
        self._ask("beside", params, done, failed, progress)

    def cancel(self) -> None:
        if self._asked is not None:
            self.engine.cancel(self._asked)

    def _ask(
        self,
        method: str,
        params: dict[str, Any],
        done: Callable[[dict[str, Any]], None],
        failed: Callable[[RenalFusionError], None],
        progress: Callable | None = None,
    ) -> None:
        def answered(result: dict[str, Any]) -> None:
            self._end()
            done(result)

        def refused(error: RenalFusionError) -> None:
            self._end()
            if error.code != "cancelled":
                failed(error)

        self._asked = self.engine.ask(method, params, answered, refused, progress)

    def _end(self) -> None:
        self._asked = None
        self._ended()


def _plain(config: TrainingConfig) -> dict[str, Any]:
    return config.model_dump(mode="json")
