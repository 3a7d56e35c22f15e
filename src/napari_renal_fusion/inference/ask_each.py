"""Asking a bundle about many labelled cases; what would say nothing about the bundle is a reason, no answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

from ..bundles import Bundle
from ..cases import Case
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..notices import Notice
from .engine import Engine
from .predict import predict
from .prediction import Prediction

_SAYS_NOTHING = (
    ("seen_in_training", "it was in this model's training"),
    ("stood_in", "images are missing, and another model answered"),
    ("synthetic_bundle", "its images are real, and the model was trained on synthetic ones only"),
)


def ask_each(
    cases: Sequence[Case],
    bundle: Bundle,
    progress: Progress,
    *,
    device: str,
    threads: int,
    engine: Engine,
    frequencies: Literal["stored", "training"] = "stored",
) -> Iterator[tuple[Case, Prediction | Notice]]:
    """Each case with its prediction, or with a notice that says why it cannot count.

    Such cases have no label or one that was entered after seeing a model, were in the bundle's training, were
    answered by a model for missing images, or cannot be read.

    Raises
    ------
    Cancelled
        If ``progress`` was cancelled.
    """
    for place, case in enumerate(cases):
        message = f"Case {place + 1} of {len(cases)}"
        progress.update(place / len(cases), message)
        if reason := _unfit(case):
            yield case, left_out(case, *reason)
            continue
        try:
            with progress.part(place / len(cases), (place + 1) / len(cases), message):
                prediction = predict(
                    case, bundle, device=device, threads=threads, progress=progress, engine=engine,
                    frequencies=frequencies,
                )  # fmt: skip
        except RenalFusionError as error:
            yield case, left_out(case, error.code, str(error))
            continue
        reason = _says_nothing(prediction)
        yield case, left_out(case, *reason) if reason else prediction


def left_out(case: Case, code: str, why: str) -> Notice:
    """Why a case is not counted."""
    return Notice(code=code, message=f"{case.case_id}: {why}")


def plain_label(name: str) -> str:
    """A class name as it is compared: width, case and spaces do not matter."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _unfit(case: Case) -> tuple[str, str] | None:
    if not case.label:
        return "label_missing", "it has no label"
    if case.labelled_after_model:
        return "label_after_model", "its label was entered after seeing a model"
    return None


def _says_nothing(prediction: Prediction) -> tuple[str, str] | None:
    codes = {one.code for one in (*prediction.warnings, *prediction.reasons)}
    return next((one for one in _SAYS_NOTHING if one[0] in codes), None)
