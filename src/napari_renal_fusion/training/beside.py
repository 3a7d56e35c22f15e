"""A run's model beside one that is in use already: what both made of the same patients."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections import Counter
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from ..bundles.check import read_config
from ..bundles.format import MANIFEST
from ..errors import RenalFusionError
from ..figures.reliability import wilson
from ..notices import Notice
from .run import Run

FOLDER = "beside"
Said = Literal["right", "wrong", "no opinion"]

_WHY = {
    "seen_in_training": "in the other model's training",
    "stood_in": "without images that it needs",
    "refused": "without images that it needs",
    "case_missing": "no longer in the run's table",
    "synthetic_bundle": "real, while it was trained on synthetic images",
    "class_unknown": "of a class that it does not know",
    "label_missing": "without a label",
    "label_after_model": "labelled after seeing a model",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BesideCase(_Part):
    """One case of the run, and what became of it with either model.

    ``new`` and ``used`` are what a person would have been told; ``new_best`` and ``used_best`` whether the most
    probable class was the right one, opinion or not.
    """

    case_id: str
    label: str
    new: Said
    used: Said
    new_best: bool
    used_best: bool


class Beside(_Part):
    """The run's answers (``new``) and those of a bundle (``used``) about the same cases.

    The run answers a case by the fold that tested it, or by the final model where it stood in the independent test
    set; the bundle is asked at its classes' shares in training, and about no case that is known to have been in its
    training (its patients where it was trained on this computer, else its very images). ``left_out`` says of each
    other case why it is none.

    The models are tested on their most probable classes: when they may have no opinion depends on limits that the run
    fitted on these very cases, and on checks of the immunofluorescence panel that only a bundle makes. Cases are
    counted, not patients, and taken for independent of each other.
    """

    bundle_name: str
    bundle_title: str
    bundle_sha256: str
    program_version: str
    asked_on: dt.date
    cases: tuple[BesideCase, ...]
    left_out: tuple[Notice, ...] = ()

    def count(self, model: Literal["new", "used"], said: Said) -> int:
        return sum(getattr(one, model) == said for one in self.cases)

    def right(self, model: Literal["new", "used"]) -> int:
        """Cases whose most probable class is the right one."""
        return sum(getattr(one, f"{model}_best") for one in self.cases)

    @property
    def only_new(self) -> int:
        """Cases of which only the run's model has the right class."""
        return sum(one.new_best and not one.used_best for one in self.cases)

    @property
    def only_used(self) -> int:
        """Cases of which only the bundle has the right class."""
        return sum(one.used_best and not one.new_best for one in self.cases)

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided: how often a fair coin gives a split at least this uneven."""
        differing, fewer = self.only_new + self.only_used, min(self.only_new, self.only_used)
        return min(1.0, 2 * sum(math.comb(differing, k) for k in range(fewer + 1)) / 2**differing)

    def table(self, new_title: str) -> list[list[str]]:
        """Title row, then how often each model's most probable class was right, and what it said."""
        counts = {"Right class": [self.right("new"), self.right("used")]}
        for said in get_args(Said):
            counts[f"Said: {said}"] = [self.count("new", said), self.count("used", said)]
        rows = [
            [title, *(f"{one} of {len(self.cases)} ({one / len(self.cases):.0%})" for one in both)]
            for title, both in counts.items()
        ]
        return [["The same patients", new_title, self.bundle_title], *rows]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result for people, most important first."""
        many = len(self.cases)
        said = []
        for model, name in (("new", "This run's model"), ("used", self.bundle_title)):
            right = self.right(model)
            low, high = wilson(right, many)
            said.append(
                f"{name} has the right class in {right} of {many} ({right / many:.0%}, 95 % interval {low:.0%} to "
                f"{high:.0%})."
            )
        p = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        said.append(
            f"Only this run's model has it in {self.only_new}, only {self.bundle_title} in {self.only_used}: {p} "
            "(McNemar's exact test)."
        )
        reasons = Counter(_WHY.get(one.code, "could not be asked about") for one in self.left_out)
        if reasons:
            listed = "; ".join(f"{count} {why}" for why, count in reasons.most_common())
            said.append(f"Not counted: {listed}.")
        return tuple(said)


def stored_beside(run: Run, bundle_sha256: str) -> Beside | None:
    """What a bundle said about the run's cases, None if it was not asked or the file cannot be read."""
    path = beside_path(run, bundle_sha256)
    try:
        return Beside.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):  # a ValidationError is one, and so is text that is none
        return None


def beside_path(run: Run, bundle_sha256: str) -> Path:
    """Where the answers of a bundle about a run are kept."""
    return run.folder / FOLDER / f"{bundle_sha256[:16]}.json"


def own_bundles(run: Run) -> set[str]:
    """The sha256 of each bundle that came from the run: there is nothing to compare them with."""
    own = set()
    for one in run.bundles:
        with contextlib.suppress(RenalFusionError):  # one that is damaged can be compared with nothing
            own.add(read_config(one).sha256[MANIFEST])
    return own
