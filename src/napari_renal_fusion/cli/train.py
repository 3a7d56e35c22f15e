"""``renal-fusion train``: a cohort or phantoms in, a bundle out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..cases import Cohort
from ..cases.folders import open_cases
from ..compute.progress import Progress
from ..errors import RenalFusionError
from .console import Talk


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
    config = preset(preset_name, seed=seed, **({"epochs": epochs} if epochs else {}))
    with talk.progress() as progress:
        with progress.part(0.0, 0.3 if phantoms else 0.0):
            cohort = (
                _phantoms(out / "phantoms", phantoms, seed, progress) if phantoms else open_cases(cohort_path)
            )
        with progress.part(0.3 if phantoms else 0.0, 1.0):
            bundle = train(cohort, config, out, command=_command(), progress=progress)
    figures = ", ".join(f"{name} {value:.3f}" for name, value in bundle.metrics.items())
    talk.say(f"Bundle written to {out / 'bundle'} ({figures} on {bundle.metrics_measured_on}).")
    talk.result({"bundle": out / "bundle", "metrics": bundle.metrics})


def _phantoms(folder: Path, count: int, seed: int, progress: Progress) -> Cohort:
    """Draw phantoms at a reduced size; at 224x224 they look like full-size ones (phantoms are size-independent)."""
    from ..phantoms import write_cohort

    table = folder / "cohort.csv"
    if not table.is_file():
        write_cohort(
            folder, count, seed, difficulty=0.2, om_size=(768, 512), im_size=(640, 480), tem_size=(512, 512),
            antibodies=("IgA", "IgG", "C3"), n_tem=(5, 12), workers=os.cpu_count() or 1, progress=progress.update,
        )  # fmt: skip
    return Cohort.from_csv(table)


def _command() -> str:
    return " ".join(["renal-fusion", *sys.argv[1:]])
