"""What can be done to outlines: each edit is a small record that can be written, read again and repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import RenalFusionError
from .outline import Kind, Outline, Part, Point

Outlines = tuple[Outline, ...]
"""The outlines of one image, in the order in which they were drawn."""


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Add(_Edit):
    """New outlines, at the end of the list; an import of many is one edit."""

    do: Literal["add"] = "add"
    outlines: tuple[Outline, ...] = Field(min_length=1)

    def apply(self, state: Outlines) -> Outlines:
        known = [one.id for one in (*state, *self.outlines)]
        if len(set(known)) < len(known):
            raise _refused("outline_known", "An outline of this identity is already there", "")
        return state + self.outlines


class Replace(_Edit):
    """Another shape for an outline: redrawn, painted at, moved."""

    do: Literal["replace"] = "replace"
    id: str
    parts: tuple[Part, ...]
    kind: Kind = "polygon"

    def apply(self, state: Outlines) -> Outlines:
        return _changed(state, self.id, lambda old: old.with_(parts=self.parts, kind=self.kind))


class MoveVertex(_Edit):
    """One point of one ring to another place; ``vertex`` counts from 0. A box becomes a polygon."""

    do: Literal["move_vertex"] = "move_vertex"
    id: str
    part: int = Field(default=0, ge=0)
    ring: int = Field(default=0, ge=0)
    vertex: int = Field(ge=0)
    to: Point

    def apply(self, state: Outlines) -> Outlines:
        return _changed(state, self.id, self._moved)

    def _moved(self, old: Outline) -> Outline:
        parts = [[list(ring) for ring in part] for part in old.parts]
        try:
            parts[self.part][self.ring][self.vertex] = self.to
        except IndexError:
            raise _refused("outline_point_missing", "The outline has no such point", "") from None
        return old.with_(parts=parts, kind="polygon" if old.kind == "box" else old.kind)


class Delete(_Edit):
    """Outlines taken away."""

    do: Literal["delete"] = "delete"
    ids: tuple[str, ...] = Field(min_length=1)

    def apply(self, state: Outlines) -> Outlines:
        for one in self.ids:
            _unlocked(state, one)
        return tuple(outline for outline in state if outline.id not in self.ids)


class Rename(_Edit):
    """Another name; "" takes it away."""

    do: Literal["rename"] = "rename"
    id: str
    name: str = Field(max_length=200)

    def apply(self, state: Outlines) -> Outlines:
        return _changed(state, self.id, lambda old: old.with_(name=self.name))


class Classify(_Edit):
    """Another class for one or several outlines; None takes it away."""

    do: Literal["classify"] = "classify"
    ids: tuple[str, ...] = Field(min_length=1)
    class_name: str | None = Field(max_length=200)

    def apply(self, state: Outlines) -> Outlines:
        for one in self.ids:
            state = _changed(state, one, lambda old: old.with_(class_name=self.class_name, colour=None))
        return state


class Lock(_Edit):
    """Lock or unlock: the only edit that a locked outline takes."""

    do: Literal["lock"] = "lock"
    ids: tuple[str, ...] = Field(min_length=1)
    locked: bool = True

    def apply(self, state: Outlines) -> Outlines:
        for one in self.ids:
            outline = find(state, one)
            state = _put(state, outline.with_(locked=self.locked))
        return state


class Exclude(_Edit):
    """Keep outlines from the model, or let them in again; what they look like stays."""

    do: Literal["exclude"] = "exclude"
    ids: tuple[str, ...] = Field(min_length=1)
    excluded: bool = True

    def apply(self, state: Outlines) -> Outlines:
        for one in self.ids:
            state = _changed(state, one, lambda old: old.with_(excluded=self.excluded))
        return state


class Together(_Edit):
    """Changes of several outlines that a person made by one gesture: one undo takes them back."""

    do: Literal["together"] = "together"
    edits: tuple[Replace | MoveVertex, ...] = Field(min_length=1)

    def apply(self, state: Outlines) -> Outlines:
        for one in self.edits:
            state = one.apply(state)
        return state


class Undo(_Edit):
    """The last edit that stands is taken back."""

    do: Literal["undo"] = "undo"


class Redo(_Edit):
    """The last edit that was taken back stands again."""

    do: Literal["redo"] = "redo"


Edit = Add | Replace | MoveVertex | Delete | Rename | Classify | Lock | Exclude | Together
Step = Edit | Undo | Redo
"""What one line of a journal says was done."""


class Past:
    """All states of one image's outlines; undo and redo walk along them. States share their outlines."""

    def __init__(self) -> None:
        self._states: list[Outlines] = [()]
        self._edits: list[Edit] = []
        self._at = 0

    @property
    def outlines(self) -> Outlines:
        return self._states[self._at]

    @property
    def undoable(self) -> Edit | None:
        """The edit that an undo would take back."""
        return self._edits[self._at - 1] if self._at else None

    @property
    def redoable(self) -> Edit | None:
        """The edit that a redo would bring back."""
        return self._edits[self._at] if self._at < len(self._edits) else None

    def after(self, step: Step) -> Callable[[], None]:
        """Check a step against the present state; the returned function makes it happen and cannot fail.

        Raises
        ------
        RenalFusionError
            ``outline_locked``, ``outline_missing``, ``outline_known``, ``outline_point_missing``,
            ``outline_invalid``, ``nothing_to_undo`` or ``nothing_to_redo``.
        """
        if isinstance(step, Undo):
            if self.undoable is None:
                raise _refused("nothing_to_undo", "There is nothing to undo", "")
            return lambda: self._walk(-1)
        if isinstance(step, Redo):
            if self.redoable is None:
                raise _refused("nothing_to_redo", "There is nothing to redo", "")
            return lambda: self._walk(1)
        state = self.applied(step)
        return lambda: self._add(step, state)

    def applied(self, edit: Edit) -> Outlines:
        """The outlines as they would be after an edit; raises as :meth:`after`."""
        try:
            return edit.apply(self.outlines)
        except ValueError as error:  # pydantic's: a ring that a moved point has made flat
            raise _refused("outline_invalid", "That would leave no outline", "Draw it again.") from error

    def _walk(self, by: int) -> None:
        self._at += by

    def _add(self, edit: Edit, state: Outlines) -> None:
        del self._states[self._at + 1 :], self._edits[self._at :]
        self._states.append(state)
        self._edits.append(edit)
        self._at += 1


def find(state: Outlines, one: str) -> Outline:
    """The outline of an identity; ``outline_missing`` if there is none."""
    for outline in state:
        if outline.id == one:
            return outline
    raise _refused("outline_missing", "There is no such outline any more", "")


def _unlocked(state: Outlines, one: str) -> Outline:
    outline = find(state, one)
    if outline.locked:
        name = f'The outline "{outline.name}"' if outline.name else "The outline"
        raise _refused("outline_locked", f"{name} is locked", "Unlock it first.")
    return outline


def _changed(state: Outlines, one: str, change: Callable[[Outline], Outline]) -> Outlines:
    return _put(state, change(_unlocked(state, one)))


def _put(state: Outlines, outline: Outline) -> Outlines:
    return tuple(outline if old.id == outline.id else old for old in state)


def _refused(code: str, problem: str, remedy: str) -> RenalFusionError:
    return RenalFusionError(code, problem, remedy=remedy)
