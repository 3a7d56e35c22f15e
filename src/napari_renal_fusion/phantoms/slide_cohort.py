"""Synthetic patients with one slide each, a class or a survival time that the planted regions decide, and some genes."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .fields import Seeds
from .slide import write_slide
from .slide_spec import SlideSpec, random_slide_spec
from .write import COLUMNS, ProgressCallback, _mapper, _whole

GENES = 8
"""Columns ``GENE1_rnaseq`` to ``GENE8_rnaseq`` of ``clinical.csv``; the first two follow the hazard, the rest is noise."""
_MONTHS = 30.0
_EFFECT, _HALF = 4.0, 0.1  # greatest log hazard, and the burden at which half of it is reached


def write_slide_cohort(
    folder: Path | str,
    n: int,
    seed: int,
    *,
    task: Literal["class", "survival"] = "class",
    classes: tuple[str, ...] = ("infiltrate", "scar"),
    progress: ProgressCallback | None = None,
    workers: int = 1,
    **fields: Any,
) -> Path:
    """Write ``n`` patients of `random_slide_spec` and return the path of ``cohort.csv`` (one row a slide).

    Each patient has ``P001/WSI/P001.tiff``; the truth of all lies in ``truth/``. ``clinical.csv`` has a row a
    patient: ``patient_id``, ``survival_months``, ``censorship`` (1 = censored), ``burden`` (share of the tissue that
    infiltrates cover: the truth, not to be learnt from) and the genes. With task ``survival`` the cohort has no
    labels; times are exponential with a log hazard that grows with the burden, about a third is censored.
    ``fields`` are further fields of `SlideSpec`, such as ``size`` or ``stain``.

    Raises
    ------
    RenalFusionError
        ``folder_not_empty`` when ``folder`` holds something already.
    """
    with _whole(Path(folder)) as draft:
        specs = [random_slide_spec(seed, i, task=task, classes=classes, **fields) for i in range(n)]
        rows, clinical = [], []
        with _mapper(workers) as mapped:
            for index, burden in enumerate(mapped(partial(_write_patient, draft), range(n), specs)):
                rows.append(_row(specs[index], index, labelled=task == "class"))
                clinical.append(_clinical(seed, index, burden))
                if progress is not None:
                    progress((index + 1) / n, f"Drawing slides: {index + 1} of {n}")
        _write_table(draft / "cohort.csv", rows)
        _write_table(draft / "clinical.csv", clinical)
    return Path(folder) / "cohort.csv"


def _write_patient(draft: Path, index: int, spec: SlideSpec) -> float:
    name = f"P{index + 1:03d}"
    (draft / name / "WSI").mkdir(parents=True)
    return write_slide(spec, draft / name / "WSI" / f"{name}.tiff", truth=draft / "truth").burden


def _row(spec: SlideSpec, index: int, *, labelled: bool) -> dict[str, object]:
    name = f"P{index + 1:03d}"
    row: dict[str, object] = dict.fromkeys(COLUMNS, "")
    row |= {
        "patient_id": name,
        "case_id": f"{name}-B1",
        "modality": "WSI",
        "path": f"{name}/WSI/{name}.tiff",
        "stain": spec.stain,
        "label": spec.label if labelled else "",
    }
    return row


def _clinical(seed: int, index: int, burden: float) -> dict[str, object]:
    rng = Seeds(seed, 80).rng("patient", index)
    effect = _EFFECT * burden / (burden + _HALF)
    time = rng.exponential(_MONTHS * float(np.exp(-effect + 1.0)))
    until = rng.exponential(3 * _MONTHS)
    genes = rng.normal(0, 1, GENES)
    genes[:2] += effect - 1.5
    return {
        "patient_id": f"P{index + 1:03d}",
        "survival_months": f"{max(0.1, min(time, until)):.2f}",
        "censorship": int(until < time),
        "burden": f"{burden:.4f}",
        **{f"GENE{number + 1}_rnaseq": f"{value:.4f}" for number, value in enumerate(genes)},
    }


def _write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
