"""The one exception that reaches a person: what is wrong, with which file, and what to do."""

from __future__ import annotations

from pathlib import Path


class RenalFusionError(Exception):
    """A problem a person can act on; never a programming mistake.

    Parameters
    ----------
    code
        Short, stable, machine-readable name in snake case, for example ``image_truncated``.
    problem
        One clause that names the file or value: what is wrong.
    path
        The file or folder concerned, if there is one.
    remedy
        One sentence that says what to do.

    ``str(error)`` is the text shown in a dock or on the command line, on one line.
    """

    def __init__(self, code: str, problem: str, *, path: Path | str | None = None, remedy: str = ""):
        self.code = code
        self.problem = problem
        self.path = None if path is None else Path(path)
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        first = self.problem if self.problem.endswith((".", "?", "!")) else f"{self.problem}."
        return f"{first} {self.remedy}".strip()

    def __reduce__(self):
        return _rebuild, (type(self), self.code, self.problem, self.path, self.remedy)


def _rebuild(kind, code, problem, path, remedy):
    return kind(code, problem, path=path, remedy=remedy)
