"""Pictures of the immunofluorescence panel: graded under one display range, and the range of answers it leads to.

Run it alone under a display of at least 1920 x 1080, for example::

    xvfb-run -s "-screen 0 1920x1200x24" python docs/if_panel_pictures.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from window_tools import main, photograph, rest, settle, workspace_on

NAMES = ("if_panel_dark.png", "if_panel_light_small.png", "if_panel_range.png")
GRADES = {
    "IgA": "2GM", "IgG": "3GC", "IgM": "T", "C3": "2GC", "C1q": "0", "Kappa": "1GC", "Lambda": "1GC",
    "Fibrinogen": "0",
}  # fmt: skip
"""What is typed on each antibody."""


def pictures(out: Path, cache: Path) -> None:
    """Draw a patient, which ``cache`` keeps, grade its panel with real keys, and ask the demonstration bundle."""
    shutil.rmtree(cache / "home", ignore_errors=True)  # readings and answers of an earlier run
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    from napari_renal_fusion.compute.settings import load_settings, save_settings

    save_settings(load_settings().model_copy(update={"read_first": False}))
    folder = _patient(cache / "K7-203")
    picture_of_panel(folder, "dark", (1920, 1080), out / NAMES[0], out / NAMES[2])
    picture_of_panel(folder, "light", (1280, 800), out / NAMES[1])


def picture_of_panel(
    folder: Path, theme: str, size: tuple[int, int], out: Path, asked: Path | None = None
) -> None:
    """Grade the panel by keys, narrow its display, show IgG on the canvas; then ask the model."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from napari_renal_fusion.viewer.panel.display import DisplayRange

    with workspace_on(folder, theme, size) as workspace:
        panel = workspace.panel
        panel.bring_to_front()
        settle(workspace, lambda: all(cell.image is not None for cell in panel.dock.grid.cells if cell.key))
        for cell in [one for one in panel.dock.grid.cells if one.key]:
            cell.setFocus()
            for letter in GRADES[cell.name] if not cell.reading.text else "":
                QTest.keyClick(cell, letter)
        panel.dock._display_moved(DisplayRange(0.02, 0.7))
        igg = next(one for one in panel.dock.grid.cells if one.name == "IgG")
        igg.setFocus()
        QTest.keyClick(igg, Qt.Key.Key_Return)
        settle(workspace)
        rest(1)
        photograph(workspace.viewer, out)
        if asked is not None:
            workspace.reader.run.choose_bundle("demo")
            workspace.run()
            settle(workspace, lambda: workspace.answer is not None)
            workspace.reader.opinion.range_line.more.click()
            settle(workspace)
            rest(1)
            photograph(workspace.viewer, asked)


def _patient(folder: Path) -> Path:
    """A patient of membranous nephropathy with eight antibodies in the size of a camera."""
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, write_biopsy

    if not folder.exists():
        spec = BiopsySpec(
            disease=Disease.MEMBRANOUS_NEPHROPATHY, seed=203, n_tem=6, om_stains=("PASM", "HE"), om_size=(768, 512),
            im_size=(1600, 1200), tem_size=(512, 512),
        )  # fmt: skip
        write_biopsy(spec, folder)
    return folder


if __name__ == "__main__":
    main(pictures, "if-panel", __doc__)
