"""One training run as a folder: made from a cohort and a configuration, started, watched, stopped, resumed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..bundles.install import bundles_in_run
from ..cases import Cohort
from ..cases.cohort_csv import read_cohort_csv
from ..compute.atomic import explain_os_error, write_text
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs.nameless import Nameless
from . import process
from .check import CohortReport
from .config import TrainingConfig
from .events import last_event, read_events
from .folds import Folds
from .private import key_missing, key_path, names_of_table
from .results import Results

CONFIG, INFO, COHORT, FOLDS, CHECK = "config.json", "run.json", "cohort.csv", "folds.json", "check.json"
RESULTS, BUNDLE, UNITS = "results.json", "bundle", "units"
State = Literal["ready", "running", "stopped", "interrupted", "failed", "finished"]


class RunInfo(BaseModel):
    """What a run was made from, in counts and names of files.

    The first start fixes ``threads``, ``device`` and ``precision``, on which the last digits depend; before
    it, and in runs of older versions, they are 0 and empty. ``key`` is the name of the table of patients and files
    among this program's keys, ``key_sha256`` the hash of its content; runs of older versions have it in their folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    program_version: str
    command: str
    made_on: str
    class_names: tuple[str, ...]
    cases: int
    patients: int
    cohort: str
    encoder_weights: str
    encoder_sha256: str
    key: str = ""
    key_sha256: str = ""
    threads: int = 0
    device: str = ""
    precision: Literal["", "float32", "bfloat16"] = ""


