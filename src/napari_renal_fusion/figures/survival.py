"""Survival: one patient's curve before the risk group that was seen, and Kaplan-Meier curves of groups.

Outcome, population, time zero and unit stand on every plot: a curve without them says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike

from .charts import SMALL, accent, canvas_axes, pixel_axes, quiet_axes, wrapped, write
from .style import FONT_SIZE, class_ink, new_figure, percent, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT, _RIGHT, _LINE = 60, 14, 19
_SLACK = 12  # glyphs are hinted to whole pixels, which differ with the resolution
_MOST_DOTS = 10
_Dashes = str | tuple[int, tuple[float, ...]]
_DASHES: tuple[_Dashes, ...] = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


class SeenCurve(Protocol):
    """What was seen in a group, as ``training.survival.KaplanMeier`` holds it.

    The share without the event from each of ``times`` on with its interval, and how many were followed until when.
    """

    times: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def at_risk(self, times: ArrayLike) -> np.ndarray: ...


def survival_curve_figure(
    times: Sequence[float],
    survival: Sequence[float],
    *,
    outcome: str,
    population: str,
    time_zero: str,
    unit: str,
    group: tuple[str, SeenCurve] | None = None,
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw one patient's predicted curve: a dot at the end of each time bin, straight lines between.

    Parameters
    ----------
    times, survival
        [k] ends of the bins, rising, and probability of no event until then.
    outcome, population, time_zero, unit
        What happens ("death of any cause"), to whom the model was fitted, from when time counts ("diagnosis") and
        in what ("months"). None may be empty.
    group
        Name and Kaplan-Meier curve of the patient's risk group among the training patients, drawn as a band behind:
        what was seen, beside what is predicted.
    width
        In CSS pixels.
    """
    times, survival = np.asarray(times, dtype=float), np.asarray(survival, dtype=float)
    labels = _Labels(outcome, population, time_zero, unit)
    colours, colour = theme(dark), accent(dark)
    keys = [_Key("dot", colour, "this patient, as predicted at the end of each time bin", width)]
    if group is not None:
        said = f"{group[0]} of the training patients, as seen, with its 95 % interval"
        keys.append(_Key("band", colours.quiet, said, width))
    page = _Page(labels, width, dark, float(times[-1]), keys=keys)
    axes = page.axes
    if group is not None:
        _band(axes, group[1], colours.quiet, alpha=0.16, line=1.2)
    axes.plot(np.append(0, times), np.append(1, survival), color=colour, linewidth=2, solid_joinstyle="round")
    how = {
        "markersize": 8,
        "markeredgecolor": colours.track,
        "markeredgewidth": 1,
        "clip_on": False,
        "zorder": 4,
    }
    if len(times) > _MOST_DOTS:
        how |= {"markersize": 4, "markeredgewidth": 0}
    axes.plot(times, survival, "o", color=colour, **how)
    for place in _labelled(len(times), 4 if width >= 560 else 3):
        last = place == len(times) - 1
        axes.annotate(
            percent(survival[place]), (times[place], survival[place]), color=colours.text, fontsize=SMALL,
            xytext=(-2, -16) if last else (5, 6), textcoords="offset points", ha="right" if last else "left", zorder=5,
        )  # fmt: skip
    return page.figure


def kaplan_meier_figure(
    groups: Mapping[str, SeenCurve],
    *,
    outcome: str,
    population: str,
    time_zero: str,
    unit: str,
    note: str = "",
    width: int = 720,
    dark: bool = False,
) -> Figure:
    """Draw what was seen in groups: steps, 95 % intervals, and below them how many were still followed.

    Parameters
    ----------
    groups
        Name -> Kaplan-Meier curve, four at most; low risk first.
    outcome, population, time_zero, unit
        As in :func:`survival_curve_figure`.
    note
        A sentence below, such as the log-rank test.
    """
    labels = _Labels(outcome, population, time_zero, unit)
    colours = theme(dark)
    shades = dict(zip(groups, [accent(dark), *(class_ink(i, dark) for i in (0, 2, 6))], strict=False))
    if len(shades) < len(groups):
        raise ValueError(f"{len(groups)} groups; four can be told apart")
    # A second sign beside the colour, for print without colours.
    lines = dict(zip(groups, _DASHES, strict=False))
    keys = [
        _Key("line", shades[name], f"{name}: {int(curve.at_risk(0))} patients", width, lines[name])
        for name, curve in groups.items()
    ]
    end = max(float(curve.times[-1]) for curve in groups.values())
    said = wrapped(note, width - _SLACK, SMALL) if note else []
    page = _Page(labels, width, dark, end, keys=keys, more=_LINE * (len(groups) + 1 + len(said)) + 22)
    top = page.bottom + 8
    write(page.canvas, 0, top, "still followed", colours.quiet, size=SMALL)
    ticks = page.axes.get_xticks()
    for i, (name, curve) in enumerate(groups.items()):
        _band(page.axes, curve, shades[name], alpha=0.18, line=2.2, dashes=lines[name])
        y = top + _LINE * (i + 1)
        page.canvas.plot([0, 24], [y, y], color=shades[name], linewidth=2.2, linestyle=lines[name])
        for tick, count in zip(ticks, curve.at_risk(ticks), strict=True):
            x = _LEFT + tick / end * (width - _LEFT - _RIGHT)
            write(page.canvas, x, y, str(int(count)), colours.text, align="center", size=SMALL)
    for i, line in enumerate(said):
        y = top + _LINE * (len(groups) + 1 + i) + 6
        write(page.canvas, 0, y, line, colours.quiet, size=SMALL)
    return page.figure


