"""A new run folder: the cohort checked, its folds drawn, everything written down before anything is fitted."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from .. import __version__
from ..cases import Cohort
from ..cases.anonymous import case_names, patient_names
from ..cases.cohort_csv import write_cohort_csv
from ..compute.atomic import explain_os_error, write_bytes, write_text
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs.nameless import Nameless
from . import process
from .config import TrainingConfig
from .folds import Folds, make_folds
from .given_folds import check_folds
from .initial import encoder_source, resolved
from .private import key_path, new_key, private_cohort, private_folds
from .run import CHECK, COHORT, CONFIG, FOLDS, INFO, Run, RunInfo
from .vocabulary import with_vocabulary


def create_run(
    cohort: Cohort,
    config: TrainingConfig,
    folder: Path,
    command: str,
    folds: Folds | None,
    progress: Progress,
) -> Run:
    """See :meth:`Run.create`. ``run.json`` is written last: a folder without it is no run yet.

    Nothing in the folder names a patient or a file: the table that does lies with this program's keys.
    """
    from .check import CohortReport, check_cohort
    from .patients import class_names, label_indices

    folder = folder.absolute()
    if _holds_run(folder):
        raise _taken(folder, "another run")
    names = class_names(cohort)
    config = with_vocabulary(resolved(config, len(names)), cohort)
    source = encoder_source(config)
    progress.update(0.0, "Checking the cohort")
    report = check_cohort(cohort, config, progress=progress)
    if report.errors:
        many = len(report.errors) > 1
        raise RenalFusionError(
            "cohort_errors",
            f"The cohort has {len(report.errors)} problem{'s' * many}: "
            + " ".join(f"{one.message.rstrip('.')}." for one in report.errors),
            path=cohort.source,
            remedy="Correct the cohort, then train again.",
        )
    labels = label_indices(cohort)
    cases = [case for case in cohort.cases if case.label]
    called = case_names(cohort.cases)
    # Drawn by the ids that the cohort has, so that codes, which are random, change nothing.
    if folds is None:
        folds = make_folds(cases, labels, config, names)
    else:
        folds = _given(folds, called)
        check_folds(folds, cases, labels, config, class_names=names)
    patients = patient_names({case.case_id: case.patient_id for case in cases}, called)
    kept = replace(cohort, cases=tuple(cases), class_names=names)
    key = new_key()
    table = _snapshot(private_cohort(kept, called), folder)
    write_bytes(key_path(key), table)
    private_folds(folds, called, patients).save(folder / FOLDS)
    clean = Nameless.of_cohort(cohort).tree(report.model_dump(mode="json"))
    write_text(folder / CHECK, CohortReport.model_validate(clean).model_dump_json(indent=1))
    write_text(folder / CONFIG, config.model_dump_json(indent=1))
    info = RunInfo(
        program_version=__version__,
        command=command,
        made_on=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        class_names=names,
        cases=len(cases),
        patients=len({case.patient_id for case in cases}),
        cohort=_source_kind(cohort),
        encoder_weights=source.name,
        encoder_sha256=source.sha256,
        key=key,
        key_sha256=hashlib.sha256(table).hexdigest(),
    )
    write_text(folder / INFO, info.model_dump_json(indent=1))
    progress.update(1.0, "The run is ready")
    return Run(folder)


def create_or_open(
    cohort: Cohort,
    config: TrainingConfig,
    folder: Path | str | None,
    command: str,
    folds: Folds | None,
    progress: Progress,
) -> Run:
    """The run in ``folder`` if it is this one, else a new one; see :func:`train`."""
    from .patients import class_names
    from .run_list import new_folder

    folder = Path(folder or new_folder(config.name)).absolute()
    if not _holds_run(folder):
        return create_run(cohort, config, folder, command, folds, progress)
    run = Run.open(folder)
    names = class_names(cohort)
    if with_vocabulary(resolved(config, len(names)), cohort) != run.config:
        raise _taken(folder, "a run with another configuration")
    called = case_names(cohort.cases)
    kept = replace(cohort, cases=tuple(one for one in cohort.cases if one.label), class_names=names)
    if names != run.info.class_names or not _same_table(run, kept, called):
        raise _taken(folder, "a run with another cohort")
    if folds is not None and _names_only(_given(folds, called), called) != _names_only(run.folds, called):
        raise _taken(folder, "a run with other folds")
    run.refuse_if_running()
    process.forget_stop(folder)
    return run


def _same_table(run: Run, cohort: Cohort, called: dict[str, str]) -> bool:
    """Whether the run was made of this cohort; its table need not be on this computer for that."""
    if not run.info.key:
        return _snapshot(cohort, run.folder) == run.table.read_bytes()
    table = _snapshot(private_cohort(cohort, called), run.folder)
    return hashlib.sha256(table).hexdigest() == run.info.key_sha256


def _given(folds: Folds, called: dict[str, str]) -> Folds:
    """Folds of an earlier run under the ids of the cohort; a run calls cases as files may."""
    ids = {new: old for old, new in called.items()}
    if set(folds.groups) <= set(called):
        return folds
    return private_folds(folds, ids, {})


def _names_only(folds: Folds, called: dict[str, str]) -> Folds:
    """Folds that can be compared: cases as files call them, groups by their first case."""
    first: dict[str, str] = {}
    for case, group in sorted(folds.groups.items(), key=lambda item: called.get(item[0], item[0])):
        first.setdefault(group, called.get(case, case))
    return private_folds(folds, called, first)


def _source_kind(cohort: Cohort) -> str:
    if cohort.source is None:
        return ""
    return "a folder of cases" if cohort.source.is_dir() else "a table"


def _snapshot(cohort: Cohort, folder: Path) -> bytes:
    """The table of ``cohort`` with full paths, because it lies in a folder of its own while it is written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
            path = Path(temporary) / COHORT
            write_cohort_csv(cohort, path)
            return path.read_bytes()
    except OSError as error:
        raise explain_os_error(error, folder) from error


def _holds_run(folder: Path) -> bool:
    try:
        return (folder / INFO).exists()
    except OSError as error:  # a folder that nobody may look into, a name that is too long
        raise explain_os_error(error, folder) from error


def _taken(folder: Path, by: str) -> RenalFusionError:
    return RenalFusionError(
        "run_folder_taken",
        f"{folder} holds {by}",
        path=folder,
        remedy="Choose a new folder, or resume that run with `renal-fusion resume`.",
    )
