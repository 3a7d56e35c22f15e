"""What the command line has in common: progress bar, JSON output, one-sentence errors, clean Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..compute.progress import Progress, Step
from ..errors import RenalFusionError

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass
class Talk:
    """How one command speaks: sentences for people, or one JSON document for programs."""

    as_json: bool = False

    def say(self, text: str = "") -> None:
        """Print a line for people; silent when JSON was asked for."""
        if not self.as_json:
            _out.print(text, markup=False)

    def table(self, rows: list[list[str]], left: int = 0) -> None:
        """Print a table for people: the first row is its header, column ``left`` stands at the left."""
        if self.as_json:
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for place, title in enumerate(rows[0]):
            side = "left" if place == left else "center" if place < left else "right"
            table.add_column(title, justify=side, no_wrap=True)
        for row in rows[1:]:
            table.add_row(*row)
        # Wide on purpose: a narrow terminal breaks the lines, but a cell that was cut would be lost, in a pipe too.
        Console(width=max(_out.width, 200), highlight=False).print(table)

    def result(self, data: Any) -> None:
        """Print the result as JSON, if that was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, indent=1, default=str) + "\n")

    @contextlib.contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on the error stream, shown on a terminal only."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Bar(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
            task = bar.add_task("", total=1.0)

            def show(step: Step) -> None:
                bar.update(task, completed=step.fraction, description=step.message)

            yield Progress(show)


def as_renal_error(error: Exception) -> RenalFusionError:
    """Any error as one sentence; what is not ours is named as unexpected."""
    if isinstance(error, RenalFusionError):
        return error
    first = (str(error) or type(error).__name__).splitlines()[0]
    return RenalFusionError(
        "unexpected_error", f"Something unexpected went wrong: {type(error).__name__}: {first}",
        remedy="Run again with --debug and report the traceback.",
    )  # fmt: skip


def complain(text: str) -> None:
    """Print a warning or an error on the error stream."""
    _err.print(text, markup=False)
