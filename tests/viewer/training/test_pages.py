"""Pages are made when they are wanted, once, and putting one into its place moves nobody to another page."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel

from napari_renal_fusion.viewer.training.pages import Pages


def test_pages_are_made_once_and_when_they_are_wanted(qtbot):
    made = []
    pages = Pages(
        [lambda: QLabel("a"), lambda: QLabel("b"), lambda: QLabel("c")], lambda *one: made.append(one)
    )
    qtbot.addWidget(pages)
    assert not any(pages.has(step) for step in range(3))
    first = pages.page(1)
    assert pages.page(1) is first
    assert made == [(1, first)]
    pages.place(1)
    pages.place(1)
    assert pages.count() == 3
    assert made == [(1, first)]


def test_placing_a_page_does_not_leave_the_one_that_is_shown(qtbot):
    pages = Pages([lambda: QLabel("a"), lambda: QLabel("b"), lambda: QLabel("c")], lambda *one: None)
    qtbot.addWidget(pages)
    pages.show_step(1)
    for step in (0, 2, 1):
        pages.place(step)
        assert pages.currentWidget().text() == "b"
    pages.show_step(2)
    assert pages.currentWidget().text() == "c"
