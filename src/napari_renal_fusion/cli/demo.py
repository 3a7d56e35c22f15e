"""``renal-fusion demo``: the main job on the synthetic sample patient."""

from __future__ import annotations

from pathlib import Path

from ..compute.places import cache_dir
from ..errors import RenalFusionError
from .console import Talk, complain
from .predict import answer_case, summary
from .window import has_display, open_window


def run_demo(talk: Talk, out: Path, *, window: bool, device: str) -> None:
    """Render the sample patient if needed, predict, explain, write everything, and open the window."""
    from ..cases import Case
    from ..phantoms import sample_patient

    with talk.progress() as progress:
        with progress.part(0.0, 0.5):
            folder = sample_patient(cache_dir(), progress=progress.update)
        case = Case.from_folder(folder)
        with progress.part(0.5, 1.0):
            prediction, files = answer_case(case, "demo", out, device=device, progress=progress)
    talk.say(summary(case, prediction))
    talk.say(
        f"Written to {out}: {', '.join(str(one.relative_to(out)) for one in files if one.parent == out)} and overlays."
    )
    talk.result({"out": out, "status": prediction.status, "files": files})
    if not window:
        return
    if not has_display():
        talk.say(
            "There is no display here, so no window is opened; with one, this command opens the workspace."
        )
        return
    try:
        open_window(folder)
    except RenalFusionError as error:  # the files are there; a machine without Qt is no reason to fail
        complain(str(error))
