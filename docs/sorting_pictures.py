"""Pictures of the sorter: a messy folder as it comes, and what one correction taught.

Run it alone under a display of at least 1600 x 1200, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/sorting_pictures.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from window_tools import main, photograph, rest, wait, window

NAMES = ("sorter_light.png", "sorter_learnt_dark.png", "sorter_small_window.png")
SIZES = ((1400, 900), (1400, 900), (1100, 700))
SEED = 5


def pictures(out: Path, cache: Path) -> None:
    """Sort a generated messy folder, of which ``cache`` keeps a copy, in a window of its own for each picture."""
    from napari_renal_fusion.phantoms.messy import write_messy

    home = cache / "sorter_home"
    os.environ["RENAL_FUSION_HOME"] = str(home)
    folder = cache / "messy"
    if not folder.is_dir():
        write_messy(folder, SEED)
    (patient,) = folder.iterdir()
    for name, theme, size in zip(NAMES, ("light", "dark", "light"), SIZES, strict=True):
        shutil.rmtree(home, ignore_errors=True)  # a laboratory of which nothing is known yet
        picture_of_sorter(patient, theme, size, out / name, corrections="8" if "learnt" in name else "")


def picture_of_sorter(folder: Path, theme: str, size: tuple[int, int], out: Path, corrections: str) -> None:
    """Open a messy folder in the workspace and press some keys in the sorter."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_renal_fusion.viewer import open_workspace

    with window(theme, size) as viewer:
        workspace = open_workspace(viewer, folder)
        wait(lambda: workspace.sorter.dock is not None and workspace.sorter.dock.sorting is not None)
        dock = workspace.sorter.dock
        wait(lambda: not dock.busy)
        viewer.window._qt_window.activateWindow()
        dock.gallery.setFocus()
        for digit in corrections:
            QTest.keyClick(dock.gallery, getattr(Qt.Key, f"Key_{digit}"))
            wait(lambda: not dock.busy)
        rest(0.4)
        photograph(viewer, out, small=True)


if __name__ == "__main__":
    main(pictures, "pictures", __doc__)
