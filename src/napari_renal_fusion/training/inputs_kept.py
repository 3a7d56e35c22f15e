"""What the networks of a run were given, in digests: a run that is resumed must see the same pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..compute.atomic import write_text
from ..errors import RenalFusionError

if TYPE_CHECKING:
    from .patients import TrainingCase

INPUTS = "inputs.json"


def refuse_other_inputs(folder: Path, cases: Iterable[TrainingCase], *, write: bool = True) -> None:
    """Write ``inputs.json`` of the run in ``folder`` at its first preparation; compare at every later one.

    It holds one SHA-256 for each case, over the ``input_sha256`` of its pictures, sorted by case. A picture
    that was replaced while the run was stopped would mix two cohorts in one model, and nobody would see it.
    Only one process of several may ``write``.

    Raises
    ------
    RenalFusionError
        ``cohort_changed`` naming the first cases that differ, ``run_unreadable``, or why it cannot be written.
    """
    now = {one.case_id: _digest(one) for one in sorted(cases, key=lambda one: one.case_id)}
    path = folder / INPUTS
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if write:
            write_text(path, json.dumps(now, indent=1, ensure_ascii=False))
        return
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict):
        raise RenalFusionError(
            "run_unreadable",
            f"{INPUTS} of the run {folder.name} cannot be read",
            path=path,
            remedy="It was edited or damaged; start a new run.",
        )
    differing = sorted(one for one in {*before, *now} if before.get(one) != now.get(one))
    if differing:
        more = f" and {len(differing) - 10} more" if len(differing) > 10 else ""
        raise RenalFusionError(
            "cohort_changed",
            f"Images of the run are no longer those it began with: {', '.join(differing[:10])}{more}",
            path=folder,
            remedy="Put the old images back, then resume; or start a new run.",
        )


def _digest(case: TrainingCase) -> str:
    content = [
        [modality.value, [one.input_sha256 for one in images]]
        for modality, images in sorted(case.pictures.items(), key=lambda item: item[0].value)
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
