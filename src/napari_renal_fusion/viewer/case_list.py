"""The cases on the worklist: opening them, their states, and the model asked about many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ..cases import Case
from ..cases.coding import coded
from ..cases.sorting import Opening, open_or_sort
from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from .model_runs import ModelRuns
from .threads import Threads
from .worklist import Worklist

if TYPE_CHECKING:
    from .preferences import Preferences

_ASKED = {"sealed", "read", "refused", "disagree"}


class CaseList(QObject):
    """Holds the cases, by their place on the worklist; -1 is no place."""

    case_chosen = Signal(int)
    """Place of the case that is to be shown."""
    emptied = Signal()
    sort_wanted = Signal(object)
    """An :class:`Opening` with files that a person should sort (again)."""
    failed = Signal()

    def __init__(
        self, worklist: Worklist, runs: ModelRuns, threads: Threads, writing: Threads, preferences: Preferences,
        work: WorkFolder, parent: QObject,
    ):  # fmt: skip
        super().__init__(parent)
        self._worklist, self._runs, self._threads, self._writing = worklist, runs, threads, writing
        self._preferences, self._work = preferences, work
        self.cases: tuple[Case, ...] = ()
        self.place = -1
        self.source: Path | None = None
        worklist.case_chosen.connect(self._chosen)
        worklist.run_all_wanted.connect(lambda: self.ask_about(range(len(self.cases))))
        worklist.run_all_cancelled.connect(runs.cancel_queue)
        runs.queue_moved.connect(worklist.show_run_all)
        runs.started.connect(lambda place: worklist.set_busy(place, "asking the model"))
        runs.answered.connect(lambda place: worklist.set_busy(place))
        runs.failed.connect(self._run_failed)
        runs.ended.connect(self._nobody_busy)

    @property
    def case(self) -> Case | None:
        """The case that is open."""
        return self.cases[self.place] if 0 <= self.place < len(self.cases) else None

    def open(self, paths: Path | Sequence[Path], case_id: str | None = None) -> None:
        """Open a case folder, a folder of cases, a table or sorted files, and there ``case_id`` or the first case.

        Files are looked at in another thread. What must be sorted first is told by :attr:`sort_wanted`.
        """
        paths = paths if isinstance(paths, Path) else tuple(paths)
        if case_id is not None and paths == self.source and self._choose(case_id):
            self._worklist.show_count()
            return
        name = paths.name if isinstance(paths, Path) else f"{len(paths)} files"
        self._worklist.show_message("")
        self._worklist.count.setText(f"Opening {name}…")
        self._threads.run(
            lambda: self._read(paths),
            lambda opening: self._show(opening, paths, case_id),
            self._opening_failed,
            urgent=True,
        )

    def take_over(self, cases: Sequence[Case], source: Path | None = None) -> None:
        """Put sorted cases on the worklist, in place of those with the same code or below; open the first and ask."""
        if not cases:
            return
        listed = list(self.cases)
        places = []
        for case in cases:
            place = next((i for i, one in enumerate(listed) if one.code == case.code), len(listed))
            listed[place : place + 1] = [case]
            self._runs.drop(place)
            places.append(place)
        self.cases, self.place = tuple(listed), -1
        self.source = self.source or source
        self._worklist.show_cases(self.cases)
        self.refresh_states()
        self._worklist.choose(places[0])
        self.ask_about(places)

    def replace(self, place: int, case: Case) -> None:
        """What is known of a case changed."""
        self.cases = (*self.cases[:place], case, *self.cases[place + 1 :])
        self._worklist.replace_case(place, case)

    def ask_about(self, places: Iterable[int]) -> None:
        """Ask the chosen model about cases that it was not asked about yet, in the background."""
        settings = self._preferences.settings
        fresh = [
            (place, self.cases[place])
            for place in places
            if self._runs.held(place) is None and self._worklist.state(place) not in _ASKED
        ]
        if fresh:
            self._runs.queue(fresh, settings.model_copy())

    def refresh_states(self, place: int | None = None) -> None:
        """Read the states of one case, or of all, from what is stored of them."""
        from ..readings import case_state

        work, wanted = self._work, range(len(self.cases)) if place is None else [place]
        cases = [(one, self.cases[one]) for one in wanted]

        def read() -> dict[int, str]:
            return {one: case_state(case.code, work, case) for one, case in cases}

        def show(states: dict[int, str]) -> None:
            still = {
                one: states[one]
                for one, case in cases
                if one < len(self.cases) and self.cases[one].code == case.code
            }
            self._worklist.show_states(still)

        # After everything that is being written, so that it is seen.
        self._writing.run(read, show, lambda error: self._worklist.show_message(str(error)))

    def place_of(self, code: str) -> int:
        """Place of the case with this code, -1 if it is not listed."""
        return next((place for place, one in enumerate(self.cases) if one.code == code), -1)

    def _read(self, paths: Path | tuple[Path, ...]) -> Opening:
        opening = open_or_sort(paths)
        if opening.cohort is None or not isinstance(paths, Path):
            return opening
        source = opening.cohort.source or paths
        return replace(
            opening,
            cohort=replace(opening.cohort, cases=coded(opening.cohort.cases, source, self._work)),
        )

    def _show(self, opening: Opening, paths: Path | tuple[Path, ...], case_id: str | None) -> None:
        if opening.cohort is None:
            self._worklist.show_count()
        else:
            self._threads.drop()
            self.source = paths if isinstance(paths, Path) else None
            self._runs.forget()
            self.cases, self.place = opening.cohort.cases, -1
            self._worklist.show_cases(self.cases, opening.cohort.problems)
            self.refresh_states()
            if not self.cases:
                self.emptied.emit()
            elif not (case_id is not None and self._choose(case_id)):
                self._worklist.choose(0)
        if opening.to_sort is not None:
            self.sort_wanted.emit(opening)

    def _choose(self, case_id: str) -> bool:
        """Choose a case by its id; False if it is not there."""
        place = next((i for i, one in enumerate(self.cases) if one.case_id == case_id), None)
        if place is not None:
            self._worklist.choose(place)
        return place is not None

    def _chosen(self, place: int) -> None:
        self.place = place
        self.case_chosen.emit(place)

    def _opening_failed(self, error: RenalFusionError) -> None:
        self._worklist.show_count()
        self._worklist.show_message(str(error))
        self.failed.emit()

    def _run_failed(self, place: int, error: RenalFusionError) -> None:
        self._worklist.set_busy(place)
        if place >= 0:
            self._worklist.show_states({place: "could not be run"})

    def _nobody_busy(self) -> None:
        for place in range(len(self.cases)):
            self._worklist.set_busy(place)
