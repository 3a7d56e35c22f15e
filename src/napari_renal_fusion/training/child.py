"""The process of a run: ``python -m napari_renal_fusion.training.child RUN [--threads N]``.

Exit status 0 finished, 3 stopped, 1 failed. It starts or resumes; what it says stands in ``events.jsonl``.
"""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from pathlib import Path

from ..compute.priority import give_way
from ..compute.progress import Cancelled
from ..inputs.nameless import Nameless

FINISHED, FAILED, STOPPED = 0, 1, 3


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="napari_renal_fusion.training.child")
    parser.add_argument("run", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args(arguments)
    from .execute import execute
    from .run import Run

    names = Nameless()
    try:
        run = Run.open(given.run)
        names = run.names
        _log_without_names(names)
        execute(run, threads=given.threads)
    except Cancelled:
        return STOPPED
    except Exception:
        print(names.text(traceback.format_exc()), file=sys.stderr)
        return FAILED
    return FINISHED


def _log_without_names(names: Nameless) -> None:
    """Libraries name files in their warnings, and ``child.log`` keeps what they say."""

    class Clean(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return names.text(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Clean("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


if __name__ == "__main__":
    give_way()
    sys.exit(main())
