"""A run beside a model that is in use: the same patients, none of them seen by either, counted with a closed form."""

import datetime as dt
import json
import math
import shutil
from dataclasses import replace

import pytest

import napari_renal_fusion.inference.ask_each as asking
from napari_renal_fusion.bundles.install import bundles_of, install
from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.compute.progress import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training import train
from napari_renal_fusion.training.ask_beside import ask_beside
from napari_renal_fusion.training.beside import Beside, BesideCase, beside_path, own_bundles, stored_beside
from napari_renal_fusion.training.run import Run

from ..made_results import make_results, write_made_run
from .tiny import tiny_cohort, tiny_config


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("beside")


@pytest.fixture(scope="module")
def runs(home):
    """A run that is in use, and one whose patients are half the same and half new, with a test set of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(home / "home"))
        old = tiny_cohort(home / "old", per_class=6, seed=1)
        used = train(old, tiny_config("small", epochs=2), home / "used")
        new = tiny_cohort(home / "new", per_class=6, seed=2)
        both = Cohort(
            (*old.cases[:9], *(_renamed(one) for one in new.cases)), old.class_names, source=home / "new"
        )
        config = tiny_config("small", epochs=2, test_fraction=0.25)
        return used, train(both, config, home / "run")


def _renamed(case):
    return replace(case, case_id=f"new-{case.case_id}", patient_id=f"new-{case.patient_id}")


@pytest.fixture
def same_home(home, monkeypatch):
    """Who was in a training is remembered in the home where it ran."""
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "home"))


def record(pairs, left_out=()):
    cases = tuple(
        BesideCase(
            case_id=str(i), label="x", new=new, used=used, new_best=new == "right", used_best=used == "right"
        )
        for i, (new, used) in enumerate(pairs)
    )
    return Beside(
        bundle_name="used", bundle_title="Used", bundle_sha256="0" * 64, program_version="0",
        asked_on=dt.date(2026, 1, 2), cases=cases, left_out=left_out,
    )  # fmt: skip


@pytest.mark.parametrize(("only_new", "only_used"), [(0, 0), (1, 0), (9, 1), (3, 8), (6, 6), (20, 2)])
def test_mcnemars_exact_test_is_that_of_a_fair_coin(only_new, only_used):
    pairs = [("right", "wrong")] * only_new + [("no opinion", "right")] * only_used + [("right", "right")] * 5
    beside = record([*pairs, ("wrong", "no opinion")])
    assert (beside.only_new, beside.only_used) == (only_new, only_used)
    n, few = only_new + only_used, min(only_new, only_used)
    tail = sum(math.comb(n, k) for k in range(few + 1)) / 2**n
    assert beside.p_value == pytest.approx(min(1.0, 2 * tail))


def test_the_sentences_and_the_table_say_the_same():
    beside = record([("right", "wrong")] * 3 + [("wrong", "right")] + [("no opinion", "wrong")])
    titles, *rows = beside.table("This run")
    assert titles == ["The same patients", "This run", "Used"]
    assert rows == [
        ["Right class", "3 of 5 (60%)", "1 of 5 (20%)"],
        ["Said: right", "3 of 5 (60%)", "1 of 5 (20%)"],
        ["Said: wrong", "1 of 5 (20%)", "4 of 5 (80%)"],
        ["Said: no opinion", "1 of 5 (20%)", "0 of 5 (0%)"],
    ]
    first, _, third = beside.sentences
    assert first == "This run's model has the right class in 3 of 5 (60%, 95 % interval 23% to 88%)."
    assert third.startswith("Only this run's model has it in 3, only Used in 1: p = 0.625")


def test_only_patients_that_neither_saw_are_counted(runs, same_home):
    used, run = runs
    beside = ask_beside(run, used.bundle, threads=1)
    reasons = {one.code for one in beside.left_out}
    assert reasons == {"seen_in_training"}
    assert len(beside.left_out) == 9
    assert len(beside.cases) == 18
    answered = {one.case_id for one in (*run.results.cases, *run.results.test_cases)}
    assert len(answered) == 27
    assert run.results.test_cases
    outcomes = {one.case_id: one for one in (*run.results.cases, *run.results.test_cases)}
    for case in beside.cases:
        outcome = outcomes[case.case_id]
        expected = "right" if outcome.best == outcome.label else "wrong"
        assert case.new == ("no opinion" if outcome.no_opinion(run.results.abstain_below) else expected)
        assert case.new_best == (outcome.best == outcome.label)
    assert "9 in the other model's training" in beside.sentences[-1]
    kept = stored_beside(run, beside.bundle_sha256)
    assert kept == beside
    assert "new" not in beside_path(run, beside.bundle_sha256).name


def test_the_answers_are_those_of_predict(runs, same_home):
    from napari_renal_fusion.inference import predict

    used, run = runs
    beside = stored_beside(run, next(iter(own_bundles(used)))) or ask_beside(run, used.bundle, threads=1)
    cases = {one.case_id: one for one in run.cohort.cases}
    for one in beside.cases[:4]:
        prediction = predict(cases[one.case_id], used.bundle, threads=1)
        assert one.used_best == (prediction.class_names[prediction.top] == one.label)
        expected = "right" if one.used_best else "wrong"
        assert one.used == (expected if prediction.status == "answered" else "no opinion")


def test_a_cancelled_question_keeps_nothing(runs, same_home, tmp_path):
    used, run = runs
    beside_path(run, next(iter(own_bundles(used)))).unlink(missing_ok=True)
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        ask_beside(run, used.bundle, progress, threads=1)
    assert stored_beside(run, next(iter(own_bundles(used)))) is None


def test_a_damaged_record_is_none(runs, same_home):
    _, run = runs
    path = beside_path(run, "ab" * 32)
    path.parent.mkdir(exist_ok=True)
    for content in (b'{"cases": 3}', b"\xff\xfe\x00"):
        path.write_bytes(content)
        assert stored_beside(run, "ab" * 32) is None
    path.unlink()


def test_images_that_are_away_count_against_nobody(runs, same_home, home):
    used, run = runs
    (home / "new").rename(home / "away")
    try:
        with pytest.raises(RenalFusionError) as told:
            ask_beside(run, used.bundle, threads=1)
    finally:
        (home / "away").rename(home / "new")
    assert told.value.code == "beside_nothing"


def test_one_that_left_the_table_is_said_and_names_stay_away(runs, same_home, home, monkeypatch):
    used, run = runs
    cohort = run.cohort
    gone, kept = cohort.cases[-2:]  # neither was in the other model's training
    others = tuple(one for one in cohort.cases if one.case_id != gone.case_id)
    monkeypatch.setattr(type(run), "cohort", property(lambda self: replace(cohort, cases=others)))
    secret = kept.images[0].path.name
    names = type("Names", (), {"text": lambda self, text: text.replace(secret, "an image")})()
    monkeypatch.setattr(type(run), "names", property(lambda self: names))
    real = asking.predict

    def failing(case, *rest, **more):
        if case.case_id == kept.case_id:
            raise RenalFusionError("image_unreadable", f"{secret} cannot be read", remedy="Copy it again.")
        return real(case, *rest, **more)

    monkeypatch.setattr(asking, "predict", failing)
    beside = ask_beside(run, used.bundle, threads=1)
    reasons = {one.code: one.message for one in beside.left_out}
    assert gone.case_id in reasons["case_missing"]
    assert secret in reasons["image_unreadable"]
    assert "1 no longer in the run's table" in beside.sentences[-1]
    stored = stored_beside(run, beside.bundle_sha256)
    assert stored.cases == beside.cases
    assert stored.asked_on == beside.asked_on
    assert secret not in stored.model_dump_json()
    beside_path(run, beside.bundle_sha256).unlink()


def test_a_run_that_is_removed_meanwhile_is_not_made_anew(runs, same_home, tmp_path):
    used, run = runs
    copy = Run(shutil.copytree(run.folder, tmp_path / "copy"))
    progress = Progress(
        lambda step: shutil.rmtree(copy.folder, ignore_errors=True) if step.fraction > 0.5 else None
    )
    assert ask_beside(copy, used.bundle, progress, threads=1).cases
    assert not copy.folder.exists()


def test_a_damaged_bundle_of_the_run_is_passed_over(runs, tmp_path):
    copy = Run(shutil.copytree(runs[1].folder, tmp_path / "copy"))
    (copy.bundle / "bundle.json").write_text("{")
    assert own_bundles(copy) == set()


def test_a_run_without_a_bundle_says_so(tmp_path):
    begun = write_made_run(tmp_path / "begun", None, [])
    with pytest.raises(RenalFusionError, match="has no model yet"):
        bundles_of(begun.folder)


def test_what_cannot_be_compared_says_why(runs, same_home, tmp_path, make_tiny_bundle):
    used, run = runs
    with pytest.raises(RenalFusionError, match="the model of this very run") as told:
        ask_beside(run, run.bundle)
    assert told.value.code == "beside_same"
    begun = write_made_run(tmp_path / "begun", None, [])
    with pytest.raises(RenalFusionError, match="has no answers yet"):
        ask_beside(begun, used.bundle)
    with pytest.raises(RenalFusionError, match="does not know Class") as told:
        ask_beside(run, make_tiny_bundle())
    assert told.value.code == "beside_nothing"
    assert "run with run" in told.value.remedy
    away = write_made_run(tmp_path / "away", make_results(30, 3), [])
    with pytest.raises(RenalFusionError):
        ask_beside(away, used.bundle)


def test_a_runs_folder_is_its_bundles(runs, tmp_path):
    used, _ = runs
    assert bundles_of(used.folder) == tuple(used.bundles)
    assert bundles_of(used.bundle) == (used.bundle,)
    assert bundles_of("demo") == ("demo",)
    assert install(bundles_of(used.folder)[0]).is_dir()


def test_the_commands(runs, same_home):
    from typer.testing import CliRunner

    from napari_renal_fusion.cli.app import app

    used, run = runs

    def say(*words):
        told = CliRunner().invoke(app, [str(one) for one in words], catch_exceptions=False)
        assert told.exit_code == 0
        return told.stdout

    said = say("compare", run.folder, used.bundle, "--threads", "1")
    assert "The same patients" in said
    assert "McNemar" in said
    printed = json.loads(say("compare", run.folder, used.bundle, "--threads", "1", "--json"))
    assert printed["p_value"] == pytest.approx(stored_beside(run, printed["bundle_sha256"]).p_value)
    installed = json.loads(say("bundle", "install", run.folder, "--json"))
    assert [one["name"] for one in json.loads(say("bundle", "list", "--json"))].count(
        installed[0]["name"]
    ) == 1
    assert f"--bundle {installed[0]['name']}" in say("bundle", "install", run.folder)
    assert Run.open(run.folder).bundle is not None
