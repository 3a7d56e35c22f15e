"""Readings of antibodies: words, keys, undo; and one display range that is plain arithmetic."""

import numpy as np
import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.grading import grade_text, panel_place, with_location
from napari_renal_fusion.cases.record import CaseRecord, ImageRecord
from napari_renal_fusion.viewer.panel.display import LEAST, DisplayRange
from napari_renal_fusion.viewer.panel.keys import MARKS, mark_of
from napari_renal_fusion.viewer.panel.readings import Reading, ReadingBook, readings_of, stored
from napari_renal_fusion.viewer.panel.session import PanelSession, read_session, write_session


def typed(keys, reading=None):
    reading = reading or Reading()
    for key in keys:
        reading = mark_of(key).applied(reading)
    return reading


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("0", "0"),
        ("t", "trace"),
        ("3", "3+"),
        ("2gm", "2+, granular, mesangial"),
        ("2gcm", "2+, granular, mesangial and capillary wall"),  # in the order of reports, not of typing
        ("1lcl", "1+, capillary wall"),  # a letter again takes it back
        ("2pcuvi", "2+, pseudolinear, capillary wall, tubular, vascular and interstitial"),
        ("2gm0", "0"),  # what shows nothing has neither pattern nor place
    ],
)
def test_keys_say_a_whole_reading(keys, text):
    assert typed(keys).text == text


def test_every_key_is_used_once():
    assert len({mark.key for mark in MARKS}) == len(MARKS) == 13
    assert mark_of("x") is None
    assert mark_of("") is None


def test_a_trace_is_not_positive():
    assert [Reading(one).positive for one in (None, 0.0, 0.5, 1.0, 3.0)] == [False, False, False, True, True]
    assert [grade_text(one) for one in (None, 0, 0.5, 1, 1.5)] == ["", "0", "trace", "1+", "1.5+"]


def test_unknown_words_of_a_table_are_kept():
    assert with_location("Bowman capsule", "mesangial") == "mesangial, Bowman capsule"
    assert with_location("mesangial", "mesangial") is None
    assert panel_place("igg") == 1
    assert panel_place("PLA2R") == panel_place(None) == 8


def test_undo_and_redo_restore_whole_readings():
    book = ReadingBook({"IM-1": Reading(2.0, "granular", "mesangial")})
    assert book.change("IM-1", book["IM-1"].with_intensity(0.0))
    assert not book.change("IM-1", Reading(0.0))
    assert book.change("IM-2", Reading(1.0))
    assert book.undo() == ("IM-2", Reading())
    assert book.undo() == ("IM-1", Reading(2.0, "granular", "mesangial"))
    assert book.undo() is None
    assert book.redo() == ("IM-1", Reading(0.0))
    book.change("IM-3", Reading(3.0))
    assert book.redo() is None  # a new reading ends what could be done again
    assert book.follow({"IM-3": Reading(3.0), "IM-4": Reading(0.5)}) == ["IM-4"]


def test_readings_go_into_the_record_and_come_back():
    record = CaseRecord(code="7K2F", images={"IM-1": ImageRecord(modality=Modality.IM, stain="IgA")})
    reading = Reading(2.0, "granular", "mesangial, capillary wall")
    kept = CaseRecord.model_validate_json(stored(record, "IM-1", reading).model_dump_json(exclude_none=True))
    assert readings_of(kept) == {"IM-1": reading}
    assert kept.images["IM-1"].stain == "IgA"
    assert stored(record, "IM-9", reading) == record
    assert readings_of(stored(kept, "IM-1", Reading())) == {"IM-1": Reading()}


def test_the_display_is_straight_between_its_ends():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert DisplayRange().applied(values) is values
    shown = DisplayRange(0.2, 0.6).applied(values)
    expected = np.clip((values / 255 - 0.2) / 0.4, 0, 1) * 255
    assert np.abs(shown - expected).max() <= 0.5 + 1e-9
    assert shown.dtype == np.uint8
    wide = np.array([[0, 2048, 4095, 9000]], np.uint16)
    assert DisplayRange().applied(wide, 4095).tolist() == [[0, 128, 255, 255]]
    assert DisplayRange(0.0, 0.5).applied(wide, 4095).tolist() == [[0, 255, 255, 255]]


def test_a_range_has_its_ends_in_order_and_apart():
    assert DisplayRange.between(0.9, 0.1) == DisplayRange(0.1, 0.9)
    assert DisplayRange.between(-1, 7).as_stored
    close = DisplayRange.between(1.0, 1.0)
    assert close.high - close.low == pytest.approx(LEAST)
    assert DisplayRange(0.05, 0.6).text() == "5 to 60 % (grey 13 to 153 of 255)"


def test_the_display_range_is_kept_beside_the_record(tmp_path):
    assert read_session(tmp_path) == PanelSession()
    write_session(tmp_path, DisplayRange(0.1, 0.5))
    assert read_session(tmp_path).display == DisplayRange(0.1, 0.5)
    (tmp_path / "panel.json").write_text('{"low": "much"}')
    assert read_session(tmp_path).display.as_stored
