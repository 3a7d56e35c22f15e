"""Peak memory of a whole answer (Swin-B, full-size patient, heat maps) in a process of its own."""

from __future__ import annotations

import subprocess
import sys

_WORK = """
from benchmarks.patient import bundle, patient
from napari_renal_fusion.compute.memory import peak_memory_mb
from napari_renal_fusion.explain import explain
from napari_renal_fusion.inference import Engine, predict
swin = bundle("swin_base_patch4_window7_224.ms_in1k")
before = peak_memory_mb()
explain(predict(patient(), swin, engine=Engine()))
print(before, peak_memory_mb())
"""


def run() -> str:
    """One line of Markdown."""
    printed = subprocess.run([sys.executable, "-c", _WORK], capture_output=True, text=True, check=True).stdout
    before, after = map(float, printed.split())
    return (
        f"Peak resident memory of one answer with reasons, Swin-B (3 encoders, 1 GB of weights): {after:.0f} MB, "
        f"of which {before:.0f} MB were reached before, while the weights were made and written."
    )
