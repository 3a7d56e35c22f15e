"""What stays in memory after a prediction: the network, token maps and prepared pictures of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..bundles import Bundle
from ..cases import Box, Modality
from ..inputs import PreparedImage, to_tensor

if TYPE_CHECKING:
    import torch

    from ..networks import CMUSNet, FusionOutput


@dataclass(frozen=True)
class Session:
    """A case as its network sees it; every second question starts from here and encodes nothing.

    ``tokens`` maps an image's key to its token map, float32 [h, w, d], on the network's device.
    ``order`` gives the keys of each modality in the order in which they enter the network; a modality
    in ``substituted`` has no image, and the bundle's mean tokens stand in for it. ``frequency_factors``
    multiply each class's probability for other disease frequencies than those of training.
    """

    bundle: Bundle
    network: CMUSNet
    tokens: Mapping[str, torch.Tensor]
    prepared: Mapping[str, PreparedImage]
    order: Mapping[Modality, tuple[str, ...]]
    names: Mapping[str, str]
    class_names: tuple[str, ...]
    mean_tokens: Mapping[Modality, torch.Tensor]
    substituted: tuple[Modality, ...] = field(default=())
    frequency_factors: tuple[float, ...] | None = None

    @property
    def boxes(self) -> dict[str, Box]:
        """Part of each image that the model saw, in image pixels."""
        return {key: one.box for key, one in self.prepared.items()}

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """Normalised network inputs [3, H, W] by key, on the network's device."""
        config = self.bundle.config
        device = next(iter(self.mean_tokens.values())).device
        return {
            key: to_tensor(self.prepared[key], config.preprocessing[modality]).to(device)
            for modality, keys in self.order.items()
            for key in keys
        }

    def fuse(self) -> FusionOutput:
        """The network's output, batch of one, from the token maps as they are."""
        import torch

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

    def calibrate(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities [..., C] from logits [..., C], with the bundle's temperature, in float32.

        With ``frequency_factors`` r this is p_i r_i / sum_j p_j r_j, computed on the logits so that a
        probability that underflows cannot decide.
        """
        scaled = logits.float() / self.bundle.config.calibration.temperature
        if self.frequency_factors is not None:
            scaled = scaled + logits.new_tensor(self.frequency_factors).float().log()
        return scaled.softmax(dim=-1)
