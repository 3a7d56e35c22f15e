"""Read first, as a part of the workspace: keeps answers sealed, writes every step down, and shows both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ...cases import Case
from ...errors import RenalFusionError
from ...readings import CaseLog, log_decision, log_final, log_impression, log_reveal, read_what_if
from ..answer import Answer
from ..keys import register
from ..model_runs import question
from . import known as work_of
from .known import Known
from .section import ReadingSection

if TYPE_CHECKING:
    from ..workspace import Workspace
    from .agreement_page import AgreementPage

GROUP = "Your reading"


class ReadingPlace(QObject):
    """Owned by the workspace. Everything on the disk happens in its writing thread, one step after the other."""

    stepped = Signal(str)
    """Code of a case whose log has a new step."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self._known: Known | None = None
        self._page: AgreementPage | None = None
        self._read_first = workspace.preferences.settings.read_first
        self.section = ReadingSection()
        workspace.reader.add_section(self.section, above="opinion")
        workspace.runs.sealed = self._seals
        self._connect(workspace)
        register(
            workspace,
            [
                ("Alt-I", "enter your own diagnosis", self.enter),
                *(
                    (f"Alt-{number}", f"confidence {name}", lambda name=name: self._be_sure(name))
                    for number, name in enumerate(self.section.confidence.buttons, 1)
                ),
                ("Alt-O", "reveal the model's opinion", self.section.reveal_button.click),
                ("Alt-K", "keep your reading", lambda: self._decide_by_key(self.section.decision.keep)),
                ("Alt-C", "change your reading", lambda: self._decide_by_key(self.section.decision.change)),
                ("Alt-U", "unsure", lambda: self._decide_by_key(self.section.decision.unsure)),
                ("Alt-D", "enter the final diagnosis", self._enter_final),
                ("Alt-Y", "agreement over all cases", self.show_agreement),
            ],
            GROUP,
        )

    @property
    def known(self) -> Known | None:
        """What is known of the open case; None while it is looked up."""
        return self._known

    @property
    def version(self) -> str:
        """Version of the open case; "" while it is looked up."""
        return self._known.version if self._known is not None else ""

    @property
    def what_if(self) -> int:
        """Number of the what-if that is shown, 0 for the official answer."""
        answer = self._workspace.answer if self._workspace is not None else None
        return answer.number if answer is not None else 0

    @property
    def sealed(self) -> bool:
        """Whether nothing of an answer about the open case may be shown."""
        case = self._workspace.case if self._workspace is not None else None
        if case is None or not self._reads_first:
            return False
        return self._known is None or self._known.code != case.code or not self._known.revealed

    def is_sealed(self, code: str) -> bool:
        """The same of any case; a case that is not open is sealed unless its log says otherwise."""
        workspace = self._workspace
        if workspace is not None and workspace.case is not None and workspace.case.code == code:
            return self.sealed
        return self._reads_first and not CaseLog(code, workspace.work if workspace else None).entries(
            "revealed"
        )

    def enter(self) -> None:
        """Lead to the line of the own diagnosis."""
        self._workspace.bring_to_front()
        self._workspace.reader.ensure_visible(self.section)
        (self.section.decision.keep if self.section.revealed else self.section.field).setFocus()

    def show_agreement(self) -> None:
        """Open the page with the numbers over all cases."""
        from .agreement_page import AgreementPage

        workspace = self._workspace
        if self._page is None:
            self._page = AgreementPage(workspace.work, workspace.threads, lambda: workspace.case_list.cases)
        workspace.docks.show_part("Agreement", self._page, "bottom")
        self._page.refresh()

    def show_result(self, number: int) -> None:
        """Show the official answer (0) or a what-if of the open case."""
        workspace, known = self._workspace, self._known
        if known is None or self.sealed:
            return
        asked = question(known.case, self._settings())
        work, place = workspace.work, workspace.place

        def read() -> Answer | None:
            stored = known.stored if number == 0 else read_what_if(known.code, number, work)
            return work_of.answer_of(stored, asked) if stored is not None else None

        def show(answer: Answer | None) -> None:
            if answer is not None and self._known is not None and self._known.code == known.code:
                workspace.runs.restore(place, answer)
                self._show_answer()

        self._write(read, show)

    def has_answered(self) -> bool:
        """Whether the official answer is there already; then it is shown, or said to be sealed, instead of a new run."""
        known = self._known
        if known is None or known.stored is None or known.bundle != self._bundle:
            return False
        if self.sealed:
            self._workspace.reader.ensure_visible(self.section)
            self.section.field.setFocus()
        else:
            self.show_result(0)
        return True

    def note_export(self, what: str, files: list[str]) -> None:
        """Write into the log that something left the program: what, and the names of its files."""
        number, version = self.what_if, self.version
        self._step(
            lambda log: log.append("export", what=what, files=files, version=version, what_if=number),
            only_saved=True,
        )

    def shut(self) -> None:
        """Let go of the workspace; what was entered is on the disk already."""
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            workspace.runs.sealed = lambda place: True
        if self._page is not None:
            self._page.shut()

    # What happens in the workspace

    def _connect(self, workspace: Workspace) -> None:
        workspace.case_opened.connect(self._opened)
        workspace.case_changed.connect(self._follow)
        workspace.case_list.emptied.connect(self._emptied)
        workspace.preferences.changed.connect(self._settings_changed)
        workspace.reader.keys_wanted.connect(lambda: workspace.key_table.show_sheet())
        workspace.reader.opinion.result_chosen.connect(self.show_result)
        runs = workspace.runs
        runs.started.connect(lambda place: self._ran(place, running=True))
        runs.ended.connect(lambda: self._ran(workspace.place, running=False))
        runs.answered.connect(self._answered)
        runs.explained.connect(self._explained)
        section = self.section
        section.impression_given.connect(self._note_impression)
        section.reveal_wanted.connect(self.reveal)
        section.decided.connect(self._decide)
        section.final_given.connect(self._give_final)
        section.agreement_wanted.connect(self.show_agreement)

    def _opened(self, case: Case) -> None:
        self._known = None
        self.section.show_unread(None, ready=False)
        self._look(case)

    def _emptied(self) -> None:
        self._known = None
        self.section.show_nothing()

    def _follow(self, case: Case) -> None:
        """What is known of the open case's images changed, and with it perhaps what the model would say."""
        self._look(case, changed=True)

    def _settings_changed(self, settings: Any) -> None:
        case, known = self._workspace.case, self._known
        other = known is None or known.bundle != self._bundle or settings.read_first != self._read_first
        self._read_first = settings.read_first
        if case is not None and other:
            self._look(case)

    def _look(self, case: Case, *, changed: bool = False) -> None:
        work, bundle = self._workspace.work, self._bundle
        asked = question(case, self._settings())

        def read() -> tuple[Known, Answer | None]:
            known = work_of.look_up(case, bundle, work)
            if changed:
                work_of.note_change(case, known.version, work)
            return known, work_of.answer_of(known.stored, asked) if known.stored is not None else None

        def found(what: tuple[Known, Answer | None]) -> None:
            if changed:
                self._workspace.case_list.refresh_states(self._workspace.case_list.place_of(case.code))
            self._looked(*what)

        self._write(read, found)

    def _looked(self, known: Known, answer: Answer | None) -> None:
        """Show what was found, unless the person went on meanwhile."""
        workspace = self._workspace
        if workspace.case is None or workspace.case.code != known.code:
            return
        before, self._known = self._known, known
        held = workspace.runs.held(workspace.place)
        same = held is not None and held.stored is not None and held.stored.version == known.version
        same = same and held.stored.bundle_sha256 == known.bundle_sha256
        if not same and answer is not None:
            workspace.runs.restore(workspace.place, answer)
        elif not same and (held is None or held.stored is not None):
            workspace.runs.drop(workspace.place)
        if known.notices:
            workspace.reader.show_message(known.notices[0].message)
        if self._show_unasked():
            return
        if before is not None and before.code == known.code and before.version == known.version and same:
            self._show_section()
        else:
            self._show_answer()

    def _show_unasked(self) -> bool:
        """Where opinions show at once, or another one of this version was revealed, write that this one is shown."""
        known = self._known
        answer = self._workspace.runs.held(self._workspace.place) if known is not None else None
        if answer is None or answer.stored is None or answer.number or self.sealed:
            return False
        if known.bundle_sha256 in known.shown or answer.stored.version != known.version:
            return False
        self._step(lambda log: self._log_reveal(log, known, answer.stored))
        return True

    def _ran(self, place: int, *, running: bool) -> None:
        if place == self._workspace.place and not self.section.revealed:
            self.section.set_ready(self._ready, running=running)

    def _answered(self, place: int) -> None:
        """A new answer, of the open case or of one that was asked in the background."""
        workspace = self._workspace
        answer, case = workspace.runs.held(place), workspace.case_list.cases[place]
        prediction = answer.prediction.model_dump(mode="json")

        def keep() -> Any:
            return work_of.keep_answer(case, answer.question, prediction, workspace.work)

        def kept(stored: Any) -> None:
            answer.stored, answer.number = stored, stored.what_if
            workspace.case_list.refresh_states(place)
            self.stepped.emit(case.code)
            if workspace.case is not None and workspace.case.code == case.code:
                self._look(workspace.case)

        self._write(keep, kept)

    def _explained(self, place: int) -> None:
        workspace = self._workspace
        answer = workspace.runs.held(place)
        newest = (
            list(answer.explanations.values())[-1] if answer is not None and answer.explanations else None
        )
        if newest is None:
            return

        def keep() -> Any:
            stored = answer.stored
            return (
                work_of.keep_explanation(stored, newest.model_dump(mode="json"), workspace.work)
                if stored
                else None
            )

        def kept(stored: Any) -> None:
            if stored is not None:
                answer.stored = stored
            self._ran(place, running=False)

        # A second turn of the thread: the answer's own storing may still wait for its first.
        self._write(lambda: None, lambda _: self._write(keep, kept))

    # What the person does

    def _note_impression(self, diagnosis: str, confidence: str) -> None:
        known = self._known
        if known is None or self.section.revealed:
            return
        last = known.reading.impression
        if last is None or (last["diagnosis"], last["confidence"]) != (diagnosis, confidence):
            self._step(lambda log: log_impression(log, known.version, diagnosis, confidence), only_saved=True)

    def reveal(self, diagnosis: str, confidence: str) -> None:
        """Write the own impression, then that the opinion is shown; only when both are on the disk it is."""
        known = self._known
        answer = self._workspace.runs.held(self._workspace.place) if known is not None else None
        if known is None or answer is None or answer.stored is None or known.revealed:
            return

        def write(log: CaseLog) -> None:
            last = known.reading.impression
            entries = log.entries("impression")
            last = entries[-1] if entries and entries[-1].get("version") == known.version else None
            if last is None or (last["diagnosis"], last["confidence"]) != (diagnosis, confidence):
                log_impression(log, known.version, diagnosis, confidence)
            self._log_reveal(log, known, answer.stored)

        self._step(write, lead=True)

    def _log_reveal(self, log: CaseLog, known: Known, stored: Any) -> None:
        log_reveal(
            log, known.version, stored.prediction, bundle=known.bundle, bundle_sha256=known.bundle_sha256,
            read_first=self._reads_first, what_if=stored.what_if,
        )  # fmt: skip

    def _decide(self, decision: str, diagnosis: str) -> None:
        known = self._known
        if known is not None and known.revealed:
            self._step(lambda log: log_decision(log, known.version, decision, diagnosis))

    def _give_final(self, diagnosis: str, source: str) -> None:
        self._step(lambda log: log_final(log, diagnosis, source))

    def _be_sure(self, name: str) -> None:
        if not self.section.revealed:
            self.section.confidence.choose(name)

    def _decide_by_key(self, button: Any) -> None:
        if self.section.revealed and button.isEnabled():
            self._workspace.reader.ensure_visible(self.section)
            button.click()

    def _enter_final(self) -> None:
        if self._known is not None:
            self._workspace.reader.ensure_visible(self.section)
            self.section.final.begin()

    def _step(
        self, write: Callable[[CaseLog], object], *, only_saved: bool = False, lead: bool = False
    ) -> None:
        """Write a step of the open case and show how it stands then."""
        workspace, known = self._workspace, self._known
        if known is None:
            return

        def act() -> Known:
            write(CaseLog(known.code, workspace.work))
            return work_of.read_again(known, workspace.work)

        def show(after: Known) -> None:
            workspace.case_list.refresh_states(workspace.case_list.place_of(known.code))
            self.stepped.emit(known.code)
            now = self._known
            if now is None or (now.code, now.version) != (after.code, after.version):
                return
            opened = after.revealed != now.revealed
            self._known = work_of.with_reading(now, after)
            if only_saved:
                self.section.show_saved(after.reading)
            elif opened:
                self._show_answer()
                if lead:
                    self.section.decision.keep.setFocus()
                    workspace.reader.ensure_visible(self.section)
            else:
                self._show_section()

        self._write(act, show)

    # Showing

    def _show_answer(self) -> None:
        """Everything of the workspace that shows an answer, then our own section."""
        workspace = self._workspace
        workspace.reader.opinion.set_sealed(self._ready and self.sealed)
        if self.sealed:
            workspace.board.forget_answer()
        workspace._show_answer()
        self._show_section()

    def _show_section(self) -> None:
        workspace, known = self._workspace, self._known
        if known is None:
            return
        workspace.reader.opinion.set_sealed(self._ready and self.sealed)
        answer = workspace.answer
        if self.sealed or answer is None or not known.revealed:
            self.section.show_unread(known.reading, ready=self._ready and self.sealed)
            return
        workspace.reader.opinion.show_results(known.what_ifs, answer.number)
        workspace.reader.opinion.show_number(answer.what_if, answer.number)
        self.section.show_revealed(
            known.reading, answer.prediction, answer.prediction.answered_by or known.bundle
        )

    @property
    def _ready(self) -> bool:
        """Whether an answer about the open case is stored."""
        workspace = self._workspace
        answer = workspace.runs.held(workspace.place) if workspace is not None else None
        return answer is not None and answer.stored is not None

    @property
    def _reads_first(self) -> bool:
        return self._workspace is None or self._workspace.preferences.settings.read_first

    @property
    def _bundle(self) -> str:
        return self._workspace.reader.run.bundle or self._workspace.preferences.settings.bundle

    def _settings(self) -> Any:
        return self._workspace.preferences.settings.model_copy(update={"bundle": self._bundle})

    def _seals(self, place: int) -> bool:
        """Whether an answer may not leave :class:`.ModelRuns`; only the open case's is ever shown."""
        workspace = self._workspace
        if workspace is None:
            return True
        return self.sealed if place == workspace.place else self._reads_first

    def _write(self, act: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do something in the writing thread; ``done`` comes only while the workspace is open."""
        if self._workspace is None:
            return
        self._workspace.writing.run(
            act, lambda result: done(result) if self._workspace is not None else None, self._failed
        )

    def _failed(self, error: RenalFusionError) -> None:
        if self._workspace is not None:
            self._workspace.reader.show_message(str(error))
