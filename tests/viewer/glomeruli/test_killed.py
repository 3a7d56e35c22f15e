"""A process that is killed while a person draws: everything that was seen is there after reopening, and can be undone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_renal_fusion.glomeruli.drawing import Drawing, stored_outlines

from .editor_child import digest

CHILD = Path(__file__).with_name("editor_child.py")


def run_and_kill(path: Path, first: int, seconds: float, gestures: int = 12) -> tuple[int, int, str]:
    """Draw from gesture ``first`` on, and kill the process ``seconds`` after a number of gestures.

    Returns the last thing that it said: gesture, lines of the journal, digest of the outlines on its canvas.
    """
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path), str(first)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    try:
        said = "".join(child.stdout.readline() for _ in range(gestures))
        assert said.count("\n") == gestures
        time.sleep(seconds)
    finally:
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read()
        child.wait(20)
    number, lines, seen = [line for line in said.splitlines(keepends=True) if line.endswith("\n")][-1].split()
    return int(number), int(lines), seen


def check(path: Path, lines: int, seen: str) -> None:
    """What the process showed at its last word is in the journal exactly; nothing but a newer edit follows."""
    text = path.read_bytes().splitlines(keepends=True)
    part = path.with_suffix(".part")
    part.write_bytes(b"".join(text[:lines]))
    assert digest(stored_outlines(part)) == seen
    assert len(text) - lines <= 2  # an edit that was written and not yet said, and a torn one
    with Drawing(path, "OM-1") as drawing:
        assert not [notice for notice in drawing.notices if notice.code == "journal_damaged"]
        shown = drawing.outlines
        while drawing.undoable is not None:
            drawing.undo()
        assert drawing.outlines == ()
        while drawing.redoable is not None:
            drawing.redo()
        if lines == len(text):
            assert digest(shown) == seen


def test_a_killed_editor_has_lost_nothing_that_was_seen(tmp_path):
    path = tmp_path / "OM-1.jsonl"
    number, lines, seen = run_and_kill(path, 0, 0.1)
    assert number > 10
    assert lines > 5
    check(path, lines, seen)


@pytest.mark.slow
def test_an_editor_that_is_killed_again_and_again_loses_nothing(tmp_path):
    path, first = tmp_path / "OM-1.jsonl", 0
    for turn in range(8):
        number, lines, seen = run_and_kill(path, first, 0.03 * turn)
        check(path, lines, seen)
        first = number + 1
