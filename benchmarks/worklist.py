"""How long 200 cases take to stand on the worklist: opened for the first time, and again.

A real window without the model's process; needs a display: ``xvfb-run -a python -m benchmarks worklist``.
Each case has 30 image files of full size, which share their content on disk; none is decoded for the list.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np

from .gaps import LongestTurn, until, wait

_CASES, _FILES = 200, {"OM": 8, "IM": 12, "TEM": 10}
_ROUNDS = 3


def run() -> str:
    """Markdown: seconds until the list stands, and the longest time that the main thread is held meanwhile."""
    lines = [
        f"| {_CASES} cases of {sum(_FILES.values())} files | until the list stands, s | longest gap of the main thread, ms |",
        "|---|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as temporary, patch.dict(os.environ):
        os.environ["RENAL_FUSION_HOME"] = str(Path(temporary) / "home")
        rounds = [_round(_cohort(Path(temporary) / f"cases {number}")) for number in range(_ROUNDS)]
    for place, name in enumerate(("opened for the first time", "opened again")):
        seconds, gaps = zip(*(one[place] for one in rounds), strict=True)
        lines.append(f"| {name} | {median(seconds):.2f} | {1000 * median(gaps):.0f} |")
    return "\n".join(lines)


def _cohort(root: Path) -> Path:
    from PIL import Image

    root.mkdir()
    one = root.parent / "image.jpg"
    if not one.exists():
        noise = np.random.default_rng(0).integers(0, 255, (2048, 3072, 3), np.uint8)
        Image.fromarray(noise).save(one, quality=80)
    for case in range(_CASES):
        for modality, count in _FILES.items():
            folder = root / f"S24-{case:04}" / modality
            folder.mkdir(parents=True)
            for number in range(count):
                os.link(one, folder / f"IMG_{number:04}.jpg")
    return root


def _round(root: Path) -> list[tuple[float, float]]:
    """Seconds and the longest gap in seconds, for the first opening and the second."""
    from napari import Viewer

    from napari_renal_fusion.cases import ImageItem
    from napari_renal_fusion.viewer.workspace import open_workspace

    figures = []
    for _ in range(2):
        viewer = Viewer()
        viewer.window.resize(1400, 900)
        workspace = open_workspace(viewer)
        until(lambda workspace=workspace: workspace._arrived and not workspace.docks.busy)
        wait(0.5)
        # The first case's images are read once the list stands; here only the list is looked at.
        with patch.object(ImageItem, "read", lambda _: np.zeros((8, 8), np.uint8)):
            gap, started = LongestTurn(), time.perf_counter()
            workspace.open_path(root)
            until(lambda workspace=workspace: workspace.worklist.list.count() == _CASES)
            figures.append((time.perf_counter() - started, gap.take().clock / 1000))
            wait(1.0)
        viewer.close()
        wait(0.3)
    return figures


if __name__ == "__main__":
    print(run())
