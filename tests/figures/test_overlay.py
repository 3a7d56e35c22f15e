"""The legend strip stands beside the picture, never on it, and says what it must."""

from __future__ import annotations

import numpy as np
import pytest

from napari_renal_fusion.figures import Legend, cell_text, length_text, scale_bar, with_legend
from napari_renal_fusion.figures import overlay as overlay_module


@pytest.fixture
def written(monkeypatch):
    """Every text that a strip writes."""
    texts = []
    plain = overlay_module._Strip._text

    def record(self, x, y, text, **how):
        texts.append(text)
        return plain(self, x, y, text, **how)

    monkeypatch.setattr(overlay_module._Strip, "_text", record)
    return texts


@pytest.mark.parametrize("width", [90, 800, 1536])
@pytest.mark.parametrize("dark", [True, False])
def test_the_picture_is_untouched(width, dark):
    picture = np.random.default_rng(0).integers(0, 255, (120, width, 3), dtype=np.uint8)
    out = with_legend(picture, Legend("Heat map for lupus nephritis", limits=(0, 1.0)), dark=dark)
    np.testing.assert_array_equal(out[:120, :width], picture)
    assert out.shape[1] == max(width, 640)
    assert out.shape[0] > 120 + 30
    assert out[-1, 0].tolist() == ([0, 0, 0] if dark else [255, 255, 255])


def test_the_strip_says_what_it_is(written):
    picture = np.zeros((300, 900, 3), dtype=np.uint8)
    legend = Legend(
        "Heat map for lupus nephritis (not a segmentation)",
        ("Grad-CAM · cell 44 × 29 µm",),
        pixel_um=0.1,
        limits=(-0.1, 0.4),
        outlined=True,
    )
    with_legend(picture, legend, dark=True)
    text = " ".join(written)
    for words in (
        "not a segmentation",
        "Grad-CAM",
        "cell 44 × 29 µm",
        "10 µm",
        "75 % of 0.4",
        "what the model saw",
        "Model opinion — research use only",
    ):
        assert words in text


def test_uncalibrated_is_said_and_cells_show_their_range(written):
    picture = np.zeros((300, 900, 3), dtype=np.uint8)
    with_legend(picture, Legend("Title", limits=(-0.1, 0.4), style="cells"), dark=False)
    assert "uncalibrated" in written
    assert "−0.1 to 0.4" in written


def test_names_with_dollars_are_not_mathematics():
    with_legend(np.zeros((50, 700, 3), np.uint8), Legend("Heat map for $x_{$ & <b>"), dark=True)


def test_lengths():
    assert length_text(44.2) == "44 µm"
    assert length_text(0.29) == "290 nm"
    assert length_text(1.23) == "1.2 µm"
    assert length_text(2000) == "2 mm"
    assert cell_text((29.3, 43.9), 1.0) == "44 × 29 µm"
    assert cell_text((292.57, 438.86), None) == "439 × 293 px"
    assert cell_text((300.0, 500.0), 0.0025) == "1.2 µm × 750 nm"


@pytest.mark.parametrize("pixel", [1e-4, 0.0025, 0.12, 3.7])
def test_scale_bars_are_round_and_fit(pixel):
    length, text = scale_bar(1500, pixel)
    assert 0.08 * 1500 < length <= 0.22 * 1500
    assert text.split()[0].rstrip("0") in {"1", "2", "5"}
