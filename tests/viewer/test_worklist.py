"""The worklist: states, search, filter, and many cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.viewer.worklist import Worklist
from napari_renal_fusion.viewer.worklist_row import CODE, STATE


def _case(number: int, *modalities: Modality) -> Case:
    images = tuple(ImageItem(Path(f"/nowhere/{one.value}.png"), one) for one in modalities)
    return Case(f"S24-{number}", f"Patient {number}", images, code=f"C{number:03}")


@pytest.fixture
def worklist(qtbot):
    made = Worklist()
    qtbot.addWidget(made)
    made.show_cases([_case(number, *Modality) for number in range(11)] + [_case(11, Modality.OM)])
    return made


def _listed(worklist: Worklist) -> list[str]:
    rows = (worklist.list.item(row) for row in range(worklist.list.count()))
    return [item.data(CODE) for item in rows if not item.isHidden()]


def test_without_anything_stored_the_images_say_the_state(worklist):
    assert worklist.state(0) == "to read"
    assert worklist.state(11) == "awaiting electron images"
    assert worklist.list.item(11).data(STATE) == "awaiting electron images"
    assert worklist.count.text() == "12 cases, 12 to read"


def test_states_are_counted_and_filtered(worklist):
    worklist.show_states({0: "sealed", 1: "read", 2: "read", 99: "read"})
    assert worklist.count.text() == "12 cases, 10 to read"
    combo = worklist.filter.state
    assert [combo.itemText(row) for row in range(combo.count())] == [
        "All cases (12)", "Awaiting electron images (1)", "Read (2)", "Sealed (1)", "To read (8)",
    ]  # fmt: skip
    combo.setCurrentIndex(combo.findData("read"))
    assert _listed(worklist) == ["C001", "C002"]
    worklist.show_states({2: "disagree"})
    assert combo.currentData() == "read"
    assert _listed(worklist) == ["C001"]
    worklist.show_states({1: "disagree"})  # nothing is left of the chosen state, so all are shown again
    assert combo.currentData() == "all"
    assert len(_listed(worklist)) == 12


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("c003", ["C003"]),
        ("S24-4", ["C004"]),
        ("patient 10", ["C010"]),
        ("awaiting", ["C011"]),
        ("nobody", []),
        ("2020-02-03 c005", ["C005"]),
    ],
)
def test_search(worklist, words, found):
    import datetime as dt

    worklist.replace_case(5, replace(_case(5, *Modality), biopsy_date=dt.date(2020, 2, 3)))
    worklist.filter.search.setText(words)
    assert _listed(worklist) == found


def test_the_next_case_is_the_next_one_listed(worklist):
    worklist.choose(1)
    worklist.show_states({4: "read", 8: "read"})
    worklist.filter.state.setCurrentIndex(worklist.filter.state.findData("read"))
    assert worklist.neighbour(1) == 4
    worklist.choose(4)
    assert (worklist.neighbour(-1), worklist.neighbour(1)) == (-1, 8)


def test_a_name_stands_in_the_tooltip_only(worklist):
    item = worklist.list.item(3)
    assert "S24-3" in item.toolTip()
    assert "S24" not in item.text() + str(item.data(CODE)) + str(
        item.data(Qt.ItemDataRole.AccessibleTextRole)
    )


def test_one_or_several_things_can_be_dropped(worklist, qtbot, tmp_path):
    dropped = []
    worklist.folder_chosen.connect(dropped.append)
    for paths in ([tmp_path / "a"], [tmp_path / "a.jpg", tmp_path / "b.jpg"]):
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        worklist.dropEvent(
            QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        )  # fmt: skip
    assert dropped == [tmp_path / "a", (tmp_path / "a.jpg", tmp_path / "b.jpg")]


def test_two_hundred_cases_are_listed_without_opening_an_image(qtbot, monkeypatch):
    monkeypatch.setattr(ImageItem, "read", lambda self: pytest.fail("an image was decoded"))
    worklist = Worklist()
    qtbot.addWidget(worklist)
    worklist.show_cases([_case(number, *Modality) for number in range(200)])
    worklist.show_states(dict.fromkeys(range(0, 200, 2), "sealed"))
    worklist.show()
    qtbot.waitExposed(worklist)
    assert worklist.grab().width() > 0
    assert worklist.list.count() == 200


def test_the_run_over_many_cases_shows_how_far_it_is(worklist, qtbot):
    worklist.show()
    worklist.show_run_all(2, 12)
    assert worklist.progress.isVisible()
    assert not worklist.run_all.isVisible()
    assert worklist.progress.words.text() == "Asking: 3 of 12"
    worklist.show_run_all(0, 0)
    assert not worklist.progress.isVisible()
    assert worklist.run_all.isVisible()
