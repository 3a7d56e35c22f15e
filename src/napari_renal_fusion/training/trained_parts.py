"""Which weights of a network are trained: all, the fusion alone, or the encoders' last stage as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import torch
from torch import nn

from ..errors import RenalFusionError
from ..networks import FusionNetwork

Part = Literal["all", "fusion", "last_stage"]


def choose_trained(network: FusionNetwork, part: Part) -> None:
    """Let gradients reach ``part`` of the network only; what is frozen is also in eval mode.

    Batch normalisation of a frozen stage would otherwise go on adapting to the batches.
    """
    network.requires_grad_(True)
    if part != "all":
        network.encoders.requires_grad_(False)
    if part == "last_stage":
        for encoder in network.encoders.values():
            parameters = dict(encoder.backbone.named_parameters())
            for name in last_stage(encoder.backbone):
                parameters[name].requires_grad_(True)
    training_mode(network)


def training_mode(network: FusionNetwork) -> None:
    """Training mode for modules with trained weights, eval mode for modules all of whose weights are frozen."""
    network.train()
    for encoder in network.encoders.values():
        if all(one.requires_grad for one in encoder.parameters()):
            continue
        encoder.eval()
        for module in encoder.modules():
            own = list(module.parameters())
            if own and all(one.requires_grad for one in own):
                module.train()


def last_stage(backbone: nn.Module) -> list[str]:
    """Names of the weights of a timm backbone's last stage, with what follows it (a final norm).

    Stages are the groups that timm itself uses for layer-wise learning rates; without them the last child
    that has weights.
    """
    groups: dict[int, list[str]] = defaultdict(list)
    names = [name for name, _ in backbone.named_parameters()]
    if hasattr(backbone, "group_matcher"):
        from timm.models import group_parameters

        matched = group_parameters(backbone, backbone.group_matcher(coarse=True), reverse=True)
        for name, group in matched.items():
            groups[int(group)].append(name)
    if len(groups) < 2:
        groups.clear()
        children = list(dict.fromkeys(name.split(".")[0] for name in names))
        for name in names:
            groups[children.index(name.split(".")[0])].append(name)
    parameters = dict(backbone.named_parameters())
    chosen: list[str] = []
    for group in sorted(groups, reverse=True):
        chosen += groups[group]
        if any(parameters[name].ndim > 1 for name in groups[group]):
            break
    return chosen


def trained_state(network: FusionNetwork) -> dict[str, torch.Tensor]:
    """What a checkpoint keeps: trained weights, and the running statistics beside them.

    Frozen encoders are left out; they are made again from the seed or read from where they came from.
    """
    state = network.state_dict()
    if all(one.requires_grad for one in network.parameters()):
        return state
    kept = {name for name, one in network.named_parameters() if one.requires_grad}
    owners = {name.rpartition(".")[0] for name in kept}
    buffers = {name for name, _ in network.named_buffers() if name.rpartition(".")[0] in owners}
    buffers |= {name for name in state if name.startswith("token_norm.")}  # fitted to the training part
    return {name: one for name, one in state.items() if name in kept or name in buffers}


def load_trained(network: FusionNetwork, state: Mapping[str, torch.Tensor]) -> None:
    """Put back what :func:`trained_state` kept.

    Raises
    ------
    RenalFusionError
        ``checkpoint_mismatch`` if anything is missing, unknown or of another shape.
    """
    expected = trained_state(network)
    if set(expected) != set(state) or any(expected[name].shape != state[name].shape for name in expected):
        raise RenalFusionError(
            "checkpoint_mismatch",
            "A checkpoint of this run does not fit its network",
            remedy="Start a new run; this program or timm has changed since the run began.",
        )
    network.load_state_dict(dict(state), strict=False)
