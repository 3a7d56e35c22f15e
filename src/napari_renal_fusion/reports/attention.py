"""The report's part about attention: over each slide, its top patches, ranked features, answers without a part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cases import Box, Case, SlideItem, placement
from ..compute.atomic import write_bytes
from ..errors import RenalFusionError
from ..explain.attention import SlideAttention, TokenAttention, slide_attention, token_attention
from ..explain.attention_grid import attention_grid
from ..explain.modality_skip import SkipRow, SkipTable, modality_skip
from ..explain.slide_patches import read_patch
from ..figures import (
    NOT_SEGMENTATION,
    Legend,
    class_label,
    length_text,
    percent,
    to_svg,
    value_text,
    with_legend,
)
from ..figures.attention import attention_picture
from ..inference.prediction import Prediction
from .exhibits import data_address
from .pictures import encode_jpeg, encode_png
from .privacy import Scrubber, case_name
from .words import opinion_shown, risk_shown

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from ..inference.healnet_session import HEALNetSession

_WIDE, _TILE, _TOP = 1400, 224, 8
_MARGIN = 0.04
"""Of the patches' extent, kept around them on the picture."""
_DIRECTION = "Attention says where the model looked, not in which direction a feature moved the answer."


@dataclass(frozen=True)
class SlideExhibit:
    """Attention over one slide: ``picture`` uint8 [h, w, 3] with its legend, ``tiles`` uint8 of the top patches."""

    attention: SlideAttention
    picture: np.ndarray
    tiles: tuple[np.ndarray, ...]


def attention_session(prediction: Prediction) -> HEALNetSession | None:
    """What is needed to draw attention, or None: another kind of model, an answer from a file, nothing shown."""
    session = prediction._session
    if not hasattr(session, "layouts") or not (opinion_shown(prediction) or risk_shown(prediction)):
        return None
    return session


def slide_exhibits(case: Case, session: HEALNetSession, output: Any = None) -> list[SlideExhibit]:
    """One exhibit for each slide whose patches entered; feature files without a slide have none."""
    found = []
    for name in session.features:
        for number, item in enumerate(session.all_slides.get(name, ())):
            attention = slide_attention(session, name, slide=number, output=output)
            found.append(_exhibit(case, item, attention))
    return found


def write_attention(case: Case, prediction: Prediction, folder: Path) -> list[Path]:
    """Write ``attention-<modality>-<n>.png`` for each slide; nothing for other models.

    Raises
    ------
    RenalFusionError
        If a slide cannot be read any more, or the folder cannot be written.
    """
    session = attention_session(prediction)
    written = []
    for one in slide_exhibits(case, session) if session is not None else ():
        path = folder / f"attention-{one.attention.modality}-{one.attention.slide + 1}.png"
        write_bytes(path, encode_png(one.picture))
        written.append(path)
    return written


def attention_content(case: Case, prediction: Prediction) -> dict[str, Any] | None:
    """What the template ``attention.html.j2`` shows; None where there is no attention."""
    session = attention_session(prediction)
    if session is None:
        return None
    output = session.forward(attention=True)
    scrub, problems, slides = Scrubber(case), [], []
    try:
        slides = [_slide_content(one) for one in slide_exhibits(case, session, output)]
    except RenalFusionError as error:
        problems.append(scrub.text(str(error)))
    here = [name for name in session.names if session.tensors.get(name) is not None]
    tokens = [
        _token_content(token_attention(session, name, output=output))
        for name in here
        if name not in session.features
    ]
    return {
        "slides": slides,
        "tokens": tokens,
        "problems": problems,
        "skip": _skip_content(modality_skip(session, prediction.class_names)),
    }


