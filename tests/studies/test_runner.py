"""A study trains every row on the same folds, and does not train again what is finished."""

from __future__ import annotations

import pytest

from napari_renal_fusion.studies import Study, ablation, modalities, run_study
from napari_renal_fusion.studies.table import cells
from napari_renal_fusion.training import Run
from napari_renal_fusion.training.comparison import paired_t_test
from tests.training.tiny import tiny_cohort, tiny_config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    cohort = tiny_cohort(folder / "patients", per_class=6)
    config = tiny_config("small", freeze_encoders=True, epochs=2, seed=3)
    rows = (ablation().rows[0], *modalities().rows[1:2], ablation().rows[3])
    study = Study("some", "Some rows", "our own", rows, rows[-1].key)
    return cohort, config, study, folder / "out", run_study(cohort, study, config, folder / "out")


def test_rows_share_folds_and_differ_in_what_they_say(finished):
    _, _, study, out, table = finished
    runs = [Run.open(out / "rows" / row.key) for row in study.rows]
    assert all(run.folds == runs[0].folds for run in runs)
    assert [run.config.network.smil for run in runs] == [False, True, True]
    assert runs[1].config.network.modalities == ("IM",)
    assert all(run.bundle is None for run in runs)
    assert (table.patients, table.folds) == (18, 2)


def test_p_values_are_those_of_the_fold_aucs(finished):
    *_, table = finished
    aucs = [[fold.metrics["auc"] for fold in line.results.folds] for line in table.rows]
    for line, own in zip(table.rows[:-1], aucs[:-1], strict=True):
        assert line.p_value == paired_t_test(own, aucs[-1]).p_value
    assert table.rows[-1].p_value is None
    assert cells(table)[-1][-2] == "reference"


def test_a_finished_row_is_read_not_trained(finished):
    cohort, config, study, out, table = finished
    before = {path: path.stat().st_mtime_ns for path in (out / "rows").glob("*/units/**/*") if path.is_file()}
    again = run_study(cohort, study, config, out)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert cells(again) == cells(table)


def test_a_study_that_was_interrupted_goes_on(finished, tmp_path):
    cohort, config, study, _, table = finished
    part = Study(study.key, study.title, study.source, study.rows[-1:], study.reference)
    run_study(cohort, part, config, tmp_path)
    assert cells(run_study(cohort, study, config, tmp_path)) == cells(table)
