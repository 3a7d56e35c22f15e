"""How far a person has come with one version of a case: own impression, reveal, decision, final diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .entities import full_name, same_diagnosis
from .log import CaseLog, Entry

Confidence = Literal["low", "mid", "high"]
Decision = Literal["keep", "change", "unsure"]
CONFIDENCES: tuple[Confidence, ...] = ("low", "mid", "high")
DECISIONS: tuple[Decision, ...] = ("keep", "change", "unsure")

AFTER_MODEL = "entered after the model's opinion was shown"
"""How a label's source says so; :attr:`.cases.Case.labelled_after_model` understands it."""
BEFORE_MODEL = "entered before any model's opinion was shown"


@dataclass(frozen=True)
class Reading:
    """What the log says of one version of a case; None for a step that was not taken.

    ``earlier`` is the last reveal of another version of the case: the reader has seen an opinion before;
    ``earlier_own`` the last own impression of one.
    """

    version: str
    impression: Entry | None = None
    revealed: Entry | None = None
    decision: Entry | None = None
    final: Entry | None = None
    earlier: Entry | None = None
    earlier_own: str = ""

    @property
    def own(self) -> str:
        """The own impression before the reveal, as a full name; "" without one."""
        return self.impression["diagnosis"] if self.impression else ""

    @property
    def now(self) -> str:
        """The own reading as it stands: after a change what it was changed to."""
        if self.decision is not None and self.decision["decision"] == "change":
            return self.decision["diagnosis"]
        return self.own

    @property
    def model(self) -> str:
        """The disease that the model named in the reveal; "" if it had no opinion."""
        return (self.revealed or {}).get("answer") or ""

    @property
    def disagrees(self) -> bool:
        """Whether own reading and model name different diseases."""
        return bool(self.now and self.model) and not same_diagnosis(self.now, self.model)


def reading_of(entries: Sequence[Entry], version: str) -> Reading:
    """Sum up a log for one version of its case; what-ifs are no readings."""
    last: dict[str, Entry] = {}
    earlier, earlier_own = None, ""
    for one in entries:
        kind = one["kind"]
        if kind == "final":
            last["final"] = one
        elif kind == "revealed" and one.get("what_if", 0):
            continue
        elif kind in ("impression", "revealed", "decision"):
            if one.get("version") == version:
                # The first reveal counts: another bundle's opinion that comes after it was not read blind.
                last[kind] = last.get(kind, one) if kind == "revealed" else one
            elif kind == "revealed":
                earlier = one
            elif kind == "impression":
                earlier_own = one["diagnosis"]
    return Reading(
        version, last.get("impression"), last.get("revealed"), last.get("decision"), last.get("final"), earlier,
        earlier_own,
    )  # fmt: skip


def log_impression(log: CaseLog, version: str, diagnosis: str, confidence: Confidence) -> Entry:
    """Write an own impression; it says whether an opinion on this case had been seen before.

    Raises
    ------
    ValueError
        Without a diagnosis or with an unknown confidence.
    """
    name = full_name(diagnosis)
    if not name or confidence not in CONFIDENCES:
        raise ValueError("an impression needs a diagnosis and a confidence")
    return log.append(
        "impression", version=version, diagnosis=name, confidence=confidence, seen_before=_seen(log)
    )


def log_reveal(
    log: CaseLog, version: str, prediction: dict[str, Any], *, bundle: str, bundle_sha256: str,
    read_first: bool, what_if: int = 0,
) -> Entry:  # fmt: skip
    """Write that the model's opinion is shown from now on, with what it says.

    ``read_first`` is False where the setting shows opinions at once; such cases are not counted as read first.
    """
    probabilities = prediction.get("probabilities") or ()
    names = prediction["class_names"] if prediction.get("names_shown") else ()
    answered = prediction["status"] == "answered" and bool(names) and bool(probabilities)
    top = max(range(len(probabilities)), key=probabilities.__getitem__) if probabilities else None
    return log.append(
        "revealed", version=version, bundle=bundle, bundle_sha256=bundle_sha256, what_if=what_if,
        status=prediction["status"], answer=full_name(names[top]) if answered else None,
        classes=[full_name(one) for one in names], probabilities=[round(one, 4) for one in probabilities],
        reasons=[one["code"] for one in prediction.get("reasons", ())], read_first=read_first,
        seen_before=_seen(log),
    )  # fmt: skip


def log_decision(log: CaseLog, version: str, decision: Decision, diagnosis: str = "") -> Entry:
    """Write what the reader makes of it: keep, unsure, or change to a diagnosis.

    Raises
    ------
    ValueError
        For a change without a diagnosis, or an unknown decision.
    """
    name = full_name(diagnosis)
    if decision not in DECISIONS or (decision == "change" and not name):
        raise ValueError("a change needs the diagnosis that it leads to")
    return log.append(
        "decision", version=version, decision=decision, diagnosis=name if decision == "change" else ""
    )


def log_final(log: CaseLog, diagnosis: str, source: str = "") -> Entry:
    """Write the final diagnosis; ``label_source`` says whether an opinion of a model had been shown before.

    Raises
    ------
    ValueError
        Without a diagnosis.
    """
    name = full_name(diagnosis)
    if not name:
        raise ValueError("a final diagnosis needs a name")
    after = _seen(log)
    said = "; ".join(
        one
        for one in (" ".join(source.replace(";", ",").split()), AFTER_MODEL if after else BEFORE_MODEL)
        if one
    )
    return log.append("final", diagnosis=name, label_source=said, after_reveal=after)


def _seen(log: CaseLog) -> bool:
    return bool(log.entries("revealed"))
