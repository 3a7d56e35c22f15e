"""A prediction: the model's answer about one case, with its status, its reasons and its origin."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PrivateAttr

from ..bundles.local import CheckedHere
from ..cases import Modality
from ..inputs.selection import Selection
from ..notices import Notice
from .answer_range import Alternatives


class Provenance(BaseModel):
    """Everything needed to say later how an answer came about."""

    model_config = ConfigDict(frozen=True)

    program_version: str
    bundle_name: str
    bundle_sha256: str
    trained_on: Literal["synthetic", "real"]
    device: str
    device_reason: str
    precision: str
    made_at: dt.datetime
    input_sha256: dict[str, str]
    seconds: float


class SurvivalAnswer(BaseModel):
    """A survival curve with what it is about, and where the risk stands among the training patients.

    ``curve`` is the probability of no event until each of ``times`` (ascending, in ``unit`` from ``time_zero``), with
    straight lines between them and from 1 at time 0. ``group`` is that of the risk against the median of the training
    patients, ``percentile`` how many of a hundred of them had a smaller one, in steps of 5.
    """

    model_config = ConfigDict(frozen=True)

    times: tuple[float, ...]
    curve: tuple[float, ...]
    outcome: str
    population: str
    time_zero: str
    unit: str
    group: Literal["low", "high"]
    percentile: int

    @property
    def at_quarters(self) -> tuple[tuple[float, float], ...]:
        """(time, probability) at a quarter, half, three quarters and all of the times."""
        places = [round(share * (len(self.times) - 1)) for share in (0.25, 0.5, 0.75, 1)]
        return tuple((self.times[one], self.curve[one]) for one in dict.fromkeys(places))

    @property
    def sentence(self) -> str:
        """The answer in words."""
        return (
            f"{self.group.capitalize()} risk group for {self.outcome}: a higher risk than {self.percentile} % of the "
            f"training patients ({self.population}). {self.curve[-1]:.0%} without the event until "
            f"{self.times[-1]:.0f} {self.unit} after {self.time_zero}."
        )


class ModalityUse(BaseModel):
    """One modality of a HEALNet and what of the case entered through it."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["omics", "slide"]
    used: bool
    detail: str


class Prediction(BaseModel):
    """The answer of one bundle about one case.

    Attributes
    ----------
    status
        ``answered``; ``abstained`` (the model ran but has no opinion, see ``reasons``);
        ``refused`` (no opinion may be shown: a modality is missing, or a model trained on synthetic
        images met real ones). Probabilities may be empty when the model could not run at all.
    verdict
        One sentence for people.
    class_names
        Names as they may be shown: in full, or "class 1", ... when ``names_shown`` is False.
    probabilities
        Calibrated, one per class, float; sums to 1. Empty if the model did not run.
    branches
        Per modality, the probabilities of its own branch head (uncalibrated), for comparison only.
    scope
        The "can only answer ..." sentence that stands beside every probability.
    conformal, coverage
        Indices of the classes that cannot be excluded at ``coverage``, at the classes' shares in training;
        None if no set can be given.
    distance, distance_limit, fits_none
        Distance to the patients that the model knows, the limit above which it ``fits_none`` of its classes;
        None if the bundle knows no limit.
    member_spread
        Standard deviation of each class's probability over the members of an ensemble; empty for one network.
    frequencies
        Name of the disease frequencies that the probabilities are corrected to; empty without correction.
    checked_here
        The check on this laboratory's own cases, None if it never ran here.
    alternatives
        The answers over every admissible choice of images, where the model takes one image of a modality; None for
        a model that reads them all, and where it did not run. ``probabilities`` are those of the first, never an average.
    answered_by
        Title of the bundle that answered; with a warning ``stood_in`` it is not the one that was asked.
    task, risk, survival, modalities
        ``survival`` bundles give a risk (no unit, larger is worse) and a curve instead of probabilities; bundles
        of slides and omics say what entered through each of their modalities. Empty for all others.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    case_id: str
    status: Literal["answered", "abstained", "refused"]
    verdict: str
    reasons: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    class_names: tuple[str, ...]
    names_shown: bool
    probabilities: tuple[float, ...] = ()
    branches: dict[Modality, tuple[float, ...]] = {}
    scope: str
    selection: Selection
    provenance: Provenance | None = None
    conformal: tuple[int, ...] | None = None
    coverage: float | None = None
    distance: float | None = None
    distance_limit: float | None = None
    fits_none: bool | None = None
    member_spread: tuple[float, ...] = ()
    frequencies: str = ""
    checked_here: CheckedHere | None = None
    alternatives: Alternatives | None = None
    answered_by: str = ""
    task: Literal["classification", "survival"] = "classification"
    risk: float | None = None
    survival: SurvivalAnswer | None = None
    modalities: tuple[ModalityUse, ...] = ()

    # Token maps, the loaded bundle and the case stay in memory and are never written.
    _session: Any = PrivateAttr(default=None)

    @property
    def top(self) -> int | None:
        """Index of the most probable class, None if the model did not run."""
        if not self.probabilities:
            return None
        return max(range(len(self.probabilities)), key=self.probabilities.__getitem__)

    @property
    def set_text(self) -> str:
        """``At 90 %: IgA nephropathy or lupus nephritis``; empty if no set can be given.

        Also where no class fits: the set promises nothing about patients unlike the known ones.
        """
        if self.conformal is None or self.fits_none:
            return ""
        names = [self.class_names[index] for index in self.conformal]
        listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else (names or ["none"])[0]
        mix = ", at the frequencies of training" if self.frequencies else ""
        return f"At {100 * self.coverage:g} %{mix}: {listed}"

    @property
    def checked_text(self) -> str:
        """Whether and how the model was checked on this laboratory's own cases, in a few words."""
        if self.checked_here is None:
            return "Not checked in this laboratory yet"
        other = self.checked_here.frequencies
        if other == self.frequencies:
            return self.checked_here.text
        return (
            f"{self.checked_here.text} ({f'with the frequencies {other}' if other else 'without correction'})"
        )

    @property
    def stood_in(self) -> str:
        """The sentence that says which model answered in place of the one asked; empty if that one did."""
        return next((one.message for one in self.warnings if one.code == "stood_in"), "")
