"""Cohorts of small textured pictures on disk, clean or spoilt on purpose."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

CLASSES = ("IgA nephropathy", "membranous nephropathy")
COLUMNS = (
    "patient_id", "case_id", "biopsy_date", "modality", "path", "stain", "pixel_size", "pixel_unit", "label",
    "label_source", "hospital", "scanner",
)  # fmt: skip


def texture(seed: int, shape=(120, 160)) -> np.ndarray:
    """A picture that is like no other: coarse and fine structure, uint8 [h, w, 3]."""
    rng = np.random.default_rng(seed)
    layers = [gaussian_filter(rng.normal(size=shape), s) * s for s in (1, 3, 8)]
    grey = sum(one / one.std() for one in layers)
    colours = grey[..., None] * (1.0, 0.9, 0.8) * 25 + 120
    return np.clip(colours, 0, 255).astype(np.uint8)


class MadeCohort:
    """Rows of a table and their pictures; change ``rows`` before :meth:`write`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.rows: list[dict[str, str]] = []

    def add(
        self,
        number: int,
        label: str,
        *,
        antibody: str = "IgG",
        patient: str = "",
        biopsy: int = 1,
        year: int = 2020,
    ) -> list[Path]:
        """A case of one light, one fluorescence and two electron images; returns the files."""
        patient = patient or f"P{number:02d}"
        case = f"{patient}-B{biopsy}"
        files = []
        names = (("OM", "PASM"), ("IM", antibody), ("TEM", "1"), ("TEM", "2"))
        for place, (modality, name) in enumerate(names):
            path = self.folder / case / modality / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(texture(1000 * number + 10 * biopsy + place)).save(path, compress_level=1)
            files.append(path)
            self.rows.append(
                {
                    "patient_id": patient, "case_id": case, "biopsy_date": f"{year}-03-0{1 + number % 9}",
                    "modality": modality, "path": str(path.relative_to(self.folder)),
                    "stain": name if modality != "TEM" else "", "pixel_size": "0.5", "pixel_unit": "um",
                    "label": label, "label_source": "board",
                }
            )  # fmt: skip
        return files

    def write(self) -> Path:
        path = self.folder / "cohort.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, COLUMNS, restval="")
            table.writeheader()
            table.writerows(self.rows)
        return path


def clean(folder: Path, patients: int = 24) -> Path:
    """Two classes in equal shares; antibody, year, hospital and scanner say nothing about them."""
    made = MadeCohort(folder)
    for number in range(patients):
        made.add(
            number,
            CLASSES[number % 2],
            antibody=("IgG", "IgA", "C3")[number // 2 % 3],
            year=2018 + number // 2 % 4,
        )
    for place, row in enumerate(made.rows):
        row["hospital"], row["scanner"] = f"H{place // 8 % 2}", f"S{place // 16 % 2}"
    return made.write()
