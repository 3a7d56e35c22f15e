"""HEALNet bundles: kept whole, refused where they must not answer, equal answers with and without a modality."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion import bundles
from napari_renal_fusion.bundles import Frequencies
from napari_renal_fusion.bundles.format import manifest_sha256
from napari_renal_fusion.cases import Case, ImageItem, Modality, OmicsRow
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import Engine, predict, run_self_test, verify
from napari_renal_fusion.training.healnet import read_patients
from napari_renal_fusion.training.healnet.creation import train_healnet
from tests.training.healnet.made_patients import CHANNELS, made_table, tiny, write_features


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home-bundles")


@pytest.fixture(scope="module")
def place(tmp_path_factory, home):
    before = os.environ.get("RENAL_FUSION_HOME")
    os.environ["RENAL_FUSION_HOME"] = str(home)
    yield tmp_path_factory.mktemp("bundles")
    if before is not None:
        os.environ["RENAL_FUSION_HOME"] = before


@pytest.fixture(scope="module")
def path(place):
    for number in range(0, 40, 2):
        write_features(place / "slides" / f"P{number:03d}.h5", 3 + number % 4, number)
    return made_table(place / "patients.csv", 40)


@pytest.fixture(scope="module")
def survival(place, path):
    config = tiny("rnaseq,mut@features,clinical=age", slides=True, epochs=2, patience=1)
    run = train_healnet(read_patients(path, config, slides=place / "slides"), config, place / "survival")
    return run.bundle


@pytest.fixture(scope="module")
def classes(place, path):
    config = tiny(task="classification", epochs=2, patience=1)
    return train_healnet(read_patients(path, config), config, place / "classes").bundle


def row(patient="new", **blocks):
    values = {
        "rnaseq": {f"G{k}_rnaseq": 0.3 * k for k in range(6)},
        "mut": {"M0_mut": 1.0, "M1_mut": 0.0, "M2_mut": 1.0},
        "": {"age": 61.0},
    }
    return OmicsRow(patient, {name: block for name, block in (values | blocks).items() if block is not None})


def case(omics=None, images=(), label=None, patient="new"):
    return Case(patient, patient, images=images, label=label, omics=omics)


def image():
    return ImageItem(Path("om.png"), Modality.OM, pixels=np.zeros((8, 8, 3), np.uint8))


def ask(bundle, given, features=None, **options):
    features = {"slide": (features,)} if features else None
    return predict(given, bundle, device="cpu", engine=Engine(), features=features, **options)


def codes(prediction):
    return {one.code for one in (*prediction.warnings, *prediction.reasons)}


def test_a_bundle_comes_back_as_it_was_written(survival):
    bundle = bundles.load(survival)
    assert bundle.config == bundles.describe(survival)
    assert bundle.config.names == ("rnaseq", "mut", "clinical", "slide")
    assert run_self_test(bundle, bundle.build_network()) < 1e-6
    info = bundles.BundleInfo("x", survival, bundle.config)
    assert info.title == "HEALNet"


def sealed_again(folder, target, change):
    """The bundle with a changed manifest whose checksum is right."""
    target.mkdir()
    for one in folder.iterdir():
        (target / one.name).write_bytes(one.read_bytes())
    content = json.loads((target / "bundle.json").read_text())
    change(content)
    content["sha256"]["bundle.json"] = manifest_sha256(json.dumps(content))
    (target / "bundle.json").write_text(json.dumps(content))
    return target


@pytest.mark.parametrize("field", ["outcome", "population", "time_zero", "time_unit"])
def test_a_survival_bundle_must_say_what_its_curve_is_about(survival, tmp_path, field):
    spoilt = sealed_again(survival, tmp_path / "b", lambda content: content["survival"].update({field: ""}))
    with pytest.raises(RenalFusionError) as told:
        bundles.read_config(spoilt)
    assert told.value.code == "bundle_invalid"
    assert field in str(told.value)


def test_without_its_survival_task_or_with_other_weights_it_is_refused(survival, classes, tmp_path):
    spoilt = sealed_again(survival, tmp_path / "b", lambda content: content.update(survival=None))
    with pytest.raises(RenalFusionError, match="must say its outcome, population, time zero and unit"):
        bundles.read_config(spoilt)
    edited = sealed_again(survival, tmp_path / "c", lambda content: None)
    (edited / "model.safetensors").write_bytes((classes / "model.safetensors").read_bytes())
    with pytest.raises(RenalFusionError) as told:
        bundles.load(edited)
    assert told.value.code == "bundle_edited"


def test_a_risk_comes_with_everything_that_must_stand_beside_it(survival, place):
    answer = ask(survival, case(row()), features=place / "slides" / "P000.h5")
    assert answer.status == "answered"
    assert answer.task == "survival"
    assert answer.probabilities == ()
    given = answer.survival
    assert (given.outcome, given.population, given.time_zero, given.unit) == (
        "death of any cause", "made-up patients", "diagnosis", "months",
    )  # fmt: skip
    assert list(given.times) == sorted(given.times)
    assert all(a >= b for a, b in zip((1.0, *given.curve), given.curve, strict=False))
    assert given.group in ("low", "high")
    assert 0 <= given.percentile <= 95
    assert [one.name for one in answer.modalities if one.used] == ["rnaseq", "mut", "clinical", "slide"]
    assert type(answer).model_validate_json(answer.model_dump_json()).survival == given


def test_a_missing_modality_gives_what_a_forward_without_it_gives(survival, place):
    features = place / "slides" / "P000.h5"
    whole = ask(survival, case(row()), features=features)._session
    for missing, given in (
        (("slide",), ask(survival, case(row()))),
        (("mut",), ask(survival, case(row(mut=None)), features=features)),
        (("rnaseq", "clinical", "mut"), ask(survival, case(None), features=features)),
    ):
        without = whole.answer(without=missing)
        assert given.risk == pytest.approx(without.risk, abs=1e-6)
        assert given.survival.curve == pytest.approx(without.curve, abs=1e-6)
        assert "modality_skipped" in codes(given)
        assert [one.name for one in given.modalities if not one.used] == [
            n for n in whole.names if n in missing
        ]
    assert whole.answer().risk != pytest.approx(whole.answer(("slide",)).risk, abs=1e-9)


def test_the_session_gives_attention_of_each_modality(survival, place):
    session = ask(survival, case(row()), features=place / "slides" / "P002.h5")._session
    output = session.forward(attention=True)
    tokens = [1, 3, 1, len(session.features["slide"].features)]
    for layer in output.attention:
        for weights, count in zip(layer, tokens, strict=True):
            assert weights.shape == (1, 1, 3, count)
            np.testing.assert_allclose(weights.sum(-1).numpy(), 1, rtol=1e-5)
    assert session.layouts["mut"] == "token_per_feature"
    assert session.features["slide"].coords[1].tolist() == [224, 0]
    assert session.omics["clinical"][1].tolist() == [61.0]


def test_unknown_and_missing_columns_are_named_and_filled_with_the_mean(survival):
    genes = {f"G{k}_rnaseq": 0.3 * k for k in range(6) if k != 2} | {"TP53_rnaseq": 1.0}
    answer = ask(survival, case(row(rnaseq=genes)))
    said = {one.code: one.message for one in answer.warnings}
    assert "G2_rnaseq" in said["omics_columns_missing"]
    assert "TP53_rnaseq" in said["omics_columns_unknown"]
    scaling = bundles.describe(survival).inputs[0].scalings[0]
    value = answer._session.tensors["rnaseq"][0, 0, 2].item()
    assert value == pytest.approx((scaling.fill[2] - scaling.centre[2]) / scaling.scale[2], abs=1e-6)
    few = ask(survival, case(row(rnaseq={"G0_rnaseq": 1.0})))
    assert not few.modalities[0].used


def test_a_case_with_nothing_the_model_reads_is_refused_with_what_it_reads(survival):
    answer = ask(survival, case(OmicsRow("new", {"": {"weight": 70.0}})))
    assert answer.status == "refused"
    assert "rnaseq or mut or clinical or slide" in answer.verdict


def test_a_tumours_bundle_does_not_answer_about_a_medical_biopsy(survival):
    answer = ask(survival, case(row(), images=(image(),)))
    assert answer.status == "refused"
    assert answer.risk is None
    assert "nothing says that it is a tumour" in answer.verdict
    assert ask(survival, case(row(), images=(image(),)), tumour=True).status == "answered"
    assert ask(survival, case(row(), images=(image(),), label="clear cell RCC")).status == "answered"
    assert ask(survival, case(row(), images=(image(),), label="IgA nephropathy")).status == "refused"
    said_no = ask(survival, case(row(), images=(image(),), label="clear cell RCC"), tumour=False)
    assert said_no.status == "refused"


def test_features_of_another_model_are_not_used_and_said(survival, tmp_path):
    other = write_features(tmp_path / "other.h5", 4, 1, channels=CHANNELS + 1)
    answer = ask(survival, case(row()), features=other)
    assert {"features_channels", "modality_skipped"} <= codes(answer)
    assert not answer.modalities[-1].used


def test_a_patient_of_the_training_is_recognised_here(survival, home, monkeypatch):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home))
    assert "seen_in_training" in codes(ask(survival, case(row(), patient="P003")))
    assert "seen_in_training" not in codes(ask(survival, case(row())))


def test_classes_get_probabilities_and_no_set_where_none_can_be_had(classes):
    answer = ask(classes, case(row()))
    assert sum(answer.probabilities) == pytest.approx(1)
    assert answer.class_names == ("high", "low")
    assert answer.conformal is None
    assert answer.survival is None
    assert answer._session.answer().probabilities == pytest.approx(answer.probabilities)


def test_what_makes_no_sense_for_a_risk_is_refused_clearly(survival, classes):
    from napari_renal_fusion.cases import Cohort
    from napari_renal_fusion.explain import explain

    with pytest.raises(RenalFusionError) as told:
        verify(survival, Cohort((case(row()),)))
    assert told.value.code == "verify_survival"
    with pytest.raises(RenalFusionError) as told:
        ask(classes, case(row()), frequencies=Frequencies(name="here", shares={"high": 1, "low": 1}))
    assert told.value.code == "frequencies_impossible"
    with pytest.raises(RenalFusionError) as told:
        explain(ask(classes, case(row())))
    assert told.value.code == "explanation_other_kind"


def test_report_json_and_table_carry_the_risk_and_its_meaning(survival, tmp_path):
    from napari_renal_fusion.reports import PredictionRow, write_all, write_predictions_csv

    given = case(row())
    answer = ask(survival, given)
    written = write_all(given, answer, None, tmp_path)
    text = next(one for one in written if one.name == "report.html").read_text(encoding="utf-8")
    for word in ("death of any cause", "made-up patients", "diagnosis", "risk group", "rnaseq"):
        assert word in text
    assert json.loads((tmp_path / "prediction.json").read_text())["risk"] == pytest.approx(answer.risk)
    write_predictions_csv([PredictionRow("new", answer, case=given)], tmp_path / "predictions.csv")
    header, line = (tmp_path / "predictions.csv").read_text().splitlines()
    values = dict(zip(header.split(","), line.split(","), strict=False))
    assert {"risk", "risk_group", "risk_percentile", "time_unit"} <= set(header.split(","))
    assert header.split(",").index("seconds") < header.split(",").index("risk")
    assert values["case_id"] == "new"
