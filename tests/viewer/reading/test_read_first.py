"""Read first in a real window: nothing tells the answer before the reveal, and everything is there after it."""

from __future__ import annotations

import json
import re

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_renal_fusion.compute.settings import Settings, save_settings
from napari_renal_fusion.readings import CaseLog
from napari_renal_fusion.viewer.workspace import open_workspace

from ..conftest import offer_bundle, settled
from .searching import words_of_files, words_of_viewer, words_of_widgets

ALT = Qt.KeyboardModifier.AltModifier
# What the fake engine answers: 88 % membranous nephropathy, its verdict, and its warning.
TELLS = re.compile(r"embranous|0\.88|88 ?%|88\.0|Most like|darker|0\.07\b", re.IGNORECASE)


@pytest.fixture
def opened(make_napari_viewer, plugin, fake_engine, small_case, qtbot):
    """A workspace in a real window in which opinions are sealed, as they are by default."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 800)
    made = open_workspace(viewer, small_case, engine=fake_engine)
    wait(qtbot, made)
    offer_bundle(made)
    yield made
    made.shut()


def wait(qtbot, workspace):
    qtbot.waitUntil(
        lambda: workspace.case is not None and settled(workspace) and workspace.reading.known is not None,
        timeout=60_000,
    )


def run(qtbot, workspace):
    qtbot.waitUntil(workspace.reader.run.run_button.isEnabled, timeout=20_000)
    workspace.run()
    qtbot.waitUntil(lambda: workspace.reading.ready and settled(workspace), timeout=60_000)
    held = workspace.runs.held(0)
    qtbot.waitUntil(lambda: held.stored is not None and bool(held.stored.explanations), timeout=20_000)


def press(qtbot, workspace, key):
    """A key as it arrives when nothing of ours has the focus."""
    canvas = workspace.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    qtbot.keyClick(canvas, key, ALT)


def telling(workspace, home, *folders):
    QApplication.processEvents()
    everything = [*words_of_widgets(), *words_of_viewer(workspace.viewer), *words_of_files(home, *folders)]
    return [one for one in everything if TELLS.search(one)]


def kinds(workspace):
    return [one["kind"] for one in CaseLog(workspace.case.code, workspace.work).entries()]


def test_nothing_tells_before_the_reveal_and_everything_after(opened, qtbot, private_home, small_case):
    workspace = opened
    assert workspace.preferences.settings.read_first
    run(qtbot, workspace)
    # The answer and its heat map are there, and nobody can see them.
    assert workspace.runs.held(0).prediction.probabilities
    assert workspace.sealed
    assert workspace.answer is None
    assert workspace.stage.explanation is None
    assert telling(workspace, private_home, small_case) == []
    assert [layer.name for layer in workspace.viewer.layers] == ["Light (OM)"]
    assert workspace.board.order == ["OM-1", "IM-1", *(f"TEM-{n}" for n in range(1, 6))]
    assert not workspace.reader.heat_map.isVisible()
    assert not workspace.reader.contributions.isVisible()
    assert not workspace.reader.report_button.isEnabled()
    assert workspace.worklist.state(0) == "sealed"
    assert not workspace.reader.selection.edit_button.isEnabled()
    # Other images, the model's input and a second run change nothing of that.
    for key in (Qt.Key.Key_Right, Qt.Key.Key_M, Qt.Key.Key_H, Qt.Key.Key_R):
        press(qtbot, workspace, key)
        qtbot.waitUntil(lambda: settled(workspace), timeout=20_000)
    assert telling(workspace, private_home, small_case) == []
    assert kinds(workspace) == ["run"]

    # By keyboard alone: own reading, confidence, reveal, decision.
    press(qtbot, workspace, Qt.Key.Key_I)
    field = workspace.reading.section.field
    qtbot.keyClicks(field, "igan")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    press(qtbot, workspace, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: kinds(workspace) == ["run", "impression"] and settled(workspace), timeout=10_000)
    assert telling(workspace, private_home, small_case) == []
    press(qtbot, workspace, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: not workspace.sealed and settled(workspace), timeout=20_000)
    assert workspace.reader.opinion.bars.values == (0.05, 0.88, 0.07)
    assert workspace.reading.section.both.own.text() == "<b>IgA nephropathy</b>"
    assert workspace.reading.section.both.model.text() == "<b>Membranous nephropathy</b>"
    assert workspace.reader.report_button.isEnabled()
    assert workspace.stage.explanation is not None
    assert len(telling(workspace, private_home)) > 5  # the search does find what is there
    press(qtbot, workspace, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: kinds(workspace)[-1] == "decision" and settled(workspace), timeout=10_000)
    log = CaseLog(workspace.case.code, workspace.work)
    run_line, impression, revealed, decision = log.entries()
    assert impression["diagnosis"] == "IgA nephropathy"
    assert (impression["confidence"], impression["seen_before"]) == ("mid", False)
    assert impression["at"] < revealed["at"] < decision["at"]
    assert revealed["answer"] == "Membranous nephropathy"
    assert not TELLS.search(json.dumps(run_line))
    assert log.check() == ()
    assert workspace.worklist.state(0) == "disagree"


def reveal(qtbot, workspace, own="MN"):
    section = workspace.reading.section
    section.field.setText(own)
    section.confidence.choose("high")
    section.reveal_button.click()
    qtbot.waitUntil(lambda: not workspace.sealed and settled(workspace), timeout=20_000)


def test_a_reopened_case_shows_heat_maps_without_a_run_and_what_ifs_are_numbered(opened, qtbot, small_case):
    workspace = opened
    run(qtbot, workspace)
    reveal(qtbot, workspace)
    workspace.open_path(small_case)
    qtbot.waitUntil(lambda: workspace.runs.held(0) is not None and settled(workspace), timeout=30_000)
    wait(qtbot, workspace)
    assert workspace.answer.prediction_id == ""  # from the disk: the model was not asked
    assert not workspace.sealed
    assert workspace.reading.section.both.model.text() == "<b>Membranous nephropathy</b>"
    assert workspace.stage.explanation.heat_map("OM-1").raw is not None
    qtbot.waitUntil(lambda: "Heat map" in [one.name for one in workspace.viewer.layers], timeout=10_000)
    # Run shows the official answer again; a choice is the first what-if, another the second.
    workspace.run()
    qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
    assert kinds(workspace).count("run") == 1
    for number in (1, 2):
        workspace.run({"OM": ["OM-1"], "IM": ["IM-1"], "TEM": [f"TEM-{number}"]})
        qtbot.waitUntil(
            lambda number=number: workspace.answer is not None and workspace.answer.number == number and settled(workspace),
            timeout=30_000,
        )  # fmt: skip
    opinion = workspace.reader.opinion
    assert opinion.what_if.text().startswith("What if 2:")
    assert [opinion.results.itemText(i) for i in range(opinion.results.count())] == [
        "Official result", "What if 1", "What if 2",
    ]  # fmt: skip
    opinion.results.setCurrentIndex(0)
    opinion.results.activated.emit(0)
    qtbot.waitUntil(lambda: workspace.answer.number == 0 and settled(workspace), timeout=10_000)
    assert not opinion.what_if.isVisible()
    assert [one["what_if"] for one in CaseLog(workspace.case.code, workspace.work).entries("run")] == [
        0,
        1,
        2,
    ]


def test_a_changed_case_is_sealed_again_and_an_edit_taken_back_is_not(
    opened, qtbot, private_home, small_case
):
    workspace = opened
    run(qtbot, workspace)
    reveal(qtbot, workspace)
    workspace.change_record(lambda record: record.with_image("OM-1", stain="HE"))
    qtbot.waitUntil(lambda: workspace.sealed and settled(workspace), timeout=20_000)
    qtbot.waitUntil(lambda: workspace.runs.held(0) is None and settled(workspace), timeout=20_000)
    assert kinds(workspace)[-1] == "changed"
    assert "sealed again" in workspace.reading.section.readiness.text()
    shown = [*words_of_widgets(), *words_of_viewer(workspace.viewer)]
    assert [one for one in shown if re.search(r"0\.88|88 ?%|Most like", one)] == []
    qtbot.waitUntil(lambda: workspace.worklist.state(0) == "to read", timeout=20_000)
    workspace.change_record(lambda record: record.with_image("OM-1", stain="PASM"))
    qtbot.waitUntil(lambda: not workspace.sealed and settled(workspace), timeout=20_000)
    assert workspace.reader.opinion.bars.values == (0.05, 0.88, 0.07)
    assert kinds(workspace).count("revealed") == 1
    qtbot.waitUntil(lambda: workspace.worklist.state(0) == "read", timeout=20_000)


def test_without_the_setting_opinions_show_at_once_and_the_log_says_so(
    make_napari_viewer, plugin, fake_engine, small_case, qtbot
):
    save_settings(Settings(read_first=False))
    viewer = make_napari_viewer(show=True)
    workspace = open_workspace(viewer, small_case, engine=fake_engine)
    wait(qtbot, workspace)
    if workspace.reader.run.bundle is None:
        workspace.reader.run.bundles.addItem("Demonstration", "demo")
        workspace.reader.run.set_case_open(True)
    run(qtbot, workspace)
    qtbot.waitUntil(lambda: "revealed" in kinds(workspace) and settled(workspace), timeout=20_000)
    entries = CaseLog(workspace.case.code, workspace.work).entries()
    assert [one["kind"] for one in entries] == ["run", "revealed"]
    assert not entries[1]["read_first"]
    assert workspace.reader.opinion.bars.values == (0.05, 0.88, 0.07)
    assert workspace.reading.section.both.own.text() == "<b>nothing entered</b>"
    workspace.shut()


def test_outlines_that_were_drawn_meanwhile_make_run_ask_again(opened, qtbot):
    from napari_renal_fusion.cases import Box
    from napari_renal_fusion.glomeruli.drawing import Drawing, content_of
    from napari_renal_fusion.glomeruli.outline import Outline
    from napari_renal_fusion.inputs.selection import keyed_images

    workspace = opened
    run(qtbot, workspace)
    reveal(qtbot, workspace)
    code, light = workspace.case.code, keyed_images(workspace.case)["OM-1"]
    with Drawing.of_case(code, "OM-1", work=workspace.work, content=content_of(light)) as drawing:
        drawing.draw(Outline.box(Box(10, 10, 40, 40), class_name="Glomerulus"))
    workspace.run()
    qtbot.waitUntil(lambda: kinds(workspace).count("run") == 2 and settled(workspace), timeout=60_000)
    assert "changed" in kinds(workspace)
    assert workspace.sealed
    assert [one["what_if"] for one in CaseLog(code, workspace.work).entries("run")] == [0, 0]
