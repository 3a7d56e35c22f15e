"""Asking a bundle that is in use about the patients of a run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from .. import __version__
from ..bundles import Bundle, load
from ..compute.atomic import write_text
from ..compute.progress import Cancelled, Progress
from ..errors import RenalFusionError
from ..inference.engine import Engine, shared_engine
from ..inference.predict import predict
from ..inference.prediction import Prediction
from ..inference.verify import plain_label, says_nothing, unfit
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
    known = {plain_label(name): name for name in bundle.config.class_names}
    cases = {case.case_id: case for case in run.cohort.cases}
    outcomes = _once(results)
    counted, left_out = [], []
    for place, (case_id, outcome) in enumerate(outcomes.items()):
        message = f"Case {place + 1} of {len(outcomes)}"
        progress.update(place / len(outcomes), message)
        case, label = cases.get(case_id), results.class_names[outcome.label]
        if case is None:
            left_out.append(_left_out(case_id, "case_missing", "the run's table no longer holds it"))
            continue
        if plain_label(label) not in known:
            left_out.append(
                _left_out(case_id, "class_unknown", f"{bundle.config.title} does not know {label}")
            )
            continue
        if reason := unfit(case):
            left_out.append(_left_out(case_id, *reason))
            continue
        try:
            with progress.part(place / len(outcomes), (place + 1) / len(outcomes), message):
                prediction = predict(
                    case,
                    bundle,
                    device=device,
                    threads=threads,
                    progress=progress,
                    engine=engine,
                    frequencies="training",
                )
        except Cancelled:
            raise
        except RenalFusionError as error:
            left_out.append(_left_out(case_id, error.code, str(error)))
            continue
        if reason := says_nothing(prediction) or _refused(prediction):
            left_out.append(_left_out(case_id, *reason))
            continue
        said = plain_label(prediction.class_names[prediction.top])
        used_best, new_best = said == plain_label(label), outcome.best == outcome.label
        counted.append(
            BesideCase(
                case_id=case_id, label=label, new_best=new_best, used_best=used_best,
                new="no opinion" if outcome.no_opinion(results.abstain_below) else _verdict(new_best),
                used=_verdict(used_best) if prediction.status == "answered" else "no opinion",
            )
        )  # fmt: skip
    if not counted:
        raise RenalFusionError(
            "beside_nothing",
            f"{bundle.config.title} could be asked about none of the {len(outcomes)} cases of this run: "
            + left_out[0].message.rstrip("."),
            remedy="Choose a model that was trained on other patients; one that was trained on these is compared run "
            "with run, on the same folds.",
        )
    beside = Beside(
        bundle_name=bundle.config.name, bundle_title=bundle.config.title, bundle_sha256=bundle.sha256,
        program_version=__version__, asked_on=dt.datetime.now(dt.UTC).date(), cases=tuple(counted),
        left_out=tuple(left_out),
    )  # fmt: skip
    # The run's folder names nobody; a sentence about a file that cannot be read would.
    nameless = [one.model_copy(update={"message": names.text(one.message)}) for one in left_out]
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


def _verdict(is_right: bool) -> Said:
    return "right" if is_right else "wrong"


def _refused(prediction: Prediction) -> tuple[str, str] | None:
    """Code and reason where the model did not run: images are missing or cannot be read."""
    if prediction.status != "refused" and prediction.probabilities:
        return None
    return "refused", " ".join(one.message for one in prediction.reasons) or prediction.verdict


def _left_out(case_id: str, code: str, why: str) -> Notice:
    return Notice(code=code, message=f"{case_id}: {why}")
