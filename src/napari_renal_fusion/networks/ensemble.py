"""Several CMUS-Nets that answer as one: the mean of their logits, with what each member gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .cmus_net import CMUSNet
from .config import CMUSNetConfig, Modality
from .encoders import TimmEncoder
from .errors import NetworkInputError
from .fusion_network import FusionOutput
from .smil import SMILResult


class CMUSNetEnsemble(CMUSNet):
    """An ensemble with the interface of one :class:`CMUSNet`; its logits are the mean of its members' logits.

    With ``shared_encoders`` every image is encoded once and the bag is weighed once (by each member if the
    tokens are normalised for each), and only what follows (CMSA, classifier, heads) exists per member.
    Otherwise each member is a whole network: a token map has the channels of all members one after another,
    [K, h, w, M * d], and ``encoders`` are the first member's.

    Parameters
    ----------
    config
        What every member is.
    members
        Their number M, at least 1.
    shared_encoders
        Whether they have one set of encoders between them.

    Notes
    -----
    State keys are ``encoders.*`` and ``members.{k}.(cmsa|classifier|heads).*`` with shared encoders, and
    ``members.{k}.*`` otherwise; :func:`combined_state` makes them from the members' own.
    """

    def __init__(self, config: CMUSNetConfig | Mapping[str, Any], members: int, shared_encoders: bool = True):
        nn.Module.__init__(self)
        if members < 1:
            raise ValueError(f"an ensemble needs at least one member, not {members}")
        self.config = CMUSNetConfig.model_validate(config)
        self.shared_encoders = shared_encoders
        if shared_encoders:
            c = self.config
            self.encoders = nn.ModuleDict({m: TimmEncoder(c.encoder_for(m)) for m in c.modalities})
            widths = {m: encoder.width for m, encoder in self.encoders.items()}
            self.members = nn.ModuleList(_FusionOnly(c, widths) for _ in range(members))
        else:
            self.members = nn.ModuleList(CMUSNet(self.config) for _ in range(members))
            # Past nn.Module's own bookkeeping, which would write the first member's encoders twice.
            object.__setattr__(self, "encoders", self.members[0].encoders)

    def encode_images(self, modality: Modality, x: Tensor) -> Tensor:
        """Token maps [K, h, w, d] of K normalised images, or [K, h, w, M * d] of encoders of their own."""
        if self.shared_encoders:
            return super().encode_images(modality, x)
        return torch.cat([member.encode_images(modality, x) for member in self.members], dim=-1)

    def fuse(
        self,
        om: Tensor | None = None,
        im: Tensor | None = None,
        tem: Tensor | None = None,
        tem_mask: Tensor | None = None,
    ) -> FusionOutput:
        """As :meth:`CMUSNet.fuse`, from tokens with the channels that ``encode_images`` gives.

        Members with encoders of their own weigh the bag each in their own way; ``smil`` then is what
        :func:`combined_record` makes of it.
        """
        if self.shared_encoders and not self.config.token_norm:
            # Every member has the same SMIL, which has no weights, so the first one's serves all.
            maps, smil = self.members[0]._one_map_each(om, im, tem, tem_mask)
            outputs = [member._fuse_maps(maps, smil) for member in self.members]
        else:
            parts = [self._split(m, one) for m, one in (("OM", om), ("IM", im), ("TEM", tem))]
            outputs = [
                member.fuse(*tokens, tem_mask) for member, *tokens in zip(self.members, *parts, strict=True)
            ]
            records = [one.smil for one in outputs if one.smil is not None]
            smil = combined_record(records) if records else None
        logits = torch.stack([one.fusion for one in outputs])
        unfused = torch.stack([one.unfused for one in outputs])
        branches = {
            modality: torch.stack([one.branches[modality] for one in outputs]).mean(dim=0)
            for modality in outputs[0].branches
        }
        return FusionOutput(
            fusion=logits.mean(dim=0),
            om=branches.get("OM"),
            im=branches.get("IM"),
            tem=branches.get("TEM"),
            smil=smil,
            features=torch.stack([one.features for one in outputs]).mean(dim=0),
            unfused=unfused.mean(dim=0),
            member_logits=logits,
            member_unfused=unfused,
        )

    def _split(self, modality: Modality, tokens: Tensor | None) -> Sequence[Tensor | None]:
        """The tokens of each member, from maps with the channels of all of them."""
        count = len(self.members)
        if self.shared_encoders or tokens is None or modality not in self.encoders:
            return [tokens] * count  # each member says itself what is wrong with it
        width = self.encoders[modality].width
        if tokens.shape[-1] != count * width:
            raise NetworkInputError(
                f"{modality}: {count} members need tokens with {count} x {width} channels, "
                f"not {list(tokens.shape)}"
            )
        return tokens.chunk(count, dim=-1)


class _FusionOnly(CMUSNet):
    """What follows the encoders of a CMUS-Net."""

    def __init__(self, config: CMUSNetConfig, widths: dict[str, int]):
        nn.Module.__init__(self)
        self.config = config
        self._add_fusion(widths)


def combined_record(records: Sequence[SMILResult]) -> SMILResult:
    """One bag record of members that weighed a bag [B, N, L, d] each in their own way.

    ``weights`` are means. ``distances`` are means in units of each member's mean pairwise distance, times the
    mean of those, because the members' features have scales of their own. An image is ``kept`` if at least
    half of the members kept it, the ``centre`` is the one that most chose (ties: the lowest index), and
    ``merged_into`` is the representative that most chose. ``tokens`` have the channels of all members one
    after another. A ``kept`` that is False beside a weight above 0 means that a minority kept the image.
    """
    scale = torch.stack([one.mean_distance for one in records])
    unit = torch.where(scale > 0, scale, 1.0)
    distances = torch.stack([one.distances for one in records]) / unit[..., None, None]
    mean_scale = scale.mean(dim=0)
    merged_into = _most_frequent([one.merged_into for one in records], distances.shape[-1])
    # The representative that most chose may itself be merged by another majority.
    for _ in range(merged_into.shape[1]):
        merged_into = merged_into.gather(1, merged_into)
    return SMILResult(
        tokens=torch.cat([one.tokens for one in records], dim=-1),
        centre=_most_frequent([one.centre for one in records], distances.shape[-1]),
        distances=distances.mean(dim=0) * torch.where(mean_scale > 0, mean_scale, 1.0)[:, None, None],
        weights=torch.stack([one.weights for one in records]).mean(dim=0),
        kept=torch.stack([one.kept for one in records]).float().mean(dim=0) >= 0.5,
        merged_into=merged_into,
        mean_distance=mean_scale,
    )


def _most_frequent(indices: Sequence[Tensor], size: int) -> Tensor:
    """The index below ``size`` that occurs most often in each place; of several the lowest."""
    return nn.functional.one_hot(torch.stack(list(indices)), size).sum(dim=0).argmax(dim=-1)


def combined_state(members: Sequence[Mapping[str, Tensor]], shared_encoders: bool) -> dict[str, Tensor]:
    """State of a :class:`CMUSNetEnsemble` from the states of its members, each that of a ``CMUSNet``.

    Raises
    ------
    ValueError
        The members have different entries, or encoders that are said to be shared differ.
    """
    first = members[0]
    for other in members[1:]:
        if set(other) != set(first):
            raise ValueError(f"members differ in their entries: {sorted(set(first) ^ set(other))[:5]}")
    state: dict[str, Tensor] = {}
    if shared_encoders:
        state = {name: value for name, value in first.items() if name.startswith("encoders.")}
        for name, value in state.items():
            if not all(torch.equal(value, other[name]) for other in members[1:]):
                raise ValueError(f"{name} differs between members, so their encoders are not shared")
    for number, member in enumerate(members):
        state |= {f"members.{number}.{name}": one for name, one in member.items() if name not in state}
    return state
