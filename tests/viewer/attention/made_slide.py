"""A small slide whose patches have a grey each, and the session of a patient with a hand-made attention to it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import tifffile
import torch

from ...explain.healnet_fakes import made_session

PATCH, COLUMNS, ROWS = 128, 8, 6
UM = 0.5
HOT = (4, 5)
"""Row and column of the patch that gets half of the attention."""
EMPTY = (0, 0)
"""Row and column of the patch that has no tissue."""


def write_slide(path):
    """1024 x 768 pixels of 0.5 um, with its pixel size in the file."""
    pixels = np.zeros((ROWS * PATCH, COLUMNS * PATCH, 3), np.uint8)
    for row in range(ROWS):
        for column in range(COLUMNS):
            place = slice(row * PATCH, (row + 1) * PATCH), slice(column * PATCH, (column + 1) * PATCH)
            pixels[place] = 40 + 4 * (row * COLUMNS + column)
    tifffile.imwrite(
        path, pixels, tile=(256, 256), photometric="rgb", compression="deflate",
        resolution=(1e4 / UM, 1e4 / UM), resolutionunit="CENTIMETER",
    )  # fmt: skip
    return path


def slide_session(item):
    """Attention half on HOT and for the rest rising with the number of the patch; two heads that differ."""
    made = made_session()
    cells = [(r, c) for r in range(ROWS) for c in range(COLUMNS) if (r, c) != EMPTY]
    made.features = {
        "slide": SimpleNamespace(
            coords=np.array([[c * PATCH, r * PATCH] for r, c in cells], dtype=np.int64), patch_level0=PATCH
        )
    }
    made.all_slides, made.slide_of = {"slide": (item,)}, {"slide": np.zeros(len(cells), int)}
    rising = torch.arange(1.0, len(cells) + 1)
    rising = rising / rising.sum() / 2
    rising[cells.index(HOT)] += 0.5
    heads = torch.stack([rising, torch.full((len(cells),), 1 / len(cells))])
    slide = heads[None, :, None].expand(1, 2, 3, -1)
    rna = torch.tensor([0.1, 0.2, 0.6, 0.1]).expand(1, 2, 3, 4)
    made.tensors["slide"] = torch.zeros(1, len(cells), 5)
    made.attention = ((slide, rna, torch.ones(1, 2, 3, 1)),)
    made.bundle = SimpleNamespace(
        config=SimpleNamespace(
            inputs=[
                SimpleNamespace(name="slide", kind="slide"), SimpleNamespace(name="rna", kind="omics"),
                SimpleNamespace(name="clinical", kind="omics"),
            ]
        )
    )  # fmt: skip
    return made