@dataclass(frozen=True)
class Run:
    """A run folder. Reading it imports no torch, and needs nothing of the process that works on it."""

    folder: Path

    @classmethod
    def create(
        cls,
        cohort: Cohort,
        config: TrainingConfig,
        folder: Path | str,
        *,
        command: str = "",
        folds: Folds | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Check the cohort, draw its folds (or take ``folds`` of another run) and write the folder.

        Raises
        ------
        RenalFusionError
            ``cohort_errors`` with every error of the check, ``cohort_no_labels``, ``cohort_too_few``,
            ``run_folder_taken``, or why the folder cannot be written.
        """
        from .creation import create_run

        return create_run(cohort, config, Path(folder), command, folds, progress or Progress())

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """A run that exists.

        Raises
        ------
        RenalFusionError
            ``run_missing`` or ``run_unreadable``.
        """
        run = cls(Path(folder).absolute())
        if not (run.folder / INFO).is_file():
            raise RenalFusionError(
                "run_missing", f"There is no run in {run.folder}", path=run.folder,
                remedy="Give the folder of a run; `renal-fusion runs` lists them.",
            )  # fmt: skip
        _ = run.config, run.info
        return run

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def config(self) -> TrainingConfig:
        """Of a run on slides and omics a :class:`.healnet.config.HEALNetTrainingConfig`."""
        return _read(_kind(self.folder / CONFIG, TrainingConfig), self.folder / CONFIG)

    @property
    def info(self) -> RunInfo:
        return _read(RunInfo, self.folder / INFO)

    @cached_property
    def folds(self) -> Folds:
        return Folds.load(self.folder / FOLDS)

    @cached_property
    def check(self) -> CohortReport:
        return _read(CohortReport, self.folder / CHECK)

    @property
    def cohort(self) -> Cohort:
        """The cohort as it was when the run was made, under the names that its files use.

        Raises
        ------
        RenalFusionError
            ``run_key_missing`` on a computer that does not have the run's table, and those of the table.
        """
        if not self.table.is_file():
            raise key_missing(self.table)
        return read_cohort_csv(self.table)

    @property
    def table(self) -> Path:
        """The table of patients and files, outside of the folder; runs of older versions have it inside."""
        key = self.info.key
        return key_path(key) if key else self.folder / COHORT

    @cached_property
    def names(self) -> Nameless:
        """What takes the names of patients and files out of sentences; nothing where the table is missing."""
        try:
            return names_of_table(self.table)
        except RenalFusionError:
            return Nameless()

    @property
    def results(self) -> Results | None:
        """The figures (of a survival run :class:`.healnet.results.SurvivalResults`); None until the run is finished."""
        path = self.folder / RESULTS
        return _read(_kind(path, Results), path) if path.is_file() else None

    @property
    def bundle(self) -> Path | None:
        """Folder of the bundle; None until there is one."""
        path = self.folder / BUNDLE
        return path if (path / "bundle.json").is_file() else None

    @property
    def bundles(self) -> tuple[Path, ...]:
        """The bundle, then those for missing images."""
        return bundles_in_run(self.folder)

    @property
    def state(self) -> State:
        """Running while the process lives; else how the last one ended. Interrupted: it ended without a word."""
        if process.worker(self.folder) is not None:
            return "running"
        if (self.folder / RESULTS).is_file():
            return "finished"
        last = last_event(self.folder)
        if last in ("stopped", "failed"):
            return last
        return "interrupted" if last or process.was_started(self.folder) else "ready"

    @property
    def pid(self) -> int | None:
        """Process id of the living process that works on this run."""
        return process.worker(self.folder)

    @property
    def failure(self) -> str:
        """The sentence with which the last process failed; empty unless the state is failed."""
        events, _ = read_events(self.folder)
        return events[-1]["message"] if events and events[-1]["event"] == "failed" else ""

    def events(self, start: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Whole events from byte ``start`` of ``events.jsonl`` on, and where the next call begins."""
        return read_events(self.folder, start)

    def epochs(self) -> list[dict[str, Any]]:
        """Every epoch once, in the order of units and epochs; of one that was done again, the latest."""
        latest: dict[tuple[str, int], dict[str, Any]] = {}
        for event in self.events()[0]:
            if event["event"] == "epoch":
                latest[event["unit"], event["epoch"]] = event
        units = list(dict.fromkeys(unit for unit, _ in latest))
        return [latest[key] for key in sorted(latest, key=lambda key: (units.index(key[0]), key[1]))]

    def request_stop(self) -> None:
        """Ask the process to stop at its next batch; the run can be resumed."""
        try:
            (self.folder / process.STOP).touch()
        except OSError as error:
            raise explain_os_error(error, self.folder / process.STOP) from error

    def launch(self, threads: int | None = None) -> int:
        """Start or resume the run in a process that outlives this one; returns its id.

        ``threads`` counts at the first start only: a resumed run must add its numbers in the same order.

        Raises
        ------
        RenalFusionError
            ``run_running``, or why the folder cannot be written.
        """
        self.refuse_if_running()
        process.forget_stop(self.folder)
        arguments = ["--threads", str(threads)] if threads else []
        return process.start_child(self.folder, arguments)

    def refuse_if_running(self) -> None:
        pid = process.worker(self.folder)
        # A launcher may stand between parent and child, so the parent is not another worker.
        if pid is not None and pid not in (os.getpid(), os.getppid()):
            raise RenalFusionError(
                "run_running",
                f"The run {self.name} is already running (process {pid})",
                path=self.folder,
                remedy="Wait for it or stop it first.",
            )

    def fix(self, **fields: Any) -> None:
        """Write down what the first start decides: ``threads``, ``device``, ``precision``."""
        write_text(self.folder / INFO, self.info.model_copy(update=fields).model_dump_json(indent=1))


def train(
    cohort: Cohort,
    config: TrainingConfig,
    out: Path | str | None = None,
    *,
    command: str = "",
    progress: Progress | None = None,
    folds: Folds | None = None,
) -> Run:
    """Train in this process what :meth:`Run.launch` trains in another; returns the finished run.

    ``out`` is the run's folder, by default a new one among this computer's runs. A run in it with the same
    cohort and configuration is resumed; a finished one is returned as it is.

    Raises
    ------
    RenalFusionError
        As :meth:`Run.create`, and ``run_folder_taken`` for another run in ``out``.
    Cancelled
        If ``progress`` was cancelled; calling again resumes.
    """
    from .creation import create_or_open
    from .execute import execute

    progress = progress or Progress()
    with progress.part(0.0, 0.05):
        run = create_or_open(cohort, config, out, command, folds, progress)
    if run.results is None:
        with progress.part(0.05, 1.0):
            execute(run, progress=progress)
    return run


def _read(model: type[BaseModel], path: Path) -> Any:
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError) as error:
        raise RenalFusionError(
            "run_unreadable",
            f"{path.name} of the run {path.parent.name} cannot be read",
            path=path,
            remedy="It was edited or made by another version; start a new run.",
        ) from error


def _kind(path: Path, usual: type[BaseModel]) -> type[BaseModel]:
    """The class whose JSON stands in ``path``: files of runs on slides and omics say so."""
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("kind", "")
    except (OSError, ValueError, AttributeError):
        return usual  # which says what is wrong with it
    if kind == "healnet":
        from .healnet.config import HEALNetTrainingConfig

        return HEALNetTrainingConfig
    if kind == "survival":
        from .healnet.results import SurvivalResults

        return SurvivalResults
    return usual
