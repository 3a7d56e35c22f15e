"""A prediction as ``prediction.json`` and a cohort's predictions as ``predictions.csv``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cases import Case
from ..compute.atomic import write_text
from ..errors import RenalFusionError
from ..inference.prediction import Prediction
from .privacy import Scrubber
from .words import opinion_shown, risk_shown

if TYPE_CHECKING:
    from ..explain.explanation import Explanation


def write_prediction(
    prediction: Prediction,
    path: Path | str,
    *,
    case: Case | None = None,
    explanation: Explanation | None = None,
) -> None:
    """Write ``prediction.json`` atomically; with an explanation its numbers stand under ``explanation``.

    The file can be read back with ``Prediction.model_validate_json``. Paths are left out, and image
    names are stains or keys; messages are freed of file names too if ``case`` is given.
    """
    scrub = _scrubber(prediction, case)
    content = scrub.tree(prediction.model_dump(mode="json"))
    content["case_id"] = scrub.code
    if explanation is not None:
        content["explanation"] = scrub.tree(explanation.model_dump(mode="json"))
        content["explanation"]["case_id"] = scrub.code
        content["explanation"]["class_name"] = prediction.class_names[explanation.class_index]
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@dataclass(frozen=True)
class PredictionRow:
    """One case of a cohort: its prediction, or the error that stopped it; ``case`` frees texts of names."""

    case_id: str
    prediction: Prediction | None = None
    error: RenalFusionError | None = None
    case: Case | None = None


def write_predictions_csv(rows: Iterable[PredictionRow], path: Path | str) -> None:
    """Write one row a case, failed ones included, as UTF-8 CSV, atomically.

    Columns: case_id, status (answered, abstained, refused, failed), verdict, top_class, one
    ``p_<class>`` per class that occurs (0 to 1), set (the classes that cannot be excluded, joined by ";"; empty
    also if no set can be given, see ``set_coverage``, which is then empty), set_coverage (0 to 1), fits_none
    (yes or no), distance and distance_limit to the known patients, frequencies (name of the correction),
    warnings (codes, joined by ";"), error_code, error_message, bundle, answered_by (its title), checked_here,
    device, seconds. Of survival models also: risk, risk_group, risk_percentile, outcome, population, time_zero,
    time_unit, and event_free_at_<time> (0 to 1) at each time of the curve.
    """
    rows = list(rows)
    classes = list(
        dict.fromkeys(
            name for row in rows if row.prediction is not None for name in row.prediction.class_names
        )
    )
    columns = [
        "case_id",
        "status",
        "verdict",
        "top_class",
        *(f"p_{name}" for name in classes),
        "set",
        "set_coverage",
        "fits_none",
        "distance",
        "distance_limit",
        "frequencies",
        "warnings",
        "error_code",
        "error_message",
        "bundle",
        "answered_by",
        "checked_here",
        "device",
        "seconds",
    ]
    written = [_row(row) for row in rows]
    # Columns of survival stand at the end, and only where a survival model answered.
    columns += [name for name in dict.fromkeys(one for row in written for one in row) if name not in columns]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in written:
        writer.writerow({column: _plain(value) for column, value in row.items()})
    write_text(path, buffer.getvalue())


def _row(row: PredictionRow) -> dict[str, str | float]:
    if row.prediction is None:
        return {"case_id": row.case_id, "status": "failed", **_error(row)}
    prediction = row.prediction
    scrub = _scrubber(prediction, row.case)
    written: dict[str, str | float] = {
        "case_id": row.case_id,
        "status": prediction.status,
        "verdict": scrub.text(prediction.verdict),
        "warnings": ";".join(dict.fromkeys(notice.code for notice in prediction.warnings)),
    }
    if risk_shown(prediction):
        written |= _risk(prediction)
    if opinion_shown(prediction):
        written["top_class"] = prediction.class_names[prediction.top]
        for name, value in zip(prediction.class_names, prediction.probabilities, strict=True):
            written[f"p_{name}"] = round(value, 6)
        written |= _reliability(prediction)
    if prediction.provenance is not None:
        written |= {
            "bundle": prediction.provenance.bundle_name,
            "answered_by": prediction.answered_by,
            "checked_here": prediction.checked_text if prediction.checked_here else "",
            "device": prediction.provenance.device,
            "seconds": round(prediction.provenance.seconds, 3),
        }
    return written | _error(row)


def _risk(prediction: Prediction) -> dict[str, str | float]:
    survival = prediction.survival
    return {
        "risk": round(prediction.risk, 6),
        "risk_group": survival.group,
        "risk_percentile": survival.percentile,
        "outcome": survival.outcome,
        "population": survival.population,
        "time_zero": survival.time_zero,
        "time_unit": survival.unit,
    } | {
        f"event_free_at_{time:g}": round(value, 6)
        for time, value in zip(survival.times, survival.curve, strict=True)
    }


def _reliability(prediction: Prediction) -> dict[str, str | float]:
    known: dict[str, str | float] = {"frequencies": prediction.frequencies}
    if prediction.conformal is not None:
        names = [prediction.class_names[index] for index in prediction.conformal]
        known |= {"set": ";".join(names), "set_coverage": prediction.coverage}
    if prediction.distance is not None:
        known |= {
            "fits_none": "yes" if prediction.fits_none else "no",
            "distance": round(prediction.distance, 4),
            "distance_limit": round(prediction.distance_limit, 4),
        }
    return known


def _error(row: PredictionRow) -> dict[str, str]:
    if row.error is None:
        return {}
    paths = () if row.error.path is None else (row.error.path,)
    message = Scrubber(row.case, case_code=row.case_id, paths=paths).text(str(row.error))
    return {"error_code": row.error.code, "error_message": message}


def _plain(value: str | float) -> str | float:
    # A spreadsheet runs a cell that starts like a formula; an apostrophe makes it text.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _scrubber(prediction: Prediction, case: Case | None) -> Scrubber:
    notices = (*prediction.reasons, *prediction.warnings, *prediction.selection.notices)
    paths = [notice.path for notice in notices if notice.path is not None]
    return Scrubber(case, case_code=prediction.case_id, paths=() if case is not None else paths)
