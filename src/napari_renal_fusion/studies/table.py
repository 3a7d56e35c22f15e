"""The table of a study in the paper's form, as CSV, HTML, plot and text."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..compute.atomic import write_bytes, write_text
from ..figures import to_png, to_svg
from ..figures.study import study_figure

if TYPE_CHECKING:
    from .runner import StudyRow, StudyTable
    from .study import Study

COLUMNS = {
    "accuracy": "ACC",
    "auc": "AUC",
    "precision": "PRE",
    "recall": "REC",
    "specificity": "SPE",
    "f1": "F1",
}
"""The paper's columns, in its order."""

_RESEARCH = "Research use only."


def cells(table: StudyTable) -> list[list[str]]:
    """Header and rows as text: marks, title, six metrics in percent (mean ± sd over folds), both p-values."""
    study = table.study
    header = [*study.columns, "Model", *COLUMNS.values(), "p", "p corrected"]
    return [
        header,
        *([*_marks(line), line.row.title, *_figures(line), *_p_values(line, study)] for line in table.rows),
    ]


def note(table: StudyTable) -> str:
    """The sentence under the table."""
    reference = next(line.row.title for line in table.rows if line.row.key == table.study.reference)
    return (
        f"{table.study.source}: percent, mean ± standard deviation over {table.folds} folds of "
        f"{table.patients} patients; every row on the same folds. p: fold AUCs against “{reference}”, paired "
        f"t-test as in the paper, and corrected for folds that share training patients. {_RESEARCH}"
    )


def write_tables(table: StudyTable, out: Path) -> list[Path]:
    """Write ``table.csv``, ``table.html`` (self-contained), ``figure.png`` and ``figure.svg`` into ``out``."""
    figure = study_figure(
        [line.row.title for line in table.rows],
        [[one.metrics["auc"] for one in line.results.folds] for line in table.rows],
        reference=[line.row.key for line in table.rows].index(table.study.reference),
        unit="AUC of a fold (macro, one against the rest)",
    )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_plain_cells(table))
    files = {
        "table.csv": text.getvalue().encode("utf-8-sig"),  # Excel takes UTF-8 only with its mark
        "figure.png": to_png(figure),
        "figure.svg": to_svg(figure),
    }
    for name, data in files.items():
        write_bytes(out / name, data)
    write_text(out / "table.html", _html(table, files["figure.svg"].decode()))
    return [out / name for name in ("table.csv", "table.html", "figure.png", "figure.svg")]


def _plain_cells(table: StudyTable) -> list[list[object]]:
    """For programs: means and standard deviations apart, shares from 0 to 1, p-values as numbers."""
    metrics = [f"{name}_{what}" for name in COLUMNS for what in ("mean", "sd")]
    rows: list[list[object]] = [[*table.study.columns, "model", *metrics, "folds", "p_paired", "p_corrected"]]
    for line in table.rows:
        results = line.results
        figures = [value for name in COLUMNS for value in (results.mean[name], results.sd[name])]
        rows.append(
            [*map(int, line.row.marks), line.row.title, *figures, len(results.folds), line.p_value, line.p_corrected]
        )  # fmt: skip
    return rows


def _marks(line: StudyRow) -> list[str]:
    return ["✓" if mark else "–" for mark in line.row.marks]


def _figures(line: StudyRow) -> list[str]:
    results = line.results
    return [f"{100 * results.mean[name]:.2f} ± {100 * results.sd[name]:.2f}" for name in COLUMNS]


def _p_values(line: StudyRow, study: Study) -> list[str]:
    if line.row.key == study.reference:
        return ["reference", ""]
    return [p_text(line.p_value), p_text(line.p_corrected)]


def p_text(value: float | None) -> str:
    """A p-value as papers print it; a dash where the same difference in every fold allows none."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _html(table: StudyTable, svg: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_renal_fusion.studies"), autoescape=True, undefined=StrictUndefined
    )
    header, *rows = cells(table)
    return environment.get_template("study.html.j2").render(
        title=table.study.title, source=table.study.source, header=header, rows=rows, note=note(table),
        command=table.command, marks=len(table.study.columns), svg=svg[svg.index("<svg") :],
    )  # fmt: skip
