"""Attention in reports: the picture with its legend, its cells in place, rankings, answers without a part."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Case, PixelSize, SlideItem
from napari_renal_fusion.inference.prediction import Prediction
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.reports import write_all, write_report
from napari_renal_fusion.reports.attention import slide_exhibits

from ..viewer.attention.made_slide import COLUMNS, EMPTY, HOT, PATCH, UM, slide_session, write_slide


@pytest.fixture
def answer(tmp_path):
    """A case with a planted name in its paths, and its prediction."""
    folder = tmp_path / "Meier Hans"
    folder.mkdir()
    item = SlideItem(write_slide(folder / "Meier Hans.tiff"), "HE", PixelSize(value=UM, unit="um"))
    prediction = Prediction(
        case_id="K 1", status="answered", verdict="Most like busy.", class_names=("quiet", "busy"),
        names_shown=True, probabilities=(0.4, 0.6), scope="", selection=Selection(images=()),
    )  # fmt: skip
    prediction._session = slide_session(item)
    return Case("K 1", "Meier", folder=folder, slides=(item,)), prediction


def test_cells_and_numbers_lie_where_the_patches_are(answer):
    case, prediction = answer
    (exhibit,) = slide_exhibits(case, prediction._session)
    # The patches cover the whole slide, so there is no margin; the picture is the slide's size.
    picture = exhibit.picture[: 6 * PATCH, : COLUMNS * PATCH].astype(int)

    def colour(row, column):
        return picture[row * PATCH + PATCH // 4, column * PATCH + PATCH // 4]

    grey = 40 + 4 * (EMPTY[0] * COLUMNS + EMPTY[1])
    assert colour(*EMPTY).tolist() == [grey] * 3  # no tissue, nothing drawn
    hot = colour(*HOT)
    assert hot[0] > hot[2] + 60  # the yellow end of cividis
    for away in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        other = colour(HOT[0] + away[0], HOT[1] + away[1])
        assert other[2] > other[0]  # the blue end
    assert exhibit.tiles[0].shape == (224, 224, 3)
    assert np.median(exhibit.tiles[0]) == 40 + 4 * (HOT[0] * COLUMNS + HOT[1])


def test_the_report_has_it_and_names_nobody(answer, tmp_path):
    case, prediction = answer
    files = write_all(case, prediction, None, tmp_path / "out")
    assert "attention-slide-1.png" in {file.name for file in files}
    picture = Image.open(tmp_path / "out" / "overlays" / "attention-slide-1.png")
    assert picture.size[0] == COLUMNS * PATCH
    assert picture.size[1] > 6 * PATCH  # the legend stands below, in the picture
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Meier" not in page
    for words in (
        "Attention to slide", "Attention to rna", "1 by construction", "The answer without each part",
        "Without slide", "Only rna", "nothing stands in for a part left out",
    ):  # fmt: skip
        assert words in page, words
    write_all(case, prediction, None, tmp_path / "out")  # again: the old pictures go
    assert len(list((tmp_path / "out" / "overlays").glob("attention-*.png"))) == 1


def test_a_slide_that_went_away_is_said(answer, tmp_path):
    case, prediction = answer
    case.slides[0].path.unlink()
    write_report(case, prediction, None, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Meier" not in page
    assert "Attention to rna" in page
