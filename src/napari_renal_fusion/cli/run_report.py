"""``renal-fusion run-report``: the figures of a training run as files."""

from __future__ import annotations

from pathlib import Path

from .console import Talk


def run_run_report(talk: Talk, folder: Path, out: Path) -> None:
    """Write everything about the run in ``folder`` into ``out`` and say its main figures."""
    from ..reports.run_report import finished_results, summary, write_run_report
    from ..training.run import Run

    run = Run.open(folder)
    results = finished_results(run)
    with talk.progress() as progress:
        written = write_run_report(run, out, progress=progress)
    for sentence in summary(results):
        talk.say(sentence)
    talk.say(f"Written: {out / 'report.html'}, with tables and figures beside it.")
    talk.result({"files": [str(path) for path in written], "mean": results.mean, "sd": results.sd})
