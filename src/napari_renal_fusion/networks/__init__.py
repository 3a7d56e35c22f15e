"""Networks of this package as plain ``nn.Module``s; a name is imported when it is first used.

Configurations and errors come without importing torch, so that forms and bundle checks stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cmsa import CMSA, SingleHeadCMSA
    from .cmus_net import CMUSNet, Tokens
    from .config import MODALITIES, CMUSNetConfig, EncoderConfig
    from .encoders import TimmEncoder
    from .ensemble import CMUSNetEnsemble, combined_state
    from .errors import CheckpointMismatch, NetworkInputError, NonFiniteFeatures
    from .fusion_network import FusionNetwork, FusionOutput
    from .healnet import HEALNet, HEALNetOutput
    from .healnet_config import HEALNetConfig
    from .kinds import NetworkConfig, build_network
    from .renal_healnet import RenalHEALNet
    from .renal_healnet_config import RenalHEALNetConfig
    from .renal_healnet_ensemble import RenalHEALNetEnsemble
    from .renal_healnet_tokens import PanelTokens
    from .smil import SMIL, SMILResult
    from .survival_loss import risk, survival_curve, survival_nll

_HOME = {
    "CMSA": "cmsa",
    "SingleHeadCMSA": "cmsa",
    "CMUSNet": "cmus_net",
    "FusionNetwork": "fusion_network",
    "FusionOutput": "fusion_network",
    "Tokens": "cmus_net",
    "CMUSNetConfig": "config",
    "CMUSNetEnsemble": "ensemble",
    "EncoderConfig": "config",
    "MODALITIES": "config",
    "TimmEncoder": "encoders",
    "CheckpointMismatch": "errors",
    "HEALNet": "healnet",
    "HEALNetConfig": "healnet_config",
    "HEALNetOutput": "healnet",
    "NetworkConfig": "kinds",
    "NetworkInputError": "errors",
    "NonFiniteFeatures": "errors",
    "PanelTokens": "renal_healnet_tokens",
    "RenalHEALNet": "renal_healnet",
    "RenalHEALNetConfig": "renal_healnet_config",
    "RenalHEALNetEnsemble": "renal_healnet_ensemble",
    "build_network": "kinds",
    "combined_state": "ensemble",
    "SMIL": "smil",
    "SMILResult": "smil",
    "risk": "survival_loss",
    "survival_curve": "survival_loss",
    "survival_nll": "survival_loss",
}

__all__ = [
    "CMSA",
    "MODALITIES",
    "SMIL",
    "CMUSNet",
    "CMUSNetConfig",
    "CMUSNetEnsemble",
    "CheckpointMismatch",
    "EncoderConfig",
    "FusionNetwork",
    "FusionOutput",
    "HEALNet",
    "HEALNetConfig",
    "HEALNetOutput",
    "NetworkConfig",
    "NetworkInputError",
    "NonFiniteFeatures",
    "PanelTokens",
    "RenalHEALNet",
    "RenalHEALNetConfig",
    "RenalHEALNetEnsemble",
    "SMILResult",
    "SingleHeadCMSA",
    "TimmEncoder",
    "Tokens",
    "build_network",
    "combined_state",
    "risk",
    "survival_curve",
    "survival_nll",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
