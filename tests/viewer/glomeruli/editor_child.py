"""A process that draws with the mouse on an editor without end, and says after each gesture how many are done; a test kills it."""

import hashlib
import random
import sys
from itertools import count
from pathlib import Path

import numpy as np
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from napari_renal_fusion.glomeruli.drawing import Drawing
from napari_renal_fusion.glomeruli.edits import Outlines
from napari_renal_fusion.viewer.glomeruli.editor import Editor
from napari_renal_fusion.viewer.glomeruli.subject import Subject

sys.path.insert(0, str(Path(__file__).parent))
from mouse import Mouse

SHAPE = (300, 400)
TURN = np.linspace(0, 2 * np.pi, 12)


def gesture(editor: Editor, number: int) -> None:
    """The ``number``-th gesture, the same in every process but for the identities of outlines."""
    dice = random.Random(number)
    what = dice.choice(
        ["polygon", "brush", "box", "erase", "move", "points", "class", "undo", "redo", "delete"]
    )
    if what in ("class", "delete", "move", "points") and editor.outlines:
        editor.choose([dice.choice(editor.outlines).id])
    if what in ("undo", "redo"):
        (editor.undo if what == "undo" else editor.redo)()
    elif what == "class":
        editor.classify_chosen(dice.choice(["Normal", "Crescent", None]))
    elif what == "delete":
        editor.delete_chosen()
    else:
        editor.set_tool("select" if what == "move" else what)
        hand = Mouse(editor.viewer, editor.shapes.layer)
        row, column, size = dice.uniform(40, 240), dice.uniform(40, 340), dice.uniform(8, 40)
        ring = [(row + size * np.sin(t), column + size * np.cos(t)) for t in TURN]
        if what == "polygon":
            for point in ring[:-2]:
                hand.click(point)
            hand.double_click(ring[-2])
        elif what in ("brush", "erase"):
            hand.drag(*ring)
        elif what == "box":
            hand.drag((row, column), (row + size / 2, column + size), (row + size, column + size))
        else:
            box = editor.chosen_outlines[0].bounds if editor.chosen else None
            at = (box.top + box.height / 2, box.left + box.width / 2) if box else (row, column)
            if what == "points" and box:
                at = editor.chosen_outlines[0].parts[0][0][0]
            hand.drag(at, (at[0] + 3, at[1] + 4), (at[0] + 5, at[1] + 6))
    editor.follow()


def digest(outlines: Outlines) -> str:
    """What a person sees, to the last digit."""
    return hashlib.sha256(repr([one.model_dump() for one in outlines]).encode()).hexdigest()


def open_editor(path: Path) -> tuple[Editor, Drawing]:
    viewer = ViewerModel()
    viewer.add_image(np.zeros(SHAPE, np.uint8), name="image")
    drawing = Drawing(path, "OM-1", image_shape=SHAPE)
    editor = Editor(viewer)
    editor.show(Subject("OM-1", "OM-1", viewer.layers["image"], SHAPE, None), drawing)
    return editor, drawing


if __name__ == "__main__":
    app = QApplication([])
    editor, drawing = open_editor(Path(sys.argv[1]))
    for number in count(int(sys.argv[2])):
        gesture(editor, number)
        lines = Path(sys.argv[1]).read_bytes().count(b"\n") if Path(sys.argv[1]).exists() else 0
        print(number, lines, digest(editor.outlines), flush=True)
