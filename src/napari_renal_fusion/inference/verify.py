"""The check of a bundle on a laboratory's own signed-out cases."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, computed_field

from .. import __version__
from ..bundles import Bundle, CheckedHere, load, store_check
from ..cases import Case, Cohort
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..figures.reliability import wilson
from ..inputs.nameless import Nameless
from ..notices import Notice
from .ask_each import ask_each, plain_label
from .engine import Engine, shared_engine
from .prediction import Prediction

_FEW = 30  # the 95 % interval of 27 right of 30 still reaches from 74 to 97 %


class VerifiedCase(BaseModel):
    """One case of the check: its label, what the model said (None without opinion) and how probable it found it.

    ``in_set`` tells whether the set of classes contains the label, None without a set.
    """

    model_config = ConfigDict(frozen=True)

    case_id: str
    label: str
    status: str
    answer: str | None = None
    probability: float | None = None
    in_set: bool | None = None


class VerifyRecord(BaseModel):
    """What the check found; kept beside the bundle (:mod:`..bundles.local`), never inside it.

    ``confusion`` [C][C] counts answered cases, rows by label, columns by answer. ``interval`` is the 95 % Wilson
    interval of ``right`` of ``answered``; ``refused`` cases lack images that the model needs. ``others`` are the
    cases with a disease that is none of the classes, refused ones among them; ``others_answered`` of them got one
    of the classes all the same. ``in_set`` of ``with_set`` sets hold the label. ``left_out`` says for each case
    that could not be counted why.

    Cases are counted, not patients: several biopsies of one patient are not independent, and with them the
    interval is narrower than it should be.
    """

    model_config = ConfigDict(frozen=True)

    bundle_name: str
    bundle_title: str
    bundle_sha256: str
    program_version: str
    checked_on: dt.date
    cohort: str
    class_names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    right: int
    answered: int
    interval: tuple[float, float]
    abstained: int
    refused: int
    others: int
    others_answered: int
    in_set: int
    with_set: int
    coverage: float | None
    frequencies: str
    cases: tuple[VerifiedCase, ...]
    left_out: tuple[Notice, ...]

    @computed_field
    @property
    def checked_here(self) -> CheckedHere:
        """The few numbers that stand beside every answer."""
        return CheckedHere(
            right=self.right, cases=self.answered, without_opinion=self.abstained + self.refused,
            checked_on=self.checked_on, frequencies=self.frequencies,
        )  # fmt: skip

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result for people, most important first."""
        low, high = self.interval
        said = [f"{self.checked_here.text} (95 % interval {low:.0%} to {high:.0%})."]
        if self.answered < _FEW:
            said.append(f"That is a small check: at least {_FEW} cases with an opinion say more.")
        if self.others:
            said.append(
                f"{self.others_answered} of {self.others} cases with another disease got one of its classes."
            )
        if self.with_set:
            said.append(
                f"The set of classes held the right one in {self.in_set} of {self.with_set} cases; "
                f"{self.coverage:.0%} were asked for."
            )
        return tuple(said)


