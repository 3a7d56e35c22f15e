"""``renal-fusion predict`` and ``report``: from folders on disk to answers on disk."""

from __future__ import annotations

import re
import time
from pathlib import Path

from ..cases import Case, Cohort
from ..cases.anonymous import nameless, with_codes
from ..cases.folders import open_cases
from ..compute.progress import Cancelled, Progress
from ..errors import RenalFusionError
from ..inference.answer_range import Alternatives
from ..inference.prediction import Prediction
from .console import Talk, as_renal_error, complain

# Windows opens a device, not a folder, under these names.
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


def answer_case(
    case: Case,
    bundle,
    out: Path,
    *,
    device: str,
    threads: int = 0,
    method: str = "gradcam",
    tumour: bool | None = None,
    progress: Progress,
) -> tuple[Prediction, list[Path]]:
    """Predict, explain and write everything about one case; returns the prediction and the files."""
    from ..explain import explain
    from ..glomeruli import with_glomeruli
    from ..inference import predict
    from ..reports import write_all

    # Outlines are found by the code, which gives way to an anonymous id.
    (case,) = nameless([with_glomeruli(case)])
    with progress.part(0.0, 0.6):
        prediction = predict(case, bundle, device=device, threads=threads, progress=progress, tumour=tumour)
    explanation = None
    if prediction.probabilities and prediction.selection.images:
        with progress.part(0.6, 0.7):
            explanation = explain(prediction, method=method)
    with progress.part(0.7, 1.0):
        files = write_all(case, prediction, explanation, out, progress=progress)
    return prediction, files


def run_predict(
    talk: Talk, path: Path, bundle_name: str, out: Path, *, device: str, threads: int, method: str,
    tumour: bool | None = None,
) -> bool:  # fmt: skip
    """Answer every case under ``path``; returns False if a case failed.

    One case is written to ``out`` itself, several to a folder each; ``predictions.csv`` has them all.
    """
    from ..bundles import load
    from ..compute.devices import choose_device
    from ..reports import PredictionRow, write_predictions_csv

    _check_method(method)
    cohort = with_codes(open_cases(path), path)
    if not cohort.cases:
        first = f" ({cohort.problems[0].message})" if cohort.problems else ""
        raise RenalFusionError(
            "cohort_empty", f"{path} holds no case that can be opened{first}", path=path,
            remedy="Correct the table or choose another folder.",
        )  # fmt: skip
    for problem in (one for one in cohort.problems if one.severity != "info"):
        complain(f"{problem.severity}: {problem.message}")
    bundle = load(bundle_name)
    choose_device(device)
    rows: list[PredictionRow] = []
    called = nameless(cohort.cases)
    folders = _folders(called, out)
    started = time.monotonic()
    try:
        with talk.progress() as progress:
            for place, case in enumerate(called):
                with progress.part(place / len(cohort.cases), (place + 1) / len(cohort.cases)):
                    try:
                        prediction, _ = answer_case(
                            cohort.cases[place], bundle, folders[place], device=device, threads=threads, method=method,
                            tumour=tumour, progress=progress,
                        )  # fmt: skip
                    except Exception as error:
                        if len(cohort.cases) == 1 or isinstance(error, Cancelled):
                            raise
                        error = as_renal_error(error)
                        complain(f"{case.case_id}: {error}")
                        rows.append(PredictionRow(case.case_id, error=error, case=case))
                    else:
                        talk.say(summary(case, prediction))
                        rows.append(PredictionRow(case.case_id, prediction, case=case))
    finally:  # what is done stays done, whatever stopped the rest
        if rows:
            write_predictions_csv(rows, out / "predictions.csv")
    failed = sum(row.error is not None for row in rows)
    if len(rows) > 1:
        talk.say(
            f"{len(rows) - failed} of {len(rows)} cases in {time.monotonic() - started:.0f} s; "
            f"see {out / 'predictions.csv'}"
        )
    talk.result(
        {
            "out": out,
            "cases": [
                row.prediction.model_dump(mode="json")
                if row.error is None
                else {"case_id": row.case_id, "error": row.error.code, "message": str(row.error)}
                for row in rows
            ],
            "problems": [one.model_dump(mode="json") for one in cohort.problems],
        }
    )
    return failed == 0


