"""Networks of this package as plain ``nn.Module``s; a name is imported when it is first used.

``CMUSNetConfig``, ``EncoderConfig``, ``HEALNetConfig`` and the errors come without importing torch, so that
forms and bundle checks stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cmsa import CMSA, SingleHeadCMSA
    from .cmus_net import CMUSNet, FusionOutput, Tokens
    from .config import MODALITIES, CMUSNetConfig, EncoderConfig
    from .encoders import TimmEncoder
    from .ensemble import CMUSNetEnsemble, combined_state
    from .errors import CheckpointMismatch, NetworkInputError, NonFiniteFeatures
    from .healnet import HEALNet, HEALNetOutput
    from .healnet_config import HEALNetConfig
    from .smil import SMIL, SMILResult
    from .survival_loss import risk, survival_curve, survival_nll

_HOME = {
    "CMSA": "cmsa",
    "SingleHeadCMSA": "cmsa",
    "CMUSNet": "cmus_net",
    "FusionOutput": "cmus_net",
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
    "NetworkInputError": "errors",
    "NonFiniteFeatures": "errors",
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
    "FusionOutput",
    "HEALNet",
    "HEALNetConfig",
    "HEALNetOutput",
    "NetworkInputError",
    "NonFiniteFeatures",
    "SMILResult",
    "SingleHeadCMSA",
    "TimmEncoder",
    "Tokens",
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
