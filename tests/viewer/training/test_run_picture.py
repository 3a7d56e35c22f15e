"""Events added up, curves read off, numbers on axes."""

from __future__ import annotations

import pytest

from napari_renal_fusion.viewer.training.curve_plot import Curve, CurvePlot, thinned
from napari_renal_fusion.viewer.training.folds_table import unit_title
from napari_renal_fusion.viewer.training.run_picture import RunPicture
from napari_renal_fusion.viewer.training.runs_page import differing_text
from napari_renal_fusion.viewer.training.ticks import nice_ticks, tick_text, whole_ticks


def epoch(number, loss, unit="fold-1", **more):
    return {"event": "epoch", "unit": unit, "epoch": number, "epochs": 5, "train_loss": loss,
            "val_loss": loss + 0.1, "val_auc": 0.8, "val_accuracy": 0.7, **more}  # fmt: skip


def test_an_epoch_that_is_done_again_replaces_the_older_one():
    picture = RunPicture()
    picture.add([epoch(1, 1.0), epoch(2, 0.9), epoch(3, 0.8)])
    picture.add([epoch(3, 0.5), epoch(4, 0.6)])
    unit = picture.units["fold-1"]
    assert unit.curve("train_loss") == [(1, 1.0), (2, 0.9), (3, 0.5), (4, 0.6)]
    assert unit.best["epoch"] == 3
    assert unit.last["epoch"] == 4


def test_progress_alone_changes_no_curve():
    picture = RunPicture()
    assert not picture.add([{"event": "progress", "fraction": 0.4, "message": "m", "remaining_s": 7.0}])
    assert (picture.fraction, picture.remaining_s) == (0.4, 7.0)
    assert picture.add([epoch(1, 1.0, gpu_memory_mb=2048.0)])
    assert picture.gpu_memory_mb == 2048.0


def test_without_validation_there_is_a_training_curve_alone():
    picture = RunPicture()
    picture.add([epoch(1, 1.0) | {"val_loss": None, "val_auc": None}])
    unit = picture.units["fold-1"]
    assert unit.curve("val_loss") == []
    assert unit.best is None


def test_events_of_a_newer_version_are_passed_over():
    assert not RunPicture().add([{"event": "something_new", "x": 1}])


@pytest.mark.parametrize(
    ("name", "title"),
    [("fold-2", "Fold 2"), ("repeat-2-fold-1", "Repeat 2, fold 1"), ("refit", "Refit"),
     ("OM-IM/fold-2", "Light + IF: fold 2")],
)  # fmt: skip
def test_unit_titles(name, title):
    assert unit_title(name) == title


def test_ticks_are_round_and_span_the_values():
    assert nice_ticks(0, 1.13, 5) == [0, 0.5, 1.0, 1.5]
    assert [tick_text(one, 0.05) for one in (0.05, 0.1)] == ["0.05", "0.10"]
    assert whole_ticks(4) == [1, 2, 3, 4]
    assert whole_ticks(60, 6)[0] == 1
    assert whole_ticks(60, 6)[-1] == 60


def test_long_curves_are_thinned_but_keep_their_ends():
    points = [(float(n), float(n)) for n in range(1, 501)]
    shown = thinned(points, 100)
    assert (shown[0], shown[-1]) == (points[0], points[-1])
    assert len(shown) <= 102
    assert set(shown) <= set(points)
    assert thinned(points[:50], 100) == points[:50]


def test_values_under_the_pointer(qtbot):
    plot = CurvePlot("Loss", "nothing yet")
    qtbot.addWidget(plot)
    plot.resize(400, 240)
    plot.show()
    assert plot.text_at(200) == ""
    plot.show_curves([Curve([(1, 1.0), (2, 0.5), (3, 0.25)], 0, "Fold 1", "1")], 3)
    area = plot._plot()
    assert plot.text_at(area.center().x()) == "Epoch 2\nFold 1: 0.500"
    assert plot.text_at(area.right()) == "Epoch 3\nFold 1: 0.250"


@pytest.mark.parametrize("background", ["white", "#262930"])
def test_curves_are_painted_in_light_and_dark(qtbot, background):
    from qtpy.QtGui import QColor, QPalette

    plot = CurvePlot("AUC", "nothing yet", (0.5, 1.0))
    qtbot.addWidget(plot)
    palette = plot.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(background))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("black" if background == "white" else "white"))
    plot.setPalette(palette)
    plot.resize(400, 240)
    plot.show_curves([Curve([(1, 0.6), (5, 0.95)], 0, "Fold 1", "1")], 5)
    image = plot.grab().toImage()
    wanted = plot._colour(plot.curves[0], _colours(plot))
    seen = sum(
        abs(image.pixelColor(x, y).hue() - wanted.hue()) < 12 and image.pixelColor(x, y).saturation() > 60
        for x in range(0, 400, 2)
        for y in range(0, 240, 2)
    )
    assert seen > 40


def _colours(widget):
    from napari_renal_fusion.viewer.theme import colours_of

    return colours_of(widget)


def test_what_differs_is_said_in_the_words_of_the_form():
    text = differing_text({"epochs": 40, "learning_rate": 5e-5, "name": "x", "network.smil": False})
    assert text == "Epochs 40, Learning rate 5e-05, network smil no"
