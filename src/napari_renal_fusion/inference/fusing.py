"""One answer from token maps: fuse, calibrate, and read off what it can be relied on for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cases import Modality
from ..errors import RenalFusionError
from .reliability import Reliability, reliability
from .session import Session

if TYPE_CHECKING:
    from ..networks import FusionOutput


@dataclass(frozen=True)
class Fused:
    """Calibrated probabilities [C], their reliability, and the network's output (batch of one)."""

    probabilities: tuple[float, ...]
    relied: Reliability
    output: FusionOutput


def fuse(session: Session) -> Fused:
    """The answer of a session as it stands.

    Raises
    ------
    RenalFusionError
        ``features_not_finite`` names the image whose features are not numbers.
    """
    import torch

    with torch.inference_mode():
        output = _fuse(session)
        relied = reliability(session, output)
        probabilities = session.calibrate(output.fusion[0]).cpu().double()  # Metal has no float64
    return Fused(tuple((probabilities / probabilities.sum()).tolist()), relied, output)


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
