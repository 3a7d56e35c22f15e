import csv

import numpy as np
import pytest
import torch

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Case, Cohort, ImageItem, Modality
from napari_renal_fusion.compute import Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import run_self_test
from napari_renal_fusion.training import TrainingConfig, preset, train
from napari_renal_fusion.training.patients import Patient, split_by_patient


def synthetic_cohort(folder, per_class=4):
    """Patients whose class is a brightness, so that a few steps suffice."""
    rng = np.random.default_rng(0)
    cases = []
    for label in range(3):
        for number in range(per_class):
            images = tuple(
                ImageItem(
                    folder / f"{modality}.png", Modality(modality),
                    pixels=np.clip(rng.normal(60 + 60 * label, 20, (64, 64, 3)), 0, 255).astype(np.uint8),
                )
                for modality in ("OM", "IM", "TEM", "TEM")
            )  # fmt: skip
            cases.append(Case(f"c{label}{number}", f"p{label}{number}", images, label=f"Class {label}"))
    return Cohort(tuple(cases))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    config = preset("demo", epochs=2, batch=4, seed=5)
    seen = []
    for name in ("one", "two"):
        train(
            synthetic_cohort(folder),
            config,
            folder / name,
            progress=Progress(lambda s: seen.append(s.fraction)),
        )
    assert seen == sorted(seen[: len(seen) // 2]) + sorted(seen[len(seen) // 2 :])
    return folder


def test_a_run_gives_a_bundle_that_passes_its_checks(runs):
    bundle = load(runs / "one" / "bundle")
    assert run_self_test(bundle, bundle.build_network()) < 1e-4
    assert bundle.config.trained_on == "real"
    assert bundle.config.class_names == ("Class 0", "Class 1", "Class 2")
    assert set(bundle.mean_tokens) == set(Modality)
    assert TrainingConfig.model_validate_json((runs / "one" / "config.json").read_text()).epochs == 2
    rows = list(csv.DictReader((runs / "one" / "metrics.csv").open()))
    assert any(row["train_loss"] for row in rows)
    assert any(row["val_auc"] for row in rows)


def test_the_same_seed_gives_the_same_weights(runs):
    one, two = load(runs / "one" / "bundle"), load(runs / "two" / "bundle")
    assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)


def test_a_patient_is_never_on_both_sides():
    patients = [Patient(f"p{i // 2}", (i // 2) % 3, {}, False) for i in range(60)]
    training, held_out = split_by_patient(patients, 0.2, seed=1)
    assert not {p.patient_id for p in training} & {p.patient_id for p in held_out}
    assert len(training) + len(held_out) == 60
    assert {p.label for p in held_out} == {0, 1, 2}


def test_a_class_of_one_and_no_labels_are_refused(tmp_path):
    with pytest.raises(RenalFusionError) as raised:
        split_by_patient(
            [Patient("a", 0, {}, False), Patient("b", 1, {}, False), Patient("c", 1, {}, False)], 0.2, 0
        )
    assert raised.value.code == "cohort_too_few"
    with pytest.raises(RenalFusionError) as raised:
        train(Cohort(()), preset("demo"), tmp_path / "run")
    assert raised.value.code == "cohort_no_labels"


def test_the_papers_recipe():
    config = preset("paper")
    assert (config.epochs, config.batch, config.learning_rate, config.weight_decay) == (60, 4, 5e-5, 5e-5)
    assert config.network.encoder_for("OM").name == "swin_base_patch4_window7_224.ms_in1k"


def test_a_table_with_errors_is_not_trained_on(tmp_path):
    from napari_renal_fusion.notices import Notice

    cohort = synthetic_cohort(tmp_path)
    wrong = Notice(
        code="case_two_patients", message="Case b belongs to two patients.", severity="error", row=5
    )
    with pytest.raises(RenalFusionError) as raised:
        train(Cohort(cohort.cases, problems=(wrong,)), preset("demo", epochs=1), tmp_path / "run")
    assert raised.value.code == "cohort_errors"
    assert "row 5" in str(raised.value)
    assert not (tmp_path / "run").exists()
