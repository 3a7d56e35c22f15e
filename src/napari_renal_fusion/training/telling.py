"""What a run tells while it works: events, progress, and ``metrics.csv``; one process of several speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compute.atomic import write_text
from ..compute.progress import Progress, Step
from . import process
from .events import EventLog
from .run import Run

if TYPE_CHECKING:
    from .outcome import Outcome


class RunProgress(Progress):
    """Writes progress events, passes them on, and is cancelled by the file ``stop`` or by the caller."""

    def __init__(self, folder: Path, log: EventLog, outer: Progress | None):
        super().__init__(self._heard)
        self._stop, self._log, self._outer = folder / process.STOP, log, outer

    def update(self, fraction: float, message: str) -> None:
        if self._stop.exists():
            self.cancel()
        super().update(fraction, message)

    def _heard(self, step: Step) -> None:
        if is_first():
            self._log.progress(step)
        if self._outer is not None:
            self._outer.update(step.fraction, step.message)


class WithTable:
    """Tells events, and keeps ``metrics.csv`` up to date with the epochs among them."""

    def __init__(self, run: Run, tell: Callable[..., None], outcomes: Sequence[Outcome]):
        self._run, self._tell = run, tell
        self._before = [(one.unit, one.history) for one in outcomes]
        self.seen: list[dict[str, Any]] = []

    def __call__(self, event: str, **values: Any) -> None:
        self._tell(event, **values)
        if event == "epoch":
            self.seen = [one for one in self.seen if one["epoch"] < values["epoch"]] + [values]
            write_table(self._run, [*self._before, (values["unit"], self.seen)])


def write_table(run: Run, histories: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> None:
    """Write ``metrics.csv`` from (unit, its epochs)."""
    columns = ("epoch", "train_loss", "val_loss", "val_auc", "val_accuracy", "seconds")
    lines = [",".join(("unit", *columns))]
    for unit, history in histories:
        for one in history:
            lines.append(",".join((unit, *("" if one[c] is None else f"{one[c]:.9g}" for c in columns))))
    write_text(run.folder / "metrics.csv", "\n".join(lines) + "\n")


def is_first() -> bool:
    """Whether this is the process that writes; Lightning starts one for each further card or machine."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    return getattr(rank_zero_only, "rank", 0) == 0


def silent(event: str, **values: Any) -> None:
    """Tell nobody."""
    return None
