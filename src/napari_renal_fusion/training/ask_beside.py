"""Asking a bundle that is in use about the patients of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from .. import __version__
from ..bundles import Bundle, load
from ..cases import Case
from ..compute.atomic import write_text
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inference.ask_each import ask_each, left_out, plain_label
from ..inference.engine import Engine, shared_engine
from ..inference.prediction import Prediction
from ..notices import Notice
from .beside import Beside, BesideCase, Said, beside_path, own_bundles
from .results import CaseOutcome, Results
from .run import Run


def ask_beside(
    run: Run,
    bundle: str | Path | Bundle,
    progress: Progress | None = None,
    *,
    device: str = "auto",
    threads: int = 0,
    engine: Engine | None = None,
) -> Beside:
    """Ask a bundle about the cases of a finished run, and keep what it said in the run's folder.

    Raises
    ------
    RenalFusionError
        ``beside_not_finished``; ``beside_impossible`` for answers that are neither right nor wrong;
        ``beside_same`` for the run's own bundle; ``beside_nothing`` if no case can be counted; what loading the
        bundle and reading the run's table raise, and ``disk_full`` or ``folder_not_writable``.
    Cancelled
        If ``progress`` was cancelled; nothing is kept.
    """
    progress, engine = progress or Progress(), engine or shared_engine()
    results, bundle = run.results, load(bundle)
    names = run.names  # before the run could be removed, which would leave nothing that takes names out
    _check(run, results, bundle)
    outcomes = _once(results)
    askable, skipped = _askable(run, results, outcomes, bundle)
    counted = []
    for case, said in ask_each(
        askable, bundle, progress, device=device, threads=threads, engine=engine, frequencies="training"
    ):
        if isinstance(said, Notice):
            skipped.append(said)
        elif said.status == "refused" or not said.probabilities:  # images are missing or cannot be read
            why = " ".join(one.message for one in said.reasons) or said.verdict
            skipped.append(left_out(case, "refused", why))
        else:
            counted.append(_both(results, outcomes[case.case_id], said))
    if not counted:
        raise RenalFusionError(
            "beside_nothing",
            f"{bundle.config.title} could be asked about none of the {len(outcomes)} cases of this run: "
            + skipped[0].message.rstrip("."),
            remedy="Choose a model that was trained on other patients; one that was trained on these is compared run "
            "with run, on the same folds.",
        )
    beside = Beside(
        bundle_name=bundle.config.name, bundle_title=bundle.config.title, bundle_sha256=bundle.sha256,
        program_version=__version__, asked_on=dt.datetime.now(dt.UTC).date(), cases=tuple(counted),
        left_out=tuple(skipped),
    )  # fmt: skip
    # The run's folder names nobody; a sentence about a file that cannot be read would.
    nameless = [one.model_copy(update={"message": names.text(one.message)}) for one in skipped]
    kept = beside.model_copy(update={"left_out": tuple(nameless)})
    if run.results is not None:  # else it was removed while it was asked about
        write_text(beside_path(run, bundle.sha256), kept.model_dump_json(indent=1))
    progress.update(1.0, "Done")
    return beside


def _check(run: Run, results: Results | None, bundle: Bundle) -> None:
    if results is None:
        raise RenalFusionError(
            "beside_not_finished", f"{run.name} has no answers yet", path=run.folder,
            remedy="Compare it with another model when it is finished.",
        )  # fmt: skip
    kinds = {getattr(one, "kind", "cmus_net") for one in (run.config, bundle.config)}
    if "healnet" in kinds:
        raise RenalFusionError(
            "beside_impossible",
            "Models on omics and slides are compared run with run, on the same folds",
            remedy="Train both with the same folds.json and choose the other run.",
        )
    if bundle.sha256 in own_bundles(run):
        raise RenalFusionError(
            "beside_same", f"{bundle.config.title} is the model of this very run",
            remedy="Choose another one.",
        )  # fmt: skip


def _once(results: Results) -> dict[str, CaseOutcome]:
    """One answer for each case: of repeated folds the first repeat's."""
    outcomes: dict[str, CaseOutcome] = {}
    for one in (*results.cases, *results.test_cases):
        outcomes.setdefault(one.case_id, one)
    return outcomes


def _askable(
    run: Run, results: Results, outcomes: Mapping[str, CaseOutcome], bundle: Bundle
) -> tuple[list[Case], list[Notice]]:
    """The cases as the run's table has them, and why others cannot be asked about."""
    known = {plain_label(name) for name in bundle.config.class_names}
    cases = {case.case_id: case for case in run.cohort.cases}
    askable, skipped = [], []
    for case_id, outcome in outcomes.items():
        case, label = cases.get(case_id), results.class_names[outcome.label]
        if case is None:
            message = f"{case_id}: the run's table no longer holds it"
            skipped.append(Notice(code="case_missing", message=message))
        elif plain_label(label) not in known:
            skipped.append(left_out(case, "class_unknown", f"{bundle.config.title} does not know {label}"))
        else:
            askable.append(case)
    return askable, skipped


def _both(results: Results, outcome: CaseOutcome, prediction: Prediction) -> BesideCase:
    """What became of a case with the run's model and with the bundle."""
    label = results.class_names[outcome.label]
    new = outcome.best == outcome.label
    used = plain_label(prediction.class_names[prediction.top]) == plain_label(label)
    return BesideCase(
        case_id=outcome.case_id, label=label, new_best=new, used_best=used,
        new=_said(new, opinion=not outcome.no_opinion(results.abstain_below)),
        used=_said(used, opinion=prediction.status == "answered"),
    )  # fmt: skip


def _said(is_right: bool, *, opinion: bool) -> Said:
    if not opinion:
        return "no opinion"
    return "right" if is_right else "wrong"
