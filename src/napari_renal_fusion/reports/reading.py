"""What a report says besides the one answer: the own reading, what was decided, and every what-if."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from ..figures import class_label, percent
from ..inference.prediction import Prediction
from ..readings import Reading, StoredAnswer, read_what_if, reading_of, what_if_numbers
from ..readings.log import CaseLog
from .privacy import Scrubber
from .words import opinion_shown

_CONFIDENCE = {"low": "low", "mid": "middle", "high": "high"}


@dataclass(frozen=True)
class CaseReading:
    """The history of one case as its report tells it.

    ``number`` is that of the what-if that the report is about, 0 for the official answer.
    """

    reading: Reading
    what_ifs: tuple[StoredAnswer, ...] = ()
    number: int = 0


def case_reading(code: str, version: str, work: WorkFolder | None = None, *, number: int = 0) -> CaseReading:
    """Read the log and the what-ifs of one version of a case; a what-if that cannot be read is left out.

    Raises
    ------
    RenalFusionError
        ``log_unreadable``.
    """
    found = []
    for one in what_if_numbers(code, work):
        try:
            answer = read_what_if(code, one, work)
        except RenalFusionError:
            continue
        if answer is not None and answer.version == version:
            found.append(answer)
    return CaseReading(reading_of(CaseLog(code, work).entries(), version), tuple(found), number)


def reading_content(given: CaseReading | None, scrub: Scrubber) -> dict[str, Any]:
    """Own reading, decision and final diagnosis as the template shows them; free texts are freed of names."""
    if given is None:
        return {"text": "", "about": "No own reading was entered.", "decided": "", "final": ""}
    reading = given.reading
    own, final = reading.impression, reading.final
    about = "No own reading was entered."
    if own is not None:
        about = (
            f"Entered {_at(own)}, {'after' if _seen_before(reading) else 'before'} the model's opinion was seen. "
            f"Confidence: {_CONFIDENCE.get(own['confidence'], own['confidence'])}."
        )
    return {
        "text": scrub.text(reading.own),
        "about": about,
        "decided": " ".join(filter(None, (_revealed(reading), _decision(reading, scrub)))),
        "final": f"Final diagnosis: {scrub.text(final['diagnosis'])}, {scrub.text(final['label_source'])}."
        if final
        else "",
    }


def what_if_rows(given: CaseReading | None, scrub: Scrubber) -> list[dict[str, Any]]:
    """A row for every what-if in the order in which they were asked.

    One whose opinion may not be shown has its verdict only.
    """
    rows = []
    for one in given.what_ifs if given else ():
        prediction = Prediction.model_validate(one.prediction)
        rows.append(
            {
                "number": one.what_if,
                "what": scrub.text(_what(one)),
                "verdict": scrub.text(prediction.verdict),
                "values": _values(prediction),
                "here": one.what_if == given.number,
            }
        )
    return rows


def _what(answer: StoredAnswer) -> str:
    """What was different: the images that a person chose, another model, or the same asked again."""
    if answer.choice is None:
        return f"Model {answer.bundle}, images by its own rule, asked again"
    chosen = [", ".join(keys) or f"no {modality}" for modality, keys in answer.choice.items()]
    return f"Model {answer.bundle} with {'; '.join(chosen)}"


def _values(prediction: Prediction) -> list[str]:
    if not opinion_shown(prediction):
        return []
    pairs = sorted(enumerate(prediction.probabilities), key=lambda pair: -pair[1])
    return [f"{class_label(prediction.class_names, c)} {percent(value)}" for c, value in pairs]


def _seen_before(reading: Reading) -> bool:
    own, revealed = reading.impression, reading.revealed
    return bool(own.get("seen_before")) or (revealed is not None and revealed["n"] < own["n"])


def _revealed(reading: Reading) -> str:
    if reading.revealed is None:
        return ""
    at_once = "" if reading.revealed.get("read_first", True) else ", shown at once as the settings say"
    return f"Model opinion seen {_at(reading.revealed)}{at_once}."


def _decision(reading: Reading, scrub: Scrubber) -> str:
    if reading.decision is None:
        return ""
    said = {
        "keep": "The own reading was kept",
        "unsure": "The reader was unsure afterwards",
        "change": f"The own reading was changed to {scrub.text(reading.decision['diagnosis'])}",
    }[reading.decision["decision"]]
    return f"{said} ({_at(reading.decision)})."


def _at(entry: dict[str, Any]) -> str:
    moment = dt.datetime.fromisoformat(entry["at"])
    return f"{moment:%Y-%m-%d %H:%M %Z}".strip()
