"""A batch in which every patient has any number of images of each modality, or none, with their stains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..cases import Box

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PanelBatch:
    """Inputs of B patients for a network that reads the whole panel, by modality.

    ``images`` [B, N, 3, H, W] are float32 and normalised, ``masks`` bool [B, N] says which exist, ``stains``
    long [B, N] are the network's indices of what they show. Padding may hold anything. ``boxes[b]`` maps an
    image's key to the part of the original that its tensor covers.
    """

    images: Mapping[str, torch.Tensor]
    masks: Mapping[str, torch.Tensor]
    stains: Mapping[str, torch.Tensor]
    boxes: tuple[Mapping[str, Box], ...] = field(default=())

    def to(self, device: torch.device | str) -> PanelBatch:
        """The same on another device."""
        parts = (
            {modality: one.to(device, non_blocking=True) for modality, one in part.items()}
            for part in (self.images, self.masks, self.stains)
        )
        return PanelBatch(*parts, self.boxes)


def stack_bags(bags: Sequence[torch.Tensor | None]) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Bags [n_b, ...] padded with zeros to [B, N, ...], and which images exist, bool [B, N].

    ``None`` stands for a patient without an image; if nobody has one there is nothing to stack.
    """
    import torch

    first = next((one for one in bags if one is not None and len(one)), None)
    if first is None:
        return None
    longest = max(0 if one is None else len(one) for one in bags)
    stacked = first.new_zeros((len(bags), longest, *first.shape[1:]))
    mask = torch.zeros((len(bags), longest), dtype=torch.bool)
    for row, one in enumerate(bags):
        if one is not None and len(one):
            stacked[row, : len(one)] = one
            mask[row, : len(one)] = True
    return stacked, mask


def collate_panel(
    patients: Sequence[tuple[Mapping[str, torch.Tensor], Mapping[str, torch.Tensor]]],
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Tensors, masks and stains by modality of patients that are each (tensors [n, ...], stains [n]) by modality.

    They are the first three fields of a :class:`PanelBatch` for images, or a ``PanelTokens`` for token maps.
    """
    tensors, masks, stains = {}, {}, {}
    for modality in dict.fromkeys(one for given, _ in patients for one in given):
        stacked = stack_bags([given.get(modality) for given, _ in patients])
        if stacked is not None:
            tensors[modality], masks[modality] = stacked
            stains[modality] = stack_bags([shown.get(modality) for _, shown in patients])[0]
    return tensors, masks, stains
