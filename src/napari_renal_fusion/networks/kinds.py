"""The networks that a run can train and a bundle can hold, by the ``kind`` of their configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Tag

from .config import CMUSNetConfig
from .renal_healnet_config import RenalHEALNetConfig

if TYPE_CHECKING:
    from .fusion_network import FusionNetwork


def kind_of(config: Any) -> str:
    """The kind that a configuration, or what was read from a file, says; without one it is a CMUS-Net."""
    return config.get("kind", "cmus_net") if isinstance(config, dict) else getattr(config, "kind", "cmus_net")


NetworkConfig = Annotated[
    Annotated[CMUSNetConfig, Tag("cmus_net")] | Annotated[RenalHEALNetConfig, Tag("renal_healnet")],
    Discriminator(kind_of),
]
"""A configuration of either network, told apart by ``kind``; files of older versions have none."""


def build_network(
    config: CMUSNetConfig | RenalHEALNetConfig, members: int = 1, shared_encoders: bool = True
) -> FusionNetwork:
    """A network with random weights, or an ensemble of ``members`` of them."""
    from .cmus_net import CMUSNet
    from .ensemble import CMUSNetEnsemble
    from .renal_healnet import RenalHEALNet
    from .renal_healnet_ensemble import RenalHEALNetEnsemble

    one, several = {
        "cmus_net": (CMUSNet, CMUSNetEnsemble),
        "renal_healnet": (RenalHEALNet, RenalHEALNetEnsemble),
    }[config.kind]
    return one(config) if members == 1 else several(config, members, shared_encoders)
