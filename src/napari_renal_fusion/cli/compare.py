"""``renal-fusion compare``: a run's model and one that is in use, about the same patients."""

from __future__ import annotations

from pathlib import Path

from ..training.run import Run
from .console import Talk, complain


def run_compare(talk: Talk, folder: Path, bundle: str, *, device: str, threads: int) -> None:
    """Ask the bundle about the run's cases, keep that in the run's folder, and say which one is right more often."""
    from ..training.ask_beside import ask_beside

    run = Run.open(folder)
    with talk.progress() as progress:
        beside = ask_beside(run, bundle, progress, device=device, threads=threads)
    talk.table(beside.table("This run"))
    talk.say()
    for sentence in beside.sentences:
        talk.say(sentence)
    for notice in beside.left_out:
        complain(f"left out: {notice.message}")
    talk.result(
        beside.model_dump(mode="json")
        | {"only_new": beside.only_new, "only_used": beside.only_used, "p_value": beside.p_value}
    )
