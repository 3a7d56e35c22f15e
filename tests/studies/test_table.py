"""The table of a study: the paper's form, and files that other programs can read."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.studies import ablation, write_tables
from napari_renal_fusion.studies.runner import StudyRow, StudyTable
from napari_renal_fusion.studies.table import COLUMNS, cells, note, p_text
from napari_renal_fusion.training.results import FoldMetrics, Results


def results(values: list[float]) -> Results:
    folds = tuple(
        FoldMetrics(unit=f"fold-{i + 1}", patients=24, metrics=dict.fromkeys(COLUMNS, value))
        for i, value in enumerate(values)
    )
    return Results(
        class_names=("a", "b", "c"),
        modalities=tuple(Modality),
        folds=folds,
        mean=dict.fromkeys(COLUMNS, float(np.mean(values))),
        sd=dict.fromkeys(COLUMNS, float(np.std(values, ddof=1))),
        interval={},
        cases=(),
        temperature=1.0,
        ece=0.0,
        coverage_asked=0.9,
    )


@pytest.fixture
def table():
    study = ablation()
    values = [[0.8, 0.82], [0.84, 0.86], [0.9, 0.92], [0.94, 0.96]]
    p_values = [(0.03, 0.04), (0.0002, 0.2), (0.5, 0.6), (None, None)]
    rows = tuple(
        StudyRow(row, results(one), *p) for row, one, p in zip(study.rows, values, p_values, strict=True)
    )
    return StudyTable(study, rows, patients=48, folds=2, command="renal-fusion study <ablation>")


def test_cells_are_the_papers(table):
    header, *rows = cells(table)
    assert header == [
        "SMIL",
        "CMSA",
        "WL",
        "Model",
        "ACC",
        "AUC",
        "PRE",
        "REC",
        "SPE",
        "F1",
        "p",
        "p corrected",
    ]
    assert rows[0][:5] == ["–", "–", "–", "none", "81.00 ± 1.41"]
    assert rows[3][:4] == ["✓", "✓", "✓", "SMIL + CMSA + WL"]
    assert [row[-2] for row in rows] == ["0.030", "< 0.001", "0.500", "reference"]
    assert "48 patients" in note(table)
    assert "“SMIL + CMSA + WL”" in note(table)


def test_p_text():
    assert [p_text(value) for value in (None, 0.00099, 0.001, 0.0449)] == [
        "–", "< 0.001", "0.001", "0.045",
    ]  # fmt: skip


def test_files_hold_what_the_rows_hold(table, tmp_path):
    files = write_tables(table, tmp_path / "new folder")
    assert [one.name for one in files] == ["table.csv", "table.html", "figure.png", "figure.svg"]
    with files[0].open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["auc_mean"]) for row in rows] == pytest.approx([0.81, 0.85, 0.91, 0.95])
    assert rows[0]["p_paired"] == "0.03"
    assert rows[3]["p_paired"] == ""
    assert rows[1]["WL"] == "1"
    html = files[1].read_text(encoding="utf-8")
    assert "&lt;ablation&gt;" in html  # text is escaped
    assert not re.search(r'(src|href)="https?:', html)  # self-contained
    assert html.count("<tr>") == 5
