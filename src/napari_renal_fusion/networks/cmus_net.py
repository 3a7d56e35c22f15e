"""CMUS-Net: encoders, SMIL, CMSA and classifiers put together, with its loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cmsa import CMSA, SingleHeadCMSA
from .config import CMUSNetConfig, EncoderConfig
from .encoders import TimmEncoder
from .errors import NetworkInputError, NonFiniteFeatures
from .fusion_network import FusionNetwork, FusionOutput
from .published import published_config, renamed_from_published
from .smil import SMIL, SMILResult, check_bags
from .token_norm import TokenNorm


@dataclass(frozen=True)
class Tokens:
    """Spatial tokens of a batch; ``None`` for a modality that the network does not use.

    ``om`` and ``im`` are [B, L, d], ``tem`` is [B, N, L, d] with ``tem_mask`` [B, N] (padding is 0), and
    ``grids`` says per modality how its L tokens lie: (h, w), row by row.
    Iterating gives ``om, im, tem, tem_mask``: the arguments of ``CMUSNet.fuse``.
    """

    om: Tensor | None
    im: Tensor | None
    tem: Tensor | None
    tem_mask: Tensor | None
    grids: Mapping[str, tuple[int, int]]

    def __iter__(self) -> Iterator[Tensor | None]:
        return iter((self.om, self.im, self.tem, self.tem_mask))

    def to(self, device: torch.device | str) -> Tokens:
        """The same on another device."""
        moved = (None if one is None else one.to(device, non_blocking=True) for one in self)
        return Tokens(*moved, grids=self.grids)

    def float(self) -> Tokens:
        """The same with maps in float32."""
        maps = (None if one is None else one.float() for one in (self.om, self.im, self.tem))
        return Tokens(*maps, self.tem_mask, grids=self.grids)


class CMUSNet(FusionNetwork):
    """Tri-modal classifier of renal biopsies (CMUS-Net) for OM, IM and TEM or a subset of them.

    One modality is encoder + classifier, OM + IM are concatenated, and a pair with TEM has CMSA with that
    partner only. Token maps are averaged over their tokens before the classifier and the branch heads, and
    the branch heads see them after CMSA.

    Parameters
    ----------
    config
        A ``CMUSNetConfig``, or a mapping of its fields; alternatively give the fields as keyword arguments.
        Weights are random: nothing is downloaded.
    """

    def __init__(self, config: CMUSNetConfig | Mapping[str, Any] | None = None, **fields: Any):
        super().__init__()
        if config is not None and fields:
            raise TypeError("give CMUSNet a configuration or keyword arguments, not both")
        self.config = CMUSNetConfig.model_validate(fields if config is None else config)
        c = self.config
        self.encoders = nn.ModuleDict({m: TimmEncoder(c.encoder_for(m)) for m in c.modalities})
        self._add_fusion({m: encoder.width for m, encoder in self.encoders.items()})

    def _add_fusion(self, widths: dict[str, int]) -> None:
        """Everything behind the encoders, for tokens with ``widths`` channels by modality."""
        c = self.config
        self.widths = widths
        self.smil = SMIL(c.threshold, c.preset) if c.smil and "TEM" in c.modalities else None
        self.cmsa = _cross_attention(c, widths)
        self.classifier = nn.Sequential(
            nn.Linear(sum(widths.values()), c.hidden),
            nn.ReLU(),
            nn.Dropout(c.dropout),
            nn.Linear(c.hidden, c.n_classes),
        )
        self.heads = nn.ModuleDict({m: nn.Linear(width, c.n_classes) for m, width in widths.items()})
        if c.token_norm:
            self.token_norm = nn.ModuleDict({m: TokenNorm(width) for m, width in widths.items()})

    def encode(self, batch: Any) -> Tokens:
        """Tokens of ``batch``, an object with ``om``, ``im`` [B, 3, H, W], ``tem`` [B, N, 3, H, W] and
        ``tem_mask`` [B, N] (bool). What the network does not use is not read; padding is not encoded.

        Raises
        ------
        NetworkInputError
            A modality that the network needs is missing or has another shape, or a bag has no image.
        """
        tokens: dict[str, Tensor | None] = {"om": None, "im": None, "tem": None, "tem_mask": None}
        grids: dict[str, tuple[int, int]] = {}
        for modality in self.config.modalities:
            images = getattr(batch, modality.lower())
            if images is None:
                raise _missing(modality)
            if modality == "TEM":
                tokens["tem_mask"] = batch.tem_mask
                maps, present = self._encode_bags(images, batch.tem_mask)
            else:
                maps = present = self.encode_images(modality, images)
            grids[modality] = tuple(present.shape[-3:-1])
            tokens[modality.lower()] = maps.flatten(-3, -2)
        return Tokens(**tokens, grids=grids)

    def _encode_bags(self, images: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Maps [B, N, h, w, d] (0 for padding) and those of the images alone [K, h, w, d]."""
        if images.ndim != 5:
            raise NetworkInputError(f"TEM: images must be [B, N, 3, H, W], not {list(images.shape)}")
        check_bags(images.new_zeros(*images.shape[:2], 1), mask)
        present = self.encode_images("TEM", images[mask])
        maps = present.new_zeros(*mask.shape, *present.shape[1:])
        maps[mask] = present
        return maps, present

    def fuse(
        self,
        om: Tensor | None = None,
        im: Tensor | None = None,
        tem: Tensor | None = None,
        tem_mask: Tensor | None = None,
    ) -> FusionOutput:
        """Logits from the tokens om, im [B, L, d] and tem [B, N, L, d] with tem_mask [B, N] (bool).

        Modalities that the network does not have must be ``None``. Padding in ``tem`` may hold anything.

        Raises
        ------
        NetworkInputError
            A modality is missing, is not one of the network's, or has a shape or mask that does not fit.
        NonFiniteFeatures
            Features of an image are NaN or infinite; the error names it.
        """
        return self._fuse_maps(*self._one_map_each(om, im, tem, tem_mask))

    def _one_map_each(
        self, om: Tensor | None, im: Tensor | None, tem: Tensor | None, tem_mask: Tensor | None
    ) -> tuple[dict[str, Tensor], SMILResult | None]:
        """Checked maps [B, L, d] by modality, a bag become one map, and its record."""
        maps = self._checked({"OM": om, "IM": im, "TEM": tem}, tem_mask)
        if self.config.token_norm:
            maps = {modality: self.token_norm[modality](one) for modality, one in maps.items()}
        smil = None
        if "TEM" in maps:
            if self.smil is not None:
                smil = self.smil(maps["TEM"], tem_mask)
                maps["TEM"] = smil.tokens
            else:
                maps["TEM"] = _mean_of_bag(maps["TEM"], tem_mask)
        return maps, smil

    def _fuse_maps(self, maps: dict[str, Tensor], smil: SMILResult | None) -> FusionOutput:
        maps = dict(maps)
        unfused = torch.cat([maps[modality].mean(dim=1) for modality in self.config.concat_order], dim=1)
        for partner in self.config.partners:
            attention = self.cmsa[partner] if self.config.preset == "paper" else self.cmsa
            maps[partner] = attention(maps["TEM"], maps[partner])
        pooled = {modality: tokens.mean(dim=1) for modality, tokens in maps.items()}
        features = torch.cat([pooled[modality] for modality in self.config.concat_order], dim=1)
        branches = {modality: self._branch(modality, vector) for modality, vector in pooled.items()}
        return FusionOutput(
            fusion=self.classifier(features),
            om=branches.get("OM"),
            im=branches.get("IM"),
            tem=branches.get("TEM"),
            smil=smil,
            features=features,
            unfused=unfused,
        )

    def loss(self, output: FusionOutput, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Scalar loss of ``output`` for class indices ``labels`` [B]; ``class_weights`` [C] enter every term.

        ``L_fusion + alpha L_OM + beta L_IM + gamma L_TEM``, cross-entropy each. The weights of branches that
        ``output`` does not have are shared out among the others in proportion. The mean over the batch in
        the preset ``paper``, the sum in ``published_code``; L_fusion alone without ``weighted_loss``.
        """
        reduction = "mean" if self.config.preset == "paper" else "sum"
        total = F.cross_entropy(output.fusion, labels, class_weights, reduction=reduction)
        given = dict(zip(("OM", "IM", "TEM"), self.config.loss_weights, strict=True))
        present = sum(given[modality] for modality in output.branches)
        if not self.config.weighted_loss or present == 0:
            return total
        for modality, logits in output.branches.items():
            share = given[modality] / present
            total = total + share * F.cross_entropy(logits, labels, class_weights, reduction=reduction)
        return total

    @classmethod
    def from_published(
        cls,
        state_dict: Mapping[str, Any],
        *,
        encoder: EncoderConfig | Mapping[str, Any] | str | None = None,
    ) -> CMUSNet:
        """The network of a published checkpoint, in the preset ``published_code`` and in eval mode.

        Parameters
        ----------
        state_dict
            The checkpoint, or the entry ``state_dict`` in it; the number of classes is read from it.
        encoder
            The Swin encoder of all three modalities; the paper's Swin-B by default.

        Raises
        ------
        CheckpointMismatch
            Entries are missing, unknown or of another shape; they are named and nothing is ignored.
        """
        entries = state_dict.get("state_dict", state_dict)
        model = cls(published_config(entries, encoder))
        model.load_state_dict(renamed_from_published(entries, model.state_dict()))
        return model.eval()

    def _branch(self, modality: str, vector: Tensor) -> Tensor:
        logits = self.heads[modality](vector)
        return logits if self.config.preset == "paper" else F.relu(logits)

    def _checked(self, given: dict[str, Tensor | None], tem_mask: Tensor | None) -> dict[str, Tensor]:
        for modality, tokens in given.items():
            expected = modality in self.config.modalities
            if expected and tokens is None:
                raise _missing(modality)
            if not expected and tokens is not None:
                raise NetworkInputError(f"{modality} is given, but this network does not use it")
            if tokens is not None:
                _check_tokens(modality, tokens, self.widths[modality])
        maps = {modality: tokens for modality, tokens in given.items() if tokens is not None}
        if "TEM" in maps:
            check_bags(maps["TEM"], tem_mask)
        if len({len(tokens) for tokens in maps.values()}) > 1:
            sizes = ", ".join(f"{modality} {len(tokens)}" for modality, tokens in maps.items())
            raise NetworkInputError(f"the modalities have different numbers of patients: {sizes}")
        return maps


def _cross_attention(config: CMUSNetConfig, widths: dict[str, int]) -> nn.Module | None:
    """One CMSA per partner (paper), or one that all partners share (published code)."""
    if not config.partners:
        return None
    if config.preset == "paper":
        return nn.ModuleDict({m: CMSA(widths[m], config.heads, widths["TEM"]) for m in config.partners})
    if len(set(widths.values())) > 1:
        raise ValueError(f"published_code shares one CMSA, so encoders need equal widths, not {widths}")
    return SingleHeadCMSA(widths["TEM"], config.heads)


def _check_tokens(modality: str, tokens: Tensor, width: int) -> None:
    axes = "[B, N, L, d]" if modality == "TEM" else "[B, L, d]"
    if tokens.ndim != axes.count(",") + 1 or tokens.shape[-1] != width:
        raise NetworkInputError(f"{modality}: tokens must be {axes}, d = {width}, not {list(tokens.shape)}")
    if modality != "TEM":
        non_finite = (~tokens.detach().flatten(1).isfinite().all(dim=1)).nonzero()
        if len(non_finite):
            raise NonFiniteFeatures(modality, int(non_finite[0]))


def _mean_of_bag(tem: Tensor, mask: Tensor) -> Tensor:
    """Mean over the images of each bag, [B, N, L, d] -> [B, L, d]: what stands in for SMIL."""
    images = tem.masked_fill(~mask[:, :, None, None], 0)
    return images.sum(dim=1) / mask.sum(dim=1)[:, None, None]


def _missing(modality: str) -> NetworkInputError:
    return NetworkInputError(f"this network needs {modality}, which is missing")
