"""Pictures of the image scale: a scale bar that is clicked, the ruler, a legend that is cut and brought back.

Run it alone under a display of at least 1920 x 1200, for example::

    xvfb-run -s "-screen 0 1920x1200x24" python docs/calibration_pictures.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from window_tools import main, photograph, rest, settle, workspace_on

NAMES = ("calibration_bar.png", "calibration_ruler.png", "calibration_legend_back.png")


def pictures(out: Path, cache: Path) -> None:
    """Draw a case without any metadata, which ``cache`` keeps, and write every picture into ``out``."""
    os.environ["RENAL_FUSION_HOME"] = str(Path(tempfile.mkdtemp()) / "home")
    folder = _without_metadata(cache / "case")
    series(folder, out, NAMES, theme="light", size=(1280, 800))


def series(folder: Path, out: Path, names: tuple[str, ...], *, theme: str, size: tuple[int, int]) -> None:
    """Calibrate an electron image by its bar, measure on it, and bring its legend back, as a person would."""
    with workspace_on(folder, theme, size) as workspace:
        section, place = workspace.reader.scale, workspace.scale
        workspace.stage.show_image("TEM-2")
        settle(workspace, lambda: place.facts is not None and place.facts.key == "TEM-2")
        workspace.reader.ensure_visible(section.legend)
        bar = place.facts.bar
        section.image.bar_button.click()
        _click(workspace, (bar.row + 4, bar.left - 9))
        _click(workspace, (bar.row - 5, bar.right + 7))
        section.image.length.number.setText("2")
        photograph(workspace.viewer, out / names[0])
        section.image.length.button.click()
        settle(workspace, lambda: section.image.spread_row.isVisible())
        section.ruler.button.click()
        height, width = place.facts.shape
        for start, end in (((0.3, 0.2), (0.45, 0.5)), ((0.55, 0.6), (0.58, 0.66))):
            for part in (start, end):
                _click(workspace, (part[0] * height, part[1] * width))
        workspace.reader.ensure_visible(section.legend)
        photograph(workspace.viewer, out / names[1])
        place.tools.leave()
        section.legend.button.click()
        settle(workspace, lambda: section.legend.button.text() == "Cut again")
        workspace.reader.ensure_visible(section.legend)
        photograph(workspace.viewer, out / names[2])


def _click(workspace, place: tuple[float, float]) -> None:
    """A real click on a place of the image on the canvas, (row, column) in its pixels."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    from napari_renal_fusion.viewer.fit import factor_of
    from napari_renal_fusion.viewer.scale.marks import canvas_of

    viewer, layer = workspace.viewer, workspace.canvas.shown_layer
    canvas, camera = canvas_of(viewer), viewer.scene.camera
    unit = factor_of(viewer, layer) * float(layer.scale[-1])
    where = QPoint(
        round((place[1] * unit - camera.center[2]) * camera.zoom + canvas.width() / 2),
        round((place[0] * unit - camera.center[1]) * camera.zoom + canvas.height() / 2),
    )
    QTest.mouseMove(canvas, where)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, where)
    rest(0.05)


def _without_metadata(folder: Path) -> Path:
    """A synthetic patient saved as JPEG, as most hospitals export: no file states a pixel size."""
    from PIL import Image

    from napari_renal_fusion.cases import Case
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, write_biopsy

    if not folder.exists():
        spec = BiopsySpec(
            disease=Disease.MEMBRANOUS_NEPHROPATHY, seed=31, n_tem=6, om_size=(768, 512), im_size=(640, 480),
            tem_size=(1024, 1024),
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as drawn:
            case = Case.from_folder(write_biopsy(spec, Path(drawn) / "drawn"))
            for image in case.images:
                target = folder / image.modality.value / f"{image.path.name.split('.')[0]}.jpg"
                target.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image.read()).save(target, quality=92)
    return folder


if __name__ == "__main__":
    main(pictures, "calibration", __doc__)
