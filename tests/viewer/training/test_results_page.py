"""The results page in a real window: drawn when seen, sorted, opened, compared, exported."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_renal_fusion.viewer.training.results_case_rows import ANSWER, CASE, CHANCE, PICTURE, TRUE, WHAT
from napari_renal_fusion.viewer.training.results_page import ResultsPage

from ...made_results import make_epochs, make_results, write_made_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    epochs = make_epochs(3, 6)
    return {
        "first": write_made_run(root / "first", make_results(60, 3), epochs),
        "second": write_made_run(root / "second", make_results(60, 3, seed=4), epochs, learning_rate=5e-05),
        "elsewhere": write_made_run(root / "elsewhere", make_results(60, 3, split=1), epochs),
        "begun": write_made_run(root / "begun", None, epochs),
    }


@pytest.fixture
def page(qtbot, runs):
    shown = ResultsPage()
    qtbot.addWidget(shown)
    shown.resize(1200, 800)
    shown.show()
    shown.show_run(runs["first"])
    qtbot.waitUntil(lambda: shown.results is not None and not shown.busy, timeout=30_000)
    yield shown
    shown.shut()


def settle(qtbot, page):
    qtbot.wait(150)
    qtbot.waitUntil(lambda: not page.busy, timeout=30_000)


def test_only_what_is_on_the_screen_is_drawn(page, qtbot):
    settle(qtbot, page)
    overview, classes, _ = page.sheets
    assert overview.cards[0].picture.drawn
    assert not any(card.picture.drawn for card in classes.cards)
    page.show_tab("Classes")
    qtbot.waitUntil(lambda: classes.cards[0].picture.drawn, timeout=30_000)
    image = classes.cards[0].picture.image
    assert image.width() > 300
    assert image.height() == classes.cards[0].picture.height() * image.devicePixelRatio()


def test_a_figure_is_drawn_again_for_another_width(page, qtbot):
    picture = page.sheets[0].cards[0].picture
    qtbot.waitUntil(lambda: picture.drawn, timeout=30_000)
    before = picture.image.width()
    page.resize(420, 800)
    qtbot.waitUntil(lambda: picture.drawn and picture.image.width() < before, timeout=30_000)
    assert picture.image.width() <= 420 * picture.devicePixelRatioF()


def test_nothing_is_wider_than_a_narrow_dock(page, qtbot):
    page.resize(420, 800)
    settle(qtbot, page)
    assert page.minimumSizeHint().width() <= 420
    corner = page.export_button.mapTo(page, QPoint(page.export_button.width(), 0))
    assert corner.x() <= page.width()
    for sheet in page.sheets:
        assert sheet.widget().minimumSizeHint().width() <= 420


def test_headlines_and_table_are_the_runs_numbers(page):
    results = page.results
    assert page.overview.headlines[0].number.text() == f"{100 * results.mean['auc']:.1f} %"
    right = sum(int(np.argmax(one.probabilities)) == one.label for one in results.cases)
    assert page.overview.headlines[2].number.text() == f"{right} of 60"
    cells = [[page.table.item(row, column).text() for column in range(6)] for row in range(6)]
    accuracy = next(row for row in cells if row[0] == "Accuracy")
    assert accuracy[3:] == [f"{100 * fold.metrics['accuracy']:.1f}" for fold in results.folds]


def test_the_gallery_shows_what_went_wrong_first_and_sorts_numbers(page):
    model = page.cases.model
    assert {one.verdict for one in model.lines} <= {"wrong", "no_opinion"}
    assert model.lines[0].verdict == "wrong"
    page.cases.kinds["all"].click()
    assert len(model.lines) == 60
    page.cases.table.sortByColumn(CHANCE, Qt.SortOrder.AscendingOrder)
    chances = [one.probability for one in model.lines]
    assert chances == sorted(chances)
    page.cases.table.sortByColumn(CASE, Qt.SortOrder.DescendingOrder)
    names = [one.case_id for one in model.lines]
    assert names == sorted(names, reverse=True)
    page.cases.kinds["wrong"].click()
    assert all(one.verdict == "wrong" and one.true != one.answered for one in model.lines)


def test_double_click_and_enter_open_a_case(page, qtbot):
    page.show_tab("Cases")
    table = page.cases.table
    opened = []
    page.case_opened.connect(opened.append)
    wanted = page.cases.model.lines[1].case_id
    spot = table.visualRect(page.cases.model.index(1, TRUE)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert opened == [wanted]
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened == [wanted, page.cases.model.lines[2].case_id]


def test_every_row_says_itself_in_words(page):
    model = page.cases.model
    line = model.lines[0]
    said = model.data(model.index(0, WHAT), Qt.ItemDataRole.ToolTipRole)
    assert line.case_id in said
    assert "private-" not in said
    assert model.data(model.index(0, ANSWER)) != model.data(model.index(0, TRUE))


def test_in_a_narrow_dock_the_gallery_keeps_case_classes_and_verdict(page, qtbot):
    page.show_tab("Cases")
    page.resize(420, 800)
    settle(qtbot, page)
    table = page.cases.table
    shown = [column for column in range(page.cases.model.columnCount()) if not table.isColumnHidden(column)]
    assert shown == [CASE, TRUE, ANSWER, CHANCE, WHAT]
    assert table.horizontalHeader().length() <= table.viewport().width()
    assert page.cases.legend.isVisible()


def test_thumbnails_come_for_the_rows_that_are_seen(page, qtbot, phantom_case_folder):
    from napari_renal_fusion.cases import Case

    page.show_tab("Cases")
    case = Case.from_folder(phantom_case_folder)
    first = page.cases.model.lines[0].case_id
    page.cases.table.show_images({first: case.images[0], "not shown": case.images[1]})
    qtbot.waitUntil(lambda: page.cases.model.pictures.get(first) is not None, timeout=20_000)
    assert not page.cases.table.isColumnHidden(PICTURE)
    assert set(page.cases.model.pictures) == {first}


def test_two_runs_are_compared_on_the_same_folds(page, qtbot):
    from napari_renal_fusion.training.comparison import compare_results

    page.show_tab("Compare")
    names = {page.compare.runs.itemText(i) for i in range(1, page.compare.runs.count())}
    runs = {one for one in names if one and not one.endswith("installed)")}
    assert runs == {"second", "elsewhere"}  # the one that is not finished has nothing to compare
    page.compare.choose("second")
    qtbot.waitUntil(lambda: bool(page.compare.sheet.cards), timeout=20_000)
    alt = page.compare.sheet.cards[0].picture.accessibleDescription()
    expected = compare_results(page.results, make_results(60, 3, seed=4), "auc")
    assert expected.paired.text in alt
    assert expected.corrected.text in alt
    settings = page.compare.settings
    rows = [[settings.item(row, column).text() for column in range(3)] for row in range(settings.rowCount())]
    assert ["Learning rate", "0.0003", "5e-05"] in rows


def test_runs_on_other_folds_are_refused_with_the_reason(page, qtbot):
    page.show_tab("Compare")
    page.compare.choose("elsewhere")
    qtbot.waitUntil(lambda: "same folds" in page.compare.message.text(), timeout=20_000)
    assert "folds.json" in page.compare.message.text()
    assert not page.compare.sheet.cards


def test_export_writes_into_the_chosen_folder(page, qtbot, tmp_path):
    page.export(tmp_path / "out", ("tables",))
    qtbot.waitUntil(lambda: "files are in" in page.message.text(), timeout=30_000)
    assert (tmp_path / "out" / "results.csv").is_file()
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    page.export(tmp_path / "taken", ("tables",))
    qtbot.waitUntil(lambda: "cannot be written" in page.message.text(), timeout=30_000)
    assert page.export_button.isEnabled()


def test_an_unfinished_run_says_so_and_another_one_takes_its_place(page, qtbot, runs):
    page.show_run(runs["begun"])
    qtbot.waitUntil(lambda: "its figures stand here when" in page.nothing.text(), timeout=20_000)
    assert not page.pages.isVisible()
    assert not page.export_button.isEnabled()
    page.show_run(runs["second"])
    qtbot.waitUntil(lambda: page.results is not None and page.pages.isVisible(), timeout=20_000)
    assert page.overview.headlines[0].number.text() == f"{100 * page.results.mean['auc']:.1f} %"


def test_the_page_never_imports_torch():
    code = (
        "import sys\n"
        "import napari_renal_fusion.viewer.training.results_page, napari_renal_fusion.training.run_list\n"
        "print([name for name in ('torch', 'lightning', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
