"""Read first, as a part of the workspace: says what is sealed, and shows own reading and model when it no longer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ...cases import Case
from ...compute.settings import Settings
from ...readings import read_what_if
from ..answer import Answer
from ..model_runs import question
from . import known as on_disk
from .keeper import Keeper
from .known import Known
from .reading_keys import register_keys
from .section import ReadingSection
from .steps import Steps

if TYPE_CHECKING:
    from ...errors import RenalFusionError
    from ..workspace import Workspace
    from .agreement_page import AgreementPage


class ReadingPlace(QObject):
    """Owned by the workspace. Everything on the disk happens in its writing thread, one step after the other."""

    stepped = Signal(str)
    """Code of a case whose log has a new step."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self._known: Known | None = None
        self._page: AgreementPage | None = None
        self._unread: tuple[str, str] | None = None
        self._read_first = workspace.preferences.settings.read_first
        self.section = ReadingSection()
        self.keeper = Keeper(workspace)
        self.steps = Steps(workspace.work, workspace.writing, self)
        workspace.reader.add_section(self.section, above="opinion")
        workspace.runs.sealed = self._seals
        self._connect(workspace)
        register_keys(workspace, self)

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
    def ready(self) -> bool:
        """Whether an answer about the open case is there and stored, sealed or not."""
        answer = self._held
        return answer is not None and answer.stored is not None

    @property
    def sealed(self) -> bool:
        """Whether nothing of an answer about the open case may be shown."""
        case = self._workspace.case if self._workspace is not None else None
        if case is None or not self._reads_first:
            return False
        return self._known is None or self._known.code != case.code or not self._known.revealed

    def has_answered(self) -> bool:
        """Whether the official answer is there already; then it is shown, or said to be sealed, instead of a new run."""
        workspace, known = self._workspace, self._known
        if known is None or known.bundle != self._bundle:
            return False
        if known.drawn != on_disk.outlines_stamp(known.code, workspace.work):
            self._look(known.case, changed=True, afterwards=workspace.run)
            return True
        if known.stored is None:
            return False
        held = self._held
        if self.sealed:
            workspace.reader.ensure_visible(self.section)
            self.section.field.setFocus()
        elif held is not None and held.attends and not held.prediction_id:
            workspace.runs.wake(workspace.place, self._show_answer)
        else:
            self.show_result(0)
        return True

    def show_result(self, number: int) -> None:
        """Show the official answer (0) or a what-if of the open case."""
        workspace, known = self._workspace, self._known
        if known is None or self.sealed:
            return
        asked, work = question(known.case, self._settings()), workspace.work

        def read() -> Answer | None:
            stored = known.stored if number == 0 else read_what_if(known.code, number, work)
            return on_disk.answer_of(stored, asked) if stored is not None else None

        def show(answer: Answer | None) -> None:
            now = self._known
            # The person may have gone on, and the case may be another version by now.
            if (
                answer is not None
                and now is not None
                and (now.code, now.version) == (known.code, known.version)
            ):
                workspace.runs.restore(workspace.place, answer)
                self._show_answer()

        self._write(read, show)

    def show_agreement(self) -> None:
        """Open the page with the numbers over all cases."""
        from .agreement_page import AgreementPage

        workspace = self._workspace
        if self._page is None:
            self._page = AgreementPage(workspace.work, lambda: workspace.case_list.cases)
        workspace.docks.show_part("Agreement", self._page, "bottom")
        self._page.refresh()

    def note_export(self, what: str, files: list[str]) -> None:
        """Write into the log that something left the program."""
        if self._known is not None:
            self.steps.export(self._known, what, files, self.what_if)

    def shut(self) -> None:
        """Let go of the workspace; what was entered is on the disk already."""
        workspace, self._workspace = self._workspace, None
        self.keeper.close()
        if workspace is not None:
            workspace.runs.sealed = lambda place: True
        if self._page is not None:
            self._page.shut()

    def _connect(self, workspace: Workspace) -> None:
        workspace.case_opened.connect(self._opened)
        workspace.case_changed.connect(lambda case: self._look(case, changed=True))
        workspace.case_list.emptied.connect(self._emptied)
        workspace.preferences.changed.connect(self._settings_changed)
        workspace.reader.keys_wanted.connect(lambda: workspace.key_table.show_sheet())
        workspace.reader.opinion.result_chosen.connect(self.show_result)
        workspace.runs.started.connect(lambda place: self._runs(place, running=True))
        workspace.runs.ended.connect(lambda: self._runs(workspace.place, running=False))
        self.keeper.kept.connect(self._kept)
        self.steps.written.connect(self._written)
        self.steps.failed.connect(self._failed)
        section = self.section
        section.impression_given.connect(self._impression)
        section.reveal_wanted.connect(self._reveal)
        section.decided.connect(self._decide)
        section.final_given.connect(self._final)
        section.agreement_wanted.connect(self.show_agreement)

    # What happens in the workspace

    def _opened(self, case: Case) -> None:
        self._known = self._unread = None
        self.section.show_unread(None, ready=False)
        self._look(case)

    def _emptied(self) -> None:
        self._known = None
        self.section.show_nothing()

    def _settings_changed(self, settings: Settings) -> None:
        case, known = self._workspace.case, self._known
        other = known is None or known.bundle != self._bundle or settings.read_first != self._read_first
        self._read_first = settings.read_first
        if case is not None and other:
            self._look(case)

    def _look(
        self, case: Case, *, changed: bool = False, afterwards: Callable[[], None] | None = None
    ) -> None:
        """Look up in the writing thread how a case stands; ``changed`` if something about its images did."""
        work, bundle = self._workspace.work, self._bundle
        asked = question(case, self._settings())

        def read() -> tuple[Known, Answer | None]:
            known = on_disk.look_up(case, bundle, work)
            if changed:
                on_disk.note_change(case, known.version, work)
            return known, on_disk.answer_of(known.stored, asked) if known.stored is not None else None

        def found(what: tuple[Known, Answer | None]) -> None:
            if changed:
                self._refresh_state(case.code)
            self._looked(*what)
            if afterwards is not None:
                afterwards()

        self._write(read, found)

    def _looked(self, known: Known, answer: Answer | None) -> None:
        """Show what was found, unless the person went on meanwhile."""
        workspace = self._workspace
        if workspace.case is None or workspace.case.code != known.code:
            return
        before, self._known = self._known, known
        held = self._held
        stored = held.stored if held is not None else None
        same = stored is not None and (stored.version, stored.bundle_sha256) == (
            known.version,
            known.bundle_sha256,
        )
        if not same and answer is not None:
            workspace.runs.restore(workspace.place, answer)
        elif not same and (held is None or stored is not None):
            workspace.runs.drop(workspace.place)
        if known.notices:
            workspace.reader.show_message(known.notices[0].message)
        if self._shows_unasked():
            return
        if same and before is not None and (before.code, before.version) == (known.code, known.version):
            self._show_section()
        else:
            self._show_answer()

    def _shows_unasked(self) -> bool:
        """Write that an opinion shows at once, by the setting or beside one of the same version that was revealed."""
        known, held = self._known, self._held
        stored = held.stored if held is not None else None
        if stored is None or not stored.official or self.sealed or stored.version != known.version:
            return False
        if known.bundle_sha256 in known.shown:
            return False
        self.steps.show_at_once(known, stored, read_first=self._reads_first)
        return True

    def _runs(self, place: int, *, running: bool) -> None:
        if place == self._workspace.place and not self.section.revealed:
            self.section.set_ready(self.ready, running=running)

    def _kept(self, place: int, code: str) -> None:
        self._refresh_state(code)
        self.stepped.emit(code)
        case = self._workspace.case
        if case is not None and case.code == code:
            self._look(case)

    # What the person does

    def _impression(self, diagnosis: str, confidence: str) -> None:
        if self._known is not None and not self.section.revealed:
            self.steps.impression(self._known, diagnosis, confidence)

    def _reveal(self, diagnosis: str, confidence: str) -> None:
        """The opinion shows only when own reading and reveal are on the disk."""
        known, held = self._known, self._held
        if known is not None and held is not None and held.stored is not None and not known.revealed:
            self.steps.reveal(known, diagnosis, confidence, held.stored)

    def _decide(self, decision: str, diagnosis: str) -> None:
        if self._known is not None and self._known.revealed:
            self.steps.decide(self._known, decision, diagnosis)

    def _final(self, diagnosis: str, source: str) -> None:
        if self._known is not None:
            self.steps.final(self._known, diagnosis, source)

    def _written(self, after: Known) -> None:
        """A step is on the disk: show how the case stands then."""
        workspace, now = self._workspace, self._known
        if workspace is None:
            return
        self._refresh_state(after.code)
        self.stepped.emit(after.code)
        if now is None or (now.code, now.version) != (after.code, after.version):
            return
        self._known = on_disk.with_reading(now, after)
        if after.revealed and not now.revealed:
            self._show_answer()
            if after.reading.own:
                self.section.decision.keep.setFocus()
            workspace.reader.ensure_visible(self.section)
        else:
            self._show_section()

    # Showing

    def _show_answer(self) -> None:
        """Everything of the workspace that shows an answer, then our own section."""
        workspace = self._workspace
        workspace.reader.opinion.set_sealed(self.ready and self.sealed)
        if self.sealed:
            workspace.board.forget_answer()
            workspace.stage.forget_answer()
        workspace.asking.show_answer()
        self._show_section()

    def _show_section(self) -> None:
        workspace, known = self._workspace, self._known
        if known is None:
            return
        opinion, answer = workspace.reader.opinion, workspace.answer
        opinion.set_sealed(self.ready and self.sealed)
        workspace.reader.run.set_asked(self.ready)
        if answer is None or not known.revealed:
            ready, these = self.ready and self.sealed, (known.code, known.version)
            if self._unread == these and not self.section.revealed:
                self.section.follow(known.reading, ready=ready)
            else:
                self.section.show_unread(known.reading, ready=ready)
            self._unread = these
            return
        self._unread = None
        opinion.show_results(known.what_ifs, answer.number)
        opinion.show_number(answer.what_if, answer.number)
        self.section.show_revealed(
            known.reading, answer.prediction, answer.prediction.answered_by or known.bundle
        )

    @property
    def _held(self) -> Answer | None:
        workspace = self._workspace
        return workspace.runs.held(workspace.place) if workspace is not None else None

    @property
    def _reads_first(self) -> bool:
        return self._workspace is None or self._workspace.preferences.settings.read_first

    @property
    def _bundle(self) -> str:
        return self._workspace.reader.run.bundle or self._workspace.preferences.settings.bundle

    def _settings(self) -> Settings:
        return self._workspace.preferences.settings.model_copy(update={"bundle": self._bundle})

    def _seals(self, place: int) -> bool:
        """Whether an answer may not leave :class:`.ModelRuns`; only the open case's is ever shown."""
        workspace = self._workspace
        if workspace is None:
            return True
        return self.sealed if place == workspace.place else self._reads_first

    def _refresh_state(self, code: str) -> None:
        place = self._workspace.case_list.place_of(code)
        if place >= 0:
            self._workspace.case_list.refresh_states(place)

    def _write(self, act: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do something in the writing thread; ``done`` comes only while the workspace is open."""
        self._workspace.writing.run(
            act, lambda result: done(result) if self._workspace is not None else None, self._failed
        )

    def _failed(self, error: RenalFusionError) -> None:
        if self._workspace is not None:
            self._workspace.reader.show_message(str(error))
