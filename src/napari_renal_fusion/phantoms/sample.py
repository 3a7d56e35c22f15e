"""The full-size sample patient, rendered once into a cache."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..errors import RenalFusionError
from .spec import STAINS, VERSION, BiopsySpec, Disease, Outlier
from .write import MANIFEST, ProgressCallback, write_biopsy

SAMPLE = BiopsySpec(
    disease=Disease.IGA_NEPHROPATHY,
    seed=20260,
    difficulty=0.05,
    om_stains=STAINS,
    n_tem=10,
    outliers=(Outlier.OTHER_TISSUE,),
)


def sample_patient(cache_dir: Path | str, progress: ProgressCallback | None = None) -> Path:
    """Folder of the sample patient: four stains 3072 x 2048, eight antibodies, ten TEM images 2048 x 2048.

    Rendered on first use under a temporary name and then renamed, so another process sees all of it or
    nothing; reused while it is complete and of this version. ``progress`` gets a fraction and a sentence.
    """
    folder = Path(cache_dir) / f"sample_patient_{VERSION}"
    if is_complete(folder, SAMPLE):
        return folder
    if folder.exists():
        shutil.rmtree(folder)
    try:
        return write_biopsy(SAMPLE, folder, truth=True, compression="jpeg", progress=progress)
    except (OSError, RenalFusionError):
        # Another process may have finished the same folder first; its pixels are the same.
        if is_complete(folder, SAMPLE):
            return folder
        raise


def is_complete(folder: Path, spec: BiopsySpec) -> bool:
    """Whether ``folder`` holds every image of ``spec``, drawn by this version."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = manifest.get("version") == VERSION and manifest.get("spec") == spec.model_dump(mode="json")
    return same and all((folder / path).is_file() for path in manifest["files"])
