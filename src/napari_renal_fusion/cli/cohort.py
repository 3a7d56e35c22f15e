"""``renal-fusion cohort check``: what a person should know about a cohort before training, as one table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..cases import Cohort
from ..cases.anonymous import with_codes
from ..cases.folders import open_cases
from ..errors import RenalFusionError
from ..inputs.nameless import Nameless
from ..training.check import CohortReport, Finding
from ..training.check.export import KINDS
from ..training.check.words import count
from .console import Talk


def run_cohort_check(
    talk: Talk,
    path: Path,
    *,
    preset_name: str = "small",
    folds: int = -1,
    encoder_weights: str = "",
    class_names: tuple[str, ...] = (),
    out: Path | None = None,
) -> bool:
    """Check the cohort at ``path``, print and write the table; False if training would be refused.

    ``folds`` of -1 keeps the preset's number; ``class_names`` are the labels that may occur, by default those
    that do.
    """
    from ..training import PRESETS, preset
    from ..training.check import check_cohort
    from ..training.check.export import write_report

    if preset_name not in PRESETS:
        raise RenalFusionError(
            "preset_unknown",
            f"There is no preset called {preset_name!r}",
            remedy=f"Choose {' or '.join(PRESETS)}.",
        )
    changes: dict[str, object] = {"encoder_weights": encoder_weights} if encoder_weights else {}
    changes |= _folds(folds)
    cohort = open_cases(path)
    if class_names:
        cohort = replace(cohort, class_names=class_names)
    with talk.progress() as progress:
        report = check_cohort(cohort, preset(preset_name, **changes), progress)
    if not talk.as_json:
        print_report(report)
    if out is not None:
        write_report(_without_names(report, cohort, path), out, "Cohort")
        talk.say(f"Written: {out}")
    talk.result(report.model_dump(mode="json"))
    return not report.errors


def _without_names(report: CohortReport, cohort: Cohort, path: Path) -> CohortReport:
    """What may be written: cases by code, files by image id; the terminal names them."""
    clean = Nameless.of_cohort(with_codes(cohort, path)).tree(report.model_dump(mode="json"))
    return type(report).model_validate(clean)


def _folds(folds: int) -> dict[str, object]:
    if folds < 0:
        return {}
    if folds == 1:
        raise RenalFusionError("folds_one", "One fold tests nothing", remedy="Give 0 or at least 2.")
    return {"folds": folds, "final": "ensemble" if folds else "refit"}


def print_report(report: CohortReport, console: Console | None = None) -> None:
    """Print the table: errors and shortcuts in red, then a line that says whether training may start."""
    console = console or Console(highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Kind", no_wrap=True)
    table.add_column("About", no_wrap=True)
    table.add_column("Finding", overflow="fold")
    group = ""
    for one in report.findings:
        style = _style(one)
        text = Text(one.message, style=style if style == "red" else "")
        if one.remedy:
            text.append(f" {one.remedy}", style="dim")
        table.add_row(Text(KINDS[one.severity], style=style), one.group if one.group != group else "", text)
        group = one.group
    shares = ", ".join(f"{name} {number}" for name, number in report.class_counts.items())
    console.print(
        f"{count(report.patients, 'patient')}, {count(report.cases, 'case')}, "
        f"{count(report.images, 'image')}" + (f": {shares}" if shares else ""),
        markup=False,
    )
    console.print(table)
    errors, warnings = len(report.errors), len(report.warnings)
    console.print(
        Text(
            f"{count(errors, 'error')}, {count(warnings, 'warning')}. "
            + ("Training would be refused." if errors else "Training may start."),
            style="red" if errors else "",
        )
    )


def _style(one: Finding) -> str:
    if one.severity == "info":
        return "dim"
    return "red" if one.severity == "error" or one.group == "Shortcuts" else "yellow"
