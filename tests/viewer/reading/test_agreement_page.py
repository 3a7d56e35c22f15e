"""The agreement page alone: what it says, draws and lists, and the table of labels."""

from __future__ import annotations

import pytest
import tifffile

from napari_renal_fusion.cases import Case, Cohort, ImageItem, Modality
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.readings import CaseLog, log_decision, log_final, log_impression, log_reveal
from napari_renal_fusion.viewer.reading.agreement_page import AgreementPage

from ...readings.made import prediction


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


@pytest.fixture
def page(show, work):
    cases: list[Case] = []
    made = AgreementPage(work, lambda: cases)
    made.listed = cases
    yield show(made, 1100, 500)
    made.shut()


def read(work, own, top, final="", status="answered"):
    log = CaseLog(work.new_code(), work)
    log_impression(log, "v", own, "mid")
    log_reveal(log, "v", prediction(top, status), bundle="demo", bundle_sha256="b", read_first=True)
    log_decision(log, "v", "change" if final else "keep", final)
    if final:
        log_final(log, final)
    return log.code


def test_an_empty_page_says_what_to_do(page):
    assert "Enter your own reading" in page.words.text()
    assert not page.table.isVisible()


def test_numbers_figures_and_a_line_a_case(page, work, qtbot):
    read(work, "MN", 1)
    read(work, "LN", 1, final="MN")
    read(work, "FSGS", 0)
    read(work, "MN", 0, status="abstained")
    page.refresh()
    qtbot.waitUntil(lambda: page.table.rowCount() == 4, timeout=10_000)
    said = page.words.text()
    for words in (
        "4 cases read first", "Same disease as the model: 1 of 3", "Cohen's kappa", "Changed to right 1, to wrong 0",
        "No opinion: 1 of 4", "3 kept, 1 changed",
    ):  # fmt: skip
        assert words in said
    qtbot.waitUntil(lambda: all(one.drawn for one in page.pictures), timeout=20_000)
    rows = [[page.table.item(row, column).text() for column in range(7)] for row in range(4)]
    assert [one[3] for one in rows].count("no opinion") == 1
    assert ["Lupus nephritis", "mid", "Membranous nephropathy", "changed"] in [one[1:5] for one in rows]


def test_a_narrow_page_puts_the_figures_below_each_other(page, work, qtbot):
    read(work, "MN", 1)
    page.refresh()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1, timeout=10_000)
    for width, rows in ((1200, [0, 0]), (760, [0, 1]), (420, [1, 2])):
        page.resize(width, 500)
        qtbot.wait(20)
        places = [page._middle.getItemPosition(page._middle.indexOf(one))[0] for one in page.pictures]
        assert places == rows
        assert page.horizontalScrollBar().maximum() == 0


def test_labels_go_into_a_table_marked(page, work, qtbot, tmp_path):
    code = read(work, "LN", 1, final="MN")
    tifffile.imwrite(tmp_path / "a.tif", [[1, 2], [3, 4]])
    page.listed.append(Case(code, "p", (ImageItem(tmp_path / "a.tif", Modality.OM),), code=code))
    page.write_labels(tmp_path / "cohort.csv")
    qtbot.waitUntil(lambda: page.message.isVisible(), timeout=10_000)
    assert "1 case with labels" in page.message.text()
    (case,) = Cohort.from_csv(tmp_path / "cohort.csv").cases
    assert case.label == "Membranous nephropathy"
    assert case.labelled_after_model


def test_nothing_to_label_is_said(page, qtbot, tmp_path):
    page.write_labels(tmp_path / "cohort.csv")
    qtbot.waitUntil(lambda: page.message.isVisible(), timeout=10_000)
    assert "final diagnosis" in page.message.text()
    assert not (tmp_path / "cohort.csv").exists()
