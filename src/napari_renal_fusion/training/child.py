"""The process of a run: ``python -m napari_renal_fusion.training.child RUN [--threads N]``.

Exit status 0 finished, 3 stopped, 1 failed. It starts or resumes; what it says stands in ``events.jsonl``.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from ..compute.progress import Cancelled

FINISHED, FAILED, STOPPED = 0, 1, 3


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="napari_renal_fusion.training.child")
    parser.add_argument("run", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args(arguments)
    from .execute import execute
    from .run import Run

    try:
        execute(Run.open(given.run), threads=given.threads)
    except Cancelled:
        return STOPPED
    except Exception:
        traceback.print_exc()
        return FAILED
    return FINISHED


if __name__ == "__main__":
    sys.exit(main())
