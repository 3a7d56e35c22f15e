"""The longest time that the main thread is held: the workspace against the same napari layer operations alone.

Real window, real model process, the full-size sample patient; needs a display:
``xvfb-run -a python -m benchmarks main_thread``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest.mock import patch

from .gaps import LongestTurn, until, wait

_ROUNDS = 3


def run() -> str:
    """Markdown: longest gap of each phase, and the difference of the two longest, median of the rounds."""
    from napari_renal_fusion.cases import Case, Modality
    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.phantoms import sample_patient

    sample = sample_patient(cache_dir())
    case = Case.from_folder(sample)
    arrays = {modality: [image.read() for image in case.of(modality)[:2]] for modality in Modality}
    _alone(arrays)  # the first window pays for fonts and shaders; neither side is charged for them
    rounds = []
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, RENAL_FUSION_HOME=home):
            rounds.append((_alone(arrays), _workspace(_two_cases(sample, Path(home)))))
    lines = ["| longest gap of the main thread, ms | median of 3 rounds |", "|---|---:|"]
    for side, name in ((0, "napari alone"), (1, "workspace")):
        for phase in rounds[0][side]:
            lines.append(f"| {name}: {phase} | {median(one[side][phase] for one in rounds):.0f} |")
    worst = [(max(alone.values()), max(ours.values())) for alone, ours in rounds]
    excess = [ours - alone for alone, ours in worst]
    lines += [
        "",
        f"Longest of all, workspace against napari alone: median excess **{median(excess):.0f} ms** "
        f"(rounds {', '.join(f'{one:.0f}' for one in excess)}), ratio {median(o / a for a, o in worst):.2f}.",
    ]
    return "\n".join(lines)


def _alone(arrays) -> dict[str, float]:
    """Each layer operation that the workspace asks of napari, one a phase."""
    import numpy as np
    from napari import Viewer

    from napari_renal_fusion.cases import Box, Modality
    from napari_renal_fusion.explain.explanation import HeatMap
    from napari_renal_fusion.viewer.overlays import contour_arguments

    viewer, gap, phases = Viewer(), LongestTurn(), {}
    viewer.window.resize(1400, 900)
    wait(0.5)
    gap.take()

    def phase(name: str, operation: Callable[[], object]) -> object:
        done = operation()
        wait(0.4)
        phases[name] = gap.take().clock
        return done

    om = phase("add OM 3072x2048", lambda: viewer.add_image(arrays[Modality.OM][0], rgb=True))
    phase("scale bar", lambda: setattr(viewer.canvas.overlays.scale_bar, "visible", True))
    phase("title", lambda: setattr(viewer.canvas.overlays.text, "visible", True))
    raw = np.zeros((7, 7), np.float32)
    raw[3, 3] = 1
    heat_map = HeatMap(
        key="OM-1", modality="OM", class_index=0, method="gradcam", layer="", used=True, raw=raw,
        box=Box(0, 0, 2048, 3072),
    )  # fmt: skip
    lines = contour_arguments(heat_map, (0, 1), None, dark=False)
    phase("add contours", lambda: viewer.add_surface(shading="none", **lines))
    phase("add IM", lambda: viewer.add_image(arrays[Modality.IM][0], rgb=True))
    phase("add TEM 2048x2048", lambda: viewer.add_image(arrays[Modality.TEM][0]))
    phase("replace OM", lambda: setattr(om, "data", arrays[Modality.OM][1]))
    viewer.close()
    return phases


def _workspace(cohort: Path) -> dict[str, float]:
    """The main job: open a patient, run the model, read, reveal, grade, look at images and overlays, next patient."""
    from napari import Viewer
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    from napari_renal_fusion.viewer import open_workspace

    viewer, gap, phases = Viewer(), LongestTurn(), {}
    viewer.window.resize(1400, 900)
    wait(0.5)
    gap.take()
    workspace = open_workspace(viewer, cohort)

    def settled() -> bool:
        parts = [one for one in workspace.parts.values() if hasattr(one, "busy")]
        busy = (workspace.threads, workspace.writing, workspace.canvas, workspace.docks, *parts)
        return not any(one.busy for one in busy) and not workspace.runs.running

    def press(key: Qt.Key, modifier=Qt.KeyboardModifier.AltModifier) -> None:
        target = QApplication.activePopupWidget() or QApplication.focusWidget() or workspace.window()
        QTest.keyClick(target, key, modifier)

    def end(phase: str) -> None:
        until(settled)
        wait(0.4)
        phases[phase] = gap.take().clock

    until(lambda: workspace.case is not None and workspace.reader.run.bundle is not None)
    end("open")
    workspace.run()
    until(lambda: workspace.runs.held(0) is not None and bool(workspace.runs.held(0).explanations))
    end("run, sealed")
    plain = Qt.KeyboardModifier.NoModifier
    press(Qt.Key.Key_I)
    for letter in (Qt.Key.Key_M, Qt.Key.Key_N, Qt.Key.Key_Return):
        press(letter, plain)
        wait(0.1)
    press(Qt.Key.Key_2)
    until(settled)
    press(Qt.Key.Key_O)
    until(lambda: workspace.answer is not None)
    end("own reading and reveal")
    press(Qt.Key.Key_J)
    wait(0.5)
    for key in (Qt.Key.Key_3, Qt.Key.Key_G, Qt.Key.Key_C, Qt.Key.Key_Right, Qt.Key.Key_0, Qt.Key.Key_Return):
        press(key, plain)
        wait(0.1)
    end("panel: open, grade, show an antibody")
    press(Qt.Key.Key_G)
    wait(0.5)
    end("list of glomeruli")
    for key in ("IM-1", "TEM-1", "TEM-2", "OM-1"):
        workspace.stage.show_image(key)
        until(settled)
        wait(0.2)
    workspace.preferences.set(overlay="cells")
    end("images and overlays")
    workspace.preferences.set(overlay="contours")
    until(settled)
    gap.take()
    workspace.step_case(1)
    end("next patient")
    viewer.close()
    return phases


def _two_cases(sample: Path, home: Path) -> Path:
    for name in "AB":
        shutil.copytree(sample, home / "cases" / name)
    return home / "cases"
