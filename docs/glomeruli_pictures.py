"""Pictures of glomeruli drawn by hand: a light image with several of them, and one on dark fluorescence.

Run it alone under a display of at least 1400 x 900, for example::

    xvfb-run -s "-screen 0 1920x1200x24" python docs/glomeruli_pictures.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from window_tools import main, photograph, rest, settle, workspace_on

NAMES = ("glomeruli_light.png", "glomeruli_if_dark.png")
_CLASSES = ("Normal", "Segmentally sclerosed", "Crescent", None, "Globally sclerosed", "Normal")
_FIELD = (768, 512)
_PIXEL = 0.45
"""um; the field of six sections side by side is what a 10x objective sees."""


def pictures(out: Path, cache: Path) -> None:
    """Draw a field of six synthetic glomeruli, which ``cache`` keeps; outline them, and one on fluorescence."""
    shutil.rmtree(cache / "home", ignore_errors=True)  # outlines of an earlier run
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    folder, outlines = _patient(cache / "K5-118")
    picture(folder, outlines, "light", "OM-1", "select", out / NAMES[0])
    picture(folder, {}, "dark", "IM-1", "brush", out / NAMES[1])


def picture(folder: Path, outlines: dict[str, list], theme: str, key: str, tool: str, out: Path) -> None:
    """Open the case, draw, choose one outline, and photograph the window with a tool in hand."""
    with workspace_on(folder, theme, (1400, 900)) as workspace:
        place = workspace.glomeruli
        workspace.stage.show_image(key)
        settle(workspace)
        place.bring_to_front()
        settle(workspace, lambda: place.editor.drawing is not None)
        editor = place.editor
        if key in outlines:
            editor.draw(outlines[key])
            editor.lock([outlines[key][-1].id], True)
            editor.exclude([outlines[key][4].id], True)
            editor.choose([outlines[key][2].id])
            editor.set_tool(tool)
        else:
            editor.set_tool(tool)
            _paint_ring(editor)
            editor.rename(editor.outlines[0].id, "G1")
        rest(0.5)
        settle(workspace)
        photograph(workspace.viewer, out)


def _paint_ring(editor) -> None:
    """A stroke of the brush around the middle of the image, closed, and filled: what a hand does."""
    from napari_renal_fusion.glomeruli import Outline
    from napari_renal_fusion.viewer.glomeruli.brush import new_parts, painted

    rows, columns = editor.subject.shape
    turn = np.linspace(0, 2 * np.pi, 50)
    wobble = 1 + 0.06 * np.sin(3 * turn)
    ring = np.column_stack(
        [rows / 2 + 0.31 * rows * wobble * np.sin(turn), columns / 2 + 0.31 * rows * wobble * np.cos(turn)]
    )
    parts = new_parts(painted(ring, 0.03 * rows))
    editor.draw([Outline(parts=[[part[0]] for part in parts], kind="brush")])


def _patient(folder: Path) -> tuple[Path, dict[str, list]]:
    """A case with a light field of six sections and a fluorescence image, and the true outlines of the field."""
    from napari_renal_fusion.glomeruli import outlines_of_mask
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, render_im, render_om

    if folder.exists():
        shutil.rmtree(folder)
    for part in ("OM", "IM"):
        (folder / part).mkdir(parents=True)
    width, height = _FIELD
    field, outlines = np.zeros((2 * height, 3 * width, 3), np.uint8), []
    for number, class_name in enumerate(_CLASSES):
        spec = BiopsySpec(
            disease=Disease.IGA_NEPHROPATHY, seed=40 + number, om_size=_FIELD, im_size=(960, 720)
        )
        section = render_om(spec, "PASM")
        top, left = height * (number // 3), width * (number % 3)
        field[top : top + height, left : left + width] = section.pixels
        made = outlines_of_mask(section.truth["glomerulus"], top=top, left=left, class_name=class_name)
        outlines.append(_smooth(made[0]))
    _write(folder / "OM" / "PASM.ome.tif", field, _PIXEL)
    antibody = render_im(spec, "IgA")
    _write(folder / "IM" / "IgA.ome.tif", antibody.pixels, antibody.pixel_size[0])
    return folder, {"OM-1": outlines}


def _smooth(outline):
    from napari_renal_fusion.glomeruli.mending import parts_of

    return outline.with_(parts=parts_of(outline.shape.simplify(1.5)), kind="polygon")


def _write(path: Path, pixels: np.ndarray, um: float) -> None:
    import tifffile

    size = {f"PhysicalSize{axis}": um for axis in "XY"} | {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": "YXS", **size})


if __name__ == "__main__":
    main(pictures, "glomeruli", __doc__)
