"""What stays in memory after a HEALNet's answer: networks, tensors and features; second questions start here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from ..bundles.healnet_bundle import HEALNetBundle, HEALNetMembers
    from ..cases import SlideItem
    from ..inputs.slide_features import SlideFeatures
    from ..networks import HEALNetOutput


@dataclass(frozen=True)
class HEALNetAnswer:
    """Numbers of one question: ``probabilities`` of the classes, or ``risk`` and ``curve`` (at the task's times)."""

    probabilities: tuple[float, ...] = ()
    risk: float | None = None
    curve: tuple[float, ...] = ()


@dataclass(frozen=True)
class HEALNetSession:
    """A patient as the networks of a bundle see them.

    ``member_tensors`` holds, for each member (whose scaling is its own), the tensor [1, tokens, channels] of each
    modality, None for a missing one. ``layouts`` say how a modality becomes tokens, ``features`` are the patches
    of each slide modality in the order of the tokens, ``all_slides`` the slides they come from and ``slide_of``
    int64 [tokens] which of them, ``patch_sides`` the side of a patch in level-0 pixels of each; ``omics`` are the column names and raw values (NaN = missing) of each omics
    modality.
    """

    bundle: HEALNetBundle
    network: HEALNetMembers
    member_tensors: tuple[Mapping[str, torch.Tensor | None], ...]
    layouts: Mapping[str, str]
    features: Mapping[str, SlideFeatures] = field(default_factory=dict)
    all_slides: Mapping[str, tuple[SlideItem, ...]] = field(default_factory=dict)
    slide_of: Mapping[str, np.ndarray] = field(default_factory=dict)
    patch_sides: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    omics: Mapping[str, tuple[tuple[str, ...], np.ndarray]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All modalities of the bundle, in the order of the network."""
        return self.bundle.config.names

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.bundle.config.class_names

    @property
    def present(self) -> tuple[str, ...]:
        """Modalities that this patient has."""
        return tuple(name for name in self.names if self.member_tensors[0][name] is not None)

    @property
    def tensors(self) -> Mapping[str, torch.Tensor | None]:
        """What the first member reads; the others differ in the scale of omics alone."""
        return self.member_tensors[0]

    @property
    def slides(self) -> dict[str, SlideItem]:
        """The first slide of each slide modality that came from a slide."""
        return {name: items[0] for name, items in self.all_slides.items() if items}

    def forward(self, without: Collection[str] = (), attention: bool = False) -> HEALNetOutput:
        """Output of the members, averaged: logits, latents and, if asked for, attention (shapes as of one network).

        ``without`` are modalities to leave out, exactly as if the patient did not have them.

        Raises
        ------
        NetworkInputError
            If nothing is left.
        """
        import torch

        from ..networks import HEALNetOutput

        outputs = self._each(without, attention)
        weights = None
        if attention:
            weights = tuple(
                tuple(
                    None if parts[0] is None else torch.stack(parts).mean(dim=0)
                    for parts in zip(*layers, strict=True)
                )
                for layers in zip(*(one.attention for one in outputs), strict=True)
            )
        return HEALNetOutput(
            logits=torch.stack([one.logits for one in outputs]).mean(dim=0),
            latents=torch.stack([one.latents for one in outputs]).mean(dim=0),
            present=outputs[0].present,
            attention=weights,
        )

    def answer(self, without: Collection[str] = ()) -> HEALNetAnswer:
        """The numbers of the prediction, without some modalities: same averaging, same calibration."""
        return answer_of(self.bundle, self.member_logits(without))

    def member_logits(self, without: Collection[str] = ()) -> np.ndarray:
        """Logits [members, outputs]."""
        return np.stack([one.logits[0].float().cpu().numpy() for one in self._each(without, False)])

    def _each(self, without: Collection[str], attention: bool) -> list[HEALNetOutput]:
        import torch

        found = []
        with torch.inference_mode():
            for network, tensors in zip(self.network.networks, self.member_tensors, strict=True):
                given = [None if name in without else tensors[name] for name in self.names]
                found.append(network(given, attention=attention))
        return found


def answer_of(bundle: HEALNetBundle, logits: np.ndarray) -> HEALNetAnswer:
    """What the members' ``logits`` [members, outputs] say together.

    Classes: softmax of the mean logits / temperature. Survival: the mean of the members' risks, and the mean of
    their curves, each a straight line between the ends of its own bins, from 1 at time 0.
    """
    import torch

    from ..networks import risk, survival_curve

    config = bundle.config
    tensor = torch.from_numpy(np.asarray(logits, dtype=np.float32))
    if config.survival is None:
        scaled = tensor.double().mean(dim=0) / config.calibration.temperature
        probabilities = scaled.softmax(dim=0)
        return HEALNetAnswer(probabilities=tuple((probabilities / probabilities.sum()).tolist()))
    curves = survival_curve(tensor).double().numpy()
    lines = [
        np.interp(config.survival.times, (0.0, *ends), (1.0, *curve))
        for ends, curve in zip(config.survival.bin_ends, curves, strict=True)
    ]
    return HEALNetAnswer(
        risk=float(risk(tensor).double().mean()), curve=tuple(np.mean(lines, axis=0).tolist())
    )
