"""A study trains every row on the same folds, and does not train again what is finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.studies import Study, ablation, modalities, panel, run_study
from napari_renal_fusion.studies.table import cells
from napari_renal_fusion.training import Run
from napari_renal_fusion.training.comparison import paired_t_test
from tests.training.tiny import tiny_cohort, tiny_config
from tests.training.tiny_panel import tiny_panel_cohort, tiny_panel_config


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


@pytest.mark.slow
def test_the_panel_reads_a_models_rows_from_one_run(tmp_path):
    cohort = tiny_panel_cohort(tmp_path / "patients", per_class=6)
    complete = replace(cohort, cases=tuple(one for one in cohort.cases if one.of(Modality.TEM)))
    config = tiny_config("small", epochs=1)
    table = run_study(complete, panel(), config, tmp_path / "out")
    assert sorted(one.name for one in (tmp_path / "out" / "rows").iterdir()) == ["cmus-net", "renal-healnet"]
    ours = Run.open(tmp_path / "out" / "rows" / "renal-healnet")
    assert ours.config.network.encoder == config.network.encoder
    assert ours.config.epochs == 1
    assert not ours.config.subsets
    for line in table.rows:
        results = Run.open(tmp_path / "out" / "rows" / line.row.folder).results
        assert line.results == (results.subsets["-".join(line.row.subset)] if line.row.subset else results)
        assert tuple(one in line.results.modalities for one in Modality) == line.row.marks
    assert len(cells(table)) == 15
    names = [line.row.title for line in table.rows]
    assert {"CMUS-Net, all", "CMUS-Net, model for OM + IM", "HEALNet, without TEM"} <= set(names)


def test_a_row_without_enough_patients_is_named(tmp_path):
    cohort = tiny_panel_cohort(tmp_path / "patients", per_class=4)
    nobody = replace(
        cohort,
        cases=tuple(
            replace(case, images=tuple(one for one in case.images if one.modality != Modality.TEM))
            if case.label == cohort.class_names[0]
            else case
            for case in cohort.cases
        ),
    )
    whole = panel()
    rows = tuple(row for row in whole.rows if row.key in ("renal-healnet", "renal-healnet-TEM"))
    study = Study("part", "Part", "our own", rows, "renal-healnet")
    with pytest.raises(RenalFusionError) as error:
        run_study(nobody, study, tiny_panel_config(epochs=1), tmp_path / "out")
    assert error.value.code == "study_row_missing"
    assert "HEALNet, without OM and IM" in str(error.value)
