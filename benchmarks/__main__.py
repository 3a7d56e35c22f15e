"""Run every benchmark and print a Markdown section for RESULTS.md: ``python -m benchmarks [name ...]``."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys

import torch

from napari_renal_fusion.compute.devices import choose_device

from . import (
    attention,
    cams,
    checkpointing,
    encoding,
    epochs,
    healnet,
    kill_resume,
    main_thread,
    memory,
    second_question,
    slide_features,
    tcga,
    training_main_thread,
)
from .side_by_side import HEADER

_COMPARISONS = {
    "encoding": encoding,
    "cams": cams,
    "second_question": second_question,
    "epochs": epochs,
    "healnet": healnet,
    "slide_features": slide_features,
}


def main(wanted: list[str]) -> None:
    choice = choose_device()
    print(
        f"## {dt.date.today()}, {os.cpu_count()} cores {platform.machine()}, {choice.device}, torch {torch.__version__}\n"
    )
    print(HEADER, flush=True)
    for name, module in _COMPARISONS.items():
        if not wanted or name in wanted:
            for comparison in module.run():
                print(comparison.row(), flush=True)
    if not wanted or "memory" in wanted:
        print(f"\n{memory.run()}", flush=True)
    if not wanted or "healnet" in wanted:
        print(f"\n{healnet.memory()}", flush=True)
    if not wanted or "slide_features" in wanted:
        print(f"\n{slide_features.memory()}", flush=True)
    if not wanted or "main_thread" in wanted:
        print(f"\n{main_thread.run()}", flush=True)
    if not wanted or "checkpointing" in wanted:
        print(f"\n{checkpointing.run()}", flush=True)
    if not wanted or "training_main_thread" in wanted:
        print(f"\n{training_main_thread.run()}", flush=True)
    if not wanted or "tcga" in wanted:
        print(f"\n{tcga.run()}", flush=True)
    if not wanted or "attention" in wanted:
        print(f"\n{attention.run()}", flush=True)
    if not wanted or "kills" in wanted:
        print(f"\n{kill_resume.run()}", flush=True)


main(sys.argv[1:])
