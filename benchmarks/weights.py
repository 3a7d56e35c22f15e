"""Encoder weights for the benchmarks that train: a real ImageNet encoder if this computer has one."""

from __future__ import annotations

import os
from pathlib import Path

_LITE0 = Path(__file__).parents[2] / "shared" / "data" / "weights" / "tf_efficientnet_lite0.safetensors"


def encoder_weights() -> str:
    """``RENAL_FUSION_ENCODER`` (a .safetensors file), the development data's file, or the demo bundle."""
    given = os.environ.get("RENAL_FUSION_ENCODER")
    return given or (str(_LITE0) if _LITE0.is_file() else "demo")
