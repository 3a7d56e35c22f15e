"""Several renal HEALNets that answer as one: the mean of their logits, with what each member gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .config import Modality
from .encoders import TimmEncoder
from .errors import NetworkInputError
from .fusion_network import FusionOutput
from .renal_healnet import RenalHEALNet
from .renal_healnet_config import RenalHEALNetConfig


class RenalHEALNetEnsemble(RenalHEALNet):
    """An ensemble with the interface of one :class:`RenalHEALNet`; its logits are the mean of its members' logits.

    With ``shared_encoders`` every image is encoded once and only what follows exists per member. Otherwise each
    member is a whole network: a token map has the channels of all members one after another,
    [K, h, w, M * d], and ``encoders`` are the first member's. State keys are those of
    :class:`~.ensemble.CMUSNetEnsemble`; :func:`~.ensemble.combined_state` makes them from the members' own.

    Parameters
    ----------
    config
        What every member is.
    members
        Their number M, at least 1.
    shared_encoders
        Whether they have one set of encoders between them.
    """

    def __init__(
        self, config: RenalHEALNetConfig | Mapping[str, Any], members: int, shared_encoders: bool = True
    ):
        nn.Module.__init__(self)
        if members < 1:
            raise ValueError(f"an ensemble needs at least one member, not {members}")
        self.config = RenalHEALNetConfig.model_validate(config)
        self.shared_encoders = shared_encoders
        if shared_encoders:
            c = self.config
            self.encoders = nn.ModuleDict({m: TimmEncoder(c.encoder_for(m)) for m in c.modalities})
            self.widths = {m: encoder.width for m, encoder in self.encoders.items()}
            self.members = nn.ModuleList(_FusionOnly(c, self.widths) for _ in range(members))
        else:
            self.members = nn.ModuleList(RenalHEALNet(self.config) for _ in range(members))
            # Past nn.Module's own bookkeeping, which would write the first member's encoders twice.
            object.__setattr__(self, "encoders", self.members[0].encoders)
            self.widths = dict(self.members[0].widths)

    def encode_images(self, modality: Modality, x: Tensor) -> Tensor:
        """Token maps [K, h, w, d] of K normalised images, or [K, h, w, M * d] of encoders of their own."""
        if self.shared_encoders:
            return super().encode_images(modality, x)
        return torch.cat([member.encode_images(modality, x) for member in self.members], dim=-1)

    def fuse(
        self,
        maps: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        stains: Mapping[str, Tensor] | None = None,
        *,
        attention: bool = False,
    ) -> FusionOutput:
        """As :meth:`RenalHEALNet.fuse`, from tokens with the channels that ``encode_images`` gives."""
        outputs = [
            member.fuse(own, masks, stains, attention=attention)
            for member, own in zip(self.members, self._split(maps), strict=True)
        ]
        logits = torch.stack([one.fusion for one in outputs])
        unfused = torch.stack([one.unfused for one in outputs])
        weights = None
        if attention:
            weights = {
                m: sum(one.attention[m] for one in outputs) / len(outputs) for m in outputs[0].attention
            }
        return FusionOutput(
            fusion=logits.mean(dim=0),
            om=None,
            im=None,
            tem=None,
            smil=None,
            features=torch.stack([one.features for one in outputs]).mean(dim=0),
            unfused=unfused.mean(dim=0),
            member_logits=logits,
            member_unfused=unfused,
            attention=weights,
        )

    def _split(self, maps: Mapping[str, Tensor]) -> list[Mapping[str, Tensor]]:
        """The token maps of each member, from maps with the channels of all of them."""
        count = len(self.members)
        if self.shared_encoders:
            return [maps] * count
        parts: list[dict[str, Tensor]] = [{} for _ in range(count)]
        for modality, one in maps.items():
            width = self.widths.get(modality, 0)
            if one.shape[-1] != count * width:
                raise NetworkInputError(
                    f"{modality}: {count} members need tokens with {count} x {width} channels, "
                    f"not {list(one.shape)}"
                )
            for part, own in zip(parts, one.chunk(count, dim=-1), strict=True):
                part[modality] = own
        return parts


class _FusionOnly(RenalHEALNet):
    """What follows the encoders of a renal HEALNet."""

    def __init__(self, config: RenalHEALNetConfig, widths: dict[str, int]):
        nn.Module.__init__(self)
        self.config = config
        self._add_fusion(widths)
