"""Edits, undo and redo, and what is left of a journal when a process is killed or a disk fails."""

import errno
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_renal_fusion.cases import Box
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.glomeruli import journal
from napari_renal_fusion.glomeruli.drawing import Drawing, journal_path, stored_outlines
from napari_renal_fusion.glomeruli.edits import Add, Classify, Delete, Lock, MoveVertex, Rename, Replace
from napari_renal_fusion.glomeruli.outline import Outline

from .drawing_child import step

CHILD = Path(__file__).with_name("drawing_child.py")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outlines" / "OM-1.jsonl"


def box(top=10, left=10, **said):
    return Outline.box(Box(top, left, 20, 30), **said)


def code_of(call, *args, **named):
    with pytest.raises(RenalFusionError) as caught:
        call(*args, **named)
    return caught.value.code


def test_every_edit_is_undone_and_redone_and_there_after_reopening(path):
    first, second = box(name="G1"), box(50)
    with Drawing(path) as drawing:
        states = [drawing.outlines]
        for edit in [
            Add(outlines=(first, second)),
            MoveVertex(id=first.id, vertex=0, to=(2.25, 3.5)),
            Replace(id=second.id, parts=box(60).parts, kind="box"),
            Rename(id=first.id, name="Glomerulus one"),
            Classify(ids=(first.id, second.id), class_name="  globally   SCLEROSED"),
            Lock(ids=(first.id,)),
            Delete(ids=(second.id,)),
        ]:
            assert drawing.do(edit) == ()
            states.append(drawing.outlines)
        assert len(set(states)) == len(states)
        assert drawing.outlines == (
            Outline(
                id=first.id, parts=[[[(2.25, 3.5), *first.parts[0][0][1:]]]], name="Glomerulus one",
                class_name="Globally sclerosed", locked=True,
            ),
        )  # fmt: skip
        for state in reversed(states[:-1]):
            drawing.undo()
            assert drawing.outlines == state
        assert code_of(drawing.undo) == "nothing_to_undo"
        for state in states[1:4]:
            drawing.redo()
            assert drawing.outlines == state
    with Drawing(path) as again:
        assert again.outlines == states[3]
        assert again.redoable.do == "rename"
        again.do(Rename(id=first.id, name="other"))
        assert code_of(again.redo) == "nothing_to_redo"


def test_a_locked_outline_refuses_every_edit_but_unlocking(path):
    one = box(locked=True)
    with Drawing(path) as drawing:
        drawing.draw([one, box(40)])
        before, size = drawing.outlines, path.stat().st_size
        for edit in (
            MoveVertex(id=one.id, vertex=0, to=(1, 1)),
            Replace(id=one.id, parts=box().parts),
            Delete(ids=(drawing.outlines[1].id, one.id)),
            Rename(id=one.id, name="x"),
            Classify(ids=(one.id,), class_name="x"),
        ):
            assert code_of(drawing.do, edit) == "outline_locked"
        assert (drawing.outlines, path.stat().st_size) == (before, size)
        drawing.do(Lock(ids=(one.id,), locked=False))
        drawing.do(Delete(ids=(one.id,)))
        assert len(drawing.outlines) == 1


def test_impossible_edits_are_refused_and_shapes_are_mended(path):
    one = box()
    with Drawing(path, image_shape=(100, 100)) as drawing:
        drawing.draw(one)
        for edit, code in [
            (Add(outlines=(one,)), "outline_known"),
            (Rename(id=box().id, name=""), "outline_missing"),
            (MoveVertex(id=one.id, vertex=9, to=(1, 1)), "outline_point_missing"),
            (MoveVertex(id=one.id, ring=1, vertex=0, to=(1, 1)), "outline_point_missing"),
            (MoveVertex(id=one.id, vertex=0, to=(float("nan"), 1)), "outline_invalid"),
            (Replace(id=one.id, parts=[[[(0, 0), (0, 1), (1, 1)]]]), "outline_tiny"),
            (Add(outlines=(box(500),)), "outline_outside"),
        ]:
            assert code_of(drawing.do, edit) == code
        assert drawing.outlines == (one,)
        # Across the opposite side, and beyond the edge of the image.
        notices = drawing.do(MoveVertex(id=one.id, vertex=0, to=(15, 120)))
        assert {notice.code for notice in notices} == {"outline_mended", "outline_cut"}
        kept = drawing.outlines
        assert kept[0].shape.is_valid
        assert kept[0].bounds.left + kept[0].bounds.width <= 100
    with Drawing(path) as again:
        assert again.outlines == kept