class _Labels:
    """The four things that every plot says, checked."""

    def __init__(self, outcome: str, population: str, time_zero: str, unit: str):
        given = {"outcome": outcome, "population": population, "time_zero": time_zero, "unit": unit}
        for name, text in given.items():
            if not text.strip():
                raise ValueError(f"a survival plot needs its {name}")
        self.title = f"Outcome: {outcome}"
        self.population = f"Population: {population}"
        self.axis = f"{unit} since {time_zero}"
        # Steps in which people count months are those of years.
        self.steps = (1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600) if unit == "months" else ()


class _Key:
    """What a line, dot or band means, in lines that fit."""

    def __init__(self, kind: str, colour: str, text: str, width: int, dashes: _Dashes = "solid"):
        self.kind, self.colour, self.dashes = kind, colour, dashes
        self.lines = wrapped(text, width - 24 - _SLACK, SMALL)


class _Page:
    """Title, population, axes and keys; ``bottom`` is where more may follow, in CSS pixels."""

    def __init__(
        self, labels: _Labels, width: int, dark: bool, end: float, *, keys: Sequence[_Key], more: int = 0
    ):
        colours = theme(dark)
        title = wrapped(labels.title, width - _SLACK, FONT_SIZE, bold=True)
        about = wrapped(labels.population, width - _SLACK, SMALL)
        axis = wrapped(labels.axis, width - _LEFT - _SLACK, SMALL)
        top, tall, wide = (
            20 * len(title) + _LINE * len(about) + 14,
            min(300, round(0.62 * width)),
            width - _LEFT - _RIGHT,
        )
        below = top + tall + 24 + _LINE * len(axis)
        self.bottom = below + 8 + _LINE * sum(len(key.lines) for key in keys)
        self.figure = new_figure(width, round(self.bottom + more))
        self.canvas = canvas_axes(self.figure)
        for i, line in enumerate(title):
            write(self.canvas, 0, 10 + 20 * i, line, colours.text, bold=True)
        for i, line in enumerate(about):
            write(self.canvas, 0, 10 + 20 * len(title) + _LINE * i, line, colours.quiet, size=SMALL)
        self.axes = axes = pixel_axes(self.figure, _LEFT, top, wide, tall)
        quiet_axes(axes, colours)
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1.02)
        axes.set_yticks(np.arange(0, 1.01, 0.2), [f"{20 * i}" for i in range(6)])
        ticks = _ticks(end, 8 if width >= 560 else 5, labels.steps)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        how = {"size": SMALL, "align": "center"}
        write(
            self.canvas, 14, top + tall / 2, "no event yet, %", colours.quiet, rotation=90, va="center", **how
        )
        for i, line in enumerate(axis):
            write(self.canvas, _LEFT + wide / 2, top + tall + 32 + _LINE * i, line, colours.quiet, **how)
        y = below + 12
        for key in keys:
            _draw_key(self.canvas, key, y)
            for line in key.lines:
                write(
                    self.canvas,
                    24,
                    y,
                    line,
                    colours.text if key.kind == "line" else colours.quiet,
                    size=SMALL,
                )
                y += _LINE


def _draw_key(canvas: Axes, key: _Key, y: float) -> None:
    if key.kind == "band":
        canvas.fill_between([2, 16], y - 6, y + 6, color=key.colour, alpha=0.25, linewidth=0)
    thick = 2.2 if key.kind == "line" else 1.6
    canvas.plot([0, 18], [y, y], color=key.colour, linewidth=thick, linestyle=key.dashes)
    if key.kind == "dot":
        canvas.plot([9], [y], "o", color=key.colour, markersize=6, markeredgewidth=0)


def _labelled(count: int, most: int) -> list[int]:
    """Places whose percentages are written: all of a few, else evenly chosen ones with the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(share * (count - 1)) for share in np.linspace(0, 1, most + 1)[1:]})


def _ticks(end: float, most: int, steps: Sequence[float]) -> np.ndarray:
    """Rising round times from 0, at most ``most`` steps of them."""
    usual = (base * 10.0**power for power in range(-3, 7) for base in (1, 2, 5))
    step = next(step for step in (*steps, *usual) if end / step <= most)
    return np.arange(0, end * 1.0001, step)


def _band(
    axes: Axes, curve: SeenCurve, colour: str, *, alpha: float, line: float, dashes: _Dashes = "solid"
) -> None:
    """Steps of what was seen and the interval about them, until the last contact."""
    times = np.concatenate([[0.0], curve.times])
    shares = [np.concatenate([[1.0], one]) for one in (curve.survival, curve.low, curve.high)]
    axes.fill_between(times, shares[1], shares[2], step="post", color=colour, alpha=alpha, linewidth=0)
    axes.plot(
        times,
        shares[0],
        drawstyle="steps-post",
        color=colour,
        linewidth=line,
        linestyle=dashes,
        solid_joinstyle="miter",
    )
