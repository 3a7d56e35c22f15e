"""A batch: the tensors of several patients, their masks, and where every tensor lies on its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..cases import Box, Modality
from .pixels import PreparedImage, Preprocessing

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Batch:
    """Inputs of B patients, float32, normalised.

    ``om`` and ``im`` are [B, 3, H, W], ``tem`` is [B, N, 3, H, W] with the boolean ``tem_mask`` [B, N];
    any of them is None if the network does not use it. Padding may hold anything; the mask decides.
    ``boxes[b]`` maps an image's key to the part of the original that its tensor covers.
    """

    om: torch.Tensor | None = None
    im: torch.Tensor | None = None
    tem: torch.Tensor | None = None
    tem_mask: torch.Tensor | None = None
    boxes: tuple[Mapping[str, Box], ...] = field(default=())


def to_tensor(prepared: PreparedImage, preprocessing: Preprocessing) -> torch.Tensor:
    """Normalise a prepared picture to a float32 tensor [3, H, W]."""
    import torch

    # A copy: the array comes from Pillow and is read-only, which torch does not support.
    pixels = torch.from_numpy(prepared.pixels.copy()).permute(2, 0, 1).float() / 255
    mean = torch.tensor(preprocessing.mean).view(3, 1, 1)
    std = torch.tensor(preprocessing.std).view(3, 1, 1)
    return (pixels - mean) / std


def bag_order(prepared: Mapping[str, PreparedImage]) -> tuple[str, ...]:
    """Keys of a bag in the order of their content, so that the order of files never matters."""
    return tuple(sorted(prepared, key=lambda key: (prepared[key].input_sha256, key)))


def collate(
    patients: Sequence[Mapping[Modality, Sequence[torch.Tensor]]],
    boxes: Sequence[Mapping[str, Box]] = (),
) -> Batch:
    """Stack patients; each maps a modality to its tensors [3, H, W], one for OM and IM, any for TEM.

    All patients must have the same modalities; bags are padded with zeros to the longest.
    """
    import torch

    def single(modality: Modality) -> torch.Tensor | None:
        if modality not in patients[0]:
            return None
        return torch.stack([patient[modality][0] for patient in patients])

    tem = mask = None
    if Modality.TEM in patients[0]:
        longest = max(len(patient[Modality.TEM]) for patient in patients)
        first = patients[0][Modality.TEM][0]
        tem = first.new_zeros((len(patients), longest, *first.shape))
        mask = torch.zeros((len(patients), longest), dtype=torch.bool)
        for row, patient in enumerate(patients):
            bag = patient[Modality.TEM]
            tem[row, : len(bag)] = torch.stack(list(bag))
            mask[row, : len(bag)] = True
    return Batch(single(Modality.OM), single(Modality.IM), tem, mask, tuple(boxes))
