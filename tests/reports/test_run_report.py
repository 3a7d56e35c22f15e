"""The report of a run: self-contained, without names, and with the run's own numbers."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.reports.run_cases import case_lines
from napari_renal_fusion.reports.run_figures import learning_curve_arrays, run_figures
from napari_renal_fusion.reports.run_report import summary, write_run_report
from napari_renal_fusion.reports.run_tables import cases_csv, epochs_csv, metrics_table, results_csv

from ..made_results import make_epochs, make_results, write_made_run
from .test_report import Page

FIGURES = {"metrics", "learning_curves", "roc", "confusion", "reliability", "sets", "distances"}


@pytest.fixture(scope="module")
def results():
    return make_results(cases=60, folds=3)


@pytest.fixture(scope="module")
def written(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    run = write_made_run(folder / "first", results, make_epochs(3, 8))
    return {path.name: path for path in write_run_report(run, folder / "out")}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_everything_is_written(written):
    assert set(written) == {"report.html", "results.csv", "cases.csv", "epochs.csv"} | {
        f"{name}.png" for name in FIGURES
    }
    assert all(path.stat().st_size > 100 for path in written.values())
    assert written["report.html"].stat().st_size < 10 * 2**20


def test_the_page_stands_alone_and_says_what_it_is(written, results):
    page = Page(written["report.html"].read_text(encoding="utf-8"))
    assert all(one.startswith("data:") for one in page.addresses)
    assert "script" not in page.tags
    assert page.tags.count("img") == len(FIGURES)
    assert "Research use only" in page.text
    for line in case_lines(results):
        assert (line.case_id in page.text) == (line.verdict != "right")


def test_no_patient_and_no_path_is_written(written):
    for path in written.values():
        content = path.read_bytes()
        for planted in (b"private-", b"planted", b"Zhang", b"/home/"):
            assert planted not in content, (path, planted)


def test_parts_can_be_chosen(results, tmp_path):
    run = write_made_run(tmp_path / "run", results)
    names = [path.name for path in write_run_report(run, tmp_path / "tables", parts=("tables",))]
    assert names == ["results.csv", "cases.csv", "epochs.csv"]
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == sorted(names)


def test_an_unfinished_run_is_refused(tmp_path):
    run = write_made_run(tmp_path / "run", None)
    with pytest.raises(RenalFusionError, match="no figures yet") as error:
        write_run_report(run, tmp_path / "out")
    assert error.value.code == "run_unfinished"
    assert not (tmp_path / "out").exists()


def test_results_csv_holds_folds_mean_and_sd(results):
    table = {row["part"]: row for row in rows(results_csv(results))}
    assert list(table) == ["fold-1", "fold-2", "fold-3", "mean", "sd", "interval_low", "interval_high"]
    aucs = [float(table[f"fold-{i}"]["auc"]) for i in (1, 2, 3)]
    assert float(table["mean"]["auc"]) == pytest.approx(np.mean(aucs), abs=2e-6)
    assert float(table["sd"]["auc"]) == pytest.approx(np.std(aucs, ddof=1), abs=2e-6)
    assert sum(int(table[f"fold-{i}"]["patients"]) for i in (1, 2, 3)) == 60


def test_a_model_for_missing_images_and_a_test_set_are_said_and_written(results):
    other = make_results(cases=60, folds=3, seed=2)
    other = other.model_copy(update={"modalities": other.modalities[:2]})
    both = results.model_copy(
        update={"subsets": {"OM-IM": other}, "test": {"auc": 0.91}, "test_cases": results.cases[:7]}
    )
    said = summary(both)
    assert f"AUC {100 * other.mean['auc']:.1f} ± {100 * other.sd['auc']:.1f} %" in said[-1]
    assert all(modality.title in said[-1] for modality in other.modalities)
    assert said[-2] == "Independent test set of 7 cases: AUC 91.0 %."
    table = {row["part"]: row for row in rows(results_csv(both))}
    assert float(table["test"]["auc"]) == 0.91
    assert float(table["OM-IM/mean"]["auc"]) == pytest.approx(other.mean["auc"], abs=1e-6)
    assert {"OM-IM/fold-1", "OM-IM/sd"} <= table.keys()
    assert len(rows(cases_csv(both))) == 67
    epochs = [one | {"unit": f"OM-IM/{one['unit']}"} for one in make_epochs(2, 3)]
    assert len(learning_curve_arrays(make_epochs(2, 3) + epochs)) == 2


def test_cases_csv_gives_back_every_answer(results):
    table = rows(cases_csv(results))
    assert len(table) == 60
    for row, one in zip(table, results.cases, strict=True):
        chances = [float(row[f"p_{name}"]) for name in results.class_names]
        np.testing.assert_allclose(chances, one.probabilities, atol=1e-6)
        assert row["answered_class"] == results.class_names[int(np.argmax(chances))]
        assert row["true_class"] == results.class_names[one.label]
        assert row["set"] == (";".join(results.class_names[c] for c in one.conformal) or "none")


def test_a_case_id_that_looks_like_a_formula_is_made_text(results):
    one = results.cases[0].model_copy(update={"case_id": "=1+1"})
    table = rows(cases_csv(results.model_copy(update={"cases": (one,)})))
    assert table[0]["case_id"] == "'=1+1"


def test_verdicts(results):
    base = results.cases[0].model_copy(
        update={"label": 0, "probabilities": (0.9, 0.06, 0.04), "conformal": (0,), "fits_none": False}
    )
    changes = [
        ({}, "right", ""),
        ({"label": 1}, "wrong", ""),
        ({"label": 1, "fits_none": True}, "no_opinion", "fits none"),
        ({"conformal": ()}, "no_opinion", "empty set"),
        ({"probabilities": (0.4, 0.35, 0.25)}, "no_opinion", "too unsure"),
        ({"conformal": None, "fits_none": None}, "right", ""),
    ]
    cases = tuple(base.model_copy(update=change) for change, _, _ in changes)
    lines = case_lines(results.model_copy(update={"cases": cases, "abstain_below": 0.45}))
    assert [(one.verdict, one.reason) for one in lines] == [(v, r) for _, v, r in changes]
    unlimited = case_lines(results.model_copy(update={"cases": cases, "abstain_below": None}))
    assert unlimited[4].verdict == "right"


def test_the_summary_counts_the_cases(results):
    said = summary(results)
    lines = case_lines(results)
    right = sum(one.true == one.answered for one in lines)
    assert said[0].startswith(f"{right} of 60 cases")
    numbers = [int(one) for one in re.findall(r"\d+", said[1])]
    assert sum(numbers) == 60
    assert numbers[2] == sum(one.verdict == "no_opinion" for one in lines)


def test_figures_of_a_small_run_leave_out_what_it_has_not():
    small = make_results(cases=30, folds=2, coverage=None, distances=False)
    assert set(run_figures(small)) == FIGURES - {"learning_curves", "sets", "distances"}
    assert "No set of classes can be given" in small.notes[0]


def test_epochs_become_curves_with_the_kept_epoch(results):
    epochs = make_epochs(2, 12)
    first, second = learning_curve_arrays(epochs)
    assert (first.unit, second.unit) == ("fold-1", "fold-2")
    assert first.val_loss[first.best - 1] == min(first.val_loss)
    assert len(rows(epochs_csv(epochs))) == len(epochs)


def test_the_metrics_table_is_for_people(results):
    head, *body = metrics_table(results)
    assert head[3:] == ["fold-1", "fold-2", "fold-3"]
    accuracy = next(row for row in body if row[0] == "Accuracy")
    assert accuracy[1] == f"{100 * results.mean['accuracy']:.1f} ± {100 * results.sd['accuracy']:.1f}"


def test_the_command_writes_the_report(results, tmp_path):
    from typer.testing import CliRunner

    from napari_renal_fusion.cli.app import app

    write_made_run(tmp_path / "run", results, make_epochs(3, 5))
    done = CliRunner().invoke(app, ["run-report", str(tmp_path / "run"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "figures" / "roc.png").is_file()
    missing = CliRunner().invoke(
        app, ["run-report", str(tmp_path / "nothing"), "--out", str(tmp_path / "out")]
    )
    assert missing.exception.code == "run_missing"
