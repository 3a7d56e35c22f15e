"""The outcome of a question: answered, abstained or refused, with the sentence that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bundles import BundleConfig
from ..cases import Case, Modality
from ..errors import RenalFusionError
from ..inputs import Selection
from ..notices import Notice
from .prediction import Prediction, Provenance
from .session import Session

if TYPE_CHECKING:
    from ..networks import FusionOutput

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
    ):
        self._config = config
        self.class_names = class_names
        self._common = {
            "case_id": case.case_id,
            "class_names": class_names,
            "names_shown": shown,
            "scope": config.scope
            if shown
            else f"Can only tell {len(class_names)} classes of synthetic images apart; no disease is named here.",
            "selection": selection,
        }

    def refused(self, reasons: list[Notice], notices: tuple[Notice, ...]) -> Prediction:
        verdict = f"No opinion: {reasons[0].message} {_RESEARCH}"
        return Prediction(
            status="refused", verdict=verdict, reasons=tuple(reasons), warnings=notices, **self._common
        )

    def answered(self, session: Session, notices: tuple[Notice, ...], provenance: Provenance) -> Prediction:
        import torch

        with torch.inference_mode():
            output = _fuse(session)
            probabilities = session.calibrate(output.fusion[0]).cpu().double()  # Metal has no float64
            branches = {
                Modality(m): tuple(logits[0].float().softmax(dim=-1).tolist())
                for m, logits in output.branches.items()
                if Modality(m) not in session.substituted
            }
        probabilities = tuple((probabilities / probabilities.sum()).tolist())
        for modality in session.substituted:
            notices += (
                Notice(
                    code="modality_substituted",
                    message=f"No {modality.title} image: the average of the training images stands in for it.",
                ),
            )
        status, verdict, reasons = self._status(probabilities)
        prediction = Prediction(
            status=status,
            verdict=verdict,
            reasons=reasons,
            warnings=notices,
            probabilities=probabilities,
            branches=branches,
            provenance=provenance,
            **self._common,
        )
        prediction._session = session
        return prediction

    def _status(self, probabilities: tuple[float, ...]) -> tuple[str, str, tuple[Notice, ...]]:
        if not self._common["names_shown"]:
            reason = Notice(
                code="synthetic_bundle",
                message="The model was trained on synthetic images and these are not synthetic; "
                "its numbers only show that the program works.",
            )
            return "refused", f"{PLUMBING} {_RESEARCH}", (reason,)
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        limit = self._config.calibration.abstain_below
        if probabilities[best] < limit:
            reason = Notice(
                code="too_uncertain",
                message=f"The largest probability is {probabilities[best]:.2f}, below {limit:.2f}, "
                "under which this model gives no opinion.",
            )
            return "abstained", f"No opinion: {reason.message} {_RESEARCH}", (reason,)
        return "answered", f"Most like {self.class_names[best]} ({probabilities[best]:.0%}). {_RESEARCH}", ()


def _fuse(session: Session) -> FusionOutput:
    from ..networks import NonFiniteFeatures

    try:
        return session.fuse()
    except NonFiniteFeatures as error:
        modality = Modality(error.modality)
        keys = session.order[modality]
        key = keys[error.instance_index] if error.instance_index is not None else keys[0]
        raise RenalFusionError(
            "features_not_finite",
            f"The model's features of {key} ({session.names[key]}) are not numbers",
            remedy="Leave this image out, or choose the device cpu.",
        ) from error
