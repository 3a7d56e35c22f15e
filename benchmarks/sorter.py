"""The sorter's dock on a real-size messy case: when thumbnails come, and how long the main thread is held.

60 files with Chinese and camera names (light 3072x2048, immunofluorescence 1600x1200, electron 2048x2048), in a
window without napari; needs a display: ``xvfb-run -a python -m benchmarks sorter``. Beside it stands the same
sorting in a thread with an idle window, which is what Python's lock and a busy computer cost by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .gaps import LongestTurn, Turn, until, wait

_SIZES = {"OM": (2048, 3072), "IM": (1200, 1600), "TEM": (2048, 2048)}


def run() -> str:
    """Markdown: seconds until the first thumbnail, all and the groups; longest gap of the main thread in each phase."""
    from qtpy.QtWidgets import QApplication

    from napari_renal_fusion.phantoms.messy import write_messy

    app = QApplication.instance() or QApplication([])
    with TemporaryDirectory() as folder:
        case = write_messy(Path(folder), 3, pictures=_pictures())
        size = sum(path.stat().st_size for path in case.folder.iterdir()) / 1e6
        idle = _idle(case.folder)
        rows, times = _dock(case.folder, Path(folder) / "home")
    del app
    lines = [
        f"{len(case.files)} files, {size:.0f} MB. Names stand after {times['names']:.2f} s, the first thumbnail after "
        f"{times['first']:.2f} s, all groups are final after {times['groups']:.1f} s, the last thumbnail after "
        f"{times['all']:.1f} s.",
        "",
        "| longest turn of the main thread | by the clock, ms | own work, ms |",
        "|---|---:|---:|",
        f"| sorting in a thread, idle window | {idle[0]:.0f} | {idle[1]:.0f} |",
        *(f"| {name} | {clock:.0f} | {own:.0f} |" for name, (clock, own) in rows.items()),
    ]
    return "\n".join(lines)


def _pictures() -> dict[str, list]:
    """Full-size pictures that look as each modality does; drawing whole biopsies would take minutes."""
    from napari_renal_fusion.phantoms import PhantomImage
    from napari_renal_fusion.phantoms.messy import messy_pictures
    from napari_renal_fusion.phantoms.stamp import stamp

    def enlarged(image: PhantomImage) -> PhantomImage:
        from PIL import Image

        height, width = _SIZES[image.modality]
        small = np.asarray(Image.fromarray(image.pixels).resize((width, height), Image.Resampling.BICUBIC))
        return PhantomImage(stamp(small.copy()), image.modality, image.stain, image.pixel_size)

    return {modality: [enlarged(one) for one in images] for modality, images in messy_pictures(3).items()}


def _idle(folder: Path) -> Turn:
    """Longest gap of an idle window while the files are sorted in a thread."""
    from qtpy.QtWidgets import QWidget

    from napari_renal_fusion.cases.sorting import sort_source
    from napari_renal_fusion.viewer.threads import Threads

    window, threads = QWidget(), Threads(1)
    window.show()
    gap = LongestTurn()
    _rest()
    gap.take()
    threads.run(lambda: sort_source(folder), lambda _: None, lambda _: None)
    _rest(lambda: not threads.busy)
    longest = gap.take()
    threads.close()
    window.close()
    return longest


def _dock(folder: Path, home: Path) -> tuple[dict[str, Turn], dict[str, float]]:
    import os

    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_renal_fusion.viewer.sorter.dock import SorterDock

    os.environ["RENAL_FUSION_HOME"] = str(home)
    dock, rows, times = SorterDock(), {}, {}
    dock.resize(900, 900)
    dock.show()
    _rest()
    gap = LongestTurn()
    gap.take()
    start = time.perf_counter()
    dock.start(folder)

    def reached(name: str, condition: Callable[[], bool]) -> None:
        until(condition)
        times[name] = time.perf_counter() - start

    reached("names", lambda: bool(dock.gallery.order))
    reached("first", lambda: bool(dock.gallery.pictured))
    reached("groups", lambda: not dock.looking.looking)
    reached("all", lambda: not dock.busy)
    rows["looking, thumbnails"] = gap.take()
    for key in (Qt.Key.Key_8, Qt.Key.Key_4, Qt.Key.Key_3, Qt.Key.Key_Space):
        QTest.keyClick(dock.gallery, key)
        _rest(lambda: not dock.busy)
    rows["four corrections"] = gap.take()
    for _ in range(40):
        QTest.keyClick(dock.gallery, Qt.Key.Key_Down)
        _rest()
    _rest(lambda: not dock.busy)
    rows["walking through the gallery"] = gap.take()
    QTest.keyClick(dock.gallery, Qt.Key.Key_Return)
    _rest(lambda: not dock.busy)
    rows["accepting"] = gap.take()
    dock.shut()
    dock.close()
    return rows, times


def _rest(condition: Callable[[], bool] = lambda: True) -> None:
    """Until ``condition`` holds, and at least a twentieth of a second: what a key asks for may begin a turn later."""
    wait(0.05)
    until(condition)
