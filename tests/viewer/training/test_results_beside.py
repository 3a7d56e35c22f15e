"""A run beside an installed model, in the page Compare: offered, asked in a child, cancelled, refused, kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_renal_fusion.bundles import installed
from napari_renal_fusion.viewer.training import results_beside
from napari_renal_fusion.viewer.training.preparing import Preparing
from napari_renal_fusion.viewer.training.results_page import ResultsPage

from ...made_results import make_epochs, make_results, write_made_run
from .conftest import FAKE_PREPARE

# Not a bundle made here: that would import torch into the process that draws, and Mesa does not bear it.
DEMO = Path(__file__).parents[3] / "sample_data" / "bundles" / "demo"


@pytest.fixture
def run(tmp_path):
    return write_made_run(tmp_path / "first", make_results(60, 3), make_epochs(3, 6))


@pytest.fixture
def page(qtbot, run, install_bundle, monkeypatch):
    install_bundle(DEMO, "ours")
    monkeypatch.setattr(
        results_beside, "Preparing", lambda command, ended, parent: Preparing(FAKE_PREPARE, ended, parent)
    )
    shown = ResultsPage()
    qtbot.addWidget(shown)
    shown.resize(1000, 700)
    shown.show()
    shown.show_run(run)
    qtbot.waitUntil(lambda: shown.results is not None and not shown.busy, timeout=30_000)
    shown.show_tab("Compare")
    yield shown
    shown.shut()


def choose(page, qtbot, name="Demonstration (synthetic images) (ours, installed)"):
    page.compare.choose(name)
    qtbot.waitUntil(lambda: page.compare.beside.isVisible() and not page.drawing.busy, timeout=20_000)
    return page.compare.beside


def test_a_model_is_offered_asked_and_remembered(page, qtbot):
    beside = choose(page, qtbot)
    assert not page.compare.metric.isVisible()
    assert not page.compare.sheet.isVisible()
    assert not beside.table.isVisible()
    assert "has not been asked" in beside.message.text()
    qtbot.mouseClick(beside.ask_button, Qt.MouseButton.LeftButton)
    assert beside.progress.isVisible()
    assert not beside.ask_button.isVisible()
    qtbot.waitUntil(lambda: not beside.busy, timeout=20_000)
    assert not beside.progress.isVisible()
    cells = [[beside.table.item(row, place).text() for place in range(3)] for row in range(4)]
    assert cells[0] == ["Right class", "3 of 4 (75%)", "2 of 4 (50%)"]
    assert cells[3] == ["Said: no opinion", "0 of 4 (0%)", "1 of 4 (25%)"]
    assert beside.table.horizontalHeaderItem(2).text() == "Demonstration (synthetic images)"
    assert "p = 1.000 (McNemar's exact test)" in beside.verdict.text()
    assert beside.ask_button.text() == "Ask again"
    # Another run and back: what was said is read again, and nobody is asked.
    page.compare.runs.setCurrentIndex(0)
    assert not beside.isVisible()
    assert page.compare.sheet.isVisible()
    choose(page, qtbot)
    assert beside.table.item(0, 1).text() == "3 of 4 (75%)"
    assert beside.table.isVisible()


def test_a_question_is_cancelled(page, qtbot, wish):
    wish(beside_s=60)
    beside = choose(page, qtbot)
    beside.ask()
    qtbot.waitUntil(lambda: "Case 2 of 4" in beside.progress.words.text(), timeout=20_000)
    qtbot.mouseClick(beside.progress.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not beside.busy, timeout=20_000)
    assert beside.ask_button.isVisible()
    assert not beside.table.isVisible()
    assert "has not been asked" in beside.message.text()


def test_what_cannot_be_compared_is_said(page, qtbot, wish):
    wish(beside_fails=True)
    beside = choose(page, qtbot)
    beside.ask()
    qtbot.waitUntil(lambda: not beside.busy, timeout=20_000)
    assert beside.message.text() == "None could be asked. Choose another model."
    assert beside.message.property("role") == "warning"


def test_a_question_goes_on_while_something_else_is_shown_and_ends_with_the_page(page, qtbot, wish):
    wish(beside_s=60)
    beside = choose(page, qtbot)
    beside.ask()
    qtbot.waitUntil(lambda: "Case 2 of 4" in beside.progress.words.text(), timeout=20_000)
    page.show_run(page.run)  # the same run, opened again
    idle = lambda: not (page.drawing.busy or page.reading.busy or page._turns.busy)  # noqa: E731
    qtbot.waitUntil(lambda: page.results is not None and idle(), timeout=20_000)
    assert not beside.isVisible()
    choose(page, qtbot)
    assert beside.progress.isVisible()  # it is still being asked
    page.shut()
    assert not any(one.name == "beside" for one in page.run.folder.iterdir())


def test_the_runs_own_bundle_is_not_offered(page, run, qtbot):
    import shutil

    assert any(one.name == "ours" for one in installed())
    shutil.copytree(DEMO, run.folder / "bundle")
    page.show_run(run)
    qtbot.waitUntil(lambda: page.results is not None and not page.busy, timeout=30_000)
    names = [page.compare.runs.itemText(i) for i in range(page.compare.runs.count())]
    assert "Demonstration (synthetic images) (ours, installed)" not in names
