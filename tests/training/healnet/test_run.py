"""Runs on omics: survival and classes, beside Cox, stopped, killed and resumed to the same weights."""

import json
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_renal_fusion import bundles
from napari_renal_fusion.bundles.local import was_trained_on
from napari_renal_fusion.compute.progress import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training import Run, differing_fields, list_runs
from napari_renal_fusion.training.healnet import read_patients
from napari_renal_fusion.training.healnet.creation import create_healnet_run, train_healnet
from napari_renal_fusion.training.healnet.results import SurvivalResults

from .made_patients import made_table, tiny


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("home-runs")
    before = os.environ.get("RENAL_FUSION_HOME")
    os.environ["RENAL_FUSION_HOME"] = str(home)
    yield tmp_path_factory.mktemp("runs")
    if before is not None:
        os.environ["RENAL_FUSION_HOME"] = before


@pytest.fixture(scope="module")
def path(place):
    return made_table(place / "patients.csv", 48)


@pytest.fixture(scope="module")
def survival(place, path):
    config = tiny("rnaseq,mut,clinical=age")
    return train_healnet(read_patients(path, config), config, place / "survival")


def weights(run):
    return bundles.load(run.bundle).weights


def same_weights(one, other):
    a, b = weights(one), weights(other)
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_a_survival_run_has_the_folder_of_every_run_and_its_figures(survival):
    run = Run.open(survival.folder)
    assert run.state == "finished"
    results = run.results
    assert isinstance(results, SurvivalResults)
    assert sorted(one.case_id for one in results.cases) == sorted(run.folds.groups)
    assert [one.unit for one in results.folds] == ["fold-1", "fold-2"]
    assert {"c_index", "cox_c_index", "brier"} <= set(results.mean)
    assert results.interval["c_index"][0] <= results.pooled["c_index"] <= results.interval["c_index"][1]
    # The first gene decides: the Cox model must find it.
    assert results.mean["cox_c_index"] > 0.7
    told = [one["event"] for one in run.events()[0]]
    assert told[0] == "started"
    assert told[-1] == "finished"
    assert told.count("unit_finished") == 2
    assert {one["unit"] for one in run.epochs()} == {"fold-1", "fold-2"}
    assert list_runs(run.folder.parent)[0].results is not None
    assert differing_fields([run, run]) == {}


def test_metrics_are_those_of_scikit_survival(survival):
    from sksurv.metrics import concordance_index_censored

    results = survival.results
    for fold in results.folds:
        cases = [one for one in results.cases if one.unit == fold.unit]
        for name, figure in (("risk", "c_index"), ("cox_risk", "cox_c_index")):
            expected = concordance_index_censored(
                np.array([one.event for one in cases]),
                np.array([one.time for one in cases]),
                np.array([getattr(one, name) for one in cases]),
            )[0]
            assert fold.metrics[figure] == pytest.approx(expected, abs=1e-9)


def test_nothing_of_a_patient_enters_the_bundle(survival):
    for name in ("bundle.json", "README.md"):
        text = (survival.bundle / name).read_text(encoding="utf-8")
        assert "P00" not in text
        assert str(survival.folder.parent) not in text
    config = bundles.read_config(survival.bundle)
    assert config.survival.outcome == "death of any cause"
    assert config.members == 2


def test_a_stopped_run_goes_on_to_the_same_weights(place, path, survival):
    config = tiny("rnaseq,mut,clinical=age")
    table = read_patients(path, config)
    for words in ("fold-1: epoch 2", "fold-2: epoch 1"):
        progress = Progress()
        progress._listener = lambda step, words=words, at=progress: words in step.message and at.cancel()
        with pytest.raises(Cancelled):
            train_healnet(table, config, place / "stopped", progress=progress)
        assert Run.open(place / "stopped").state == "stopped"
    run = train_healnet(table, config, place / "stopped")
    assert same_weights(run, survival)
    assert run.results.model_copy(update={"seconds": 0}) == survival.results.model_copy(update={"seconds": 0})


