"""How reader and model agree over all cases that were read first, and what seeing the model changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from .entities import same_diagnosis
from .log import CaseLog, Entry
from .statistics import Kappa, Share, cohen_kappa

ANOTHER = "another disease"
"""What stands for every own reading that is none of the model's classes."""


@dataclass(frozen=True)
class ReadCase:
    """One case that was read first and revealed: names before, of the model, after, and in the end."""

    code: str
    own: str
    confidence: str
    status: str
    model: str
    classes: tuple[str, ...]
    reasons: tuple[str, ...]
    decision: str = ""
    after: str = ""
    final: str = ""

    @property
    def answered(self) -> bool:
        """Whether the model named a disease."""
        return bool(self.model)

    @property
    def within(self) -> bool:
        """Whether the own reading is one of the model's classes."""
        return any(same_diagnosis(self.own, one) for one in self.classes)

    @property
    def agrees(self) -> bool:
        return self.answered and same_diagnosis(self.own, self.model)

    @property
    def changed_right(self) -> int:
        """1 for a change to the final diagnosis, -1 for one away from it, 0 for every other case."""
        if not self.final or self.decision != "change":
            return 0
        before, after = same_diagnosis(self.own, self.final), same_diagnosis(self.after, self.final)
        return int(after) - int(before)


@dataclass(frozen=True)
class Agreement:
    """The numbers of one bundle; what-ifs, cases not read first and second looks are not in ``cases``."""

    bundle_sha256: str
    bundle: str
    cases: tuple[ReadCase, ...]
    not_counted: int = 0

    @cached_property
    def answered(self) -> tuple[ReadCase, ...]:
        return tuple(one for one in self.cases if one.answered)

    @property
    def agreed(self) -> Share:
        """Same disease named, of the cases in which the model named one."""
        return Share(sum(one.agrees for one in self.answered), len(self.answered))

    @property
    def agreed_within(self) -> Share:
        """The same of the cases whose own reading is one of the model's classes: the others cannot agree."""
        within = [one for one in self.answered if one.within]
        return Share(sum(one.agrees for one in within), len(within))

    @cached_property
    def kappa(self) -> Kappa | None:
        """Over the model's classes and :data:`ANOTHER`; None where it is not defined."""
        return cohen_kappa(*self.pairs)

    @property
    def pairs(self) -> tuple[list[str], list[str]]:
        """Own reading and model, case by case, in the model's words."""
        return (
            [_among(one.own, one.classes) for one in self.answered],
            [_among(one.model, one.classes) for one in self.answered],
        )

    @property
    def no_opinion(self) -> Share:
        """Refusals and abstentions."""
        return Share(sum(one.status != "answered" for one in self.cases), len(self.cases))

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason (its code) stood behind no opinion, most frequent first."""
        found = Counter(code for one in self.cases if one.status != "answered" for code in one.reasons)
        return dict(found.most_common())

    @property
    def decisions(self) -> dict[str, int]:
        """How often the own reading was kept, changed, left unsure; "" for cases without a decision."""
        found = Counter(one.decision for one in self.cases)
        return {name: found[name] for name in ("keep", "change", "unsure", "")}

    @cached_property
    def with_final(self) -> tuple[ReadCase, ...]:
        """Cases whose final diagnosis is known."""
        return tuple(one for one in self.cases if one.final)

    @property
    def to_right(self) -> int:
        """Changes to the final diagnosis."""
        return sum(one.changed_right > 0 for one in self.with_final)

    @property
    def to_wrong(self) -> int:
        """Changes away from the final diagnosis."""
        return sum(one.changed_right < 0 for one in self.with_final)

    @property
    def right_before(self) -> Share:
        return self._right(lambda one: one.own)

    @property
    def right_after(self) -> Share:
        return self._right(lambda one: one.after)

    @property
    def model_right(self) -> Share:
        """Of the cases with a final diagnosis in which the model named a disease."""
        known = [one for one in self.with_final if one.answered]
        return Share(sum(same_diagnosis(one.model, one.final) for one in known), len(known))

    def _right(self, said) -> Share:
        return Share(
            sum(same_diagnosis(said(one), one.final) for one in self.with_final), len(self.with_final)
        )


def agreement(work: WorkFolder | None = None) -> tuple[Agreement, ...]:
    """The numbers of every bundle that was revealed, the one with most cases first, from the cases' logs.

    A case counts once, for the bundle whose official answer was revealed first, if an own impression of that version
    came before it. Logs that cannot be read are left out.
    """
    work = work or WorkFolder()
    cases: dict[str, list[ReadCase]] = {}
    titles: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    for code in work.codes():
        try:
            entries = CaseLog(code, work).entries()
        except RenalFusionError:
            continue
        for bundle, (title, counted) in _read_cases(code, entries).items():
            titles[bundle] = title
            if counted is None:
                left_out[bundle] += 1
            else:
                cases.setdefault(bundle, []).append(counted)
    found = [
        Agreement(bundle, titles[bundle], tuple(cases.get(bundle, ())), left_out[bundle]) for bundle in titles
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.cases), one.bundle)))


def _read_cases(code: str, entries: tuple[Entry, ...]) -> dict[str, tuple[str, ReadCase | None]]:
    """By bundle its name and the case as it counts, None if it was not read first."""
    found: dict[str, tuple[str, ReadCase | None]] = {}
    final = next((one["diagnosis"] for one in reversed(entries) if one["kind"] == "final"), "")
    for place, one in enumerate(entries):
        if one["kind"] != "revealed" or one.get("what_if"):
            continue
        bundle, version = one["bundle_sha256"], one.get("version")
        before = [x for x in entries[:place] if x["kind"] == "impression" and x.get("version") == version]
        if not before or not one.get("read_first", True) or one.get("seen_before"):
            # An earlier reveal that was read first stays what it was.
            found.setdefault(bundle, (one["bundle"], None))
            continue
        after = [x for x in entries[place:] if x["kind"] == "decision" and x.get("version") == version]
        own = before[-1]["diagnosis"]
        decision = after[-1]["decision"] if after else ""
        found[bundle] = one["bundle"], ReadCase(
            code, own, before[-1]["confidence"], one["status"], one.get("answer") or "", tuple(one["classes"]),
            tuple(one.get("reasons", ())), decision, after[-1]["diagnosis"] if decision == "change" else own, final,
        )  # fmt: skip
    return found


def _among(name: str, classes: tuple[str, ...]) -> str:
    return next((one for one in classes if same_diagnosis(name, one)), ANOTHER)
