"""The longest time that the main thread is held while the training dock watches a run, against napari alone.

A real window and a real run in its own process, which computes beside both sides; needs a display:
``xvfb-run -a python -m benchmarks training_main_thread``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np

from napari_renal_fusion.training.run import Run

from .gaps import LongestTurn, until, wait

_ROUNDS = 3
_WATCHED_S = 8.0


def run() -> str:
    """Markdown: longest gap of each phase on both sides, and the largest difference, median of the rounds."""
    with tempfile.TemporaryDirectory() as temporary, patch.dict(os.environ):
        os.environ["RENAL_FUSION_HOME"] = str(Path(temporary) / "home")
        make = _runs(Path(temporary))
        _alone(make)  # the first window pays for fonts and shaders; neither side is charged for them
        _watching(make)
        rounds = [(_alone(make), _watching(make)) for _ in range(_ROUNDS)]
    lines = ["| longest gap of the main thread, ms | napari alone | with the dock |", "|---|---:|---:|"]
    for phase, beside in _PHASES.items():
        alone = median(one[beside] for one, _ in rounds)
        ours = median(one[phase] for _, one in rounds)
        lines.append(f"| {phase} (alone: {beside}) | {alone:.0f} | {ours:.0f} |")
    excess = {
        phase: median(ours[phase] - alone[beside] for alone, ours in rounds)
        for phase, beside in _PHASES.items()
    }
    worst = max(excess, key=excess.get)
    overall = [max(ours.values()) - max(alone.values()) for alone, ours in rounds]
    lines += [
        "",
        f"Longest of all, with the dock against napari alone: median excess **{median(overall):.0f} ms** "
        f"(rounds {', '.join(f'{one:.0f}' for one in overall)}). Phase by phase the largest median excess is "
        f"**{excess[worst]:.0f} ms** ({worst}).",
    ]
    return "\n".join(lines)


_PHASES = {
    "open the dock on a run": "open an empty dock",
    "watch": "idle",
    "add an image": "add an image",
    "pan and zoom": "pan and zoom",
    "other pages and back": "idle",
    "stop": "idle",
    "the end of a run": "idle",
    "its results": "idle",
}
"""What the dock's person does, and what napari alone does in the same time."""


def _runs(folder: Path) -> Callable[[int], Run]:
    """A function that starts a run of five folds of so many epochs: 24 tiny patients, epochs of some 30 ms."""
    from tests.training.tiny import tiny_cohort, tiny_config

    cohort = tiny_cohort(folder / "cohort")
    count = iter(range(1000))

    def make(epochs: int) -> Run:
        from napari_renal_fusion.training.run_list import runs_dir

        config = tiny_config("small", folds=5, epochs=epochs, patience=0)
        one = Run.create(cohort, config, runs_dir() / f"run-{next(count)}")
        one.launch()
        return one

    return make


def _alone(make: Callable[[int], Run]) -> dict[str, float]:
    from napari import Viewer
    from qtpy.QtWidgets import QWidget

    one = make(10_000)
    until(lambda: bool(one.epochs()))
    viewer, gap, phases = Viewer(), LongestTurn(), {}
    viewer.window.resize(1400, 900)
    wait(0.5)

    def phase(name: str, work: Callable[[], object], seconds: float = 1.0) -> None:
        gap.take()
        work()
        wait(seconds)
        phases[name] = gap.take().clock

    phase("open an empty dock", lambda: viewer.window.add_dock_widget(QWidget(), area="right"))
    phase("idle", lambda: None, _WATCHED_S)
    phase("add an image", lambda: viewer.add_image(_image(), rgb=True))
    phase("pan and zoom", lambda: _move(viewer))
    viewer.close()
    _end(one)
    return phases


def _watching(make: Callable[[int], Run]) -> dict[str, float]:
    from napari import Viewer

    from napari_renal_fusion.viewer.training.dock import PATIENTS, RUNS, SETTINGS, TRAINING, open_training

    one = make(10_000)
    until(lambda: bool(one.epochs()))
    viewer, gap, phases = Viewer(), LongestTurn(), {}
    viewer.window.resize(1400, 900)
    wait(0.5)
    dock = None

    def phase(name: str, work: Callable[[], object], seconds: float = 1.0) -> None:
        gap.take()
        work()
        wait(seconds)
        phases[name] = gap.take().clock

    def open_() -> None:
        nonlocal dock
        dock = open_training(viewer)  # it finds the run that trains, and shows it
        until(lambda: not dock.busy and dock.live.folder is not None and _points(dock) > 0)

    def pages() -> None:
        for page in (PATIENTS, SETTINGS, RUNS, TRAINING):
            dock.go(page)
            until(lambda: not dock.busy)
            wait(0.3)

    def ends() -> None:
        dock.stop()
        until(lambda: dock.live.state == "stopped")

    def finishes() -> None:
        dock.follow(short.folder)
        until(lambda: dock.live.state == "finished")

    def results() -> None:
        dock.training.buttons["results"].click()
        until(lambda: dock.results.run is not None and not dock.busy)

    phase("open the dock on a run", open_)
    phase("watch", lambda: None, _WATCHED_S)
    phase("add an image", lambda: viewer.add_image(_image(), rgb=True))
    phase("pan and zoom", lambda: _move(viewer))
    phase("other pages and back", pages)
    phase("stop", ends)
    short = make(5)
    phase("the end of a run", finishes)
    phase("its results", results)
    dock.shut()
    viewer.close()
    _end(one)
    return phases


def _points(dock) -> int:
    return sum(len(curve.points) for curve in dock.training.curves.loss.curves)


def _move(viewer) -> None:
    for step in range(20):
        viewer.camera.zoom *= 1.05
        viewer.camera.center = (500 + 10 * step, 500)
        wait(0.05)


def _image() -> np.ndarray:
    return np.zeros((2048, 3072, 3), np.uint8) + np.arange(3072, dtype=np.uint8)[:, None]


def _end(one: Run) -> None:
    one.request_stop()
    until(lambda: one.state != "running")