def verify(
    bundle: str | Path | Bundle,
    cohort: Cohort,
    progress: Progress | None = None,
    *,
    device: str = "auto",
    threads: int = 0,
    engine: Engine | None = None,
    store: bool = True,
) -> VerifyRecord:
    """Ask a bundle about every labelled case of ``cohort`` and count how often it is right.

    Left out, each with its reason: cases without a label, with a label entered after seeing a model, seen in
    the bundle's training, answered by a model for missing images, or with images that cannot be read. The
    disease frequencies that are stored here are applied, as they are to every answer. With ``store`` the
    record is kept, and every further answer of the bundle says so.

    Raises
    ------
    RenalFusionError
        ``verify_nothing`` if not one case can be counted; nothing is stored then. Also what loading the bundle
        raises, and ``disk_full`` or ``folder_not_writable``.
    Cancelled
        If ``progress`` was cancelled; nothing is stored.
    """
    progress = progress or Progress()
    engine = engine or shared_engine()
    bundle = load(bundle)
    if bundle.config.task == "survival":
        raise RenalFusionError(
            "verify_survival",
            f"The bundle {bundle.config.name} answers with a risk, which is neither right nor wrong for one patient",
            path=bundle.folder,
            remedy="Check it as a run does: train with --splits in which your own patients are the val part.",
        )
    tally = _Tally(bundle)
    for case, said in ask_each(cohort.cases, bundle, progress, device=device, threads=threads, engine=engine):
        if isinstance(said, Notice):
            tally.left_out.append(said)
        else:
            tally.count(case, said)
    progress.update(1.0, "Done")
    record = tally.record("" if cohort.source is None else cohort.source.name)
    if store:
        # What is kept names nobody; what is returned is for the person who asked.
        kept = Nameless.of_cohort(cohort).tree(record.model_dump(mode="json"))
        if record.cohort != "cohort.csv":
            kept["cohort"] = ""
        store_check(bundle.sha256, VerifyRecord.model_validate(kept))
    return record


class _Tally:
    """Counts as the answers come in."""

    def __init__(self, bundle: Bundle):
        self.bundle = bundle
        self.names = bundle.config.class_names
        self.index = {plain_label(name): i for i, name in enumerate(self.names)}
        self.confusion = [[0] * len(self.names) for _ in self.names]
        self.status = Counter()
        self.others = Counter()
        self.cases: list[VerifiedCase] = []
        self.left_out: list[Notice] = []
        self.frequencies = ""

    def count(self, case: Case, prediction: Prediction) -> None:
        self.frequencies = prediction.frequencies or self.frequencies
        label = self.index.get(plain_label(case.label))
        answered = prediction.status == "answered"
        in_set = None if prediction.conformal is None or label is None else label in prediction.conformal
        self.cases.append(
            VerifiedCase(
                case_id=case.case_id, label=case.label, status=prediction.status,
                answer=prediction.class_names[prediction.top] if answered else None,
                probability=prediction.probabilities[prediction.top] if answered else None,
                in_set=in_set,
            )
        )  # fmt: skip
        if label is None:
            self.others[answered] += 1
            return
        self.status[prediction.status] += 1
        if answered:
            self.confusion[label][prediction.top] += 1

    def record(self, cohort: str) -> VerifyRecord:
        if not self.status["answered"] + self.status["abstained"]:
            reasons = Counter(one.code for one in self.left_out)
            first = self.left_out[0].message if self.left_out else "the cohort holds no case of its classes"
            raise RenalFusionError(
                "verify_nothing",
                f"Not one case can check the model {self.bundle.config.name}: {first.rstrip('.')}"
                + (f", and {sum(reasons.values()) - 1} more" if len(self.left_out) > 1 else ""),
                remedy=f"Give signed-out cases with one of the labels {', '.join(self.names)}.",
            )
        right = sum(self.confusion[i][i] for i in range(len(self.names)))
        sets = [one.in_set for one in self.cases if one.in_set is not None]
        config = self.bundle.config
        return VerifyRecord(
            bundle_name=config.name,
            bundle_title=config.title,
            bundle_sha256=self.bundle.sha256,
            program_version=__version__,
            checked_on=dt.datetime.now(dt.UTC).date(),
            cohort=cohort,
            class_names=self.names,
            confusion=tuple(map(tuple, self.confusion)),
            right=right,
            answered=self.status["answered"],
            interval=wilson(right, self.status["answered"]),
            abstained=self.status["abstained"],
            refused=self.status["refused"],
            others=sum(self.others.values()),
            others_answered=self.others[True],
            in_set=sum(sets),
            with_set=len(sets),
            coverage=config.conformal.coverage if config.conformal else None,
            frequencies=self.frequencies,
            cases=tuple(self.cases),
            left_out=tuple(self.left_out),
        )