def run_report(talk: Talk, path: Path, bundle: str, out: Path, *, device: str, threads: int) -> None:
    """Write ``report.html`` of one case."""
    from ..explain import explain
    from ..glomeruli import with_glomeruli
    from ..inference import predict
    from ..reports import write_report

    (case,) = with_codes(Cohort((Case.from_folder(path),)), path).cases
    (case,) = nameless([with_glomeruli(case)])
    with talk.progress() as progress:
        prediction = predict(case, bundle, device=device, threads=threads, progress=progress)
        images = prediction.probabilities and prediction.selection.images
        explanation = explain(prediction) if images else None
    write_report(case, prediction, explanation, out)
    talk.say(f"Written: {out}")
    talk.result({"out": out, "status": prediction.status})


def summary(case: Case, prediction: Prediction) -> str:
    """A few lines about one answer, for a terminal."""
    lines = [f"{case.case_id}: {prediction.verdict}"]
    if prediction.stood_in:
        lines.append(f"  {prediction.stood_in}")
    if prediction.probabilities:
        lines += _probabilities(prediction)
    if prediction.set_text:
        lines.append(f"  {prediction.set_text}")
    if prediction.alternatives:
        lines += _choices(prediction.alternatives)
    if prediction.survival:
        given = prediction.survival
        lines.append(f"  risk {prediction.risk:.3f}, {given.group} risk group")
        lines += [
            f"  {value:6.1%} without the event until {time:g} {given.unit} after {given.time_zero}"
            for time, value in given.at_quarters
        ]
    lines += [f"  {one.name}: {one.detail}" for one in prediction.modalities]
    lines += [f"  {prediction.scope}", f"  {prediction.checked_text}."]
    lines += [
        f"  {notice.severity}: {notice.message}"
        for notice in prediction.warnings
        if notice.code != "stood_in"
    ]
    if prediction.provenance:
        lines.append(f"  {prediction.provenance.device_reason}; {prediction.provenance.seconds:.1f} s")
    return "\n".join(lines)


def _probabilities(prediction: Prediction) -> list[str]:
    """A line a class, the most probable first, with its range over the admissible choices of images."""
    lines = []
    for index in sorted(range(len(prediction.class_names)), key=lambda i: -prediction.probabilities[i]):
        name, found = prediction.class_names[index], prediction.alternatives
        span = found.range_text(index) if found else ""
        lines.append(
            f"  {name[:1].upper() + name[1:]:<34} {prediction.probabilities[index]:6.1%}  {span}".rstrip()
        )
    return lines


def _choices(found: Alternatives) -> list[str]:
    """What each admissible choice of images leads to, and how the choices were found."""
    lines = []
    if len(found.combinations) > 1:
        for label, probabilities, known in found.rows():
            listed = ", ".join(f"{value:.1%}" for value in probabilities)
            lines.append(f"  with {label}: {listed}{f' (set: {known})' if known else ''}")
    return lines + [f"  {sentence}" for sentence in found.sentences]


def _check_method(method: str) -> None:
    from typing import get_args

    from ..explain.explanation import CamMethod

    if method not in get_args(CamMethod):
        raise RenalFusionError(
            "method_unknown",
            f"There is no heat map method called {method!r}",
            remedy=f"Choose one of {', '.join(get_args(CamMethod))}.",
        )


def _folders(cases: tuple[Case, ...], out: Path) -> list[Path]:
    if len(cases) == 1:
        return [out]
    folders, taken = [], set()
    for case in cases:
        # Case ids come from tables and may hold anything; two ids must never share a folder.
        safe = re.sub(r"[^\w.-]+", "_", case.case_id).strip("._")[:80] or "case"
        if safe.split(".")[0].upper() in _RESERVED:
            safe = f"{safe}_"
        name, number = safe, 2
        while name.casefold() in taken:
            name, number = f"{safe}_{number}", number + 1
        taken.add(name.casefold())
        folders.append(out / name)
    return folders
