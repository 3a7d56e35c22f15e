"""The token maps of one patient as the tensors that the fusion takes, for one or many variants of the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..cases import Modality
from .panel import fuse_panel, panel_tokens, reads_panel

if TYPE_CHECKING:
    from ..inference.session import Session
    from ..networks import FusionOutput

# Floats in one batch of TEM bags (128 MB, and as much again for what is made of it): a hundred bags of a
# hundred images would take 2 GB.
_BATCH_FLOATS = 2**25


def patient_tokens(session: Session) -> dict[Modality, Tensor]:
    """Token maps of every modality that the network reads, in the order in which they enter it.

    OM and IM are [L, d], TEM is [N, L, d]; a modality without an image is the bundle's mean tokens
    (for TEM a bag of one). Of a network that reads the whole panel all are [N, h, w, d], and what is missing is
    left out. The tensors are copies that may take part in a gradient.
    """
    if reads_panel(session):
        return panel_tokens(session)
    present = set(session.order)
    return {
        modality: _present(session, modality) if modality in present else _mean(session, modality)
        for modality in map(Modality, session.network.config.modalities)
    }


def mean_tokens(session: Session, modality: Modality) -> Tensor:
    """The bundle's mean tokens [L, d] of a modality, on the device of the network."""
    return session.mean_tokens[modality].to(_device(session)).clone()


def fuse(session: Session, tokens: Mapping[Modality, Tensor], mask: Tensor | None = None) -> FusionOutput:
    """Run the fusion on OM, IM [B, L, d] and TEM [B, N, L, d]; ``mask`` [B, N] or None for full bags.

    A network that reads the whole panel takes what :func:`fuse_panel` does, without a mask.
    """
    if reads_panel(session):
        return fuse_panel(session, tokens)
    tem = tokens.get(Modality.TEM)
    if tem is not None and mask is None:
        mask = torch.ones(tem.shape[:2], dtype=torch.bool, device=tem.device)
    return session.network.fuse(tokens.get(Modality.OM), tokens.get(Modality.IM), tem, mask)


def probabilities(session: Session, output: FusionOutput) -> np.ndarray:
    """Calibrated probabilities of a fusion, float64 [B, C]."""
    return session.calibrate(output.fusion.detach()).cpu().double().numpy()


def rows_at_once(bag: Tensor) -> int:
    """How many bags of the size of ``bag`` [N, L, d] to fuse in one call."""
    return max(1, _BATCH_FLOATS // bag.numel())


def _present(session: Session, modality: Modality) -> Tensor:
    device = _device(session)
    # A clone made outside inference mode is an ordinary tensor, whatever mode the token was made in.
    maps = [session.tokens[key].to(device).flatten(0, 1).clone() for key in session.order[modality]]
    return torch.stack(maps) if modality is Modality.TEM else maps[0]


def _mean(session: Session, modality: Modality) -> Tensor:
    mean = mean_tokens(session, modality)
    return mean[None] if modality is Modality.TEM else mean


def _device(session: Session) -> torch.device:
    return next(session.network.parameters()).device
