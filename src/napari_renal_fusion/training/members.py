"""The networks of finished units put together: one network, or an ensemble that answers as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..bundles import rounded_to_half
from ..cases import Modality
from ..errors import RenalFusionError
from ..networks import FusionNetwork, build_network
from . import checkpoint
from .checkpoint import BEST
from .config import TrainingConfig
from .fit import phases_of
from .initial import EncoderSource, initial_network
from .trained_parts import choose_trained, load_trained
from .units import Unit

if TYPE_CHECKING:
    from .judging import Fitted


def network_of(unit: Unit, folder: Path, source: EncoderSource) -> FusionNetwork:
    """The fitted network of a unit, in eval mode on the CPU: its initial weights and what was trained."""
    network = initial_network(unit.config, unit.name, source)
    for phase in phases_of(unit):
        path = folder / f"{phase.prefix}{BEST}"
        if not path.exists() and phase.prefix:
            continue  # fine-tuning that never got better left the weights as they were
        best = checkpoint.load(path)
        if best is None:
            raise RenalFusionError(
                "checkpoint_damaged",
                f"The weights of {unit.name} are missing or damaged",
                path=path,
                remedy="Resume the run; this part is fitted again.",
            )
        choose_trained(network, phase.part)
        load_trained(network, best["state"])
    if unit.config.half_precision_weights:
        network.load_state_dict(rounded_to_half(network.state_dict()))
    return network.requires_grad_(False).eval()


def combined(
    members: Sequence[Fitted], config: TrainingConfig, units: Path, source: EncoderSource, shared: bool
) -> tuple[FusionNetwork, dict[str, torch.Tensor]]:
    """The final network in eval mode and its state as a bundle keeps it."""
    networks = [network_of(one.unit, units / one.unit.name, source) for one in members]
    if len(networks) == 1:
        return networks[0], networks[0].state_dict()
    from ..networks.ensemble import combined_state

    state = combined_state([one.state_dict() for one in networks], shared)
    del networks
    ensemble = build_network(config.network, len(members), shared)
    ensemble.load_state_dict(state)
    return ensemble.eval(), state


def mean_tokens_of(members: Sequence[Fitted], shared: bool) -> dict[Modality, torch.Tensor]:
    """Mean token maps [L, d], averaged over members; [L, M * d] where each has encoders of its own."""
    found = {}
    for modality in members[0].outputs.mean_tokens:
        each = [one.outputs.mean_tokens[modality] for one in members]
        found[modality] = torch.stack(each).mean(dim=0) if shared else torch.cat(each, dim=-1)
    return found
