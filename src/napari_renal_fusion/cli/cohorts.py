"""Cohorts that a command is given: a folder, a table, or phantoms drawn for the occasion."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

from ..cases import Cohort
from ..cases.anonymous import with_codes
from ..cases.folders import open_cases
from ..compute.progress import Progress
from ..errors import RenalFusionError

# At the network's 224 x 224 reduced phantoms look like full-size ones, and are drawn eight times as fast.
_SIZES = {"om_size": (768, 512), "im_size": (640, 480), "tem_size": (512, 512)}
_ANTIBODIES = ("IgA", "IgG", "C3")
_WHOLE_PANEL = {
    "om_stains": ("PASM", "HE"),
    "antibodies": ("IgA", "IgG", "IgM", "C3", "C1q", "kappa", "lambda", "fibrinogen"),
}


def cohort_or_phantoms(
    path: Path | None,
    phantoms: int,
    folder: Path,
    *,
    seed: int,
    difficulty: float,
    staging: bool = False,
    whole_panel: bool = False,
    progress: Progress,
) -> Cohort:
    """The cohort at ``path``, or ``phantoms`` patients drawn into ``folder`` (kept if they are there already).

    With ``staging`` the phantoms all have membranous nephropathy and their stage is the label. With
    ``whole_panel`` they have two stains and eight antibodies, negative ones too.

    Raises
    ------
    RenalFusionError
        ``train_needs_cohort`` unless exactly one of the two is given.
    """
    if (path is None) == (phantoms == 0):
        raise RenalFusionError(
            "train_needs_cohort",
            "This needs either a cohort or --phantoms N",
            remedy="Give a folder of cases, a cohort.csv, or for example --phantoms 240.",
        )
    if path is not None:
        return with_codes(open_cases(path), path)
    drawn = phantom_cohort(
        folder, phantoms, seed, difficulty=difficulty, staging=staging, whole_panel=whole_panel, progress=progress
    )  # fmt: skip
    return Cohort.from_csv(drawn)


def phantom_cohort(
    folder: Path,
    count: int,
    seed: int,
    *,
    difficulty: float,
    staging: bool = False,
    whole_panel: bool = False,
    progress: Progress,
) -> Path:
    """Draw ``count`` phantoms at a reduced size and return their ``cohort.csv``.

    The folder's ``drawn.txt`` says what was drawn, so that an interrupted command does not draw them again.
    """
    from ..phantoms import Disease, write_cohort

    panel = ", whole panel" if whole_panel else ""
    what = "stages" if staging else "diseases"
    drawn = f"{count} phantoms, seed {seed}, difficulty {difficulty:g}, {what}{panel}\n"
    note, table = folder / "drawn.txt", folder / "cohort.csv"
    if table.is_file() and note.is_file() and note.read_text(encoding="utf-8") == drawn:
        return table
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run, perhaps of another seed
    only = {"diseases": (Disease.MEMBRANOUS_NEPHROPATHY,)} if staging else {}
    images = _WHOLE_PANEL if whole_panel else {"antibodies": _ANTIBODIES}
    write_cohort(
        folder, count, seed, difficulty=difficulty, n_tem=(5, 12), workers=os.cpu_count() or 1,
        progress=progress.update, **images, **_SIZES, **only,
    )  # fmt: skip
    if staging:
        _label_by_stage(table)
    note.write_text(drawn, encoding="utf-8")
    return table


def _label_by_stage(table: Path) -> None:
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"label": f"stage {'I' * int(row['stage'])}"} for row in rows)
