"""A diagram as a picture that stands alone: on its ground, with what it shows and "research use only" below it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from .overlay import Legend, with_legend
from .style import to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUN_RESEARCH = "Training run — research use only"


def captioned(figure: Figure, title: str, details: tuple[str, ...] = (), *, research: str = "") -> np.ndarray:
    """Pixels of a diagram on white above a strip with its title and details: uint8 [h, w, 3].

    ``research`` is the sentence at the right end of the strip, by default that of a model opinion.
    """
    from PIL import Image

    with Image.open(io.BytesIO(to_png(figure))) as drawn:
        drawn = drawn.convert("RGBA")
    margin = drawn.width // 48
    ground = Image.new("RGB", (drawn.width + 2 * margin, drawn.height + 2 * margin), "white")
    ground.paste(drawn, (margin, margin), drawn)
    legend = Legend(title, details, is_measured=False, **({"research": research} if research else {}))
    return with_legend(np.asarray(ground), legend, dark=False)
