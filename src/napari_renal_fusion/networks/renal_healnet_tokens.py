"""Token maps of a batch in which every patient has any number of images of each modality, or none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class PanelTokens:
    """What :meth:`RenalHEALNet.fuse` takes, by modality; a modality that nobody has may be left out.

    ``maps`` [B, N, h, w, d] are the token maps of N images, padding included, which may hold anything; ``masks``
    bool [B, N] says which images exist (none of a patient who lacks the modality), and ``stains`` long [B, N]
    are indices of :meth:`RenalHEALNetConfig.stain_index`. Iterating gives the arguments of ``fuse``.
    """

    maps: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    stains: Mapping[str, Tensor]

    def __iter__(self) -> Iterator[Mapping[str, Tensor]]:
        return iter((self.maps, self.masks, self.stains))

    def to(self, device: torch.device | str) -> PanelTokens:
        """The same on another device."""
        parts = ({m: one.to(device, non_blocking=True) for m, one in part.items()} for part in self)
        return type(self)(*parts)

    def float(self) -> PanelTokens:
        """The same with maps in float32."""
        return replace(self, maps={m: one.float() for m, one in self.maps.items()})

    @property
    def present(self) -> tuple[str, ...]:
        """Modalities that at least one patient has."""
        return tuple(m for m, mask in self.masks.items() if bool(mask.any()))

    def only(self, modalities: Collection[str]) -> PanelTokens:
        """The same patients with the images of ``modalities`` alone."""
        kept = ({m: one for m, one in part.items() if m in modalities} for part in self)
        return type(self)(*kept)
