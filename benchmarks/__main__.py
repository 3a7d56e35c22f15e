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
    explanations,
    healnet,
    kill_resume,
    main_thread,
    memory,
    reliability,
    second_question,
    slide_features,
    slide_panning,
    sorter,
    tcga,
    training_main_thread,
    worklist,
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

_TEXTS = (
    ("memory", memory.run),
    ("healnet", healnet.memory),
    ("slide_features", slide_features.memory),
    ("main_thread", main_thread.run),
    ("slide_panning", slide_panning.run),
    ("sorter", sorter.run),
    ("checkpointing", checkpointing.run),
    ("training_main_thread", training_main_thread.run),
    ("worklist", worklist.run),
    ("tcga", tcga.run),
    ("attention", attention.run),
    ("explanations", explanations.run),
    ("reliability", reliability.run),
    ("kills", kill_resume.run),
)


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
    for name, text in _TEXTS:
        if not wanted or name in wanted:
            print(f"\n{text()}", flush=True)


main(sys.argv[1:])
