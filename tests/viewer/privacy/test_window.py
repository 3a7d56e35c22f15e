"""In a real window: nothing on screen names a folder or a file; the link opens what is stored where."""

from __future__ import annotations

import re

import pytest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QListWidget, QTableWidget

from napari_renal_fusion.viewer.workspace import open_workspace

from ..conftest import settled

NAME, FILE = "Plantinga", "Plantinga Jan 1961"


@pytest.fixture
def named_case(small_case):
    """The small case in a folder, and with files, that name a patient."""
    folder = small_case.rename(small_case.with_name(f"{NAME} 张建国"))
    for part in ("IM", "TEM"):
        for number, path in enumerate(sorted((folder / part).iterdir())):
            path.rename(path.with_name(f"{FILE} {number}{''.join(path.suffixes)}"))
    return folder


def words_on_screen(viewer):
    """Everything that can be read in the window, without tooltips."""
    window = viewer.window._qt_window
    yield window.windowTitle()
    yield viewer.title
    for layer in viewer.layers:
        yield layer.name
        yield str(layer.metadata)
    yield viewer.text_overlay.text
    for kind in (QLabel, QAbstractButton, QLineEdit):
        for one in window.findChildren(kind):
            yield one.text()
            yield one.accessibleName()
    for one in window.findChildren(QComboBox):
        yield from (one.itemText(i) for i in range(one.count()))
    for one in window.findChildren(QListWidget):
        for row in range(one.count()):
            item = one.item(row)
            yield from (str(item.data(role)) for role in (0, *range(256, 264)))
    for one in window.findChildren(QTableWidget):
        for row in range(one.rowCount()):
            yield from (
                one.item(row, column).text() for column in range(one.columnCount()) if one.item(row, column)
            )


def test_nothing_on_screen_names_anybody(
    make_napari_viewer, plugin, fake_engine, named_case, qtbot, monkeypatch
):
    monkeypatch.delenv("RENAL_FUSION_NO_NOTICE")
    viewer = make_napari_viewer(show=True)
    workspace = open_workspace(viewer, named_case, engine=fake_engine)
    qtbot.waitUntil(lambda: workspace.case is not None and settled(workspace), timeout=20_000)
    qtbot.waitUntil(lambda: workspace.privacy.notice is not None, timeout=20_000)
    notice = workspace.privacy.notice
    assert notice.isVisible()
    assert not notice.isModal()
    notice.button.click()
    qtbot.waitUntil(lambda: workspace.privacy.notice is None and settled(workspace))
    for key in ("IM-1", "TEM-2", "OM-1"):
        workspace.stage.show_image(key)
        qtbot.waitUntil(lambda: settled(workspace), timeout=10_000)
        said = "\n".join(words_on_screen(viewer))
        assert workspace.case.code in said
        assert not re.search(f"{NAME}|张建国", said, re.IGNORECASE)
    workspace.privacy.link.click()
    page = workspace.privacy.page
    qtbot.waitUntil(lambda: not workspace.writing.busy)
    assert workspace.privacy.window.isVisible()
    assert page.codes.findText(workspace.case.code) >= 0
    workspace.shut()
