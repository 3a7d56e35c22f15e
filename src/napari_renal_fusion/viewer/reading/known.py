"""What is known of the reading of one case, looked up and written down in the writing thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ... import bundles, readings
from ...bundles.format import MANIFEST
from ...cases import Case
from ...cases.record import read_record
from ...cases.work_folder import WorkFolder
from ...errors import RenalFusionError
from ...notices import Notice
from ...readings import CaseLog, Reading, StoredAnswer
from ...readings.log import Entry
from ..answer import Answer

if TYPE_CHECKING:
    from ...explain.explanation import Explanation


@dataclass(frozen=True)
class Known:
    """One case as it is now, one bundle, and everything that the work folder keeps about the two.

    ``seen`` says that an opinion of any model on any version was shown, ``shown`` holds the bundles whose official
    answer about this version was. ``drawn`` is a stamp of the outlines: they change without anybody being told.
    """

    case: Case
    version: str
    bundle: str
    bundle_sha256: str
    reading: Reading
    stored: StoredAnswer | None = None
    what_ifs: tuple[int, ...] = ()
    seen: bool = False
    shown: frozenset[str] = frozenset()
    drawn: tuple[tuple[str, int], ...] = ()
    notices: tuple[Notice, ...] = field(default=(), compare=False)

    @property
    def code(self) -> str:
        return self.case.code

    @property
    def revealed(self) -> bool:
        return self.reading.revealed is not None


def look_up(case: Case, bundle: str, work: WorkFolder) -> Known:
    """Read what there is; files are looked at, no image is opened.

    Raises
    ------
    RenalFusionError
        ``log_unreadable``. A damaged answer counts as none, with its notice.
    """
    drawn = outlines_stamp(case.code, work)
    version, sha256 = version_of(case, work), bundle_hash(bundle)
    log = CaseLog(case.code, work)
    entries = log.entries()
    notices, stored = list(log.check()), None
    try:
        stored = readings.read_stored(case.code, version, sha256, work)
    except RenalFusionError as error:
        notices.append(Notice.from_error(error))
    bare = Known(
        case, version, bundle, sha256, readings.reading_of(entries, version), stored,
        readings.what_if_numbers(case.code, work), drawn=drawn, notices=tuple(notices),
    )  # fmt: skip
    return _with_log(bare, entries)


def outlines_stamp(code: str, work: WorkFolder) -> tuple[tuple[str, int], ...]:
    """Names and sizes of the journals of outlines, which only grow; quick enough for the main thread."""
    folder = work.case(code) / "outlines"
    return (
        tuple(sorted((one.name, one.stat().st_size) for one in folder.glob("*.jsonl")))
        if folder.is_dir()
        else ()
    )


def version_of(case: Case, work: WorkFolder) -> str:
    """Version of a case with its glomeruli, as it would be asked about now."""
    try:
        record = read_record(case.code, work)
    except RenalFusionError:
        record = None
    return readings.case_version(_with_glomeruli(case, work), record)


def bundle_hash(bundle: str) -> str:
    """SHA-256 of a bundle by its name or folder; of its name, if it is not on this computer (any more)."""
    try:
        return bundles.describe(bundle).sha256[MANIFEST]
    except (RenalFusionError, KeyError, OSError):
        return hashlib.sha256(f"no bundle {bundle}".encode()).hexdigest()


def bundle_name(bundle: str) -> str:
    """How a bundle is called in what is written: a folder's own name, because the path to it may name a person."""
    return bundle.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]


def note_change(case: Case, version: str, work: WorkFolder) -> None:
    """Write that a case is another version than the one that the model was asked about, or that was revealed."""
    log = CaseLog(case.code, work)
    steps = [
        one
        for one in log.entries()
        if one["kind"] in ("run", "revealed", "changed") and not one.get("what_if")
    ]
    if steps and steps[-1].get("version") != version:
        log.append("changed", version=version)


def keep_answer(
    case: Case, question: dict[str, Any], prediction: dict[str, Any], work: WorkFolder
) -> StoredAnswer:
    """Store a new answer, sealed, and write into the log that the model ran: with nothing of what it said.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    bundle = question.get("bundle", "")
    made = prediction.get("provenance") or {}
    stored = readings.store_answer(
        code=case.code, version=version_of(case, work), bundle=bundle_name(bundle), bundle_sha256=bundle_hash(bundle),
        prediction=readings.without_names(prediction, case), choice=question.get("choice"), work=work,
    )  # fmt: skip
    CaseLog(case.code, work).append(
        "run", version=stored.version, bundle=stored.bundle, bundle_sha256=stored.bundle_sha256, what_if=stored.what_if,
        choice=stored.choice, inputs=made.get("input_sha256", {}), device=made.get("device", ""),
    )  # fmt: skip
    return stored


def keep_explanation(stored: StoredAnswer, explanation: dict[str, Any], work: WorkFolder) -> StoredAnswer:
    """Store an explanation with its answer."""
    stored = stored.with_explanation(explanation)
    readings.write_stored(stored, work)
    return stored


def answer_of(stored: StoredAnswer, question: dict[str, Any]) -> Answer:
    """A stored answer as docks hold it; ``question`` is what the model is asked if more is wanted of it."""
    from ...explain.explanation import Explanation
    from ...inference.prediction import Prediction

    explanations: dict[tuple[int, str], Explanation] = {}
    for one in stored.explanations:
        explanation = Explanation.model_validate(one)
        explanations[explanation.class_index, explanation.method] = explanation
    asked = {**question, "choice": stored.choice}
    if (
        bundle_name(question["bundle"]) != stored.bundle
    ):  # a what-if of another model, by the name it is installed under
        asked["bundle"] = stored.bundle
    return Answer(
        "", Prediction.model_validate(stored.prediction), not stored.official, explanations, asked,
        number=stored.what_if, stored=stored,
    )  # fmt: skip


def read_again(known: Known, work: WorkFolder) -> Known:
    """The same with the log as it is now."""
    return _with_log(known, CaseLog(known.code, work).entries())


def with_reading(known: Known, after: Known) -> Known:
    """What is known now, with the log of ``after``."""
    return replace(known, reading=after.reading, seen=after.seen, shown=after.shown)


def _with_log(known: Known, entries: tuple[Entry, ...]) -> Known:
    shown = [one for one in entries if one["kind"] == "revealed"]
    here = {
        one["bundle_sha256"]
        for one in shown
        if one.get("version") == known.version and not one.get("what_if")
    }
    return replace(
        known, reading=readings.reading_of(entries, known.version), seen=bool(shown), shown=frozenset(here)
    )


def _with_glomeruli(case: Case, work: WorkFolder) -> Case:
    from ...glomeruli import with_glomeruli

    try:
        return with_glomeruli(case, work)
    except RenalFusionError:  # the model says what is wrong when it is asked
        return case
