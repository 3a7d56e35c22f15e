"""A run's model beside one that is in use already: what both made of the same patients."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ..bundles.check import read_config
from ..bundles.format import MANIFEST
from ..figures.reliability import wilson
from ..notices import Notice
from .run import Run

FOLDER = "beside"
Said = Literal["right", "wrong", "no opinion"]

_WHY = {
    "seen_in_training": "in the other model's training",
    "stood_in": "without images that it needs",
    "synthetic_bundle": "real, while it was trained on synthetic images",
    "class_unknown": "of a class that it does not know",
    "label_missing": "without a label",
    "label_after_model": "labelled after seeing a model",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BesideCase(_Part):
    """One case of the run, and what became of it with either model."""

    case_id: str
    label: str
    new: Said
    used: Said


class Beside(_Part):
    """The run's answers (``new``) and those of a bundle (``used``) about the same cases.

    Every case was answered by models that never saw its patient: for the run by the fold that tested it, or by the
    final model where it stood in the independent test set. ``left_out`` says of each other case why it is none.
    "No opinion" is not right. Cases are counted, not patients, and taken for independent of each other.
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

    def interval(self, model: Literal["new", "used"]) -> tuple[float, float]:
        """95 % Wilson interval of the share that a model has right."""
        return wilson(self.count(model, "right"), len(self.cases))

    @property
    def only_new(self) -> int:
        """Cases that only the run's model has right."""
        return sum(one.new == "right" != one.used for one in self.cases)

    @property
    def only_used(self) -> int:
        """Cases that only the bundle has right."""
        return sum(one.used == "right" != one.new for one in self.cases)

    @property
    def p_value(self) -> float:
        """McNemar's exact test, two-sided: how often a fair coin gives a split at least this uneven."""
        from scipy.stats import binomtest

        differing = self.only_new + self.only_used
        return float(binomtest(self.only_new, differing).pvalue) if differing else 1.0

    def table(self, new_title: str) -> list[list[str]]:
        """Title row, then how often each model was right, wrong, or without opinion."""
        rows = [["The same patients", new_title, self.bundle_title]]
        for said in get_args(Said):
            counts = (self.count(model, said) for model in ("new", "used"))
            shares = [f"{count} of {len(self.cases)} ({count / len(self.cases):.0%})" for count in counts]
            rows.append([said.capitalize(), *shares])
        return rows

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result for people, most important first."""
        many = len(self.cases)
        said = []
        for model, name in (("new", "This run's model"), ("used", self.bundle_title)):
            right, (low, high) = self.count(model, "right"), self.interval(model)
            said.append(
                f"{name} is right in {right} of {many} ({right / many:.0%}, 95 % interval {low:.0%} to {high:.0%})."
            )
        p = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        said.append(
            f"Only this run's model is right in {self.only_new}, only {self.bundle_title} in {self.only_used}: "
            f"{p} (McNemar's exact test)."
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
    except (OSError, ValidationError):
        return None


def beside_path(run: Run, bundle_sha256: str) -> Path:
    """Where the answers of a bundle about a run are kept."""
    return run.folder / FOLDER / f"{bundle_sha256[:16]}.json"


def own_bundles(run: Run) -> set[str]:
    """The sha256 of each bundle that came from the run: there is nothing to compare them with."""
    return {read_config(one).sha256[MANIFEST] for one in run.bundles}