def test_a_file_cut_at_any_byte_gives_back_every_whole_edit(path, tmp_path):
    sizes, states = [0], [()]
    with Drawing(path) as drawing:
        drawing.draw(box())
        for number in range(3):
            sizes.append(path.stat().st_size)
            states.append(drawing.outlines)
            drawing.do(Rename(id=drawing.outlines[0].id, name=f"name {number} 肾"))
    whole = path.read_bytes()
    cut = tmp_path / "cut.jsonl"
    for length in range(0, sizes[-1] + 40, 7):
        cut.write_bytes(whole[:length])
        with Drawing(cut) as drawing:
            expected = max(n for n, size in enumerate(sizes) if size <= length)
            assert drawing.outlines == states[expected]
            drawing.draw(box(60))  # and it goes on
        with Drawing(cut) as drawing:
            assert len(drawing.outlines) == len(states[expected]) + 1
            assert drawing.notices == ()


def test_damage_in_the_middle_is_said_and_nothing_is_thrown_away(path):
    with Drawing(path) as drawing:
        drawing.draw(box())
        drawing.do(Rename(id=drawing.outlines[0].id, name="kept"))
        drawing.do(Rename(id=drawing.outlines[0].id, name="spoilt"))
        drawing.do(Rename(id=drawing.outlines[0].id, name="last"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3].replace(b"spoilt", b"Spoilt") + lines[4])
    with Drawing(path) as drawing:
        assert drawing.outlines[0].name == "kept"
        assert drawing.notices[0].code == "journal_damaged"
    assert b"last" in path.with_suffix(".damaged-1").read_bytes()
    with Drawing(path) as drawing:
        assert drawing.notices == ()


def test_two_windows_and_another_image(path):
    with Drawing(path, "OM-1", content="a" * 64) as drawing:
        drawing.draw(box())
        assert code_of(Drawing, path, "OM-1") == "journal_open_elsewhere"
    assert code_of(Drawing, path, "OM-1", content="b" * 64) == "journal_other"
    assert code_of(Drawing, path, "OM-2") == "journal_other"
    assert code_of(stored_outlines, path, "b" * 64) == "journal_other"
    assert len(stored_outlines(path, "a" * 64)) == len(stored_outlines(path)) == 1
    assert stored_outlines(path.with_name("OM-7.jsonl")) == ()
    lines = path.read_text().splitlines()
    header = json.loads(lines[0])
    del header["crc"]
    path.write_bytes(journal._line(header | {"journal": 2}))
    assert code_of(Drawing, path, "OM-1") == "journal_newer"


def test_a_full_disk_changes_nothing(path, monkeypatch):
    with Drawing(path) as drawing:
        drawing.draw(box(name="before"))
        size = path.stat().st_size
        with monkeypatch.context() as patch:

            def full(_):
                raise OSError(errno.ENOSPC, "No space left on device")

            patch.setattr(journal.os, "fsync", full)
            assert code_of(drawing.do, Rename(id=drawing.outlines[0].id, name="after")) == "disk_full"
        assert drawing.outlines[0].name == "before"
        assert path.stat().st_size == size
        drawing.do(Rename(id=drawing.outlines[0].id, name="later"))
    with Drawing(path) as again:
        assert again.outlines[0].name == "later"


def test_of_a_case_lies_in_the_work_folder_under_code_and_key(tmp_path):
    work = WorkFolder(tmp_path / "work")
    code = work.new_code()
    with Drawing.of_case(code, "WSI-1", work=work) as drawing:
        drawing.draw(box())
    assert [str(p.relative_to(work.root)) for p in work.root.rglob("*.jsonl")] == [
        str(Path(code, "outlines", "WSI-1.jsonl"))
    ]
    for key in ("Zhang San", "../OM-1", "OM-1.jsonl", ""):
        assert code_of(journal_path, work, code, key) == "image_key_invalid"


def kill_at(path: Path, seconds: float) -> None:
    """Kill a drawing child ``seconds`` after its first edit, reopen, and compare with what it said it had done."""
    child = subprocess.Popen([sys.executable, "-m", "tests.glomeruli.drawing_child", str(path)],
                             cwd=CHILD.parents[2], stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert child.stdout.readline() == b"0\n"
        time.sleep(seconds)
    finally:
        child.kill()
        said = child.communicate()[0].split(b"\n")
    last = max((int(line) for line in said[:-1]), default=0)
    with Drawing(path, "OM-1") as after:
        found = after.outlines
    with Drawing(path.with_name("expected.jsonl"), "OM-1") as expected:
        for number in range(last + 1):
            step(expected, number)
        done = expected.outlines
        step(expected, last + 1)  # it may have been on the disk already
        assert found in (done, expected.outlines)


def test_killed_while_drawing_everything_is_back(path):
    kill_at(path, random.uniform(0.05, 0.6))


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(25))
def test_killed_at_many_moments(path, attempt):
    kill_at(path, random.Random(attempt + os.getpid()).uniform(0, 0.8))
