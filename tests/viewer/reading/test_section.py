"""The reader's own section, alone: typing, keys, what may be pressed when, and what is left behind."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCompleter

from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.inference.prediction import Prediction
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.readings import (
    CaseLog,
    log_decision,
    log_final,
    log_impression,
    log_reveal,
    reading_of,
)
from napari_renal_fusion.viewer.reading.diagnosis_field import DiagnosisField
from napari_renal_fusion.viewer.reading.section import ReadingSection
from napari_renal_fusion.viewer.reading.side_by_side import AGREE, DIFFER, NO_OPINION, NONE_OF_ITS

from ...readings.made import CLASSES, prediction


@pytest.fixture
def field(show):
    return show(DiagnosisField("Disease"))


@pytest.fixture
def section(show):
    return show(ReadingSection())


@pytest.fixture
def log(tmp_path):
    return CaseLog("7K2F", WorkFolder(tmp_path))


def said(top=1, status="answered"):
    made = prediction(top, status)
    return Prediction(
        case_id="7K2F", status=status, verdict="said", class_names=CLASSES, names_shown=True,
        probabilities=tuple(made["probabilities"]), scope="scope", selection=Selection(images=()),
    )  # fmt: skip


def popup(field):
    return field.findChild(QCompleter).popup()


def test_an_abbreviation_and_enter_give_the_full_name(field, qtbot):
    with qtbot.waitSignal(field.committed) as told:
        qtbot.keyClicks(field, "mn")
        assert field.suggestions[0] == "Membranous nephropathy"
        qtbot.keyClick(popup(field), Qt.Key.Key_Return)
    assert told.args == ["Membranous nephropathy"]
    assert field.text() == "Membranous nephropathy"


def test_chinese_and_the_arrow_keys(field, qtbot):
    field.setText("膜")
    field.textEdited.emit("膜")
    names = field.suggestions
    assert names[0] == "Membranous nephropathy"
    qtbot.keyClick(popup(field), Qt.Key.Key_Down)
    with qtbot.waitSignal(field.committed):
        qtbot.keyClick(popup(field), Qt.Key.Key_Return)
    assert field.text() == names[1]


def test_free_text_is_never_changed_unseen(field, qtbot):
    with qtbot.waitSignal(field.committed) as told:
        qtbot.keyClicks(field, "nephritis")
        assert not popup(field).currentIndex().isValid()  # in the middle of names only: nothing is marked
        assert field.suggestions[-1] == "nephritis"
        qtbot.keyClick(popup(field), Qt.Key.Key_Escape)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert told.args == ["nephritis"]
    field.clear()
    with qtbot.waitSignal(field.committed) as told:
        qtbot.keyClicks(field, "Infarct of the cortex")
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert told.args == ["Infarct of the cortex"]


def test_keys_of_the_workspace_do_not_write_letters(field, qtbot):
    qtbot.keyClick(field, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    assert field.text() == ""


def test_reveal_needs_a_diagnosis_a_confidence_and_an_answer(section, log, qtbot):
    section.show_unread(reading_of((), "v"), ready=False)
    assert not section.reveal_button.isEnabled()
    assert "press Run" in section.readiness.text()
    section.field.setText("MN")
    section.confidence.choose("high")
    assert not section.reveal_button.isEnabled()
    section.set_ready(True)
    assert section.reveal_button.isEnabled()
    section.field.clear()
    assert not section.reveal_button.isEnabled()
    assert "Enter a disease" in section.readiness.text()
    section.field.setText("a rare disease")
    with qtbot.waitSignal(section.reveal_wanted) as told:
        qtbot.keyClick(section.reveal_button, Qt.Key.Key_Return)
    assert told.args == ["a rare disease", "high"]


def test_no_confidence_is_chosen_by_default_and_the_impression_is_told_once_both_are_there(section, qtbot):
    section.show_unread(None, ready=True)
    assert section.confidence.value is None
    with qtbot.assertNotEmitted(section.impression_given):
        section.field.setText("ln")
        qtbot.keyClick(section.field, Qt.Key.Key_Return)
    with qtbot.waitSignal(section.impression_given) as told:
        section.confidence.choose("low")
    assert told.args == ["Lupus nephritis", "low"]


def test_an_answer_that_comes_meanwhile_leaves_what_is_being_typed(section, log):
    section.show_unread(reading_of((), "v"), ready=False)
    section.field.setText("membr")
    section.final.begin()
    section.final.field.setText("lup")
    section.follow(reading_of(log.entries(), "v"), ready=True)
    assert section.field.text() == "membr"
    assert section.final.field.text() == "lup"
    assert "ready and sealed" in section.readiness.text()
    log_final(log, "LN")
    section.follow(reading_of(log.entries(), "v"), ready=True)
    assert "Lupus nephritis" in section.final.said.text()
    assert section.field.text() == "membr"


def test_a_changed_case_starts_from_the_own_reading_but_asks_for_the_confidence_again(section, log):
    log_impression(log, "v", "LN", "high")
    log_reveal(log, "v", prediction(), bundle="demo", bundle_sha256="b", read_first=True)
    section.show_unread(reading_of(log.entries(), "w"), ready=True)
    assert section.field.text() == "Lupus nephritis"
    assert section.confidence.value is None
    assert not section.reveal_button.isEnabled()


def shown(section, log, own, top=1, status="answered"):
    log_impression(log, "v", own, "mid")
    log_reveal(log, "v", prediction(top, status), bundle="demo", bundle_sha256="b", read_first=True)
    section.show_revealed(reading_of(log.entries(), "v"), said(top, status), "Demonstration")
    return section.both.sentence.text()


@pytest.mark.parametrize(
    ("own", "status", "sentence"),
    [
        ("MN", "answered", AGREE),
        ("LN", "answered", DIFFER),
        ("FSGS", "answered", NONE_OF_ITS),
        ("MN", "abstained", NO_OPINION),
    ],
)
def test_both_sides_and_how_they_stand(section, log, own, status, sentence):
    assert shown(section, log, own, status=status) == sentence
    assert section.revealed
    assert ("88.0 %" in section.both.model_about.text()) == (status == "answered")


def test_keep_unsure_and_change(section, log, qtbot):
    shown(section, log, "LN")
    with qtbot.waitSignal(section.decided) as told:
        section.decision.keep.click()
    assert told.args == ["keep", ""]
    section.decision.change.click()
    assert section.decision.to.isVisible()
    with qtbot.waitSignal(section.decided) as told:
        section.decision.to.setText("MN")
        qtbot.keyClick(section.decision.to, Qt.Key.Key_Return)
    assert told.args == ["change", "Membranous nephropathy"]
    log_decision(log, "v", "change", "MN")
    section.show_revealed(reading_of(log.entries(), "v"), said(), "Demonstration")
    assert section.decision.said.text().startswith("Changed to Membranous nephropathy")
    assert section.decision.change.isChecked()


def test_a_final_diagnosis_says_where_it_comes_from(section, log, qtbot):
    shown(section, log, "LN")
    assert "not known yet" in section.final.said.text()
    section.final.open_button.click()
    assert section.final.warning.isVisible()
    section.final.field.setText("膜性肾病")
    section.final.source.setText("signed report")
    with qtbot.waitSignal(section.final_given) as told:
        section.final.save_button.click()
    assert told.args == ["Membranous nephropathy", "signed report"]
    log_final(log, *told.args)
    section.show_revealed(reading_of(log.entries(), "v"), said(), "Demonstration")
    assert "signed report; entered after the model" in section.final.said.text()


def test_a_step_in_the_log_leaves_what_is_being_typed_after_the_reveal(section, log):
    shown(section, log, "LN")
    section.final.open_button.click()
    section.final.field.setText("MN")
    section.decision.change.click()
    section.decision.to.setText("IgAN")
    log.append("export", what="report", files=[], version="v", what_if=0)
    section.show_revealed(reading_of(log.entries(), "v"), said(), "Demonstration")
    assert section.final.field.isVisible()
    assert section.final.field.text() == "MN"
    assert section.decision.to.isVisible()
    assert section.decision.to.text() == "IgAN"


def test_the_next_case_finds_nothing_of_the_last_one(section, log):
    from qtpy.QtWidgets import QLabel

    shown(section, log, "LN")
    section.show_unread(None, ready=True)
    assert not section.revealed
    texts = " ".join(f"{one.text()} {one.toolTip()}" for one in section.findChildren(QLabel))
    assert "embranous" not in texts
    assert "88" not in texts
    assert section.field.text() == ""
    assert section.confidence.value is None
