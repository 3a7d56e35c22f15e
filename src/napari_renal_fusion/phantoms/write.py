"""Synthetic patients and cohorts as folders, each written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from ..errors import RenalFusionError
from .files import Compression, Format, save_image, save_mask
from .render import count_images, render_biopsy
from .spec import KNOWN, VERSION, BiopsySpec, Disease, PhantomImage, random_spec

ProgressCallback = Callable[[float, str], None]
MANIFEST = "phantom.json"
COLUMNS = (
    "patient_id", "case_id", "biopsy_date", "modality", "path", "stain", "magnification", "pixel_size",
    "pixel_unit", "label", "stage", "intensity",
)  # fmt: skip


def write_biopsy(
    spec: BiopsySpec,
    folder: Path | str,
    format: Format = "ome.tif",
    *,
    truth: bool = False,
    compression: Compression = "deflate",
    progress: ProgressCallback | None = None,
) -> Path:
    """Write ``OM/``, ``IM/``, ``TEM/`` (``OM/PASM.ome.tif``, ``TEM/TEM_01.ome.tif``) and ``phantom.json``.

    With ``truth`` the masks follow in ``truth/OM_PASM_deposits.png`` and so on. ``progress`` gets a fraction
    and a sentence.

    Raises
    ------
    RenalFusionError
        ``folder_not_empty`` when ``folder`` holds something already.
    """
    with _whole(Path(folder)) as draft:
        _write_images(spec, draft, format, truth, compression, progress)
    return Path(folder)


def write_cohort(
    folder: Path | str,
    n: int,
    seed: int,
    *,
    diseases: tuple[Disease, ...] = KNOWN,
    difficulty: float = 0.3,
    format: Format = "ome.tif",
    truth: bool = False,
    compression: Compression = "deflate",
    progress: ProgressCallback | None = None,
    workers: int = 1,
    **options,
) -> Path:
    """Write ``n`` patients of `random_spec` and ``cohort.csv`` (one row an image); returns the CSV's path.

    ``options`` are further arguments of `random_spec`, such as ``om_size`` or ``n_tem``. ``workers``
    processes draw; their number changes nothing in the pixels. Raises as `write_biopsy` does.
    """
    with _whole(Path(folder)) as draft:
        specs = [random_spec(seed, i, diseases=diseases, difficulty=difficulty, **options) for i in range(n)]
        draw = partial(_write_patient, draft, format=format, truth=truth, compression=compression)
        rows = []
        with _mapper(workers) as mapped:
            for index, patient_rows in enumerate(mapped(draw, range(n), specs)):
                rows += patient_rows
                if progress is not None:
                    progress((index + 1) / n, f"Drawing patients: {index + 1} of {n}")
        with (draft / "cohort.csv").open("w", newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
    return Path(folder) / "cohort.csv"


def _write_patient(
    draft: Path, index: int, spec: BiopsySpec, *, format: Format, truth: bool, compression: Compression
) -> list[dict[str, object]]:
    name = f"P{index + 1:03d}"
    (draft / name).mkdir()
    written = _write_images(spec, draft / name, format, truth, compression, None)
    return [_row(spec, image, f"{name}/{path}", name, index) for image, path in written]


@contextmanager
def _mapper(workers: int) -> Iterator[Callable]:
    """``map`` in this process, or over ``workers`` fresh ones (a fork would copy a thread's locks)."""
    if workers <= 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _write_images(
    spec: BiopsySpec, folder: Path, format: Format, truth: bool, compression: Compression,
    progress: ProgressCallback | None,
) -> list[tuple[PhantomImage, str]]:  # fmt: skip
    """Write all images; returns each without its pixels, and its path inside ``folder``."""
    total, written = count_images(spec), []
    for number, image in enumerate(render_biopsy(spec)):
        tem_number = number + 1 - (total - spec.n_tem)
        name = image.stain or f"TEM_{tem_number:02d}"
        path = f"{image.modality}/{name}.{format}"
        (folder / image.modality).mkdir(exist_ok=True)
        save_image(image, folder / path, compression)
        if truth:
            _write_truth(image, folder / "truth", name)
        image.truth, image.pixels = {}, image.pixels[:0]
        written.append((image, path))
        if progress is not None:
            progress((number + 1) / total, f"{image.modality} {name}")
    manifest = {
        "synthetic": True,
        "version": VERSION,
        "spec": spec.model_dump(mode="json"),
        "files": [path for _, path in written],
        "outliers": {path: image.outlier for image, path in written if image.outlier},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return written


def _write_truth(image: PhantomImage, folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    for part, mask in image.truth.items():
        stem = name if image.modality == "TEM" else f"{image.modality}_{name}"
        save_mask(mask, folder / f"{stem}_{part}.png")


def _row(spec: BiopsySpec, image: PhantomImage, path: str, patient: str, index: int) -> dict[str, object]:
    value, unit = image.pixel_size
    return {
        "patient_id": patient,
        "case_id": f"{patient}-B1",
        "biopsy_date": (date(2024, 1, 8) + timedelta(days=3 * index)).isoformat(),
        "modality": image.modality,
        "path": path,
        "stain": image.stain or "",
        "magnification": f"{image.magnification:g}",
        "pixel_size": f"{value:.6g}",
        "pixel_unit": unit,
        "label": spec.disease.title,
        "stage": spec.stage or "",
        "intensity": "" if image.intensity is None else f"{image.intensity:g}",
    }


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A draft folder that takes the name ``folder`` when the block succeeds and vanishes when it does not."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RenalFusionError(
            "folder_not_empty",
            f"{folder} is not an empty folder",
            path=folder,
            remedy="Choose a new folder; nothing is overwritten.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{os.getpid()}.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
