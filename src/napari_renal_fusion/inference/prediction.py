"""A prediction: the model's answer about one case, with its status, its reasons and its origin."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PrivateAttr

from ..cases import Modality
from ..inputs.selection import Selection
from ..notices import Notice


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

    # Token maps, the loaded bundle and the case stay in memory and are never written.
    _session: Any = PrivateAttr(default=None)

    @property
    def top(self) -> int | None:
        """Index of the most probable class, None if the model did not run."""
        if not self.probabilities:
            return None
        return max(range(len(self.probabilities)), key=self.probabilities.__getitem__)
