"""Peak memory of a whole answer (Swin-B, full-size patient, heat maps) in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from .patient import bundle, patient

_WORK = """
import sys
from napari_renal_fusion.cases import Case
from napari_renal_fusion.explain import explain
from napari_renal_fusion.inference import Engine, predict
from napari_renal_fusion.bundles import load
import torch, timm
def peak_memory_mb():
    # Of this process alone (Linux); getrusage also counts the process that started it.
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
before = peak_memory_mb()
swin = load(sys.argv[1])
loaded = peak_memory_mb()
explain(predict(Case.from_folder(sys.argv[2]), swin, engine=Engine()))
print(before, loaded, peak_memory_mb())
"""


def run() -> str:
    """One line of Markdown."""
    swin = bundle("swin_base_patch4_window7_224.ms_in1k")
    command = [sys.executable, "-c", _WORK, swin.folder, patient().folder]
    before, loaded, after = map(
        float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    )
    return (
        f"Peak resident memory of one answer with reasons, Swin-B (1.07 GB of weights): {after:.0f} MB; "
        f"{before:.0f} MB after importing torch and timm, {loaded:.0f} MB after loading the weights."
    )
