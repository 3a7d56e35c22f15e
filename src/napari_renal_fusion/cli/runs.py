"""``renal-fusion runs``: the trainings of this computer, their state and figures, and in what they differ."""

from __future__ import annotations

from pathlib import Path

from ..training import differing_fields, list_runs
from ..training.run_list import runs_dir
from .console import Talk


def run_runs(talk: Talk, root: Path | None) -> None:
    """List the runs in the folders below ``root``, the newest first."""
    runs = list_runs(root)
    differing = differing_fields(runs)
    listed = []
    for number, run in enumerate(runs):
        results = run.results
        figures = {} if results is None else dict(results.mean)
        values = {name: given[number] for name, given in differing.items()}
        listed.append(
            {"run": run.folder, "state": run.state, "made_on": run.info.made_on, "metrics": figures, **{"differs": values}}
        )  # fmt: skip
        shown = ", ".join(
            f"{name} {figures[name]:.3f}" for name in ("accuracy", "auc", "c_index") if name in figures
        )
        talk.say(f"{run.name}  {run.state}{f'  {shown}' if shown else ''}")
        talk.say(f"  {run.info.made_on[:16].replace('T', ' ')}, {run.info.patients} patients, {run.folder}")
        if values:
            talk.say("  " + ", ".join(f"{name} {value}" for name, value in values.items()))
    if not runs:
        talk.say(f"There are no runs in {root or runs_dir()}.")
    talk.result(listed)
