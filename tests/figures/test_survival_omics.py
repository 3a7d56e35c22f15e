"""Survival plots say what they are about; ranked bars rank; nothing is cut off or written over."""

import numpy as np
import pytest

from napari_renal_fusion.figures import to_png
from napari_renal_fusion.figures.omics import ranked_bars_figure
from napari_renal_fusion.figures.survival import kaplan_meier_figure, survival_curve_figure
from napari_renal_fusion.training.survival import kaplan_meier

ABOUT = {
    "outcome": "death of any cause",
    "population": "papillary renal cell carcinoma, 208 patients of seventeen hospitals that all sent tissue",
    "time_zero": "initial diagnosis",
    "unit": "months",
}


def seen(seed, n=80):
    rng = np.random.default_rng(seed)
    return kaplan_meier(rng.exponential(40, n), rng.random(n) < 0.5)


def curve(times=(12.3, 25, 48, 140), **how):
    shares = np.linspace(0.95, 0.3, len(times))
    return survival_curve_figure(times, shares, group=("High risk group", seen(0)), **ABOUT, **how)


def groups(**how):
    note = "Log-rank test p = 0.006; groups from the median risk of each fold's training part"
    return kaplan_meier_figure({"low risk": seen(1, 60), "high risk": seen(2)}, **ABOUT, note=note, **how)


def bars(count=12, **how):
    rng = np.random.default_rng(0)
    names = [f"GENE{i}_rnaseq" for i in range(299)] + [
        "a_very_long_name_of_a_methylation_probe_that_nobody_reads"
    ]
    weights = np.append(rng.random(299), 2.0) / 300
    values = [None if i == 7 else float(i) - 150 for i in range(300)]
    return ranked_bars_figure(
        names,
        weights,
        what="Attention to rnaseq, mean over layers",
        even=1 / 300,
        values=values,
        count=count,
        **how,
    )


def texts(figure):
    figure.canvas.draw()
    found = [text for axes in figure.axes for text in axes.texts if text.get_text().strip()]
    return found, " | ".join(text.get_text() for text in found)


@pytest.mark.parametrize("missing", ABOUT)
def test_no_survival_plot_without_its_four_facts(missing):
    about = ABOUT | {missing: " "}
    with pytest.raises(ValueError, match=missing):
        survival_curve_figure([1, 2], [0.9, 0.8], **about)
    with pytest.raises(ValueError, match=missing):
        kaplan_meier_figure({"all": seen(0)}, **about)
    with pytest.raises(TypeError):
        survival_curve_figure([1, 2], [0.9, 0.8])


@pytest.mark.parametrize("width", [360, 720])
@pytest.mark.parametrize("made", [curve, groups])
def test_the_four_facts_stand_on_the_plot(made, width):
    _, said = texts(made(width=width))
    for fact in ABOUT.values():
        for word in fact.split():
            assert word in said


def test_the_patients_curve_is_what_was_predicted():
    axes = curve().axes[1]  # the first is the canvas of texts
    points = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points[0].get_xdata(), [12.3, 25, 48, 140])
    np.testing.assert_allclose(points[0].get_ydata(), np.linspace(0.95, 0.3, 4))
    (steps,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    np.testing.assert_allclose(steps.get_ydata()[1:], seen(0).survival)
    assert "30.0 %" in [text.get_text() for text in axes.texts]
    many = curve(times=np.arange(1, 60))
    assert len([text for one in many.axes for text in one.texts if text.get_text().endswith("%")]) <= 6


def test_numbers_at_risk_stand_under_their_times():
    figure = groups()
    axes = figure.axes[1]
    found, said = texts(figure)
    ticks = axes.get_xticks()
    for one in (seen(1, 60), seen(2)):
        for tick, count in zip(ticks, one.at_risk(ticks), strict=True):
            x = axes.transData.transform((tick, 0))[0]
            near = [
                text.get_text() for text in found
                if abs(text.get_window_extent().x0 / 2 + text.get_window_extent().x1 / 2 - x) < 3
            ]  # fmt: skip
            assert str(count) in near
    assert "high risk: 80 patients" in said
    assert (np.diff(ticks) % 6 == 0).all()  # months are counted in half years
    with pytest.raises(ValueError, match="four"):
        kaplan_meier_figure({str(i): seen(i) for i in range(5)}, **ABOUT)


def test_bars_are_ranked_and_say_of_how_many():
    found, said = texts(bars())
    times = [float(text.get_text()[:-2]) for text in found if text.get_text().endswith(" ×")]
    assert times == sorted(times, reverse=True)
    assert len(times) == 12
    assert times[0] == 2
    assert "The 12 largest of 300" in said
    _, said = texts(ranked_bars_figure(["a", "b"], [0.25, 0.75], what="Attention"))
    assert "All 2; raw weights from 0.25 to 0.75." in said
    with pytest.raises(ValueError, match="not negative"):
        ranked_bars_figure(["a"], [-1.0], what="x")
    with pytest.raises(ValueError, match="2 names"):
        ranked_bars_figure(["a", "b"], [1.0], what="x")
    texts(ranked_bars_figure(["a", "b"], [0.0, 0.0], what="nothing at all"))


@pytest.mark.parametrize("width", [360, 720])
@pytest.mark.parametrize("made", [curve, groups, bars])
def test_nothing_is_cut_off_or_written_over(made, width):
    figure = made(width=width)
    found, _ = texts(figure)
    boxes = [(text.get_text(), text.get_window_extent()) for text in found]
    room = figure.bbox
    for said, box in boxes:
        inside = box.x0 >= -2 and box.x1 <= room.width + 2 and box.y0 >= -2 and box.y1 <= room.height + 2
        assert inside, (said, box)
    for i, (said, one) in enumerate(boxes):
        for other_said, other in boxes[i + 1 :]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            down = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert across <= 1 or down <= 4, (said, other_said)


@pytest.mark.parametrize("made", [curve, groups, bars])
def test_light_and_dark_differ(made):
    assert to_png(made()) != to_png(made(dark=True))
