"""The sorter's dock: a gallery of what was found, keys and buttons to correct it, and one action that accepts it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ...cases import Case, Modality
from ...cases.case_key import Source
from ...cases.names import readable
from ...cases.sorting import SortedFile, Sorting
from ...errors import RenalFusionError
from ..theme import RHYTHM
from ..threads import Threads
from .accepting import Accepting, Waiting
from .choices import Choice, suggest, suggest_biopsy
from .corrector import Corrector
from .desk import Lesson, change_of, lesson, taken_back
from .keys import Act, act_of
from .looking import Looking
from .page import SortingPage
from .pages import DonePage, EmptyPage
from .sections import next_current, sections_of
from .words import belief, stem, under_picture

_PREVIEW_MS = 90


class SorterDock(QWidget):
    """Sorts one folder or selection at a time; originals are read, never changed."""

    accepted = Signal(object, object)
    """Cases, and what was sorted (a folder or files)."""
    paths_given = Signal(object)
    """Paths that were dropped on the dock or chosen in it."""

    def __init__(self, writing: Threads | None = None, parent: QWidget | None = None):
        super().__init__(parent)
        self.source: Source | None = None
        self.waiting: Callable[[Source], Sequence[Waiting]] = lambda source: ()
        self.sorting: Sorting | None = None
        self._files: dict[str, SortedFile] = {}
        self._names: dict[Path, str] = {}
        self._waiting: deque[Act] = deque()
        self._lesson: Lesson | None = None
        self.looking = Looking(self)
        self.corrector = Corrector(self)
        self.accepting = Accepting(writing, self)
        self._preview_timer = QTimer(self)
        self._preview_timer.setSingleShot(True)
        self._preview_timer.setInterval(_PREVIEW_MS)
        self.page, self.empty, self.done = SortingPage(self.accepting.footer), EmptyPage(), DonePage()
        self.gallery, self.details = self.page.gallery, self.page.details
        self.progress, self.message = self.page.progress, self.page.message
        self.gallery.other_keys, self.gallery.tip = self._key, self._tip
        self._stack = QStackedWidget()
        for one in (self.empty, self.page, self.done):
            self._stack.addWidget(one)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        outer.addWidget(self._stack)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAcceptDrops(True)
        self._connect()

    @property
    def busy(self) -> bool:
        """Whether files are looked at, a correction is thought through, or a case is written."""
        return self.looking.busy or self.corrector.busy or bool(self._waiting) or self.accepting.running

    def start(self, source: Source, why: str = "") -> None:
        """Sort a folder or files; ``why`` is a sentence for the person."""
        self._forget()
        self.source = source
        tip = str(source) if isinstance(source, Path) else "\n".join(map(str, source[:20]))
        self.page.show_title(_called(source), tip, why)
        self.accepting.footer.offer(self.waiting(source))
        self.accepting.footer.show_sorting(None, source)
        self._stack.setCurrentWidget(self.page)
        self.progress.start("Looking at the files…")
        self.looking.start(source)
        self.gallery.setFocus()

    def act(self, act: Act) -> None:
        """Do what a key or a button asks for; one after the other, each once the one before is thought through."""
        self._waiting.append(act)
        self._next()

    def shut(self) -> None:
        """Let go of all threads; safe at any moment, also twice."""
        self._preview_timer.stop()
        self._waiting.clear()
        self.looking.close()
        self.corrector.close()
        self.accepting.close()

    # what a person does

    def _next(self) -> None:
        while self._waiting and not self.corrector.thinking and not self.accepting.running:
            self._do(self._waiting.popleft())

    def _do(self, act: Act) -> None:
        chosen = self._chosen
        if self.corrector.desk is None:
            return
        if act.kind in ("undo", "redo"):
            back = act.kind == "undo"
            self.corrector.step(back, lambda after: self._taken_back(after, back))
        elif act.kind == "accept":
            self._accept()
        elif not chosen:
            return
        elif act.kind == "name":
            modality = chosen[0].modality.value
            what = "Stain, antibody, or x400"
            self.details.type_ahead.ask(what, lambda text: suggest(text, modality), str(act.value or ""))
        elif act.kind == "biopsy":
            biopsies = self.sorting.biopsies if self.sorting else ()
            what = "Number or date of the biopsy"
            self.details.type_ahead.ask(what, lambda text: suggest_biopsy(text, biopsies))
        elif isinstance(change := change_of(act, chosen), str):
            self._say(change)
        else:
            names, before = tuple(file.name for file in chosen), self.sorting
            self.corrector.say(names, change, lambda after: self._corrected(before, after, names))

    def _corrected(self, before: Sorting, after: Sorting, names: tuple[str, ...]) -> None:
        self._lesson = lesson(before, after, names)
        self._show(after, next_current(sections_of(before), sections_of(after), names))
        self._say(self._lesson.sentence)

    def _taken_back(self, after: Sorting, back: bool) -> None:
        first, sentence = taken_back(self.sorting, after, back=back)
        self._lesson = None
        self._show(after, first or self.gallery.current)
        self._say(sentence)

    def _accept(self) -> None:
        if self.looking.looking or self.sorting is None:
            self._say("Still looking at the images; accept when the bar is gone.")
            return
        self.progress.start("Writing the case…")
        self.accepting.start(self.sorting, self.source)

    # what the threads say

    def _begun(self, sorting: Sorting) -> None:
        self._names = {file.path: file.name for file in sorting.files}
        self.corrector.begin(sorting)
        self._show(sorting, "")

    def _pictured(self, path: Path, picture: QImage | str) -> None:
        name = self._names.get(path)
        if name is None:
            return
        self.gallery.set_picture(name, None if isinstance(picture, str) else picture)
        if (
            name == self.gallery.current
            and not isinstance(picture, str)
            and self.details.picture.shown is None
        ):
            self.details.show_picture(picture)

    def _ended(self, sorting: Sorting | None) -> None:
        self.progress.finish()
        if sorting is None:
            self._stack.setCurrentWidget(self.empty)
            self._forget()
            return
        if not self._names:
            self._begun(sorting)
        self.corrector.begin(sorting)
        if self.corrector.desk.corrections:
            self.corrector.think(self._settle)
        else:
            self._settle(sorting)

    def _settle(self, sorting: Sorting) -> None:
        """Everything was looked at: the groups are final, the cursor stands on the first doubtful image."""
        said = bool(self.corrector.desk.corrections)
        self._show(sorting, self.gallery.current if said else "")
        missing = self.gallery.pictured
        self.looking.read(self._files[name].path for name in self.gallery.order if name not in missing)
        if not said:
            self._say(self._advice(sorting))

    def _advice(self, sorting: Sorting) -> str:
        """What a person should do next, where that is not plain."""
        kinds = {file.modality.value for file in sorting.files}
        if kinds == {Modality.TEM} and self.accepting.footer.offers:
            return "Only electron images: choose below which case they belong to."
        if sorting.doubtful:
            return ""
        return "Every image is told by its name or its looks; look them over, then accept."

    def _failed(self, error: RenalFusionError) -> None:
        self.progress.finish()
        self.empty.show_problem(str(error))
        self._stack.setCurrentWidget(self.empty)

    def _accepted(self, cases: tuple[Case, ...], source: Source) -> None:
        if source == self.source:  # else another folder came meanwhile
            self.progress.finish()
            self.done.show_cases(cases)
            self._stack.setCurrentWidget(self.done)
            self._forget()  # from here on the case is its code: no name stays on screen
        self.accepted.emit(cases, source)

    def _not_accepted(self, error: RenalFusionError | None) -> None:
        self.progress.finish()
        self._waiting.clear()  # a second Enter, pressed while the first was at work, must not accept after all
        self._say(str(error) if error is not None else "")
        self.gallery.setFocus()

    def _forget(self) -> None:
        """Nothing is being sorted."""
        self.sorting = self._lesson = None
        self._files, self._names = {}, {}
        self._waiting.clear()
        self.corrector.forget()
        self.gallery.forget()
        self.page.show_title("", "", "")
        self._say("")

    # what is shown

    @property
    def _chosen(self) -> list[SortedFile]:
        return [self._files[name] for name in self.gallery.chosen if name in self._files]

    def _show(self, sorting: Sorting, current: str) -> None:
        self.sorting = sorting
        self._files = {file.name: file for file in sorting.files}
        lines = {file.name: (stem(file.name), under_picture(file), file.doubtful) for file in sorting.files}
        taught = self._lesson.taught if self._lesson else ()
        self.gallery.show_sections(sections_of(sorting), lines, taught)
        order = self.gallery.order
        self.gallery.set_current(current if current in order else order[0] if order else "")
        self.accepting.footer.show_sorting(None if self.looking.looking else sorting, self.source)

    def _moved(self) -> None:
        chosen = self._chosen
        self.details.type_ahead.end()
        self.details.show_files(chosen, self.gallery.picture_of(chosen[0].name) if chosen else None)
        self._preview_timer.start()

    def _preview(self) -> None:
        chosen = self._chosen
        if not chosen:
            return
        name = chosen[0].name

        def show(picture: QImage) -> None:
            if self.gallery.chosen[:1] == (name,):
                self.details.show_picture(picture)

        self.looking.preview(chosen[0].path, show)

    def _tip(self, name: str) -> str:
        file = self._files.get(name)
        return f"{file.name}\n{belief(file)}\n{file.why}" if file else name

    def _say(self, sentence: str) -> None:
        desk = self.corrector.desk
        self.page.say(sentence, undo=desk is not None and desk.can_undo)

    def _connect(self) -> None:
        looking, accepting = self.looking, self.accepting
        looking.begun.connect(self._begun)
        looking.pictured.connect(self._pictured)
        looking.stepped.connect(self.progress.report)
        looking.ended.connect(self._ended)
        looking.failed.connect(self._failed)
        self.corrector.free.connect(self._next)
        self.corrector.failed.connect(self._say)
        self.page.undo_button.clicked.connect(lambda: self.act(Act("undo")))
        accepting.stepped.connect(self.progress.report)
        accepting.ended.connect(self._accepted)
        accepting.failed.connect(self._not_accepted)
        accepting.footer.accept_wanted.connect(lambda: self.act(Act("accept")))
        self.progress.cancelled.connect(self._cancel)
        self.gallery.moved.connect(self._moved)
        self._preview_timer.timeout.connect(self._preview)
        self.details.acted.connect(self._acted)
        self.details.type_ahead.taken.connect(self._taken)
        self.details.type_ahead.given_up.connect(self.gallery.setFocus)
        self.empty.paths_given.connect(self.paths_given)

    def _cancel(self) -> None:
        self.progress.wait_for_cancel()
        self.looking.cancel()
        self.accepting.cancel()

    def _acted(self, act: Act) -> None:
        """A button: what it does, and the keyboard back to the images."""
        if act.kind not in ("name", "biopsy"):
            self.gallery.setFocus()
        self.act(act)

    def _taken(self, choice: Choice) -> None:
        self.gallery.setFocus()
        self.act(Act("choice", choice.correction))

    def _key(self, event: QKeyEvent) -> bool:
        act = act_of(event)
        if act is not None:
            self.act(act)
        return act is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys work wherever in the dock the keyboard is, except where one types."""
        if self._stack.currentWidget() is not self.page or not self._key(event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = tuple(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.paths_given.emit(paths)


def _called(source: Source) -> str:
    """The folder's name, or how many files were chosen."""
    if isinstance(source, Path):
        return readable(source.name) or readable(source)
    return f"{len(source)} chosen files" if len(source) != 1 else readable(source[0].name)
