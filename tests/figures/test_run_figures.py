"""The figures of a run: curves against scikit-learn and closed forms, and pictures in which nothing is cut off."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_renal_fusion.figures import to_png, to_svg
from napari_renal_fusion.figures.charts import fold_title, mean_sd, text_width, wrapped
from napari_renal_fusion.figures.comparison import comparison_figure
from napari_renal_fusion.figures.confusion import confusion_counts, confusion_figure
from napari_renal_fusion.figures.distances import distances_figure
from napari_renal_fusion.figures.fold_metrics import fold_metrics_figure
from napari_renal_fusion.figures.learning_curves import LearningCurve, learning_curves_figure
from napari_renal_fusion.figures.reliability import reliability_figure, wilson
from napari_renal_fusion.figures.roc import GRID, area, mean_curves, on_grid, roc_figure, roc_points
from napari_renal_fusion.figures.sets import sets_figure

NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
ODD = (
    "膜性肾病",
    "Fibrillary glomerulonephritis with monoclonal $deposits",
    "x",
    "Thin-basement-membrane-disease",
)


def answers(n=90, classes=3, folds=3, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if decimals is not None:  # many equal scores
        probabilities = probabilities.round(decimals)
    return labels, probabilities, [f"fold-{i % folds + 1}" for i in range(n)]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def every_figure(names=NAMES, **how):
    """All figures, with numbers, at one width."""
    classes = len(names)
    labels, probabilities, folds = answers(classes=classes)
    rng = np.random.default_rng(1)
    bins = np.array([0, 3, 30, 57]), np.array([0, 0.4, 0.7, 0.9]), np.array([0, 1 / 3, 0.7, 1.0])
    curves = [
        LearningCurve(f"fold-{i}", range(1, 9), rng.random(8), rng.random(8), rng.random(8), best=5)
        for i in (1, 2)
    ]
    values = {"accuracy": [0.7, 0.8, 0.9], "auc": [0.99, 0.99, 1.0], "specificity": [0.5, 0.5, 0.5]}
    sets = [tuple(np.flatnonzero(row > 0.2)) for row in probabilities]
    return {
        "metrics": fold_metrics_figure(values, {"accuracy": (0.7, 0.9), "auc": (0.9, 1.0)}, **how),
        "roc": roc_figure(names, labels, probabilities, folds, **how),
        "confusion": confusion_figure(
            names, confusion_counts(labels, probabilities.argmax(1), classes), **how
        ),
        "reliability": reliability_figure(*bins, 0.123, **how),
        "learning": learning_curves_figure(curves, **how),
        "sets": sets_figure(names, labels, sets, 0.9, **how),
        "distances": distances_figure(
            names, labels, rng.gamma(4, 1, 90), 8.0, dict.fromkeys(names, 0.1), **how
        ),
        "comparison": comparison_figure(
            ("a run with a rather long name that must be read in full", "b"),
            ["Fold 1", "Fold 2", "Repeat 2, fold 1"], [0.9, 0.95, 0.92], [0.91, 0.99, 0.9], "AUC",
            [("Paired t-test, as in the paper", "p = 0.012"), ("Corrected", "no p (the same difference in every fold)")],
            **how,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("decimals", [None, 1])
def test_roc_points_are_those_of_scikit_learn(decimals):
    from sklearn.metrics import roc_auc_score, roc_curve

    labels, probabilities, _ = answers(decimals=decimals)
    for c in range(3):
        false_rate, true_rate = roc_points(labels == c, probabilities[:, c])
        expected = roc_curve(labels == c, probabilities[:, c], drop_intermediate=False)
        np.testing.assert_allclose(false_rate, expected[0])
        np.testing.assert_allclose(true_rate, expected[1])
        assert area(false_rate, true_rate) == pytest.approx(roc_auc_score(labels == c, probabilities[:, c]))


def test_mean_auc_is_that_of_scikit_learn_and_of_the_metrics_table():
    from sklearn.metrics import roc_auc_score

    from napari_renal_fusion.training.metrics import classification_metrics

    labels, probabilities, folds = answers()
    macro, per_class = mean_curves(labels, probabilities, folds)
    for i, fold in enumerate(("fold-1", "fold-2", "fold-3")):
        here = np.array(folds) == fold
        expected = roc_auc_score(labels[here], probabilities[here], multi_class="ovr", average="macro")
        assert macro.aucs[i] == pytest.approx(expected)
        table = classification_metrics(labels[here], probabilities[here])
        assert macro.aucs[i] == pytest.approx(table["auc"])
        for c, curve in enumerate(per_class):
            assert curve.aucs[i] == pytest.approx(roc_auc_score(labels[here] == c, probabilities[here, c]))


def test_vertical_averaging_in_closed_form():
    # Fold a is perfect; fold b is right for one of its two positives before any negative, then wrong.
    labels = np.array([1, 1, 0, 0, 1, 1, 0, 0])
    scores = np.array([0.9, 0.8, 0.2, 0.1, 0.9, 0.1, 0.5, 0.4])
    macro, (first, second) = mean_curves(labels, np.column_stack([1 - scores, scores]), list("aaaabbbb"))
    np.testing.assert_allclose(second.aucs, (1.0, 0.5))
    inside = (GRID > 0) & (GRID < 1)
    np.testing.assert_allclose(second.mean[inside], 0.75)
    np.testing.assert_allclose(second.sd[inside], np.std([1.0, 0.5], ddof=1))
    assert second.mean[-1] == 1.0
    np.testing.assert_allclose(macro.mean, (first.mean + second.mean) / 2)
    assert second.auc_sd == pytest.approx(np.std([1.0, 0.5], ddof=1))


def test_a_diagonal_stays_a_diagonal_between_steps():
    # One tied score for all: a single step from (0, 0) to (1, 1), hence a straight line and an area of a half.
    steps = roc_points(np.array([True, False, True]), np.full(3, 0.4))
    np.testing.assert_allclose(on_grid(*steps), GRID)
    assert area(*steps) == 0.5


def test_a_class_that_a_fold_lacks_has_no_curve_there():
    labels, probabilities, _ = answers(n=12)
    folds = ["one" if label == 2 else "two" for label in labels]
    macro, per_class = mean_curves(labels, probabilities, folds)
    assert per_class[2] is None  # alone in its fold
    assert [len(one.aucs) for one in per_class[:2]] == [1, 1]
    assert macro.sd is None
    assert "in no fold with others" in texts(roc_figure(NAMES, labels, probabilities, folds))


def test_the_legend_of_a_roc_panel_gives_mean_and_sd_of_the_areas():
    labels, probabilities, folds = answers()
    macro, per_class = mean_curves(labels, probabilities, folds)
    said = texts(roc_figure(NAMES, labels, probabilities, folds))
    for curve in (macro, *per_class):
        assert f"AUC {100 * curve.aucs.mean():.1f} ± {100 * curve.aucs.std(ddof=1):.1f} %" in said


def test_confusion_counts_are_those_of_scikit_learn():
    from sklearn.metrics import confusion_matrix

    labels, probabilities, _ = answers()
    counts = confusion_counts(labels, probabilities.argmax(axis=1), 3)
    np.testing.assert_array_equal(counts, confusion_matrix(labels, probabilities.argmax(axis=1)))
    said = texts(confusion_figure(NAMES, counts))
    for row in counts:
        for count in row:
            assert str(count) in said
            assert count == 0 or f"{100 * count / row.sum():.1f} %" in said
        assert str(row.sum()) in said


def test_a_class_without_cases_divides_nothing_by_zero():
    said = texts(confusion_figure(NAMES, np.array([[3, 0, 0], [1, 2, 0], [0, 0, 0]])))
    assert "100.0 %" in said
    assert not any("nan" in one for one in said)


def test_the_reliability_diagram_stands_on_its_numbers():
    counts, probability, right = [0, 4, 16], np.array([0, 0.5, 0.9]), np.array([0, 0.25, 1.0])
    figure = reliability_figure(counts, probability, right, 0.13)
    assert "Expected calibration error 13.0 points · 20 cases" in texts(figure)
    dots = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(
        [(d.get_xdata()[0], d.get_ydata()[0]) for d in dots], [(0.5, 0.25), (0.9, 1.0)]
    )
    assert {"4", "16"} <= set(texts(figure))
    assert "0" not in texts(figure)


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(41, 46, 0.7696, 0.9527), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)],
)
def test_wilson_interval_as_in_the_textbook(right, of, low, high):
    """Values of ``statsmodels.stats.proportion.proportion_confint(method="wilson")``."""
    assert wilson(right, of) == pytest.approx((low, high), abs=2e-4)


def test_wilson_interval():
    from scipy.stats import binomtest

    for right, count in ((0, 5), (3, 7), (40, 41), (20, 20)):
        expected = binomtest(right, count).proportion_ci(method="wilson")
        np.testing.assert_allclose(wilson(right, count), (expected.low, expected.high), atol=1e-6)
    assert wilson(0, 0) == (0.0, 1.0)


def test_metrics_carry_mean_sd_and_interval():
    said = texts(fold_metrics_figure({"auc": [0.9, 1.0]}, {"auc": (0.85, 0.99)}))
    assert f"95.0 ± {100 * np.std([0.9, 1.0], ddof=1):.1f}" in said
    assert "85.0 to 99.0" in said
    assert "90.0" in texts(fold_metrics_figure({"auc": [0.9]}))  # one fold has no spread


def test_equal_folds_are_two_dots():
    figure = fold_metrics_figure({"auc": [0.9, 0.9, 0.9]})
    (dots,) = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 3]
    assert len(set(dots.get_ydata())) == 3


def test_learning_curves_without_validation_say_so_instead_of_an_empty_plot():
    nothing = [None, None]
    figure = learning_curves_figure([LearningCurve("fold-1", [1, 2], [1.0, 0.8], nothing, nothing)])
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said.count("no patients were kept\nfor validation") == 1
    assert "training" in said
    assert "validation" not in said
    validated = learning_curves_figure([LearningCurve("fold-1", [1, 2], [1.0, 0.8], [1.1, 0.9], [0.7, 0.8])])
    said = [text.get_text() for axes in validated.axes for text in axes.texts]
    assert "validation" in said
    assert not any("kept\nfor" in one for one in said)


def test_the_mean_of_learning_curves_ends_where_the_first_fold_stops():
    long = LearningCurve("fold-1", [1, 2, 3, 4], [4, 3, 2, 1], [4, 3, 2, 1], [0.5, 0.6, 0.7, 0.8], best=4)
    short = LearningCurve("fold-2", [1, 2], [2, 1], [2, None], [0.7, 0.8], best=1)
    figure = learning_curves_figure([long, short])
    (mean,) = [
        line for line in figure.axes[1].lines if line.get_linewidth() == 2.4 and line.get_linestyle() == "--"
    ]
    np.testing.assert_allclose(mean.get_xdata(), (1, 2))
    np.testing.assert_allclose(mean.get_ydata(), (3, 2))


def test_sets_count_what_they_hold():
    labels = [0, 0, 1, 1, 2]
    figure = sets_figure(NAMES, labels, [(0,), (1,), (1, 2), (), (0, 1, 2)], 0.9)
    said = texts(figure)
    # None 1, one class 2, two classes 1, three classes 1; three of five sets hold the right class.
    assert [one for one in said if one in ("1", "2")] == ["1", "2", "1", "1"]
    assert "60.0 %" in said
    assert "asked: 90 %" in said
    assert [one for one in said if one in ("50.0 %", "100.0 %")] == ["50.0 %", "50.0 %", "100.0 %"]


def test_distances_name_the_limit_and_how_many_lie_above():
    labels, distances = [0, 1, 2, 0], [1.0, 2.0, 3.0, 9.0]
    assert any(
        "1 of 4 known patients" in one for one in texts(distances_figure(NAMES, labels, distances, 5.0))
    )
    said = texts(distances_figure(NAMES, labels, distances, None, {"lupus nephritis": 0.125}))
    assert "12.5 %" in said
    assert "no limit: nothing is refused" in said


def test_a_comparison_shows_differences_and_p_values():
    tests = [("Paired t-test", "p = 0.031")]
    said = texts(
        comparison_figure(("a", "b"), ["Fold 1", "Fold 2"], [0.90, 0.95], [0.92, 0.91], "AUC", tests)
    )
    assert {"−2.0", "+4.0", "+1.0", "p = 0.031", "a", "b"} <= set(said)


def test_words():
    assert fold_title("repeat-2-fold-1") == "Repeat 2, fold 1"
    assert fold_title("refit") == "Refit"
    assert mean_sd(0.954, 0.024) == "95.4 ± 2.4"
    lines = wrapped("membranous nephropathy", 100)
    assert "".join(lines).replace(" ", "") == "membranousnephropathy"
    assert all(text_width(line) <= 100 for line in lines)
    assert all(text_width(line) <= 60 for line in wrapped("Thin-basement-membrane-disease", 60))


@pytest.mark.parametrize("names", [NAMES, ODD], ids=["paper", "odd"])
@pytest.mark.parametrize("width", [360, 720, 1100])
def test_nothing_is_cut_off_or_written_over(names, width):
    for key, figure in every_figure(names, width=width).items():
        figure.canvas.draw()
        renderer, room = figure.canvas.get_renderer(), figure.bbox
        boxes = []
        for axes in figure.axes:
            ticks = [*_inside(axes.get_xticklabels(), axes.get_xlim(), 0)] if axes.axison else []
            ticks += [*_inside(axes.get_yticklabels(), axes.get_ylim(), 1)] if axes.axison else []
            for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label, *ticks):
                if not text.get_text().strip():
                    continue
                box = text.get_window_extent(renderer)
                inside = (
                    box.x0 >= -2 and box.x1 <= room.width + 2 and box.y0 >= -2 and box.y1 <= room.height + 2
                )
                assert inside, (key, width, text.get_text(), box)
                if text in axes.texts or text in (axes.xaxis.label, axes.yaxis.label):
                    boxes.append((text.get_text(), box))
        for i, (said, one) in enumerate(boxes):
            for other_said, other in boxes[i + 1 :]:
                across = min(one.x1, other.x1) - max(one.x0, other.x0)
                down = min(one.y1, other.y1) - max(one.y0, other.y0)
                assert across <= 1 or down <= 4, (key, width, said, other_said)


def _inside(labels, limits, axis):
    low, high = sorted(limits)
    return (one for one in labels if one.get_visible() and low <= one.get_position()[axis] <= high)


@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_renders_light_and_dark(dark):
    for figure in every_figure(width=480, dark=dark).values():
        assert to_png(figure, 1.0).startswith(b"\x89PNG")
        assert b"<svg" in to_svg(figure)


def test_figures_need_neither_pyplot_nor_torch_nor_scikit_learn():
    code = (
        "import sys; import numpy as np\n"
        "from napari_renal_fusion.figures.roc import roc_figure\n"
        "roc_figure(['a', 'b'], [0, 1], np.eye(2), ['x', 'x']).canvas.draw()\n"
        "print([name for name in ('matplotlib.pyplot', 'torch', 'sklearn', 'qtpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
