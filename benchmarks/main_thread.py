"""The longest time that the main thread is held: the workspace against the same napari layer operations alone.

Needs a display: ``xvfb-run -a python -m benchmarks main_thread``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp


@dataclass
class Gaps:
    """Longest gap, in ms, between two turns of the event loop while something went on."""

    name: str
    longest: float


class Heart:
    """A timer that beats at every turn of the event loop and remembers its longest pause."""

    def __init__(self):
        from qtpy.QtCore import QTimer

        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(0)
        self.reset()

    def reset(self) -> None:
        self._last, self.longest = time.perf_counter(), 0.0

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


def run() -> str:
    """Markdown lines: longest gap per phase, of the workspace and of napari alone, in one process."""
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_renal_fusion.cases import Case
    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.phantoms import sample_patient
    from napari_renal_fusion.viewer import open_workspace

    folder = _two_cases(sample_patient(cache_dir()))
    arrays = [one.read() for one in _first_of_each(Case.from_folder(folder / "A"))]
    # Fonts, shaders and Qt's own first window are napari's cost and paid before either side is timed.
    viewer = napari.Viewer()
    heart = Heart()

    def until(condition: Callable[[], bool], limit: float = 180) -> None:
        ends = time.monotonic() + limit
        while not condition():
            QApplication.processEvents()
            if time.monotonic() > ends:
                raise TimeoutError(condition)

    def phase(name: str, work: Callable[[], object], done: Callable[[], bool]) -> Gaps:
        _rest(0.5, until)
        heart.reset()
        work()
        until(done)
        _rest(1.0, until)
        return Gaps(name, heart.longest * 1000)

    alone = _napari_alone(viewer, arrays, phase, until)
    viewer.layers.clear()
    opened = [
        phase(
            "open a patient",
            lambda: open_workspace(viewer, folder),
            lambda: len(viewer.layers) > 0 and bool(_workspace()._cases),
        )
    ]
    workspace = _workspace()
    until(lambda: workspace.reader.run.bundle is not None)
    steps = [
        ("run the model", workspace.run, lambda: _explained(workspace)),
        ("heat maps", lambda: workspace.step_image(1), lambda: not workspace.canvas.busy),
        (
            "next electron image",
            lambda: workspace.stage.show_image("TEM-1"),
            lambda: not workspace.canvas.busy,
        ),
        ("another one", lambda: workspace.stage.show_image("TEM-2"), lambda: not workspace.canvas.busy),
        (
            "next patient",
            lambda: workspace.step_case(1),
            lambda: workspace._place == 1 and not workspace.canvas.busy,
        ),
    ]
    opened += [phase(*step) for step in steps]
    viewer.close()
    worst, longest_alone = max(g.longest for g in opened), max(g.longest for g in alone)
    rows = [f"| {gap.name} | {gap.longest:.0f} |" for gap in (*alone, *opened)]
    return "\n".join(
        [
            "| main thread | longest gap, ms |", "|---|---:|", *rows, "",
            f"Workspace {worst:.0f} ms, napari alone {longest_alone:.0f} ms: "
            f"difference **{worst - longest_alone:.0f} ms** (ratio {worst / longest_alone:.2f}).",
        ]
    )  # fmt: skip


def _napari_alone(viewer, arrays, phase, until) -> list[Gaps]:
    """What the workspace asks of napari, layer by layer, one operation a phase."""
    om, im, tem = arrays
    gaps = [
        phase("napari alone: first OM layer", lambda: viewer.add_image(om, rgb=True), lambda: True),
        phase("napari alone: IM layer", lambda: viewer.add_image(im, rgb=True), lambda: True),
        phase("napari alone: TEM layer", lambda: viewer.add_image(tem), lambda: True),
    ]
    return [
        *gaps,
        phase(
            "napari alone: replace data", lambda: setattr(viewer.layers[-1], "data", tem[::-1]), lambda: True
        ),
    ]


def _rest(seconds: float, until) -> None:
    ends = time.monotonic() + seconds
    until(lambda: time.monotonic() > ends)


def _first_of_each(case):
    from napari_renal_fusion.cases import Modality

    return [case.of(modality)[0] for modality in Modality]


def _two_cases(sample: Path) -> Path:
    folder = Path(mkdtemp())
    for name in "AB":
        (folder / name).symlink_to(sample, target_is_directory=True)
    return folder


def _workspace():
    from napari_renal_fusion.viewer import workspace

    return workspace._open[0]


def _explained(workspace) -> bool:
    answer = workspace.runs.answer(workspace._place)
    return answer is not None and bool(answer.explanations) and not workspace.canvas.busy
