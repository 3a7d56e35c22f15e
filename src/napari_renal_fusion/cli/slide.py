"""``renal-fusion slide``: what a slide is, and the answer to the question about its pixel size."""

from __future__ import annotations

import logging
from pathlib import Path

from ..cases.names import readable
from ..cases.sidecar import forget_answer, write_answer
from ..cases.slide import Slide, open_slide
from ..cases.slide_scale import check_answer
from .console import Talk


def run_slide(talk: Talk, path: Path, *, um_per_pixel: float | None, forget: bool) -> None:
    """Record or forget an answer if asked to, then say what the slide is and what is doubtful."""
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # our sentence says it already
    if forget:
        was = forget_answer(path)
        talk.say("The answer was forgotten." if was else "There was no answer to forget.")
    if um_per_pixel is not None:
        open_slide(path).close()  # an answer about something that is no slide would wait for nobody
        write_answer(path, check_answer(path, um_per_pixel))
        talk.say(f"{um_per_pixel:g} um a pixel is remembered for this slide.")
    with open_slide(path) as slide:
        _describe(talk, slide)
        talk.result(_as_json(slide))


def _describe(talk: Talk, slide: Slide) -> None:
    talk.say(f"{readable(slide.path.name)}: {slide.vendor}, read by {slide.reader}")
    rows = [["level", "width", "height", "downsample", ""]]
    for number, level in enumerate(slide.levels):
        rows.append(
            [
                str(number),
                str(level.shape[1]),
                str(level.shape[0]),
                f"{level.downsample:.4g}",
                "" if level.stored else "made when it is needed",
            ]
        )
    talk.table(rows)
    if slide.pixel_size is not None:
        whose = {"person": "as a person said", "slide": "as the file says"}
        said = whose.get(slide.pixel_size.source, f"from {slide.pixel_size.source}")
        talk.say(f"Pixel size: {slide.pixel_size.um:.6g} um, {said}.")
    if slide.doubt is not None:
        talk.say(slide.doubt.message)
        talk.say("Answer with --um-per-pixel; the file itself is not changed.")
    if slide.associated:
        talk.say(f"Also in the file, never shown unasked: {', '.join(slide.associated)}.")


def _as_json(slide: Slide) -> dict:
    return {
        "path": str(slide.path),
        "vendor": slide.vendor,
        "reader": slide.reader,
        "levels": [
            {
                "width": level.shape[1],
                "height": level.shape[0],
                "downsample": level.downsample,
                "stored": level.stored,
            }
            for level in slide.levels
        ],
        "file_pixel_size": slide.file_pixel_size.model_dump() if slide.file_pixel_size else None,
        "pixel_size": slide.pixel_size.model_dump() if slide.pixel_size else None,
        "doubt": slide.doubt.model_dump(mode="json") if slide.doubt else None,
        "plausible_um": list(slide.plausible),
        "associated": list(slide.associated),
    }
