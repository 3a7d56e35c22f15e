"""``renal-fusion crop``: cut outlined glomeruli out of an image, a slide, or an image of a case."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path

from ..cases import Case, ImageItem, Modality, PixelSize, SlideItem, open_cases
from ..cases.image_files import read_info
from ..cases.names import readable
from ..cases.slide_files import SLIDE_SUFFIXES
from ..cases.slide_item import keyed_slides
from ..cases.slide_scale import check_answer
from ..cases.work_folder import WorkFolder
from ..errors import RenalFusionError
from ..glomeruli.crop import Crop, crop_image, crop_slide
from ..glomeruli.crop_files import CropFormat, write_crop
from ..glomeruli.drawing import content_of, journal_path, stored_outlines
from ..glomeruli.edits import Outlines
from ..glomeruli.geojson import read_geojson
from ..glomeruli.measures import count_by_class, measure, write_measures
from ..inputs.crop_rule import CropRule, Margin
from ..inputs.selection import keyed_images
from .console import Talk

Source = ImageItem | SlideItem
_TABLE = "crops.csv"


def checked_rule(
    margin: str,
    background: str,
    fill: float | None,
    resolution: float | None,
    modality: str,
    file_format: str,
) -> tuple[CropRule, Modality, CropFormat]:
    """What was typed, checked.

    Raises
    ------
    RenalFusionError
        ``crop_margin_invalid`` or ``crop_option_invalid``.
    """
    formats = {"tiff": "ome.tiff", "ome.tiff": "ome.tiff", "png": "png"}
    for option, value, allowed in (
        ("background", background, ("keep", "blur", "remove")),
        ("modality", modality.upper(), tuple(Modality)),
        ("format", file_format, tuple(formats)),
    ):
        if value not in allowed:
            raise RenalFusionError(
                "crop_option_invalid", f"--{option} {value} is not known", remedy=f"Write one of: {', '.join(allowed)}."
            )  # fmt: skip
    rule = CropRule(margin=Margin.parse(margin), background=background, fill=fill, um_per_pixel=resolution)
    return rule, Modality(modality.upper()), formats[file_format]


def run_crop(
    talk: Talk,
    path: Path,
    out: Path,
    rule: CropRule,
    *,
    outlines: Path | None = None,
    image: str = "",
    um_per_pixel: float | None = None,
    modality: Modality = Modality.OM,
    file_format: CropFormat = "ome.tiff",
) -> None:
    """Write one file a glomerulus and a table ``crops.csv`` to ``out``.

    Without ``outlines`` those are taken that were drawn in a sorted case, of all its images or of ``image``.
    ``um_per_pixel`` is a person's word on the original's pixel size. Files are named by image and number:
    no name of a file or of an outline gets into ``out``.
    """
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    known, code = _sources(path, modality)
    if image and image not in known:
        raise _which(f"There is no image {image}", path, known)
    todo: list[tuple[str, Source, Outlines]] = []
    notices: list[str] = []
    for key in _chosen(path, known, image, code, outlines):
        source = _stated(known[key], um_per_pixel)
        if outlines is None:
            journal = journal_path(WorkFolder(), code, key)
            drawn = stored_outlines(journal, content_of(source)) if journal.exists() else ()
        else:
            read = read_geojson(outlines, _shape(source))
            drawn = read.outlines
            for notice in read.notices:
                talk.say(notice.message)
                notices.append(notice.message)
        if drawn:
            todo.append((key, source, drawn))
    if not todo:
        raise RenalFusionError(
            "crop_no_outlines",
            f"Nothing has been outlined in {readable(path)}",
            path=path,
            remedy="Draw outlines, or name a GeoJSON file with --outlines.",
        )
    total, rows, sizes = sum(len(drawn) for _, _, drawn in todo), [], []
    with talk.progress() as progress:
        for key, source, drawn in todo:
            sizes += measure(drawn, source.pixel_size)
            cut = crop_image if isinstance(source, ImageItem) else crop_slide
            for number, crop in enumerate(cut(source, drawn, rule), start=1):
                progress.update(len(rows) / total, f"Glomerulus {len(rows) + 1} of {total}")
                file = out / f"{key}-{number:02d}.{file_format}"
                write_crop(crop, file)
                rows.append(_row(file.name, key, crop, rule))
    write_measures(out / _TABLE, sizes, names=False, more=rows)
    counts = count_by_class(outline for _, _, drawn in todo for outline in drawn)
    talk.say(f"{total} {'glomeruli' if total > 1 else 'glomerulus'} written to {out}, sizes in {_TABLE}.")
    talk.say(", ".join(f"{name}: {count}" for name, count in counts.items()))
    if any(one.area_um2 is None for one in sizes):
        talk.say("The image has no pixel size: sizes are in pixels. Say it with --um-per-pixel.")
    talk.result(
        {
            "out": str(out),
            "table": str(out / _TABLE),
            "classes": counts,
            "notices": notices,
            "crops": [
                {name: value for name, value in asdict(one).items() if name != "name"} | row
                for one, row in zip(sizes, rows, strict=True)
            ],
        }
    )


def _row(file: str, key: str, crop: Crop, rule: CropRule) -> dict[str, object]:
    """What the table says about a file beside the outline's sizes; the box is in pixels of the original."""
    return {
        "file": file,
        "image": key,
        "top": crop.box.top,
        "left": crop.box.left,
        "box_height": crop.box.height,
        "box_width": crop.box.width,
        "height": crop.pixels.shape[0],
        "width": crop.pixels.shape[1],
        "um_per_pixel": "" if crop.pixel_size is None else round(crop.pixel_size.um, 9),
        "background": rule.background,
    }


