"""The outlines of one image of a case as a person edits them: undo, redo, and every edit on the disk at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ..cases import ImageItem, SlideItem
from ..cases.case_key import file_hash
from ..cases.sidecar import content_key
from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from ..notices import Notice
from .edits import Add, Edit, MoveVertex, Outlines, Past, Redo, Replace, Step, Together, Undo, find
from .journal import Journal, check_header, records
from .mending import mend
from .outline import Outline

_KEY = re.compile(r"(OM|IM|TEM|WSI)-[0-9]{1,6}")
_STEP: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="do")])


def journal_path(work: WorkFolder, code: str, key: str) -> Path:
    """Where the edits of an image lie: ``<work>/<code>/outlines/OM-1.jsonl``.

    Raises
    ------
    RenalFusionError
        ``image_key_invalid``, ``case_code_invalid``: the name of a file may hold nobody's name.
    """
    if not _KEY.fullmatch(key):
        raise RenalFusionError(
            "image_key_invalid",
            f"{key!r} is no image of a case",
            remedy="Images are called OM-1, IM-2, WSI-1.",
        )
    return work.case(code) / "outlines" / f"{key}.jsonl"


def content_of(item: ImageItem | SlideItem) -> str:
    """What a journal knows an image by besides its key: a hash of its file (of a slide, of its two ends).

    Slides of a case are counted, so that a second one may take the key of the first; its outlines are then refused.

    Raises
    ------
    RenalFusionError
        If the file cannot be read.
    """
    if isinstance(item, SlideItem):
        return content_key(item.path)
    return file_hash(item.path) if item.pixels is None else ""


def stored_outlines(path: Path, content: str = "") -> Outlines:
    """The outlines that a journal holds, without opening it for editing; none if there is no journal.

    Raises
    ------
    RenalFusionError
        ``journal_unreadable``, or ``journal_other`` if they were drawn on an image of other ``content``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RenalFusionError(
            "journal_unreadable", f"The journal {path} cannot be read ({error.strerror or error})", path=path,
            remedy="Check that you may read it.",
        ) from error  # fmt: skip
    past = Past()
    for record, _ in records(data):
        if "journal" in record:
            check_header(record, {"sha256": content} if content else {}, path)
        elif not _repeated(past, record["step"]):
            break
    return past.outlines


class Drawing:
    """Outlines of one image; a context manager. Nothing is written before the first edit.

    An edit is checked, written, and only then takes effect: whatever happens, what is shown is what will
    be there after a crash. Coordinates are pixels of the whole original (of a slide: of level 0).

    Attributes
    ----------
    notices
        What was lost or set aside when the journal was opened, for the person.
    """

    def __init__(
        self,
        path: Path | str,
        key: str = "",
        *,
        content: str = "",
        image_shape: tuple[int, int] | None = None,
    ):
        """Open the journal at ``path``. ``content`` (:func:`content_of`) tells images apart: outlines of
        another are refused.

        ``image_shape`` (rows, columns) lets shapes be cut at the image.

        Raises
        ------
        RenalFusionError
            Those of :class:`.journal.Journal`.
        """
        self._past = Past()
        self._shape = image_shape
        self._listeners: list[Callable[[], None]] = []
        header = {name: value for name, value in (("image", key), ("sha256", content)) if value}
        self._journal = Journal(Path(path), header, accepts=self._repeat)
        self.notices: tuple[Notice, ...] = self._journal.notices

    @classmethod
    def of_case(
        cls, code: str, key: str, *, work: WorkFolder | None = None, content: str = "",
        image_shape: tuple[int, int] | None = None,
    ) -> Drawing:  # fmt: skip
        """Open the outlines of image ``key`` ("OM-1", "WSI-1") of a sorted case."""
        path = journal_path(work or WorkFolder(), code, key)
        return cls(path, key, content=content, image_shape=image_shape)

    def __enter__(self) -> Drawing:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the journal; everything is written already."""
        self._journal.close()

    @property
    def outlines(self) -> Outlines:
        """As they are now, in the order in which they were drawn."""
        return self._past.outlines

    @property
    def undoable(self) -> Edit | None:
        """What an undo would take back, None for nothing."""
        return self._past.undoable

    @property
    def redoable(self) -> Edit | None:
        """What a redo would bring back, None for nothing."""
        return self._past.redoable

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every step."""
        self._listeners.append(listener)

    def draw(self, outlines: Outline | Sequence[Outline]) -> tuple[Notice, ...]:
        """Add new outlines as one edit; see :meth:`do`."""
        return self.do(Add(outlines=(outlines,) if isinstance(outlines, Outline) else tuple(outlines)))

    def do(self, edit: Edit) -> tuple[Notice, ...]:
        """Do one edit; a new shape is mended first (:func:`.mending.mend`). Returns what was mended.

        Raises
        ------
        RenalFusionError
            ``outline_locked``, ``outline_missing``, ``outline_known``, ``outline_point_missing``,
            ``outline_invalid``, ``outline_tiny``, ``outline_outside``, or that the journal cannot be
            written; nothing has changed then.
        """
        edit, notices = self._mended(edit)
        self._take(edit)
        return notices

    def undo(self) -> None:
        """Take the last edit back; ``nothing_to_undo``."""
        self._take(Undo())

    def redo(self) -> None:
        """Do the last edit again that was taken back; ``nothing_to_redo``."""
        self._take(Redo())

    def _mended(self, edit: Edit) -> tuple[Edit, tuple[Notice, ...]]:
        """The edit with the shape that is kept, so that a journal is repeated without mending again."""
        if isinstance(edit, Add):
            mended = [mend(one, self._shape) for one in edit.outlines]
            notices = tuple(notice for _, found in mended for notice in found)
            return Add(outlines=tuple(one for one, _ in mended)), notices
        if isinstance(edit, Replace | MoveVertex):
            drawn = find(self._past.applied(edit), edit.id)
            kept, notices = mend(drawn, self._shape)
            return (Replace(id=kept.id, parts=kept.parts, kind=kept.kind), notices) if notices else (edit, ())
        if isinstance(edit, Together):
            each = [self._mended(one) for one in edit.edits]
            return Together(edits=tuple(one for one, _ in each)), tuple(n for _, found in each for n in found)
        return edit, ()

    def _take(self, step: Step) -> None:
        happen = self._past.after(step)
        self._journal.append(step.model_dump(mode="json"))
        happen()
        for listener in self._listeners:
            listener()

    def _repeat(self, record: dict) -> bool:
        return _repeated(self._past, record)


def _repeated(past: Past, record: dict) -> bool:
    """Do a step of a journal again; False if it cannot be."""
    try:
        past.after(_STEP.validate_python(record))()
    except (ValidationError, RenalFusionError):
        return False
    return True
