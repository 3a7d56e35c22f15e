"""How long the main thread is held, against napari doing the same layer operations alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import QTimer

from napari_renal_fusion.cases import Box

from .conftest import FAKE, settled
from .test_overlays import heat_map

ALLOWED_S = 0.050


class LongestGap:
    """Longest time between two turns of the event loop since it was last asked."""

    def __init__(self):
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)
        import threading, sys, traceback, collections
        self.st=[]; main=threading.main_thread().ident
        def watch():
            while True:
                time.sleep(0.01)
                if time.perf_counter()-self._last>0.05:
                    x=traceback.extract_stack(sys._current_frames()[main])
                    self.st.append((round(self._last%100,2),' < '.join(f"{q.filename.split('/')[-1]}:{q.lineno}:{q.name}" for q in x[::-1][:40])[:260]))
        self._last=time.perf_counter()
        threading.Thread(target=watch,daemon=True).start()
        self.take()

    def take(self) -> float:
        longest = getattr(self, "_longest", 0.0)
        self._last, self._longest = time.perf_counter(), 0.0
        return longest

    def _tick(self):
        now = time.perf_counter()
        self._longest, self._last = max(self._longest, now - self._last), now


@pytest.mark.slow
def test_gaps_are_napari_s_own(make_napari_viewer, plugin, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "OM": [rng.integers(0, 255, (2048, 3072, 3), dtype=np.uint8) for _ in range(2)],
        "IM": [rng.integers(0, 255, (1200, 1600, 3), dtype=np.uint8)],
        "TEM": [rng.integers(0, 255, (2048, 2048), dtype=np.uint8) for _ in range(4)],
    }
    for case in ("A", "B"):
        write_case(tmp_path / "cohort" / case, arrays)
    # The first pass pays for fonts, shaders and imports; the later ones are what napari needs alone, warm.
    napari_alone(make_napari_viewer, qtbot, arrays)
    excess = []
    for _ in range(3):  # what else runs on this machine makes gaps longer, never shorter
        alone = napari_alone(make_napari_viewer, qtbot, arrays)
        ours = in_workspace(make_napari_viewer, qtbot, tmp_path / "cohort")
        print({name: round(value, 3) for name, value in ours.items()}, "alone", round(max(alone), 3))
        excess.append(max(ours.values()) - max(alone))
        if excess[-1] < ALLOWED_S:
            break
    assert min(excess) < ALLOWED_S


def in_workspace(make_napari_viewer, qtbot, cohort: Path) -> dict[str, float]:
    """Longest gap of each part of the main job in the workspace."""
    from napari_renal_fusion.viewer.engine import Engine
    from napari_renal_fusion.viewer.workspace import open_workspace

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    qtbot.wait(500)
    gap = LongestGap()
    workspace = open_workspace(viewer, cohort, engine=Engine([sys.executable, str(FAKE)]))
    qtbot.waitUntil(lambda: workspace.case is not None and settled(workspace), timeout=30_000)
    workspace.reader.run.bundles.addItem("Demonstration", "demo")
    workspace.reader.run.set_case_open(True)
    ours = {"open": gap.take()}
    import collections
    by=collections.defaultdict(list)
    for t,l in gap.st: by[t].append(l)
    for t,ls in sorted(by.items(), key=lambda kv:-len(kv[1]))[:2]:
        print(t,len(ls)); [print('    ',n,l) for l,n in collections.Counter(ls).most_common(14)]
    workspace.run()
    qtbot.waitUntil(lambda: workspace.runs.answer(0) is not None and settled(workspace), timeout=30_000)
    ours["run"] = gap.take()
    for key in ("IM-1", "TEM-1", "TEM-2", "OM-2"):
        workspace.stage.show_image(key)
        qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
        qtbot.wait(100)
    workspace.preferences.set(overlay="cells")
    qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
    ours["overlays"] = gap.take()
    workspace.step_case(1)
    qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
    qtbot.wait(300)
    ours["next patient"] = gap.take()
    viewer.close()
    return ours


def napari_alone(make_napari_viewer, qtbot, arrays) -> list[float]:
    """Longest gap of each layer operation that the workspace uses, one operation a turn."""
    from napari_renal_fusion.viewer.overlays import contour_arguments

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    qtbot.wait(500)
    gap, alone = LongestGap(), []

    def do(operation):
        done = operation()
        qtbot.wait(300)
        alone.append(gap.take())
        return done

    om = do(lambda: viewer.add_image(arrays["OM"][0], rgb=True))
    do(lambda: setattr(viewer.canvas.overlays.scale_bar, "visible", True))
    do(lambda: setattr(viewer.canvas.overlays.text, "visible", True))
    do(lambda: setattr(viewer.canvas.overlays.text, "text", "Heat map for membranous nephropathy\nGrad-CAM"))
    lines = contour_arguments(heat_map(Box(0, 0, 2048, 3072)), (0, 2), None, dark=False)
    do(lambda: viewer.add_surface(shading="none", **lines))
    do(lambda: viewer.add_image(arrays["IM"][0], rgb=True))
    do(lambda: viewer.add_image(arrays["TEM"][0]))
    do(lambda: setattr(om, "data", arrays["OM"][1]))
    viewer.close()
    return alone


def write_case(folder: Path, arrays) -> None:
    for part, images in arrays.items():
        (folder / part).mkdir(parents=True)
        for number, array in enumerate(images):
            kind = "rgb" if array.ndim == 3 else "minisblack"
            tifffile.imwrite(folder / part / f"{number}.tif", array, photometric=kind)
