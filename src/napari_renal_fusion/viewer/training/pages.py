"""The pages of the training dock, each made when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QStackedWidget, QWidget


class Pages(QStackedWidget):
    """A stack whose pages are made one by one: five at once, with napari's style, hold the window for 200 ms.

    ``makers`` are called at most once each; ``made`` is told of each page before anybody else sees it.
    """

    def __init__(self, makers: Sequence[Callable[[], QWidget]], made: Callable[[int, QWidget], None]):
        super().__init__()
        self._makers, self._made = tuple(makers), made
        self._pages: dict[int, QWidget] = {}
        for _ in self._makers:
            self.addWidget(QWidget())

    def page(self, step: int) -> QWidget:
        """The page of a step, made now if it was not there."""
        if step not in self._pages:
            page = self._pages[step] = self._makers[step]()
            self._made(step, page)
        return self._pages[step]

    def has(self, step: int) -> bool:
        return step in self._pages

    def place(self, step: int) -> None:
        """Put a page into the stack, where it takes on the window's style."""
        page, there = self.page(step), self.widget(step)
        if page is there:
            return
        current = self.currentIndex()
        self.insertWidget(step, page)
        self.removeWidget(there)
        self.setCurrentIndex(current)
        there.deleteLater()

    def show_step(self, step: int) -> None:
        self.place(step)
        self.setCurrentIndex(step)