def _sources(path: Path, modality: Modality) -> tuple[dict[str, Source], str]:
    """Images and slides under their keys, and the code of the case."""
    if path.is_dir() or path.suffix.lower() in (".csv", ".tsv"):
        cases = open_cases(path).cases
        if len(cases) != 1:
            raise RenalFusionError(
                "crop_many_cases", f"{readable(path)} holds {len(cases)} cases", path=path,
                remedy="Name the folder of one case.",
            )  # fmt: skip
        return _of_case(cases[0]), cases[0].code
    if _is_slide(path):
        return {"WSI-1": SlideItem(path)}, ""
    return {f"{modality}-1": ImageItem(path, modality)}, ""


def _of_case(case: Case) -> dict[str, Source]:
    return {**keyed_images(case), **keyed_slides(case.slides)}


def _is_slide(path: Path) -> bool:
    """Whether a file is to be read in parts: a scanner's format, or a TIFF that is too large to be an image."""
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return True
    try:
        read_info(path)
    except RenalFusionError as error:
        return error.code in ("image_too_large", "image_format_unsupported")
    return False


def _chosen(path: Path, known: dict[str, Source], image: str, code: str, outlines: Path | None) -> list[str]:
    """Keys of the images whose outlines are to be cut."""
    if image:
        if outlines is None and not code:
            raise _unsorted(path)
        return [image]
    if outlines is None:
        if not code:
            raise _unsorted(path)
        return list(known)
    fit = [key for key in known if not key.startswith(Modality.TEM)] or list(known)
    if len(fit) != 1:
        raise _which("The outlines belong to one image", path, known)
    return fit


def _stated(source: Source, um: float | None) -> Source:
    if um is None:
        return source
    size = check_answer(source.path, um) if isinstance(source, SlideItem) else PixelSize(value=um, unit="um")
    return replace(source, stated_pixel_size=size)


def _shape(source: Source) -> tuple[int, int]:
    if isinstance(source, SlideItem):
        with source.open() as slide:
            return slide.levels[0].shape
    info = read_info(source.path, source.page)
    return info.height, info.width


def _which(what: str, path: Path, known: dict[str, Source]) -> RenalFusionError:
    keys = ", ".join(f"{key} ({readable(source.path.name)})" for key, source in known.items())
    return RenalFusionError(
        "crop_which_image", what, path=path, remedy=f"Name it with --image: {keys or 'there are none'}."
    )


def _unsorted(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "crop_no_outlines",
        f"{readable(path)} has no case code, so no drawings are kept for it",
        path=path,
        remedy="Name a GeoJSON file with --outlines, or sort the folder first (renal-fusion sort).",
    )
