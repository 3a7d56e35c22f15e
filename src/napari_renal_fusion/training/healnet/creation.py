"""A new HEALNet run folder: patients checked, folds drawn or given, everything written before anything is fitted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from ... import __version__
from ...compute.atomic import write_text
from ...compute.progress import Progress
from .. import process
from ..check import CohortReport, Finding
from ..creation import _holds_run, _taken
from ..folds import Folds
from ..private import new_key, private_folds
from ..run import CHECK, CONFIG, FOLDS, INFO, Run, RunInfo
from ..run_list import new_folder
from .config import HEALNetTrainingConfig
from .patients import PatientTable
from .splits import check_given_folds, draw_folds
from .stored import load_table, patient_names, private_table, save_table, table_bytes, table_hash


def create_healnet_run(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    folder: Path | str,
    *,
    command: str = "",
    folds: Folds | None = None,
) -> Run:
    """Write a run's folder; ``run.json`` comes last: a folder without it is no run yet.

    Parameters
    ----------
    folds
        Given ones (:func:`.splits.read_splits`, or another run's); drawn from ``config.seed`` without.

    Raises
    ------
    RenalFusionError
        ``run_folder_taken``, ``cohort_too_few``, ``folds_other_cases``, or why the folder cannot be written.
    """
    folder = Path(folder).absolute()
    if _holds_run(folder):
        raise _taken(folder, "another run")
    if folds is None:
        folds = draw_folds(table, config)
    else:
        check_given_folds(folds, table)
    key, called = new_key("json"), patient_names(table)
    save_table(table, folder, key)
    private_folds(folds, called, called).save(folder / FOLDS)
    sha256, table = table_hash(table), private_table(table)
    write_text(folder / CHECK, _report(table).model_dump_json(indent=1))
    write_text(folder / CONFIG, config.model_dump_json(indent=1))
    info = RunInfo(
        program_version=__version__,
        command=command,
        made_on=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        class_names=table.class_names,
        cases=len(table.patients),
        patients=len(set(folds.groups.values())),
        cohort=table.source,
        encoder_weights="",
        encoder_sha256="",
        key=key,
        key_sha256=sha256,
    )
    write_text(folder / INFO, info.model_dump_json(indent=1))
    return Run(folder)


def create_or_open_healnet(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    folder: Path | str | None = None,
    *,
    command: str = "",
    folds: Folds | None = None,
) -> Run:
    """The run in ``folder`` if it is this one, else a new one (by default among this computer's runs).

    Raises
    ------
    RenalFusionError
        ``run_folder_taken`` for another run in ``folder``, ``run_running``.
    """
    folder = Path(folder or new_folder(config.name)).absolute()
    if not _holds_run(folder):
        return create_healnet_run(table, config, folder, command=command, folds=folds)
    run = Run.open(folder)
    if run.config != config:
        raise _taken(folder, "a run with another configuration")
    if not _same_table(run, table):
        raise _taken(folder, "a run with other patients")
    called = patient_names(table)
    if folds is not None and private_folds(folds, called, called) != run.folds:
        raise _taken(folder, "a run with other folds")
    run.refuse_if_running()
    process.forget_stop(folder)
    return run


def _same_table(run: Run, table: PatientTable) -> bool:
    """Whether the run was made of these patients; its key need not be on this computer for that."""
    if run.info.key:
        return table_hash(table) == run.info.key_sha256
    return table_bytes(table) == table_bytes(load_table(run.folder))


def train_healnet(
    table: PatientTable,
    config: HEALNetTrainingConfig,
    out: Path | str | None = None,
    *,
    command: str = "",
    folds: Folds | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train in this process what :meth:`Run.launch` trains in another; returns the finished run.

    Raises
    ------
    RenalFusionError
        As :func:`create_or_open_healnet`, and why the run failed.
    Cancelled
        If ``progress`` was cancelled; calling again resumes.
    """
    from ..execute import execute

    run = create_or_open_healnet(table, config, out, command=command, folds=folds)
    if run.results is None:
        execute(run, progress=progress or Progress(), threads=config.threads)
    return run


def _report(table: PatientTable) -> CohortReport:
    """What was found about the patients, as every run keeps it."""
    strata, names = table.strata, table.strata_names
    findings = [
        Finding(code="patients_noted", group="Patients", severity="warning", message=note)
        for note in table.notes
    ]
    findings += [
        Finding(
            code="modality_present",
            group="Images",
            severity="info",
            message=f"{int(table.has(name).sum())} of {len(table.patients)} patients have {name}.",
        )
        for name in (*table.blocks, *table.slides)
    ]
    return CohortReport(
        cases=len(table.patients),
        patients=len(table.patients),
        images=sum(len(one) for files in table.slides.values() for one in files),
        class_counts={name: int((strata == i).sum()) for i, name in enumerate(names)},
        findings=tuple(findings),
    )
