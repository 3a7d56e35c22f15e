"""The outcome of a question: answered, abstained or refused, with the sentence that people read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..bundles import BundleConfig, CheckedHere
from ..cases import Case, Modality
from ..inputs import Selection, keyed_images
from ..notices import Notice
from .answer_range import DISAGREE, Alternatives
from .fusing import Fused, fuse
from .prediction import Prediction, Provenance
from .reliability import Reliability
from .session import Session

PLUMBING = "Plumbing test: this model has never seen a real image."
_RESEARCH = "Research use only."


class Outcome:
    """Makes the prediction about one case; every outcome shares case, names, scope and selection."""

    def __init__(
        self,
        case: Case,
        config: BundleConfig,
        class_names: tuple[str, ...],
        shown: bool,
        selection: Selection,
        frequencies: str = "",
        checked: CheckedHere | None = None,
    ):
        self._case, self._config = case, config
        self.class_names = class_names
        self._common = {
            "case_id": case.code or case.case_id,
            "class_names": class_names,
            "names_shown": shown,
            "scope": config.scope
            if shown
            else f"Can only tell {len(class_names)} classes of synthetic images apart; no disease is named here.",
            "selection": selection,
            "frequencies": frequencies,
            "checked_here": checked,
            "answered_by": config.title,
        }

    def refused(self, reasons: list[Notice], notices: tuple[Notice, ...]) -> Prediction:
        verdict = f"No opinion: {reasons[0].message} {_RESEARCH}"
        return Prediction(
            status="refused", verdict=verdict, reasons=tuple(reasons), warnings=notices, **self._common
        )

    def answered(
        self,
        session: Session,
        notices: tuple[Notice, ...],
        provenance: Provenance,
        others: Callable[[Fused], Alternatives | None],
    ) -> Prediction:
        """The answer of a session; ``others`` asks with every other admissible choice of images."""
        fused = fuse(session)
        relied, probabilities = fused.relied, fused.probabilities
        branches = {
            Modality(m): tuple(logits[0].float().softmax(dim=-1).tolist())
            for m, logits in fused.output.branches.items()
            if Modality(m) not in session.substituted
        }
        alternatives = others(fused)
        for modality in session.substituted:
            notices += (
                Notice(
                    code="modality_substituted",
                    message=f"No {modality.title} image: the average of the training images stands in for it"
                    + (f", so {self._lost} can be given." if self._lost else "."),
                ),
            )
        notices += tuple(self._answered_without(session))
        limit = session.calibration.calibration.abstain_below
        besides = [*self._negative_panel(session, alternatives), *_contradiction(alternatives)]
        status, verdict, reasons = self._status(probabilities, relied, limit, besides)
        prediction = Prediction(
            status=status,
            verdict=verdict,
            reasons=reasons,
            warnings=notices,
            probabilities=probabilities,
            branches=branches,
            provenance=provenance,
            conformal=relied.conformal,
            coverage=relied.coverage,
            distance=relied.distance,
            distance_limit=relied.distance_limit,
            fits_none=None if relied.distance is None else relied.distance > relied.distance_limit,
            member_spread=relied.member_spread,
            alternatives=alternatives,
            **self._common,
        )
        prediction._session = session
        return prediction

    @property
    def _lost(self) -> str:
        """What the bundle knows about complete patients only."""
        lost = ["no set of classes"] * (self._config.conformal is not None)
        return " and ".join(lost + ["no distance to the known patients"] * (self._config.known is not None))

    def _answered_without(self, session: Session) -> list[Notice]:
        """What a person must know where the network answers without some of its modalities."""
        if not session.absent:
            return []
        partial, present = session.calibration, _listed([one.title for one in session.order])
        said = (
            f"No {_listed([one.title for one in session.absent], 'or')} image: answered from {present} alone."
        )
        if partial.accuracy is not None and self._common["names_shown"]:
            said += f" Asked so, the model was right about {partial.accuracy:.0%} of its test patients."
        lost = [
            name
            for name, whole, part in (
                ("no set of classes", self._config.conformal, partial.conformal),
                ("no distance to the known patients", self._config.known, partial.known),
            )
            if whole is not None and part is None
        ]
        if lost:
            said += f" Too few patients had just these images, so {_listed(lost)} can be given."
        return [Notice(code="answered_without", message=said)]

    def _status(
        self, probabilities: tuple[float, ...], relied: Reliability, limit: float, besides: list[Notice]
    ) -> tuple[str, str, tuple[Notice, ...]]:
        if not self._common["names_shown"]:
            reason = Notice(
                code="synthetic_bundle",
                message="The model was trained on synthetic images and these are not synthetic; "
                "its numbers only show that the program works.",
            )
            return "refused", f"{PLUMBING} {_RESEARCH}", (reason,)
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        reasons = [
            *besides,
            *_beyond_the_known(relied),
            *self._outside_its_set(best, relied),
            *_too_uncertain(probabilities[best], limit),
        ]
        if reasons:
            return "abstained", f"No opinion: {reasons[0].message} {_RESEARCH}", tuple(reasons)
        return "answered", f"Most like {self.class_names[best]} ({probabilities[best]:.0%}). {_RESEARCH}", ()

    def _negative_panel(self, session: Session, alternatives: Alternatives | None) -> list[Notice]:
        """A reason where the model learnt from positive antibodies and none as strong is here."""
        panel, keys = self._config.panel, session.order.get(Modality.IM, ())
        if panel is None or (
            alternatives and any(one.modality == Modality.IM for one in alternatives.varying)
        ):
            return []
        graded = keyed_images(self._case)
        said = [panel.weaker(graded[key].intensity, session.prepared[key].pixels) for key in keys]
        if not said or not all(said):
            return []
        message = f"No antibody is as strong as in any patient that the model was trained on ({said[0]})."
        return [Notice(code="panel_negative", message=message)]

    def _outside_its_set(self, best: int, relied: Reliability) -> list[Notice]:
        """A reason where the verdict would name a class that the set beside it excludes."""
        if not relied.conformal or best in relied.conformal:
            return []
        frequencies = self._common["frequencies"]
        mix = f" at the frequencies {frequencies}" if frequencies else ""
        message = (
            f"The most probable class{mix}, {self.class_names[best]}, is not in the set of classes at "
            f"{100 * relied.coverage:g} % coverage, so the two contradict each other."
        )
        return [Notice(code="set_disagrees", message=message)]


def _contradiction(alternatives: Alternatives | None) -> list[Notice]:
    """A reason where admissible choices of images lead to answers that cannot both be true."""
    said = alternatives.disagreement if alternatives is not None else ""
    return [Notice(code=DISAGREE, message=said)] if said else []


def _too_uncertain(probability: float, limit: float) -> list[Notice]:
    if probability >= limit:
        return []
    message = (
        f"The largest probability is {probability:.2f}, below {limit:.2f}, "
        "under which this model gives no opinion."
    )
    return [Notice(code="too_uncertain", message=message)]


def _listed(names: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _beyond_the_known(relied: Reliability) -> list[Notice]:
    """Reasons not to answer at all: a patient unlike the known ones, or a set without a class."""
    reasons = []
    if relied.distance is not None and relied.distance > relied.distance_limit:
        times = relied.distance / relied.distance_limit if relied.distance_limit > 0 else float("inf")
        message = (
            "Fits none of its classes: the patient is unlike those that the model was trained on "
            f"(distance {times:.1f} times the limit)."
        )
        reasons.append(Notice(code="fits_none", message=message))
    if relied.conformal == ():
        message = (
            f"No class is left at {100 * relied.coverage:g} % coverage: each is less probable than the right "
            "one was in nearly all patients."
        )
        reasons.append(Notice(code="set_empty", message=message))
    return reasons
