import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from benchmarks.kill_resume import campaign, metric_difference, weight_difference

from napari_renal_fusion.bundles import load
from napari_renal_fusion.bundles.local import was_trained_on
from napari_renal_fusion.cases import Cohort, Modality
from napari_renal_fusion.compute import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import run_self_test
from napari_renal_fusion.training import Run, checkpoint, differing_fields, list_runs, preset, train
from napari_renal_fusion.training.checkpoint import LAST

from .tiny import tiny_cohort, tiny_config


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def cohort(home):
    return tiny_cohort(home / "cohort")


@pytest.fixture(scope="module")
def finished(home, cohort):
    """A run of the frozen path with a model for missing images and an independent test set, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(home / "home"))
        seen = []
        config = tiny_config(
            "small", patience=3, epochs=4, test_fraction=0.25, subsets=((Modality.OM, Modality.IM),)
        )
        run = train(cohort, config, home / "finished", progress=Progress(lambda s: seen.append(s.fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    return run


def events_of(run, name):
    return [one for one in run.events()[0] if one["event"] == name]


def wait(run, state="finished", patience=120):
    until = time.monotonic() + patience
    while run.state == "running" and time.monotonic() < until:
        time.sleep(0.05)
    log = (run.folder / "child.log").read_text() if (run.folder / "child.log").exists() else ""
    assert run.state == state, log
    return run


def stop_after(run_folder, event, count=1):
    """A progress that cancels once ``count`` events of a kind have been written."""
    progress = Progress()

    def heard(step):
        path = run_folder / "events.jsonl"
        if path.exists() and path.read_text().count(f'"event": "{event}"') >= count:
            progress.cancel()

    progress._listener = heard
    return progress


def test_a_run_gives_figures_and_a_bundle_that_passes_its_checks(finished, home, monkeypatch):
    assert finished.state == "finished"
    results = finished.results
    assert [one.unit for one in results.folds] == ["fold-1", "fold-2"]
    assert len(results.cases) == 18
    assert len(results.test_cases) == 6
    assert set(results.subsets) == {"OM-IM"}
    assert 0 <= results.interval["auc"][0] <= results.interval["auc"][1] <= 1
    assert [one.name for one in finished.bundles] == ["bundle", "bundle-OM-IM"]
    bundle = load(finished.bundle)
    assert run_self_test(bundle, bundle.build_network()) < 1e-4
    assert (bundle.config.members, bundle.config.shared_encoders) == (2, True)
    assert bundle.config.trained_on == "real"
    assert sum(bundle.config.class_shares) == pytest.approx(1)
    assert len(bundle.config.seen_images) == 18 * 5
    card = (finished.bundle / "README.md").read_text()
    assert "18 patients in 2 folds" in card
    assert "p0a" not in card
    assert "p0a" not in (finished.bundle / "bundle.json").read_text()
    subset = load(finished.bundles[1])
    assert subset.config.stands_in_for == bundle.config.name
    assert subset.config.network.modalities == ("OM", "IM")
    assert run_self_test(subset, subset.build_network()) < 1e-4
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "home"))
    inside = {one.patient_id for one in results.cases}
    outside = {one.patient_id for one in results.test_cases}
    assert all(was_trained_on(bundle.sha256, one) for one in inside)
    assert not any(was_trained_on(bundle.sha256, one) for one in outside)


def test_the_bundle_answers_as_the_run_says(finished, cohort):
    from napari_renal_fusion.inference import predict

    outcome = finished.results.test_cases[0]
    case = next(one for one in cohort.cases if one.case_id == outcome.case_id)
    prediction = predict(case, finished.bundle, device="cpu")
    assert list(prediction.probabilities) == pytest.approx(outcome.probabilities, abs=1e-4)
    assert prediction.distance is outcome.distance is None  # too few patients for a limit


def test_every_epoch_is_told_once_and_in_order(finished):
    told = [(one["unit"], one["epoch"]) for one in finished.epochs()]
    units = ["fold-1", "fold-2", "OM-IM/fold-1", "OM-IM/fold-2"]
    assert [unit for unit, _ in told] == sorted((unit for unit, _ in told), key=units.index)
    assert events_of(finished, "started")[0]["units"] == units
    rows = (finished.folder / "metrics.csv").read_text().splitlines()
    assert rows[0] == "unit,epoch,train_loss,val_loss,val_auc,val_accuracy,seconds"
    assert [tuple(row.split(",")[:2]) for row in rows[1:]] == [(unit, str(epoch)) for unit, epoch in told]
    assert events_of(finished, "finished")[0]["bundles"] == ["bundle", "bundle-OM-IM"]


def test_early_stopping_uses_the_epoch_with_the_least_validation_loss(finished):
    for event in events_of(finished, "unit_finished"):
        losses = {one["epoch"]: one["val_loss"] for one in finished.epochs() if one["unit"] == event["unit"]}
        assert event["epoch_used"] == min(losses, key=losses.get)


def test_patience_ends_a_fit(home, cohort, tmp_path):
    run = train(cohort, tiny_config("small", patience=1, epochs=40, learning_rate=0.5), tmp_path / "run")
    for event in events_of(run, "unit_finished"):
        epochs = [one for one in run.epochs() if one["unit"] == event["unit"]]
        assert len(epochs) < 40
        assert event["epoch_used"] == len(epochs) - 1


def test_a_finished_run_is_not_run_again(finished, cohort, home, monkeypatch):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "home"))
    before = finished.events()[1]
    again = train(cohort, finished.config, finished.folder)
    assert again.events()[1] == before


def test_another_configuration_or_cohort_in_the_same_folder_is_refused(finished, cohort):
    other = finished.config.model_copy(update={"learning_rate": 1e-4})
    fewer = Cohort(cohort.cases[:-3], cohort.class_names, source=cohort.source)
    for given, config in ((cohort, other), (fewer, finished.config)):
        with pytest.raises(RenalFusionError) as raised:
            train(given, config, finished.folder)
        assert raised.value.code == "run_folder_taken"
    with pytest.raises(RenalFusionError, match="another run"):
        Run.create(cohort, finished.config, finished.folder)


def test_the_same_seed_gives_the_same_weights_in_this_process_and_in_a_child(home, cohort, tmp_path):
    config = tiny_config(patience=2, class_weights="balanced", gradient_checkpointing=True)
    one = train(cohort, config, tmp_path / "one")
    two = Run.create(cohort, config, tmp_path / "two")
    assert two.state == "ready"
    two.launch()
    assert two.state == "running"
    with pytest.raises(RenalFusionError, match="already running"):
        two.launch()
    wait(two)
    assert weight_difference(one, two) == 0
    assert metric_difference(one, two) == 0


def test_a_run_stopped_in_the_middle_of_an_epoch_resumes_to_the_same_weights(home, cohort, tmp_path):
    config = tiny_config("small", epochs=3, patience=3, finetune_epochs=2)
    whole = train(cohort, config, tmp_path / "whole")
    assert load(whole.bundle).config.shared_encoders is False
    folder = tmp_path / "stopped"
    for count in (1, 4, 7):
        with pytest.raises(Cancelled):
            train(cohort, config, folder, progress=stop_after(folder, "epoch", count))
        assert Run.open(folder).state == "stopped"
    resumed = train(cohort, config, folder)
    assert weight_difference(whole, resumed) == 0
    assert metric_difference(whole, resumed) == 0
    assert len(resumed.epochs()) == len(whole.epochs())


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(home, cohort, tmp_path):
    found = campaign(cohort, tiny_config(epochs=4, patience=3), tmp_path, kills=1, seed=3)
    assert found.broken_files == ()
    assert found.metric_difference == 0
    assert found.weight_difference == 0


@pytest.mark.slow
def test_two_processes_train_together(home, cohort, tmp_path):
    still = tiny_config().network.model_copy(update={"token_norm": True})
    config = tiny_config(
        "small", epochs=2, finetune_epochs=1, devices=2, strategy="ddp", device="cpu", network=still
    )
    run = Run.create(cohort, config, tmp_path / "run")
    run.launch()
    wait(run)
    bundle = load(run.bundle)
    assert run_self_test(bundle, bundle.build_network()) < 1e-4
    assert len(run.epochs()) == 6
    assert not (run.folder / "units" / "fold-1" / LAST).exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_runs_killed_at_random_moments_resume_to_the_same_weights(home, cohort, tmp_path):
    kills = int(os.environ.get("RENAL_FUSION_KILLS", "5"))
    config = tiny_config("small", epochs=6, patience=3, finetune_epochs=2)
    found = campaign(cohort, config, tmp_path, kills, seed=11)
    assert found.broken_files == ()
    assert found.metric_difference < 1e-6
    assert found.weight_difference == 0


def test_a_child_stops_when_asked_and_says_so(home, cohort, tmp_path):
    run = Run.create(cohort, tiny_config(epochs=500), tmp_path / "run")
    run.launch(threads=1)
    until = time.monotonic() + 60
    while not events_of(run, "epoch") and time.monotonic() < until:
        time.sleep(0.05)
    run.request_stop()
    wait(run, "stopped")
    assert run.events()[0][-1]["event"] == "stopped"
    assert run.info.threads == 1
    assert run.bundle is None


@pytest.mark.slow
def test_a_child_outlives_its_parent(home, cohort, tmp_path):
    run = Run.create(cohort, tiny_config(epochs=2), tmp_path / "run")
    code = f"from napari_renal_fusion.training import Run; Run.open({str(run.folder)!r}).launch()"
    subprocess.run([sys.executable, "-c", code], check=True)
    wait(run)


def test_torn_events_and_damaged_checkpoints_are_never_read(home, cohort, tmp_path):
    config = tiny_config(epochs=3, patience=2)
    whole = train(cohort, config, tmp_path / "whole")
    folder = tmp_path / "run"
    with pytest.raises(Cancelled):
        train(cohort, config, folder, progress=stop_after(folder, "epoch", 2))
    run = Run.open(folder)
    _, end = run.events()
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b'{"time": "2026", "event": "epo')
    assert run.events(end) == ([], end)
    last = folder / "units" / "fold-1" / LAST
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 0xFF
    last.write_bytes(content)
    assert checkpoint.load(last) is None
    resumed = train(cohort, config, folder)
    assert weight_difference(whole, resumed) == 0
    lines = (folder / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)


def test_a_damaged_result_of_a_unit_is_made_again(home, cohort, tmp_path):
    config = tiny_config("small", epochs=2)
    whole = train(cohort, config, tmp_path / "whole")
    run = train(cohort, config, tmp_path / "run")
    (run.folder / "results.json").unlink()
    outputs = run.folder / "units" / "fold-2" / "outputs.safetensors"
    outputs.write_bytes(outputs.read_bytes()[:-10])
    (run.folder / "units" / "fold-1" / "best.ckpt").write_bytes(b"PK")
    assert run.state == "interrupted"
    assert weight_difference(whole, train(cohort, config, run.folder)) == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_said_and_the_run_can_be_resumed(home, cohort, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], check=False
    ).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    try:
        config = tiny_config(epochs=2, patience=2)
        with pytest.raises(RenalFusionError) as raised:
            train(cohort, config, disk / "run")
        assert raised.value.code == "disk_full"
        run = Run.open(disk / "run")
        assert run.state == "failed"
        assert "disk is full" in run.failure
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        resumed = train(cohort, config, disk / "run")
        assert weight_difference(train(cohort, config, tmp_path / "whole"), resumed) == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_refit_keeps_patients_back_and_no_fold_is_fitted(home, cohort, tmp_path):
    config = tiny_config(folds=0, final="refit", epochs=1, half_precision_weights=True)
    run = train(cohort, config, tmp_path / "run")
    bundle = load(run.bundle)
    assert (bundle.config.members, [one.unit for one in run.results.folds]) == (1, ["refit"])
    assert run_self_test(bundle, bundle.build_network()) < 1e-3
    assert bundle.config.conformal is None
    assert "at least 40" in " ".join(run.results.notes)


def test_figures_only_write_no_bundle_and_reuse_folds(finished, cohort, tmp_path):
    config = tiny_config(epochs=1, final="none", test_fraction=0.25, patience=3)
    run = train(cohort, config, tmp_path / "run", folds=finished.folds)
    assert run.bundle is None
    assert run.state == "finished"
    assert run.folds == finished.folds
    assert events_of(run, "finished")[0]["bundle"] is None


def test_all_errors_of_the_cohort_are_said_at_once(cohort, tmp_path):
    from napari_renal_fusion.notices import Notice

    wrong = [
        Notice(code="case_two_patients", message=f"Row {row}: wrong.", severity="error", row=row)
        for row in (5, 9)
    ]
    with pytest.raises(RenalFusionError) as raised:
        Run.create(
            Cohort(cohort.cases, cohort.class_names, problems=tuple(wrong)), tiny_config(), tmp_path / "run"
        )
    assert raised.value.code == "cohort_errors"
    assert "Row 5" in str(raised.value)
    assert "Row 9" in str(raised.value)
    assert not (tmp_path / "run" / "run.json").exists()
    with pytest.raises(RenalFusionError, match="at least two classes"):
        train(Cohort(()), tiny_config(), tmp_path / "run")


def test_images_that_vanished_are_named_and_the_run_goes_on_when_they_are_back(home, tmp_path):
    cohort = tiny_cohort(tmp_path / "cohort", per_class=6)
    run = Run.create(cohort, tiny_config(epochs=1), tmp_path / "run")
    shutil.move(tmp_path / "cohort" / "p0a", tmp_path / "elsewhere")
    with pytest.raises(RenalFusionError) as raised:
        train(cohort, run.config, run.folder)
    assert raised.value.code == "cohort_changed"
    assert run.state == "failed"
    shutil.move(tmp_path / "elsewhere", tmp_path / "cohort" / "p0a")
    assert train(cohort, run.config, run.folder).state == "finished"


def test_runs_are_listed_with_what_differs(finished, home, cohort, tmp_path):
    other = Run.create(cohort, tiny_config(seed=6), home / "other")
    runs = list_runs(home)
    assert [one.name for one in runs][:2] == ["other", "finished"]
    differing = differing_fields([other, finished])
    assert differing["seed"] == (6, 5)
    assert "batch" not in differing
    (home / "broken").mkdir()
    (home / "broken" / "run.json").write_text("{")
    assert "broken" not in [one.name for one in list_runs(home)]


def test_a_process_id_of_another_process_does_not_count(home, cohort, tmp_path):
    run = Run.create(cohort, tiny_config(), tmp_path / "run")
    (run.folder / "process.json").write_text(json.dumps({"pid": os.getppid(), "started": 1.0}))
    assert run.state == "interrupted"


def test_encoders_of_a_bundle_come_with_their_architecture(home, cohort, finished, tmp_path, monkeypatch):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "home"))
    config = preset("small", encoder_weights=str(finished.bundle), folds=2, epochs=1, patience=0, threads=1)
    with pytest.raises(RenalFusionError, match="were trained with images of the cases p0"):
        Run.create(cohort, config, tmp_path / "leak")
    unseen = tiny_cohort(tmp_path / "unseen", seed=3)
    run = train(unseen, config, tmp_path / "run")
    theirs, ours = load(finished.bundle), load(run.bundle)
    assert ours.config.network.encoder == theirs.config.network.encoder
    assert ours.config.preprocessing == theirs.config.preprocessing
    names = [name for name in ours.weights if name.startswith("encoders.")]
    assert names
    assert all(torch.equal(ours.weights[name], theirs.weights[name]) for name in names)


def test_a_patient_keeps_all_biopsies_on_one_side(home, tmp_path):
    first = tiny_cohort(tmp_path / "first", per_class=6)
    second = tiny_cohort(tmp_path / "second", per_class=6, bag=2, seed=1)
    again = [replace(one, case_id=f"{one.patient_id}-2") for one in second.cases]
    cohort = Cohort((*first.cases, *again), first.class_names, source=first.source)
    run = train(cohort, tiny_config("small", epochs=1, patience=1, final="none"), tmp_path / "run")
    assert run.info.cases == 36
    assert run.info.patients == 18
    for fold in run.folds.folds:
        sides = [{one[:-2] for one in side} for side in (fold.train, fold.validation, fold.test)]
        assert not sides[0] & sides[2]
        assert not sides[0] & sides[1]
        assert not sides[1] & sides[2]


def test_images_replaced_while_a_run_stood_still_are_named(home, tmp_path):
    cohort = tiny_cohort(tmp_path / "cohort", per_class=4)
    folder = tmp_path / "run"
    config = tiny_config("small", epochs=2)
    with pytest.raises(Cancelled):
        train(cohort, config, folder, progress=stop_after(folder, "epoch"))
    image = next((tmp_path / "cohort" / "p1b").glob("OM*.png"))
    before = image.read_bytes()
    shutil.copy(next((tmp_path / "cohort" / "p2c").glob("OM*.png")), image)
    with pytest.raises(RenalFusionError, match="no longer those it began with: p1b-1") as raised:
        train(cohort, config, folder)
    assert raised.value.code == "cohort_changed"
    image.write_bytes(before)
    assert train(cohort, config, folder).state == "finished"


def test_a_run_goes_on_without_its_device_and_says_so(cohort, tmp_path):
    folder = tmp_path / "run"
    config = tiny_config("small", epochs=1, device="cpu")
    with pytest.raises(Cancelled):
        train(cohort, config, folder, progress=stop_after(folder, "started"))
    run = Run.open(folder)
    assert (run.info.device, run.info.precision) == ("cpu", "float32")
    gone = "cuda" if sys.platform == "darwin" else "mps"  # no computer has both
    run.fix(device=gone)
    done = train(cohort, config, folder)
    warning = events_of(done, "warning")[0]
    assert f"began on {gone}" in warning["message"]
    assert warning["message"] in done.results.notes
    text = json.loads((folder / "run.json").read_text())
    del text["device"], text["precision"]
    (folder / "run.json").write_text(json.dumps(text))
    assert Run.open(folder).info.device == ""  # a run of an older version


def test_a_log_that_cannot_be_written_leaves_no_claim(cohort, tmp_path):
    run = Run.create(cohort, tiny_config(), tmp_path / "run")
    (run.folder / "events.jsonl").mkdir()
    with pytest.raises(RenalFusionError, match=r"events\.jsonl cannot be written"):
        train(cohort, run.config, run.folder)
    assert not (run.folder / "process.json").exists()


def test_bad_folders_are_said_in_a_sentence(cohort, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "run", tmp_path / ("n" * 300)):
        with pytest.raises(RenalFusionError, match="cannot be written") as raised:
            Run.create(cohort, tiny_config(), folder)
        assert raised.value.code == "folder_not_writable"
    run = Run.create(cohort, tiny_config(), tmp_path / "run")
    (run.folder / "child.log").mkdir()
    with pytest.raises(RenalFusionError, match=r"child\.log cannot be written"):
        run.launch()
    assert run.state == "ready"


def test_best_weights_of_another_epoch_than_the_checkpoint_means_are_not_used(cohort, tmp_path):
    config = tiny_config("small", epochs=6, patience=6, learning_rate=0.5)
    whole = train(cohort, config, tmp_path / "whole")
    used = events_of(whole, "unit_finished")[0]["epoch_used"]
    assert used < 5  # what comes after it does not replace its weights
    # One that never was, and the next one, whose repetition then comes out otherwise.
    for number, epoch in enumerate((9, used + 1)):
        folder = tmp_path / f"run-{number}"
        with pytest.raises(Cancelled):
            train(cohort, config, folder, progress=stop_after(folder, "epoch", used))
        best = folder / "units" / "fold-1" / "best.ckpt"
        content = checkpoint.load(best)
        assert content["epoch"] == used
        wrong = {name: torch.zeros_like(one) for name, one in content["state"].items()}
        checkpoint.save({"state": wrong, "epoch": epoch}, best)
        assert weight_difference(whole, train(cohort, config, folder)) == 0
