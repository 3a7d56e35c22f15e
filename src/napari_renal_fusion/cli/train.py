"""``renal-fusion train`` and ``resume``: the run works in a process of its own, this one follows it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..cases import Cohort, Modality
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..training import PRESETS, Folds, Run, TrainingConfig, preset
from .cohorts import cohort_or_phantoms
from .console import Talk, complain

_LOOK_S = 0.3


def run_train(
    talk: Talk,
    cohort_path: Path | None,
    out: Path | None,
    *,
    phantoms: int,
    difficulty: float,
    preset_name: str,
    changes: Mapping[str, Any],
    settings: Sequence[str],
    subsets: Sequence[str],
    folds_from: Path | None,
    threads: int,
) -> None:
    """Make a run, or go on with the same one in ``out``, and follow it to its end."""
    from ..training.creation import create_or_open
    from ..training.run_list import new_folder

    config = chosen_config(preset_name or ("demo" if phantoms else "small"), changes, settings, subsets)
    out = out or new_folder(config.name)
    with talk.progress() as progress:
        with progress.part(0.0, 0.2 if phantoms else 0.0):
            cohort = cohort_or_phantoms(
                cohort_path, phantoms, out / "phantoms", seed=config.seed, difficulty=difficulty,
                whole_panel=config.network.whole_panel, progress=progress,
            )  # fmt: skip
        with progress.part(0.2 if phantoms else 0.0, 0.3 if phantoms else 0.1):
            _say_warnings(cohort)
            folds = Folds.load(folds_from) if folds_from else None
            command = _command(phantoms, config)
            run = create_or_open(cohort, config, out, command, folds, progress)
    for finding in run.check.warnings:
        complain(f"warning: {finding.message}")
    _work(talk, run, threads)


def run_resume(talk: Talk, folder: Path, threads: int) -> None:
    """Go on with a run that was stopped, interrupted or failed."""
    _work(talk, Run.open(folder), threads)


def chosen_config(
    name: str, changes: Mapping[str, Any], settings: Sequence[str], subsets: Sequence[str]
) -> TrainingConfig:
    """A preset with options, and with ``key=value`` settings whose names may have dots (``network.dropout``).

    Raises
    ------
    RenalFusionError
        ``preset_unknown``, or ``config_invalid`` with the field and what is wrong with its value.
    """
    if name not in PRESETS:
        raise RenalFusionError(
            "preset_unknown",
            f"There is no preset called {name!r}",
            remedy=f"Choose {' or '.join(PRESETS)}.",
        )
    values = preset(name).model_dump(mode="json")
    values |= changes
    if subsets:
        values["subsets"] = [_subset(one) for one in subsets]
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise _invalid(f"--set {setting} has no =")
        _put(values, key.strip(), text.strip())
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise _invalid(f"{where}: {reason}" if where else reason) from error


def follow(run: Run, progress: Progress, start: int = 0) -> None:
    """Show a running run's progress until its process ends."""
    while True:
        running = run.state == "running"
        events, start = run.events(start)
        for event in events:
            if event["event"] == "progress":
                progress.update(event["fraction"], event["message"])
        if not running:
            return
        time.sleep(_LOOK_S)


def _work(talk: Talk, run: Run, threads: int) -> None:
    if run.state != "finished":
        _, start = run.events()
        if run.state != "running":
            run.launch(threads or None)
        try:
            with talk.progress() as progress:
                follow(run, progress, start)
        except KeyboardInterrupt:
            run.request_stop()
            complain(f"Stopping after the current step. To go on: renal-fusion resume {run.folder}")
            while run.state == "running":
                time.sleep(_LOOK_S)
            raise
    _say_end(talk, run)


def _say_end(talk: Talk, run: Run) -> None:
    state = run.state
    if state == "failed":
        events, _ = run.events()
        raise RenalFusionError(
            events[-1]["code"], events[-1]["message"], path=run.folder,
            remedy=f"Then go on with: renal-fusion resume {run.folder}",
        )  # fmt: skip
    if state != "finished":
        said = (
            "was stopped"
            if state == "stopped"
            else "ended without a word (was it killed, or the memory full?)"
        )
        raise RenalFusionError(
            f"run_{state}", f"The run {run.name} {said}", path=run.folder,
            remedy=f"Go on with: renal-fusion resume {run.folder}",
        )  # fmt: skip
    results = run.results
    several = len(results.folds) > 1
    figures = ", ".join(
        f"{name} {results.mean[name]:.3f}" + (f" ± {results.sd[name]:.3f}" if several else "")
        for name in ("accuracy", "auc", "f1", "c_index", "cox_c_index")
        if name in results.mean
    )
    for note in results.notes:
        talk.say(note)
    if run.bundle:
        talk.say(f"Bundle written to {run.bundle} ({figures}).")
    else:
        talk.say(f"{run.folder}: {figures}.")
    talk.result(
        {
            "run": run.folder,
            "bundle": run.bundle,
            "bundles": run.bundles,
            "metrics": results.mean,
            "sd": results.sd,
            "notes": results.notes,
        }
    )


def _say_warnings(cohort: Cohort) -> None:
    for problem in (one for one in cohort.problems if one.severity == "warning"):
        complain(f"warning: {problem.message}")


def _subset(text: str) -> list[str]:
    names = [one.strip().upper() for one in text.replace("-", "+").split("+")]
    unknown = [one for one in names if one not in Modality.__members__]
    if unknown:
        raise _invalid(f"--subset {text} names {', '.join(unknown)}, which is not OM, IM or TEM")
    return names


def _put(values: dict[str, Any], key: str, text: str) -> None:
    *path, last = key.split(".")
    for name in path:
        if not isinstance(values.get(name), dict):
            raise _invalid(f"{key}: there is no such field")
        values = values[name]
    try:
        values[last] = json.loads(text)
    except ValueError:
        values[last] = text


def _invalid(problem: str) -> RenalFusionError:
    return RenalFusionError(
        "config_invalid",
        problem,
        remedy="`renal-fusion train --help` names the options; config.json of a run names every field.",
    )


def _command(phantoms: int, config: TrainingConfig) -> str:
    """The command as a model card shows it: without paths, which may be names of people."""
    what = f"--phantoms {phantoms}" if phantoms else "COHORT"
    return (
        f"renal-fusion train {what} --preset {config.preset} --seed {config.seed} --epochs {config.epochs} "
        f"--folds {config.folds} --out RUN"
    )
