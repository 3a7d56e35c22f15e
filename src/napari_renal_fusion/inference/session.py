"""What stays in memory after a prediction: the network, token maps and prepared pictures of one case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..bundles import Bundle, PartialCalibration
from ..cases import Box, Modality
from ..inputs import PreparedImage, to_tensor

if TYPE_CHECKING:
    import torch

    from ..networks import FusionNetwork, FusionOutput, PanelTokens


@dataclass(frozen=True)
class Session:
    """A case as its network sees it; every second question starts from here and encodes nothing.

    ``tokens`` maps an image's key to its token map, float32 [h, w, d], on the network's device.
    ``order`` gives the keys of each modality in the order in which they enter the network; a modality
    in ``substituted`` has no image, and the bundle's mean tokens stand in for it; one in ``absent`` has none
    either, and the network answers without. ``stains`` are the network's indices of what the images of a panel
    show. ``frequency_factors`` multiply each class's probability for other disease frequencies than those of
    training.
    """

    bundle: Bundle
    network: FusionNetwork
    tokens: Mapping[str, torch.Tensor]
    prepared: Mapping[str, PreparedImage]
    order: Mapping[Modality, tuple[str, ...]]
    names: Mapping[str, str]
    class_names: tuple[str, ...]
    mean_tokens: Mapping[Modality, torch.Tensor]
    substituted: tuple[Modality, ...] = field(default=())
    frequency_factors: tuple[float, ...] | None = None
    absent: tuple[Modality, ...] = field(default=())
    stains: Mapping[str, int] = field(default_factory=dict)

    @property
    def boxes(self) -> dict[str, Box]:
        """Part of each image that the model saw, in image pixels."""
        return {key: one.box for key, one in self.prepared.items()}

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """Normalised network inputs [3, H, W] by key, on the network's device."""
        config = self.bundle.config
        device = next(self.network.parameters()).device
        return {
            key: to_tensor(self.prepared[key], config.preprocessing[modality]).to(device)
            for modality, keys in self.order.items()
            for key in keys
        }

    @property
    def calibration(self) -> PartialCalibration:
        """What an answer from the modalities that are there is worth."""
        return self.bundle.config.calibrated_for(self.order)

    @property
    def twins(self) -> dict[str, str]:
        """For each image of a panel the first with its pixels and stain, itself if there is no copy before it."""
        first: dict[tuple[Modality, str, int], str] = {}
        return {
            key: first.setdefault((modality, self.prepared[key].input_sha256, self.stains.get(key, 0)), key)
            for modality, keys in self.order.items()
            for key in keys
        }

    def panel(self) -> PanelTokens:
        """The images of a panel as the network takes them, batch of one; a copy of an image enters once."""
        import torch

        from ..networks import PanelTokens

        twins = self.twins
        maps, masks, stains = {}, {}, {}
        for modality, keys in self.order.items():
            entering = [key for key in keys if twins[key] == key]
            maps[modality.value] = torch.stack([self.tokens[key] for key in entering])[None]
            device = maps[modality.value].device
            masks[modality.value] = torch.ones((1, len(entering)), dtype=torch.bool, device=device)
            stains[modality.value] = torch.tensor(
                [[self.stains.get(key, 0) for key in entering]], device=device
            )
        return PanelTokens(maps, masks, stains)

    def fuse(self) -> FusionOutput:
        """The network's output, batch of one, from the token maps as they are."""
        import torch

        if self.network.config.whole_panel:
            return self.network.fuse(*self.panel())

        def stacked(modality: Modality) -> torch.Tensor | None:
            if modality in self.substituted:
                return self.mean_tokens[modality][None]
            if modality not in self.order:
                return None
            return torch.stack([self.tokens[key].flatten(0, 1) for key in self.order[modality]])

        tem = stacked(Modality.TEM)
        mask = None if tem is None else torch.ones((1, len(tem)), dtype=torch.bool, device=tem.device)
        return self.network.fuse(
            stacked(Modality.OM), stacked(Modality.IM), None if tem is None else tem[None], mask
        )

    def calibrate(self, logits: torch.Tensor, present: Collection[Modality] | None = None) -> torch.Tensor:
        """Probabilities [..., C] from logits [..., C], with the bundle's temperature, in float32.

        The temperature is that of answers from the modalities ``present``, by default those that are there.
        With ``frequency_factors`` r this is p_i r_i / sum_j p_j r_j, computed on the logits so that a
        probability that underflows cannot decide.
        """
        partial = self.calibration if present is None else self.bundle.config.calibrated_for(present)
        scaled = logits.float() / partial.calibration.temperature
        if self.frequency_factors is not None:
            scaled = scaled + logits.new_tensor(self.frequency_factors).float().log()
        return scaled.softmax(dim=-1)
