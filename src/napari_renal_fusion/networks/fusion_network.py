"""What CMUS-Net and the renal HEALNet have in common: an encoder a modality, and the form of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .config import Modality
from .encoders import TimmEncoder
from .errors import NetworkInputError
from .smil import SMILResult


@dataclass(frozen=True)
class FusionOutput:
    """Logits and what they were made from.

    ``fusion`` [B, C] are the logits of the model, ``om``, ``im`` and ``tem`` [B, C] those of the branch heads
    (``None`` without that modality, or for a network without such heads), ``smil`` the bag record (``None``
    without TEM or without SMIL), and ``features`` [B, sum of d] the pooled vectors that enter the classifier, in
    ``config.concat_order``. ``unfused`` [B, sum of d] are the pooled vectors before anything is fused, in the
    same order: trained attention pulls the known classes apart and hides what is strange about another disease,
    so distances are taken there. A renal HEALNet's order is that of its modalities, those that a patient lacks
    are 0, and its ``features`` [B, l_d] are the mean of its latents.

    ``attention``, where it was asked for, maps each modality that somebody has to weights
    [B, layers, heads, l_c, N, h, w] over the tokens of N images, with sum 1 over the last three axes (0 for a
    patient without the modality).

    Of an ensemble all of these are means over its M members, and ``member_logits`` [M, B, C] and
    ``member_unfused`` [M, B, sum of d] are what each member gave; a single network has ``None`` there.
    """

    fusion: Tensor
    om: Tensor | None
    im: Tensor | None
    tem: Tensor | None
    smil: SMILResult | None
    features: Tensor
    unfused: Tensor | None = None
    member_logits: Tensor | None = None
    member_unfused: Tensor | None = None
    attention: Mapping[str, Tensor] | None = None

    @property
    def branches(self) -> dict[str, Tensor]:
        """Logits [B, C] of the branches that exist, by modality."""
        given = {"OM": self.om, "IM": self.im, "TEM": self.tem}
        return {modality: logits for modality, logits in given.items() if logits is not None}


class FusionNetwork(nn.Module):
    """Base of networks that encode the images of each modality (``encoders``) and fuse their tokens.

    A subclass has a ``config`` with ``modalities`` and ``token_norm``, ``encode(batch)`` that gives tokens whose
    iteration yields the arguments of ``fuse``, and ``loss(output, labels, class_weights=None)``.
    """

    def encode_images(self, modality: Modality, x: Tensor) -> Tensor:
        """Token maps [K, h, w, d] of K normalised images [K, 3, H, W] of one modality, in one pass.

        Raises
        ------
        NetworkInputError
            The network has no such modality, or the images have another size.
        """
        if modality not in self.encoders:
            raise NetworkInputError(
                f"this network reads {', '.join(self.config.modalities)}, so it has no encoder for {modality}"
            )
        return self.encoders[modality](x)

    def forward(self, batch: Any) -> FusionOutput:
        """``fuse(*encode(batch))``."""
        return self.fuse(*self.encode(batch))

    def set_gradient_checkpointing(self, enable: bool = True) -> None:
        """Let every encoder compute activations again instead of keeping them for the gradient.

        Raises
        ------
        ValueError
            timm has no checkpointing for an encoder.
        """
        for module in self.modules():
            if isinstance(module, TimmEncoder):
                module.set_gradient_checkpointing(enable)

    def fit_token_norm(self, tokens: Mapping[Modality, Iterable[Tensor]]) -> None:
        """Set the fixed mean and standard deviation of ``token_norm`` from training tokens.

        ``tokens`` gives for each modality tensors [..., d], such as one token map [h, w, d] an image; they
        may come from a generator and are read once.

        Raises
        ------
        NetworkInputError
            The network has no ``token_norm``, a modality is missing, or tokens have other channels.
        """
        if not self.config.token_norm:
            raise NetworkInputError("this network has no token_norm; set it in its configuration")
        for modality, norm in self.token_norm.items():
            if modality not in tokens:
                raise NetworkInputError(f"this network needs {modality}, which is missing")
            norm.fit(tokens[modality])
