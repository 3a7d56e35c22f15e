"""Class activation maps at the encoder output, from token maps and one backward pass through the fusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from .explanation import CamMethod
from .formulas import needs_gradient, raw_maps
from .patient import fuse, patient_tokens

if TYPE_CHECKING:
    from ..inference.session import Session


def token_cams(session: Session, class_index: int, method: CamMethod) -> dict[str, np.ndarray]:
    """Raw maps, float32 [h, w], of every image of the patient for one class, by key.

    The gradient is that of the logit of ``class_index`` (before calibration) with respect to all token
    maps at once. The encoder of an image sees that image only, so this equals what pytorch-grad-cam
    finds at the encoder output with one image varying and the others held. An image that SMIL gave no
    weight has a gradient of zero; its map says nothing and should not be shown.
    """
    tokens = patient_tokens(session)
    present = [modality for modality in tokens if modality in session.order]
    gradients: dict[Modality, np.ndarray | None] = dict.fromkeys(present)
    if needs_gradient(method):
        leaves = [tokens[modality].requires_grad_() for modality in present]
        logits = fuse(session, {modality: one[None] for modality, one in tokens.items()}).fusion
        found = torch.autograd.grad(logits[0, class_index], leaves)
        gradients = {modality: one.cpu().numpy() for modality, one in zip(present, found, strict=True)}

    maps = {}
    for modality in present:
        activations = tokens[modality].detach().cpu().numpy()
        keys = session.order[modality]
        grid = tuple(session.tokens[keys[0]].shape[:2])
        gradient = gradients[modality]
        raw = raw_maps(
            method,
            _channels_first(activations, grid),
            None if gradient is None else _channels_first(gradient, grid),
        )
        maps.update(zip(keys, raw, strict=True))
    return maps


def _channels_first(tokens: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """[L, d] or [n, L, d] -> contiguous [n, d, h, w]."""
    on_grid = tokens.reshape(-1, *grid, tokens.shape[-1])
    return np.ascontiguousarray(on_grid.transpose(0, 3, 1, 2))
