"""Class activation maps at the encoder output, from token maps and one backward pass through the fusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from .explanation import CamMethod
from .formulas import needs_gradient, raw_maps
from .panel import attention_maps, entering_keys, reads_panel
from .patient import fuse, patient_tokens

if TYPE_CHECKING:
    from ..inference.session import Session


def token_cams(session: Session, class_index: int, method: CamMethod) -> dict[str, np.ndarray]:
    """Raw maps, float32 [h, w], of every image of the patient for one class, by key.

    The gradient is that of the logit of ``class_index`` (before calibration) with respect to all token
    maps at once. The encoder of an image sees that image only, so this equals what pytorch-grad-cam
    finds at the encoder output with one image varying and the others held. An image that SMIL gave no
    weight has a gradient of zero; its map says nothing and should not be shown.

    The logit of an ensemble is the mean of its members' logits. Where members have encoders of their own, the
    map is the mean of each member's map of its own logit, on its own channels; for the methods that are
    linear in the gradient this is the map of the mean. ``attention`` is that of a network that reads the whole
    panel (:func:`attention_maps`).
    """
    if method == "attention":
        return attention_maps(session)
    members = _own_encoders(session)
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
        keys = entering_keys(session, modality) if reads_panel(session) else session.order[modality]
        grid = tuple(session.tokens[keys[0]].shape[:2])
        gradient = gradients[modality]
        raw = _mean_over_members(
            method,
            _channels_first(activations, grid),
            None if gradient is None else _channels_first(gradient, grid),
            members,
        )
        maps.update(zip(keys, raw, strict=True))
    return maps


def _own_encoders(session: Session) -> int:
    """Number of members whose channels stand one after another in a token map; 1 where encoders are shared."""
    network = session.network
    return 1 if getattr(network, "shared_encoders", True) else len(network.members)


def _mean_over_members(
    method: CamMethod, activations: np.ndarray, gradients: np.ndarray | None, members: int
) -> np.ndarray:
    """Raw maps [n, h, w] from [n, members * d, h, w]."""
    if members == 1:
        return raw_maps(method, activations, gradients)
    # A member's own logit counts 1/M in the mean, so its own gradient is M times what was found.
    own = [None] * members if gradients is None else np.split(gradients * members, members, axis=1)
    each = np.stack(
        [raw_maps(method, *pair) for pair in zip(np.split(activations, members, axis=1), own, strict=True)]
    )
    if method == "eigencam":
        # The sign of each member's axis is arbitrary: opposite ones would cancel.
        agree = (each * each[:1]).sum(axis=(2, 3), keepdims=True)
        each = np.where(agree < 0, -each, each)
    return each.mean(axis=0, dtype=np.float32)


def _channels_first(tokens: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """[L, d], [n, L, d] or [n, h, w, d] -> contiguous [n, d, h, w]."""
    on_grid = tokens.reshape(-1, *grid, tokens.shape[-1])
    return np.ascontiguousarray(on_grid.transpose(0, 3, 1, 2))