def _exhibit(case: Case, item: SlideItem, attention: SlideAttention) -> SlideExhibit:
    grid = attention_grid(attention)
    with item.open() as slide:
        view = _view(slide, grid.box)
        pixels = read_patch(slide, view, min(_WIDE, round(max(view.height, view.width))))
        tiles = tuple(read_patch(slide, attention.box(patch), _TILE) for patch in attention.top(_TOP))
        size = slide.pixel_size
    # Cells and patches move with the part of the slide that is drawn, and with its zoom.
    zoom = (pixels.shape[0] / view.height, pixels.shape[1] / view.width)

    def moved(box: Box) -> tuple[float, float, float, float]:
        top, left = (box.top - view.top) * zoom[0], (box.left - view.left) * zoom[1]
        return top, left, box.height * zoom[0], box.width * zoom[1]

    placed = placement(grid.values.shape, Box(*moved(grid.box)))
    drawn = attention_picture(
        pixels, grid.values, placed.scale, placed.translate, limits=attention.raw_range,
        marked=[moved(attention.box(patch)) for patch in attention.top(_TOP)],
    )  # fmt: skip
    side = attention.patch_level0
    patch = length_text(side * size.um) if size else f"{side} px"
    legend = Legend(
        title=f"Attention to {attention.modality} {NOT_SEGMENTATION}",
        details=(
            f"Case {case_name(case)} · {attention.label[:1].upper()}{attention.label[1:]}, for every class alike · cell "
            f"{patch}, one patch",
            f"Raw values, which add up to 1 over {attention.bag:,} patches; evenly spread each would have "
            f"{value_text(attention.even)}. Numbers: the {len(tiles)} patches with the most.",
        ),
        pixel_um=size.um / zoom[1] if size else None,
        limits=attention.raw_range,
        style="cells",
    )
    return SlideExhibit(attention, with_legend(drawn, legend, dark=False), tiles)


def _view(slide: Slide, box: Box) -> Box:
    """The part of a slide that is drawn: where its patches lie, and a little around them."""
    rows, columns = slide.levels[0].shape
    margin = _MARGIN * max(box.height, box.width)
    top, left = max(0.0, box.top - margin), max(0.0, box.left - margin)
    bottom = max(min(rows, box.top + box.height + margin), top + 1)
    right = max(min(columns, box.left + box.width + margin), left + 1)
    return Box(top, left, bottom - top, right - left)


def _slide_content(one: SlideExhibit) -> dict[str, Any]:
    height, width = one.picture.shape[:2]
    top = one.attention.top(_TOP)
    return {
        "name": one.attention.modality,
        "number": one.attention.slide + 1 if len(one.attention.slides) > 1 else None,
        "source": data_address(encode_jpeg(one.picture, most_bytes=1_500_000), "image/jpeg"),
        "width": width,
        "height": height,
        "tiles": [
            {
                "source": data_address(encode_jpeg(tile, most_bytes=60_000), "image/jpeg"),
                "rank": patch.rank,
                "weight": value_text(patch.weight),
            }
            for patch, tile in zip(top, one.tiles, strict=True)
        ],
    }


def _token_content(one: TokenAttention) -> dict[str, Any]:
    if one.reason:
        return {"name": one.modality, "reason": one.reason}
    from ..figures.omics import ranked_bars_figure

    figure = ranked_bars_figure(
        [token.name for token in one.ranked],
        [token.weight for token in one.ranked],
        what=f"Attention to {one.modality}, {one.label}",
        even=one.even,
        values=[token.value for token in one.ranked],
        note=_DIRECTION,
    )
    said = ", ".join(f"{token.name} {value_text(token.weight)}" for token in one.ranked[:10])
    return {
        "name": one.modality,
        "reason": "",
        "figure": data_address(to_svg(figure), "image/svg+xml"),
        "alt": said,
    }


def _skip_content(table: SkipTable) -> dict[str, Any]:
    full, names = table.rows[0], table.class_names
    return {
        "heads": [class_label(names, i) for i in range(len(names))] or ["Risk", "Change"],
        "rows": [
            {
                "title": _row_title(row),
                "values": _row_values(row, full),
                "answered": row.answered,
                "main": row is full,
            }
            for row in table.rows
        ],
        "missing": list(table.missing),
    }


def _row_title(row: SkipRow) -> str:
    return "With everything" if row.kind == "everything" else f"{row.kind.capitalize()} {row.modality}"


def _row_values(row: SkipRow, full: SkipRow) -> list[str]:
    if row.risk is None:
        return [percent(value) for value in row.probabilities]
    change = "" if row is full else f"{row.risk - full.risk:+.2f}".replace("-", "−")
    return [f"{row.risk:.2f}".replace("-", "−"), change]
