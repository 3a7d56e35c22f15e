"""The sorter's dock: a gallery of what was found, keys and buttons to correct it, and one action that accepts it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from qtpy.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...cases import Case
from ...cases.case_key import Source
from ...cases.names import readable
from ...cases.sorting import Correction, SortedFile, Sorting
from ...errors import RenalFusionError
from ..progress_row import ProgressRow
from ..theme import RHYTHM, label
from ..threads import Threads
from .accepting import Accepting
from .choices import Choice, by_digit, suggest, suggest_biopsy
from .desk import Desk, Lesson, fallen, judged, lesson
from .details import Details
from .gallery import Gallery
from .keys import Act, act_of
from .looking import Looking
from .pages import DonePage, EmptyPage
from .sections import next_current, sections_of
from .words import belief, last_part, stem, under_picture

_PREVIEW_MS = 90
_NARROW = 480


class SorterDock(QWidget):
    """Sorts one folder or selection at a time; originals are read, never changed."""

    accepted = Signal(object, object)
    """Cases, and what was sorted (a folder or files)."""
    paths_given = Signal(object)
    """Paths that were dropped on the dock or chosen in it."""

    def __init__(self, writing: Threads | None = None, parent: QWidget | None = None):
        super().__init__(parent)
        self.source: Source | None = None
        self._desk: Desk | None = None
        self._sorting: Sorting | None = None
        self._files: dict[str, SortedFile] = {}
        self._names: dict[Path, str] = {}
        self._waiting: deque[Act] = deque()
        self._judging = False
        self._lesson: Lesson | None = None
        self.looking = Looking(self)
        self._judges = Threads(1, self)
        self.accepting = Accepting(writing, self)
        self._preview_timer = QTimer(self)
        self._preview_timer.setSingleShot(True)
        self._preview_timer.setInterval(_PREVIEW_MS)
        self.setAcceptDrops(True)
        self._build()
        self._connect()

    @property
    def sorting(self) -> Sorting | None:
        """What is believed now, corrections included."""
        return self._sorting

    @property
    def busy(self) -> bool:
        """Whether files are looked at, a correction is thought through, or a case is written."""
        return self.looking.busy or self._judges.busy or bool(self._waiting) or self.accepting.running

    def start(self, source: Source, why: str = "") -> None:
        """Sort a folder or files; ``why`` is a sentence for the person."""
        self.source = source
        self._desk = self._sorting = None
        self._waiting.clear()
        self._judges.drop()
        self._judging = False
        self.gallery.forget()
        self.title.setText(_called(source))
        self.title.setToolTip(str(source) if isinstance(source, Path) else "\n".join(map(str, source[:20])))
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self._say("")
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
        self._judges.close()
        self.accepting.close()

    # what a person does

    def _next(self) -> None:
        while self._waiting and not self._judging and not self.accepting.running:
            self._do(self._waiting.popleft())

    def _do(self, act: Act) -> None:
        desk, chosen = self._desk, self._chosen
        if desk is None:
            return
        if act.kind == "undo" or act.kind == "redo":
            if desk.undo() if act.kind == "undo" else desk.redo():
                self._judge(partial(self._taken_back, act.kind))
        elif act.kind == "accept":
            self._accept()
        elif not chosen:
            return
        elif act.kind == "name":
            modality = chosen[0].modality.value
            self.details.type_ahead.ask(
                "Stain, antibody, or x400", lambda text: suggest(text, modality), str(act.value or "")
            )
        elif act.kind == "biopsy":
            biopsies = self._sorting.biopsies if self._sorting else ()
            self.details.type_ahead.ask(
                "Number or date of the biopsy", lambda text: suggest_biopsy(text, biopsies)
            )
        else:
            change = self._change(act, chosen)
            if change is not None:
                self._correct(tuple(file.name for file in chosen), change)

    def _change(self, act: Act, chosen: Sequence[SortedFile]) -> Correction | None:
        out = all(file.left_out for file in chosen)
        back = False if out else None  # to say what an image is brings it back into the case
        if act.kind == "leave_out":
            return Correction(left_out=not out)
        if act.kind == "modality":
            return Correction(modality=act.value, left_out=back)
        if act.kind == "choice":
            return act.value if back is None else Correction(
                **{**vars(act.value), "left_out": False}
            )  # fmt: skip
        change = by_digit(int(act.value), chosen[0].modality.value)
        if change is None:
            self._say("Electron images have no stain. For another kind press L, I or E first."
                      if chosen[0].modality.value else "First say what it is: L, I or E.")  # fmt: skip
        return change

    def _correct(self, names: tuple[str, ...], change: Correction) -> None:
        before = self._sorting
        self._desk.say(names, change)
        self._judge(lambda after: self._corrected(before, after, names))

    def _judge(self, done) -> None:
        """Think everything said through in a thread; further keys wait for it."""
        self._judging = True
        base, corrections = self._desk.base, dict(self._desk.corrections)

        def finish(sorting: Sorting) -> None:
            self._judging = False
            done(sorting)
            self._next()

        def fail(error: RenalFusionError) -> None:
            self._judging = False
            self._say(str(error))

        self._judges.run(lambda: judged(base, corrections), finish, fail, urgent=True)

    def _corrected(self, before: Sorting, after: Sorting, names: tuple[str, ...]) -> None:
        self._lesson = lesson(before, after, names)
        self._show(after, next_current(sections_of(before), sections_of(after), names))
        self._say(self._lesson.sentence)

    def _taken_back(self, kind: str, after: Sorting) -> None:
        changed = fallen(self._sorting, after)
        self._lesson = None
        self._show(after, changed[0] if changed else self.gallery.current)
        if changed:
            others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            first = self._files[changed[0]]
            word = "Taken back" if kind == "undo" else "Said again"
            self._say(f"{word}: {last_part(first.name)}{others} {'are' if others else 'is'} "
                      f"{'as before' if kind == 'undo' else belief(first)}.")  # fmt: skip

    def _accept(self) -> None:
        if self.looking.looking or self._sorting is None:
            self._say("Still looking at the images; accept when the bar is gone.")
            return
        self.progress.start("Writing the case…")
        self.accepting.start(self._sorting)

    # what the threads say

    def _begun(self, sorting: Sorting) -> None:
        self._names = {file.path: file.name for file in sorting.files}
        self._desk = Desk(sorting)
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
            self.gallery.forget()
            self._desk = self._sorting = None
            return
        if self._desk is None:
            self._begun(sorting)
        self._desk.base = sorting
        if self._desk.corrections:
            self._judge(self._settle)
        else:
            self._settle(sorting)

    def _settle(self, sorting: Sorting) -> None:
        """Everything was looked at: the groups are final, the cursor stands on the first doubtful image."""
        said = bool(self._desk.corrections)
        self._show(sorting, self.gallery.current if said else "")
        missing = self.gallery.pictured
        self.looking.read(self._files[name].path for name in self.gallery.order if name not in missing)
        if not said:
            count = len(sorting.doubtful)
            self._say(
                "" if count else "Every image is told by its name or its looks; look them over, then accept."
            )

    def _failed(self, error: RenalFusionError) -> None:
        self.progress.finish()
        self.empty.show_problem(str(error))
        self._stack.setCurrentWidget(self.empty)

    def _accepted(self, cases: tuple[Case, ...]) -> None:
        self.progress.finish()
        self.done.show_cases(cases)
        self._stack.setCurrentWidget(self.done)
        self.accepted.emit(cases, self.source)

    def _not_accepted(self, error: RenalFusionError | None) -> None:
        self.progress.finish()
        self._say(str(error) if error is not None else "")
        self.gallery.setFocus()

    # what is shown

    @property
    def _chosen(self) -> list[SortedFile]:
        return [self._files[name] for name in self.gallery.chosen if name in self._files]

    def _show(self, sorting: Sorting, current: str) -> None:
        self._sorting = sorting
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
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.undo_button.setVisible(self._desk is not None and self._desk.can_undo)

    def _build(self) -> None:
        self.title = label("", "title")
        self.why = label("", "secondary")
        self.progress = ProgressRow()
        self.gallery, self.details = Gallery(), Details()
        self.gallery.other_keys = self._key
        self.gallery.tip = self._tip
        self.message = label()
        self.undo_button = QPushButton("Undo")
        self.undo_button.setProperty("role", "link")
        self.undo_button.setToolTip("Take back the last correction and what it taught (Ctrl+Z)")
        self.undo_button.clicked.connect(lambda: self.act(Act("undo")))
        self.page = QWidget()
        column = QVBoxLayout(self.page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        for one in (self.title, self.why, self.progress):
            column.addWidget(one)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(RHYTHM // 2)
        self._middle.addWidget(self.gallery, 1)
        self._middle.addWidget(self.details)
        column.addLayout(self._middle, 1)
        row = QHBoxLayout()
        row.addWidget(self.message, 1)
        row.addWidget(self.undo_button)
        column.addLayout(row)
        column.addWidget(self.accepting.footer)
        self.empty, self.done = EmptyPage(), DonePage()
        self._stack = QStackedWidget()
        for one in (self.empty, self.page, self.done):
            self._stack.addWidget(one)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        outer.addWidget(self._stack)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def _connect(self) -> None:
        looking, accepting = self.looking, self.accepting
        looking.begun.connect(self._begun)
        looking.pictured.connect(self._pictured)
        looking.stepped.connect(self.progress.report)
        looking.ended.connect(self._ended)
        looking.failed.connect(self._failed)
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

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self._middle.direction() != direction:
            self._middle.setDirection(direction)

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
