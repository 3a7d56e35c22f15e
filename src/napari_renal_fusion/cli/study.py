"""``renal-fusion study``: comparisons on the same folds, with their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import RenalFusionError
from .cohorts import cohort_or_phantoms
from .console import Talk
from .train import chosen_config


def run_study_command(
    talk: Talk,
    name: str,
    cohort_path: Path | None,
    out: Path,
    *,
    phantoms: int,
    difficulty: float,
    staging: bool,
    preset_name: str,
    changes: Mapping[str, Any],
    settings: Sequence[str],
    weights: tuple[str, ...],
    folds_from: Path | None,
) -> None:
    """Run a study, or go on with it, print its table and write it."""
    from ..studies import STUDIES, encoders, run_study, write_tables
    from ..studies.runner import require_folds
    from ..studies.table import cells, note
    from ..training import Folds

    if name == "encoders" and len(weights) < 2:
        raise RenalFusionError(
            "study_needs_weights",
            "The study of encoders compares at least two weights",
            remedy="Give --encoder-weights twice: random, a bundle, or a .safetensors file.",
        )
    if name != "encoders" and name not in STUDIES:
        raise RenalFusionError(
            "study_unknown",
            f"There is no study called {name}",
            remedy=f"Choose {', '.join(STUDIES)}, encoders or missing-modalities.",
        )
    study = encoders(weights) if name == "encoders" else STUDIES[name]()
    if name != "encoders" and weights:
        changes = {**changes, "encoder_weights": weights[0]}
    config = chosen_config(preset_name, changes, settings, ())
    require_folds(config)  # before anything is drawn
    given = f"--phantoms {phantoms} --difficulty {difficulty:g}" if phantoms else "COHORT"
    staged = " --staging" if staging else ""
    command = (
        f"renal-fusion study {name} {given}{staged} --preset {preset_name} --seed {config.seed} --out STUDY"
    )
    share = 0.2 if phantoms else 0.0
    with talk.progress() as progress:
        with progress.part(0.0, share):
            cohort = cohort_or_phantoms(
                cohort_path, phantoms, out / "phantoms", seed=config.seed, difficulty=difficulty,
                staging=staging, whole_panel=study.whole_panel, progress=progress,
            )  # fmt: skip
        with progress.part(share, 1.0):
            folds = Folds.load(folds_from) if folds_from else None
            table = run_study(cohort, study, config, out, command=command, folds=folds, progress=progress)
    files = write_tables(table, out)
    rows = cells(table)
    talk.table(rows, left=len(study.columns))
    talk.say(note(table))
    talk.say(f"Written to {out}: {', '.join(one.name for one in files)}.")
    talk.result({"out": out, "rows": rows})
