"""A report of the check as a table for a spreadsheet (CSV) or a browser (HTML)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...compute.atomic import write_text
from ...errors import RenalFusionError
from .finding import CohortReport

KINDS = {"error": "Error", "warning": "Warning", "info": "Figure"}
_COLUMNS = ("severity", "group", "code", "message", "remedy", "cases")


def write_report(report: CohortReport, path: Path, title: str) -> None:
    """Write ``path``, whole or not at all; its suffix says the kind. What ``report`` names is named.

    Raises
    ------
    RenalFusionError
        ``report_format`` for a suffix other than .html and .csv, or why ``path`` cannot be written.
    """
    writers = {".html": _html, ".csv": _csv}
    if path.suffix.lower() not in writers:
        raise RenalFusionError(
            "report_format",
            f"The check cannot be written as {path.name}",
            path=path,
            remedy="Let the name end in .html or .csv.",
        )
    write_text(path, writers[path.suffix.lower()](report, title))


def _csv(report: CohortReport, title: str) -> str:
    text = io.StringIO()
    text.write("\ufeff")  # so that Excel reads UTF-8
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for one in report.findings:
        cells = (one.severity, one.group, one.code, one.message, one.remedy, ", ".join(one.cases))
        table.writerow([_plain(cell) for cell in cells])
    return text.getvalue()


def _plain(cell: str) -> str:
    # Ids and file names are the lab's own text; a spreadsheet would run one that begins like a formula.
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _html(report: CohortReport, title: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("napari_renal_fusion.training.check", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("cohort.html.j2").render(report=report, title=title, kinds=KINDS)
