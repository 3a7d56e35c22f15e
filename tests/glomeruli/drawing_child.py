"""A process that edits outlines without end and says after each edit how many are done; a test kills it."""

import random
import sys
from itertools import count
from pathlib import Path

from napari_renal_fusion.cases import Box
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.glomeruli.drawing import Drawing
from napari_renal_fusion.glomeruli.edits import Add, Classify, Delete, Lock, MoveVertex, Rename, Replace
from napari_renal_fusion.glomeruli.outline import Outline


def step(drawing: Drawing, number: int) -> None:
    """The ``number``-th edit, the same in every process; one that is refused does nothing."""
    dice = random.Random(number)
    there = drawing.outlines
    one = dice.choice(there).id if there else ""
    what = dice.choice(["add", "undo", "redo", "move", "replace", "delete", "rename", "class", "lock"])
    try:
        if what == "add" or not one:
            box = Box(dice.randint(0, 80), dice.randint(0, 80), 20, 30)
            identity = f"{number:08x}-0000-4000-8000-000000000000"
            # Many points: a line of 20 kB is more likely to be torn than one of 200 bytes.
            ring = [(box.top + i * 0.01, box.left) for i in range(500)] + [(box.top + 9, box.left + 9)]
            drawing.do(Add(outlines=(Outline.polygon(ring, id=identity, name=f"G{number}"),)))
        elif what == "undo":
            drawing.undo()
        elif what == "redo":
            drawing.redo()
        elif what == "move":
            drawing.do(MoveVertex(id=one, vertex=0, to=(dice.uniform(0, 99), dice.uniform(0, 99))))
        elif what == "replace":
            drawing.do(Replace(id=one, parts=Outline.box(Box(number % 50, 2, 30, 40)).parts, kind="box"))
        elif what == "delete":
            drawing.do(Delete(ids=(one,)))
        elif what == "rename":
            drawing.do(Rename(id=one, name=f"肾小球 {number}"))
        elif what == "class":
            drawing.do(Classify(ids=(one,), class_name=dice.choice(["Normal", "crescent", None])))
        else:
            drawing.do(Lock(ids=(one,), locked=dice.random() < 0.3))
    except RenalFusionError:
        pass


if __name__ == "__main__":
    with Drawing(Path(sys.argv[1]), "OM-1") as drawing:
        for number in count():
            step(drawing, number)
            print(number, flush=True)