@pytest.mark.slow
def test_a_killed_process_is_resumed_to_the_same_weights(place, path, survival):
    config = tiny("rnaseq,mut,clinical=age")
    run = create_healnet_run(read_patients(path, config), config, place / "killed")
    pid = run.launch(threads=1)
    end = time.monotonic() + 120
    while not any(one["event"] == "epoch" for one in run.events()[0]):
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    while run.pid is not None:
        time.sleep(0.02)
    assert run.state in ("interrupted", "finished")
    again = train_healnet(read_patients(path, config), config, place / "killed")
    assert again.state == "finished"
    assert same_weights(again, survival)


def test_another_configuration_or_table_in_the_folder_is_refused(place, path, survival, tmp_path):
    for config, source in ((tiny("rnaseq"), path), (survival.config, made_table(tmp_path / "p.csv", 48, 1))):
        with pytest.raises(RenalFusionError) as told:
            train_healnet(read_patients(source, config), config, survival.folder)
        assert told.value.code == "run_folder_taken"


def test_several_networks_a_fold_answer_as_one(place, path):
    config = tiny("rnaseq", networks=2, epochs=2, patience=1)
    table = read_patients(path, config)
    run = train_healnet(table, config, place / "two-a-fold")
    units = [one["unit"] for one in run.events()[0] if one["event"] == "unit_finished"]
    assert units == ["fold-1", "network-2-fold-1", "fold-2", "network-2-fold-2"]
    assert [one.unit for one in run.results.folds] == ["fold-1", "fold-2"]
    config = bundles.read_config(run.bundle)
    assert (config.members, config.folds, config.networks_a_fold) == (4, 2, 2)
    from napari_renal_fusion.training.healnet.members import fold_answers, fold_networks

    networks = fold_networks(run.folds, table, run.config)
    assert networks[0].networks[0].validation != networks[0].networks[1].validation
    answered = fold_answers(run, table, networks)[0]
    each = 1 / (1 + np.exp(answered.test))
    expected = -np.cumprod(each, axis=-1).sum(axis=-1).mean(axis=0)
    risks = [one.risk for one in run.results.cases if one.unit == "fold-1"]
    np.testing.assert_allclose(risks, expected, rtol=1e-5)


def test_a_classification_run_gives_the_usual_results(place, path):
    config = tiny(task="classification", epochs=6, patience=6, learning_rate=0.02)
    run = train_healnet(read_patients(path, config), config, place / "classes")
    results = run.results
    assert results.class_names == ("high", "low")
    assert results.modalities == ()
    assert len(results.cases) == 48
    # Sets are for patients with both modalities: every fifth has no mutations measured, 39 of 48 are too few.
    assert all(one.conformal is None for one in results.cases)
    assert any("39 calibration patients" in note for note in results.notes)
    assert "kind" not in json.loads((run.folder / "results.json").read_text())
    from napari_renal_fusion.reports.run_report import write_run_report

    write_run_report(run, place / "classes-report", parts=("report", "tables"))
    assert "rnaseq + mut" in (place / "classes-report" / "report.html").read_text(encoding="utf-8")


def test_the_runs_of_every_kind_stand_in_one_report(survival, tmp_path):
    from napari_renal_fusion.reports.run_report import summary, write_run_report

    written = write_run_report(survival, tmp_path, parts=("report", "tables"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "death of any cause, made-up patients" in text
    assert "ridge Cox" in text
    assert len(summary(survival.results)) >= 3
    assert (tmp_path / "cases.csv").read_text().splitlines()[0].startswith("case_id,part,time,event,risk")
    assert all(one.is_file() for one in written)


def test_a_run_of_named_patients_names_none_of_them(tmp_path):
    """Ids that could be names stay in the key; the run numbers its patients, and its bundle still knows them."""
    config = tiny("rnaseq")
    patients = read_patients(made_table(tmp_path / "p.csv", 24, 1), config)
    named = tuple(f"Plantinga {one}" for one in patients.patients)
    patients = replace(patients, patients=named, notes=(f"{named[3]} was left out",))
    run = train_healnet(patients, config, tmp_path / "run")
    for path in (one for one in run.folder.rglob("*") if one.is_file()):
        assert b"Plantinga" not in path.read_bytes(), path
    assert run.results.cases[0].case_id.startswith("patient-")
    sha256 = bundles.load(run.bundle).sha256
    assert all(was_trained_on(sha256, one) for one in named)
    assert train_healnet(patients, config, run.folder).folder == run.folder
