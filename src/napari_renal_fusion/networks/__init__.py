"""Networks of this package as plain ``nn.Module``s; a name is imported when it is first used.

``CMUSNetConfig``, ``EncoderConfig`` and the errors come without importing torch, so that forms and
bundle checks stay quick.
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
    from .smil import SMIL, SMILResult

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
    "NetworkInputError": "errors",
    "NonFiniteFeatures": "errors",
    "combined_state": "ensemble",
    "SMIL": "smil",
    "SMILResult": "smil",
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
    "NetworkInputError",
    "NonFiniteFeatures",
    "SMILResult",
    "SingleHeadCMSA",
    "TimmEncoder",
    "Tokens",
    "combined_state",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
