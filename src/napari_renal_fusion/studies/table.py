"""The table of a study in the paper's form, as CSV, HTML, plot and text."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..compute.atomic import write_bytes, write_text
from ..figures import to_svg
from ..figures.captioned import captioned
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

SURVIVAL_COLUMNS = {"c_index": "C-index", "time_auc": "Time AUC", "brier": "Brier"}
"""The columns of a study of survival: concordance, AUC and Brier score at the quartiles of the event times."""

_RESEARCH = "Research use only."


def cells(table: StudyTable) -> list[list[str]]:
    """Header and rows as text: marks, title, six metrics in percent (mean ± sd over folds), both p-values."""
    study = table.study
    columns = columns_of(table)
    header = [*study.columns, "Model", *columns.values(), "p", "p corrected"]
    return [
        header,
        *(
            [*_marks(line), line.row.title, *_figures(line, columns), *_p_values(line, study)]
            for line in table.rows
        ),
    ]


def columns_of(table: StudyTable) -> dict[str, str]:
    """The metrics of a study with their titles."""
    survival = any("c_index" in line.results.mean for line in table.rows)
    return SURVIVAL_COLUMNS if survival else COLUMNS


def note(table: StudyTable) -> str:
    """The sentence under the table."""
    reference = next(line.row.title for line in table.rows if line.row.key == table.study.reference)
    survival = "c_index" in columns_of(table)
    return (
        f"{table.study.source}: {'' if survival else 'percent, '}mean ± standard deviation over {table.folds} folds of "
        f"{table.patients} patients; every row on the same folds. p: fold {'c-indices' if survival else 'AUCs'} "
        f"against “{reference}”, paired t-test as in the paper, and corrected for folds that share training "
        f"patients. {_RESEARCH}"
    )


def write_tables(table: StudyTable, out: Path) -> list[Path]:
    """Write ``table.csv``, ``table.html`` (self-contained), ``figure.png`` and ``figure.svg`` into ``out``."""
    metric = "c_index" if "c_index" in columns_of(table) else "auc"
    drawn = [line for line in table.rows if metric in line.results.mean]
    figure = study_figure(
        [line.row.title for line in drawn],
        [[one.metrics[metric] for one in line.results.folds if metric in one.metrics] for line in drawn],
        reference=[line.row.key for line in drawn].index(table.study.reference),
        unit="Concordance index of a fold"
        if metric == "c_index"
        else "AUC of a fold (macro, one against the rest)",
    )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_plain_cells(table))
    files = {
        "table.csv": text.getvalue().encode("utf-8-sig"),  # Excel takes UTF-8 only with its mark
        "figure.png": _png(
            captioned(
                figure,
                table.study.title,
                (note(table).removesuffix(_RESEARCH).strip(),),
                research="Study — research use only",
            )
        ),
        "figure.svg": to_svg(figure),
    }
    for name, data in files.items():
        write_bytes(out / name, data)
    write_text(out / "table.html", _html(table, files["figure.svg"].decode()))
    return [out / name for name in ("table.csv", "table.html", "figure.png", "figure.svg")]


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _plain_cells(table: StudyTable) -> list[list[object]]:
    """For programs: means and standard deviations apart, shares from 0 to 1, p-values as numbers."""
    columns = columns_of(table)
    metrics = [f"{name}_{what}" for name in columns for what in ("mean", "sd")]
    rows: list[list[object]] = [[*table.study.columns, "model", *metrics, "folds", "p_paired", "p_corrected"]]
    for line in table.rows:
        results = line.results
        figures = [one.get(name, "") for name in columns for one in (results.mean, results.sd)]
        rows.append(
            [*map(int, line.row.marks), line.row.title, *figures, len(results.folds), line.p_value, line.p_corrected]
        )  # fmt: skip
    return rows


def _marks(line: StudyRow) -> list[str]:
    return ["✓" if mark else "–" for mark in line.row.marks]


def _figures(line: StudyRow, columns: dict[str, str]) -> list[str]:
    """Percent as papers print them; figures of survival as they are."""
    results, (scale, digits) = line.results, ((1, 3) if "c_index" in columns else (100, 2))
    return [
        f"{scale * results.mean[name]:.{digits}f} ± {scale * results.sd[name]:.{digits}f}"
        if name in results.mean
        else "–"
        for name in columns
    ]


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
