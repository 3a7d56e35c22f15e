"""``renal-fusion train``: a cohort or phantoms in, a bundle out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..cases import Cohort
from ..cases.folders import open_cases
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..training import TrainingConfig
from .console import Talk, complain


def run_train(
    talk: Talk,
    cohort_path: Path | None,
    out: Path,
    *,
    phantoms: int,
    preset_name: str,
    seed: int,
    epochs: int,
    threads: int,
) -> None:
    """Train and say where the bundle is."""
    import torch

    from ..training import PRESETS, preset, train
    from ..training.patients import class_names

    if (cohort_path is None) == (phantoms == 0):
        raise RenalFusionError(
            "train_needs_cohort",
            "Training needs either a cohort or --phantoms N",
            remedy="Give a folder of cases, a cohort.csv, or for example --phantoms 240.",
        )
    if preset_name not in PRESETS:
        raise RenalFusionError(
            "preset_unknown",
            f"There is no preset called {preset_name!r}",
            remedy=f"Choose {' or '.join(PRESETS)}.",
        )
    if threads:
        torch.set_num_threads(threads)
    with talk.progress() as progress:
        with progress.part(0.0, 0.3 if phantoms else 0.0):
            cohort = (
                _phantoms(out / "phantoms", phantoms, seed, progress) if phantoms else open_cases(cohort_path)
            )
        for problem in (one for one in cohort.problems if one.severity == "warning"):
            complain(f"warning: {problem.message}")
        config = preset(preset_name, seed=seed, **({"epochs": epochs} if epochs else {}))
        network = config.network.model_copy(update={"n_classes": len(class_names(cohort))})
        config = config.model_copy(update={"network": network})
        with progress.part(0.3 if phantoms else 0.0, 1.0):
            bundle = train(cohort, config, out, command=_command(phantoms, config), progress=progress)
    figures = ", ".join(f"{name} {value:.3f}" for name, value in bundle.metrics.items())
    talk.say(f"Bundle written to {out / 'bundle'} ({figures} on {bundle.metrics_measured_on}).")
    talk.result({"bundle": out / "bundle", "metrics": bundle.metrics})


def _phantoms(folder: Path, count: int, seed: int, progress: Progress) -> Cohort:
    """Draw phantoms at a reduced size; at 224x224 they look like full-size ones (phantoms are size-independent)."""
    from ..phantoms import write_cohort

    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run, perhaps of another seed
    return Cohort.from_csv(
        write_cohort(
            folder, count, seed, difficulty=0.2, om_size=(768, 512), im_size=(640, 480), tem_size=(512, 512),
            antibodies=("IgA", "IgG", "C3"), n_tem=(5, 12), workers=os.cpu_count() or 1, progress=progress.update,
        )
    )  # fmt: skip


def _command(phantoms: int, config: TrainingConfig) -> str:
    """The command as a model card shows it: without paths, which may be names of people."""
    what = f"--phantoms {phantoms}" if phantoms else "COHORT"
    return f"renal-fusion train {what} --preset {config.preset} --seed {config.seed} --epochs {config.epochs} --out RUN"
