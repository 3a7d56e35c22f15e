"""All files of one case's answer, written in one pass over its images."""

from __future__ import annotations

import re
from pathlib import Path

from ..cases import Case
from ..compute.atomic import write_text
from ..compute.progress import Progress
from ..explain.explanation import Explanation
from ..inference.prediction import Prediction
from .attention import write_attention
from .bag_picture import save_bag
from .exhibits import Exhibits
from .files import write_prediction
from .overlays import save_overlay
from .pictures import read_picture
from .reading import CaseReading
from .report import render_report
from .words import opinion_shown

_OVERLAY = re.compile(r"((OM|IM|TEM)-|attention-.+-)\d+\.png|bag\.png")


def write_all(
    case: Case,
    prediction: Prediction,
    explanation: Explanation | None,
    out_dir: Path | str,
    progress: Progress | None = None,
    *,
    reading: CaseReading | None = None,
) -> list[Path]:
    """Write ``prediction.json``, ``overlays/<key>.png``, ``overlays/bag.png`` and ``report.html`` into ``out_dir``.

    Overlays need an explanation; a model of slides has ``overlays/attention-<modality>-<n>.png`` instead. Each
    image is read once and only one is held at full size. ``reading`` is the own reading that the report shows.

    Raises
    ------
    RenalFusionError
        If the folder cannot be written, or an image that an overlay needs cannot be read any more.
    """
    out_dir, progress = Path(out_dir), progress or Progress()
    if not opinion_shown(prediction):
        explanation = None
    _clear_overlays(out_dir / "overlays")
    written = [out_dir / "prediction.json"]
    write_prediction(prediction, written[0], case=case, explanation=explanation)
    exhibits = Exhibits(case, prediction, explanation)
    keys = prediction.selection.keys
    if explanation is None:
        exhibits.add_all()
    else:
        for done, key in enumerate(keys):
            progress.update(0.85 * done / len(keys), f"Drawing {key}")
            picture = read_picture(case, prediction, explanation, key)
            written.append(save_overlay(case, prediction, explanation, picture, out_dir / "overlays"))
            exhibits.add(picture)
        if explanation.bag is not None:
            written.append(save_bag(case, prediction, explanation, out_dir / "overlays"))
    progress.update(0.85, "Drawing the attention")
    written += write_attention(case, prediction, out_dir / "overlays")
    progress.update(0.9, "Writing the report")
    exhibits.add_left_out()
    written.append(out_dir / "report.html")
    write_text(written[-1], render_report(exhibits, reading))
    progress.update(1.0, "Written")
    return written


def _clear_overlays(folder: Path) -> None:
    """Remove the overlays of an earlier answer: beside a new one they would belong to nobody."""
    for old in folder.glob("*.png"):
        if _OVERLAY.fullmatch(old.name):
            old.unlink()
