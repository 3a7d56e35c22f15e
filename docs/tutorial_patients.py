"""Draw the patients of the tutorial: 60 synthetic biopsies, of which 48 train and 12 are kept for later.

::

    python docs/tutorial_patients.py patients

writes tables of the kind that a laboratory writes about its own images: ``training.csv``, ``own.csv``, and
``faulty.csv``, the first one with four faults for the check to find. The images are small, because a network sees
224 x 224 pixels of them; nothing of them is real.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

TRAINING, OWN, FAULTY = "training.csv", "own.csv", "faulty.csv"
_PATIENTS, _KEPT, _SEED = 60, 12, 3
_SIZES = {"om_size": (768, 512), "im_size": (640, 480), "tem_size": (512, 512)}


def main() -> None:
    """Draw into the folder that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet")
    folder = draw_patients(parser.parse_args().folder)
    print(f"Written into {folder}: {TRAINING}, {OWN} and {FAULTY}")


def draw_patients(folder: Path) -> Path:
    """Draw the patients into ``folder``, if they are not there, and return it."""
    from napari_renal_fusion.phantoms import write_cohort

    if (folder / FAULTY).is_file():
        return folder
    table = write_cohort(
        folder, _PATIENTS, _SEED, difficulty=0.5, antibodies=("IgA", "IgG", "C3"), n_tem=(5, 12),
        workers=os.cpu_count() or 1, progress=lambda _, message: print(message, end="\r", flush=True), **_SIZES,
    )  # fmt: skip
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    table.unlink()  # others take its place, so that nobody trains on all patients
    kept = set(sorted({row["patient_id"] for row in rows})[-_KEPT:])
    training = [row for row in rows if row["patient_id"] not in kept]
    _write(folder / TRAINING, training)
    _write(folder / OWN, [row for row in rows if row["patient_id"] in kept])
    _write(folder / FAULTY, _with_faults(training))
    return folder


def _with_faults(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each disease from a scanner of its own, an image in two patients, a misspelled label, one after a model."""
    scanners = {
        name: f"Scanner {letter}"
        for letter, name in zip("ABC", sorted({row["label"] for row in rows}), strict=True)
    }
    faulty = []
    for row in rows:
        row = row | {"scanner": scanners[row["label"]], "label_source": "board"}
        if row["path"] == "P002/OM/PASM.ome.tif":
            row["path"] = "P001/OM/PASM.ome.tif"
        if row["patient_id"] == "P003":
            row["label"] = row["label"].replace("nephr", "neprh")
        if row["patient_id"] == "P010":
            row["label_source"] = "after model"
        faulty.append(row)
    return faulty


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
