"""The process that checks cohorts and prepares runs beside napari: ``python -m ….training.prepare_child``.

It imports neither Qt nor napari. A training itself is again a process of its own, which lives on when
this one and napari end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ...compute.progress import Progress
from ..json_lines import Handler, Server, claim_standard_output


class PrepareWork:
    """What the child can do; every method takes plain JSON and gives plain JSON."""

    def handlers(self) -> dict[str, Handler]:
        return {"check": self.check, "start": self.start, "resume": self.resume, "beside": self.beside}

    def check(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``cohort`` (folder or table), ``config``: the report of the cohort's check."""
        from ...cases.folders import open_cases
        from ...training.check import check_cohort
        from ...training.config import TrainingConfig

        progress.update(0.0, "Reading the cohort")
        cohort = open_cases(Path(params["cohort"]))
        config = TrainingConfig.model_validate(params["config"])
        report = check_cohort(cohort, config, progress=progress)
        return {"report": report.model_dump(mode="json")}

    def start(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``cohort``, ``config``, ``folder``: check, draw folds, write the run and start its process."""
        from ...cases.anonymous import with_codes
        from ...cases.folders import open_cases
        from ...training.config import TrainingConfig
        from ...training.run import Run

        progress.update(0.0, "Reading the cohort")
        path = Path(params["cohort"])
        cohort = with_codes(open_cases(path), path)
        config = TrainingConfig.model_validate(params["config"])
        run = Run.create(cohort, config, Path(params["folder"]), command="napari", progress=progress)
        return {"folder": str(run.folder), "pid": run.launch()}

    def resume(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``folder``: start the process of a run that was stopped or interrupted again."""
        from ...training.run import Run

        run = Run.open(Path(params["folder"]))
        return {"folder": str(run.folder), "pid": run.launch()}

    def beside(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``folder`` of a run, ``bundle``, ``device``, ``threads``: what that bundle says about the run's cases."""
        from ...training.ask_beside import ask_beside
        from ...training.run import Run

        run = Run.open(Path(params["folder"]))
        beside = ask_beside(
            run, params["bundle"], progress, device=params["device"], threads=params["threads"]
        )
        return {"beside": beside.model_dump(mode="json")}


def main() -> None:
    answers = claim_standard_output()
    Server(PrepareWork().handlers(), sys.stdin.buffer, answers).serve()


if __name__ == "__main__":
    main()
