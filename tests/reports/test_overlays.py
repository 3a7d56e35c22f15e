"""Overlay files: one per image that entered, placed right, without legends, names or metadata."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.compute import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.figures import overlay as overlay_module
from napari_renal_fusion.reports import write_all, write_overlays

from .conftest import PLANTED, TEM_BOX, TEM_SHAPE


@pytest.fixture
def titles(monkeypatch):
    """Title and details of every legend that is drawn."""
    seen = []
    plain = overlay_module._Strip.write

    def record(self, legend, width):
        seen.append(" ".join([legend.title, *legend.details]))
        return plain(self, legend, width)

    monkeypatch.setattr(overlay_module._Strip, "write", record)
    return seen


def test_one_file_per_image_that_entered(case, prediction, explanation, tmp_path, titles):
    written = write_overlays(case, prediction, explanation, tmp_path / "out")
    assert [path.name for path in written] == [f"{key}.png" for key in prediction.selection.keys]
    text = "\n".join(titles)
    assert "Case 7K2F · OM-1 · PASM · Grad-CAM · cell 34 × 23 µm" in text
    assert (
        "Set aside: unlike the others (not: unimportant) Case 7K2F · TEM-3 No Grad-CAM heat map for membranous"
        in text
    )
    assert PLANTED not in text


def test_files_hold_pixels_only(case, prediction, explanation, tmp_path):
    for path in write_overlays(case, prediction, explanation, tmp_path / "out"):
        with Image.open(path) as image:
            image.load()
            assert image.mode == "RGB"
            assert not image.info
            assert not image.getexif()
        assert PLANTED.encode() not in path.read_bytes()


def test_what_the_model_did_not_see_of_an_electron_image_is_black(case, prediction, explanation, tmp_path):
    path = write_overlays(case, prediction, explanation, tmp_path / "out")[2]
    pixels = np.asarray(Image.open(path))
    zoom = pixels.shape[1] / TEM_SHAPE[1]
    # Two lines' width below the outline, down to the strip.
    legend = pixels[int(TEM_BOX.height * zoom) + 6 : int(TEM_SHAPE[0] * zoom)]
    assert legend.size
    assert legend.max() == 0
    assert pixels[: int(TEM_BOX.height * zoom) - 6].mean() > 30


def test_nothing_without_explanation_or_opinion(case, prediction, explanation, tmp_path):
    assert write_overlays(case, prediction, None, tmp_path / "out") == []
    refused = prediction.model_copy(update={"status": "refused"})
    assert write_overlays(case, refused, explanation, tmp_path / "out") == []


def test_plumbing_names_no_disease(case, plumbing, explanation, tmp_path, titles):
    write_overlays(case, plumbing, explanation, tmp_path / "out")
    assert "Heat map for class 2" in titles[0]
    assert "nephro" not in " ".join(titles)


def test_cells_too(case, prediction, explanation, tmp_path):
    assert len(write_overlays(case, prediction, explanation, tmp_path / "out", style="cells")) == 6


def test_an_image_that_is_gone_is_named(case, prediction, explanation, tmp_path):
    case.images[0].path.unlink()
    with pytest.raises(RenalFusionError):
        write_overlays(case, prediction, explanation, tmp_path / "out")


def test_everything_at_once(case, prediction, explanation, tmp_path):
    steps = []
    written = write_all(case, prediction, explanation, tmp_path / "out", Progress(steps.append))
    names = [path.relative_to(tmp_path / "out").as_posix() for path in written]
    assert names == [
        "prediction.json",
        "overlays/OM-1.png",
        "overlays/IM-1.png",
        "overlays/TEM-1.png",
        "overlays/TEM-2.png",
        "overlays/TEM-3.png",
        "overlays/TEM-4.png",
        "overlays/bag.png",
        "report.html",
    ]
    assert all(path.stat().st_size for path in written)
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    for path in written:
        assert PLANTED.encode() not in path.read_bytes()


def test_everything_of_a_refusal(case, prediction, tmp_path):
    refused = prediction.model_copy(update={"status": "refused", "probabilities": (), "provenance": None})
    written = write_all(case, refused, None, tmp_path / "out")
    assert [path.name for path in written] == ["prediction.json", "report.html"]


def test_cancel_stops(case, prediction, explanation, tmp_path):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        write_all(case, prediction, explanation, tmp_path / "out", progress)
