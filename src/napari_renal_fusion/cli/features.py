"""``renal-fusion features``: patch features of one slide, a case or a cohort, as HDF5."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..cases.folders import open_cases
from ..cases.names import readable
from ..cases.sidecar import write_answer
from ..cases.slide_files import SLIDE_FOLDER_SUFFIXES
from ..cases.slide_item import SlideItem
from ..cases.slide_scale import check_answer
from ..compute.progress import Cancelled
from ..errors import RenalFusionError
from .console import Talk, as_renal_error, complain


def run_features(
    talk: Talk,
    path: Path,
    out: Path,
    *,
    encoder: dict[str, Any],
    grid: dict[str, Any],
    pixel_size: float | None,
    device: str,
    threads: int,
    replace_: bool,
) -> bool:
    """Make the features of every slide under ``path`` in ``out``; returns False if a slide failed.

    ``encoder`` and ``grid`` are fields of `FeatureEncoder` and `PatchGrid`. What is there already is kept; a bad
    slide does not stop the others.
    """
    from ..compute.devices import choose_device
    from ..inputs import FeatureEncoder, PatchGrid

    encoder, grid = _checked(FeatureEncoder, encoder), _checked(PatchGrid, grid)
    slides = _slides(path)
    if threads:
        import torch

        torch.set_num_threads(threads)
    choice = choose_device(device)
    encoder.build(grid.patch)  # a wrong name or file of weights is told once, not for every slide
    if encoder.random:
        complain("warning: the encoder has random weights; its features are good for trying only.")
    talk.say(f"{encoder}, {grid.patch} px at {grid.um_per_pixel:g} um a pixel; {choice.reason}")
    rows = []
    with talk.progress() as progress:
        for place, (name, slide) in enumerate(slides):
            with progress.part(place / len(slides), (place + 1) / len(slides)):
                try:
                    row = _one(
                        slide, out / f"{name}.h5", encoder, grid, pixel_size, device, replace_, progress
                    )
                except Exception as error:
                    if len(slides) == 1 or isinstance(error, Cancelled):
                        raise
                    error = as_renal_error(error)
                    complain(f"{name}: {error}")
                    row = {"status": "failed", "error": error.code, "message": str(error)}
                else:
                    talk.say(f"{name}: {_sentence(row)}")
                rows.append({"slide": str(slide.path), **row})
    failed = sum(row["status"] == "failed" for row in rows)
    if len(rows) > 1:
        talk.say(f"{len(rows) - failed} of {len(rows)} slides; their features are in {out}")
    talk.result({"out": out, "slides": rows})
    return failed == 0


def _one(
    slide: SlideItem,
    target: Path,
    encoder,
    grid,
    pixel_size: float | None,
    device: str,
    replace_: bool,
    progress,
) -> dict[str, Any]:
    from ..inputs import extract_features, read_features

    started, notices = time.monotonic(), []
    if pixel_size is not None:
        slide = _answered(slide, pixel_size)
    before = target.stat().st_mtime_ns if target.exists() else None
    extract_features(
        slide, target, encoder, grid, device=device, replace=replace_, progress=progress, notices=notices
    )
    for notice in notices:
        complain(f"{notice.severity}: {notice.message}")
    found = read_features(target)
    return {
        "status": "kept" if target.stat().st_mtime_ns == before else "made",
        "features": str(target),
        "patches": len(found.features),
        "width": int(found.features.shape[1]),
        "patch_level0": found.patch_level0,
        "seconds": round(time.monotonic() - started, 1),
    }


def _answered(slide: SlideItem, um: float) -> SlideItem:
    """The slide with a person's pixel size, if it has to be asked for; the answer is remembered."""
    if slide.pixel_size is not None:
        complain(
            f"{readable(slide.path.name)} has a pixel size of its own ({slide.pixel_size.um:g} um); it is used."
        )
        return slide
    answer = check_answer(slide.path, um)
    try:
        write_answer(slide.path, answer)
    except RenalFusionError as error:
        complain(f"warning: {error}")
    return replace(slide, stated_pixel_size=answer)


def _slides(path: Path) -> list[tuple[str, SlideItem]]:
    """Every slide under ``path`` with the name of its file of features."""
    if path.is_file() and path.suffix.lower() in SLIDE_FOLDER_SUFFIXES:
        return [(_stem(path), SlideItem(path))]
    cohort = open_cases(path)
    for problem in (one for one in cohort.problems if one.severity != "info"):
        complain(f"{problem.severity}: {problem.message}")
    found = [(case.case_id, slide) for case in cohort.cases for slide in case.slides]
    if not found:
        raise RenalFusionError(
            "cohort_no_slides",
            f"{path} holds no slide",
            path=path,
            remedy="Put slides into a folder WSI of each case, or into rows with modality WSI of cohort.csv.",
        )
    stems = [_stem(slide.path).casefold() for _, slide in found]
    named, taken = [], set()
    for case_id, slide in found:
        stem = _stem(slide.path)
        name = stem if stems.count(stem.casefold()) == 1 else _safe(f"{case_id}_{stem}")
        base, number = name, 2
        while name.casefold() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.casefold())
        named.append((name, slide))
    return named


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem.removesuffix(".ome")


def _safe(name: str) -> str:
    return "".join(one if one.isalnum() or one in "._-" else "_" for one in name)


def _checked(kind, fields: dict[str, Any]):
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise RenalFusionError(
            "option_invalid",
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            remedy="See renal-fusion features --help.",
        ) from error


def _sentence(row: dict[str, Any]) -> str:
    what = f"{row['patches']} patches of {row['width']} numbers"
    return f"{what}, there already" if row["status"] == "kept" else f"{what} in {row['seconds']:.0f} s"
