"""A bundle that reads the whole panel answers with any modality missing, and says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_renal_fusion.bundles import Frequencies, load, read_config
from napari_renal_fusion.cases import Case, Cohort, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import Engine, predict, verify
from napari_renal_fusion.inputs import SelectionRules
from tests.made_panel import make_panel_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return load(make_panel_bundle(tmp_path_factory.mktemp("panel") / "panel"))


@pytest.fixture(scope="module")
def case(phantom_case_folder):
    return Case.from_folder(phantom_case_folder)


@pytest.fixture(scope="module")
def engine():
    return Engine()


def without(case, *modalities):
    return replace(case, images=tuple(one for one in case.images if one.modality not in modalities))


def codes(prediction):
    return [one.code for one in prediction.warnings]


def test_every_image_enters_and_says_why(bundle, case, engine):
    prediction = predict(case, bundle, engine=engine)
    assert prediction.status == "answered"
    assert len(prediction.selection.images) == len(case.images)
    assert {one.modality: one.reason for one in prediction.selection.images} == {
        Modality.OM: "every light image enters",
        Modality.IM: "every antibody enters, negative ones too",
        Modality.TEM: "every electron image enters the bag",
    }
    assert prediction.conformal is not None
    assert prediction.distance > 0
    assert prediction.branches == {}
    assert "answered_without" not in codes(prediction)


@pytest.mark.parametrize(
    "missing", [(Modality.TEM,), (Modality.OM,), (Modality.OM, Modality.TEM), (Modality.OM, Modality.IM)]
)
def test_any_modality_may_be_missing_and_its_calibration_is_that_of_such_answers(
    bundle, case, engine, missing
):
    prediction = predict(without(case, *missing), bundle, engine=engine)
    assert prediction.status == "answered"
    assert prediction.selection.missing == missing
    shown = "-".join(one for one in Modality if one not in missing)
    partial = bundle.config.without[shown]
    with torch.inference_mode():
        output = prediction._session.fuse()
    expected = (output.fusion[0] / partial.calibration.temperature).softmax(dim=0)
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)
    assert prediction.conformal is not None
    assert prediction.distance is not None
    (said,) = [one.message for one in prediction.warnings if one.code == "answered_without"]
    assert all(one.title in said for one in Modality)
    assert f"{partial.accuracy:.0%}" in said


def test_where_nothing_was_measured_it_says_what_is_lost(bundle, case, engine):
    prediction = predict(without(case, Modality.IM), bundle, engine=engine)
    assert (prediction.conformal, prediction.distance) == (None, None)
    (said,) = [one.message for one in prediction.warnings if one.code == "answered_without"]
    assert "no set of classes and no distance to the known patients" in said


def test_the_order_of_files_changes_nothing(bundle, case, engine):
    turned = replace(case, images=case.images[::-1])
    assert (
        predict(turned, bundle, engine=engine).probabilities
        == predict(case, bundle, engine=engine).probabilities
    )


def test_a_copy_counts_once_and_is_told(bundle, case, engine):
    twin = replace(case, images=(*case.images, case.images[-1], case.images[0]))
    prediction = predict(twin, bundle, engine=engine)
    assert prediction.probabilities == predict(case, bundle, engine=engine).probabilities
    assert codes(prediction).count("duplicate_image") == 2


def test_stains_decide_and_those_that_it_does_not_know_are_told(bundle, case, engine):
    def renamed(stain):
        return replace(
            case,
            images=tuple(replace(one, stain=stain) if one.stain == "IgA" else one for one in case.images),
        )

    known, other = predict(case, bundle, engine=engine), predict(renamed("IgG"), bundle, engine=engine)
    assert np.abs(np.subtract(known.probabilities, other.probabilities)).max() > 1e-4
    notices = {one.code: one.message for one in predict(renamed("PLA2R"), bundle, engine=engine).warnings}
    assert "IM-2 (PLA2R)" in notices["stain_unseen"]
    assert "IM-1 (C3)" in notices["stain_unseen"]
    untold = predict(renamed(None), bundle, engine=engine)
    assert "IM-2" in {one.code: one.message for one in untold.warnings}["stain_untold"]


def test_the_person_may_leave_out_every_electron_image(bundle, case, engine):
    chosen = predict(case, bundle, engine=engine, choice={Modality.TEM: ()})
    assert chosen.probabilities == predict(without(case, Modality.TEM), bundle, engine=engine).probabilities
    assert "answered_without" in codes(chosen)
    assert chosen.selection.takes_one == ()


def test_nothing_at_all_is_no_opinion_and_a_rule_may_still_refuse(bundle, case, engine, tmp_path):
    nothing = predict(without(case, *Modality), bundle, engine=engine)
    assert (nothing.status, nothing.reasons[0].code) == ("refused", "nothing_to_read")
    slots = [one.model_copy(update={"if_missing": "refuse"}) for one in bundle.config.rules.slots]
    strict = load(make_panel_bundle(tmp_path / "strict", rules=SelectionRules(slots=tuple(slots))))
    assert predict(without(case, Modality.OM), strict, engine=Engine()).reasons[0].code == "modality_missing"


def test_frequencies_correct_an_answer_without_a_modality_too(bundle, case, engine):
    here = Frequencies(name="here", shares=dict(zip(bundle.config.class_names, (1, 1, 8), strict=True)))
    less = without(case, Modality.TEM)
    plain = predict(less, bundle, engine=engine, frequencies="training")
    corrected = predict(less, bundle, engine=engine, frequencies=here)
    factors = np.array((0.1, 0.1, 0.8)) / np.array((0.5, 0.3, 0.2))
    expected = np.array(plain.probabilities) * factors
    np.testing.assert_allclose(corrected.probabilities, expected / expected.sum(), atol=1e-5)


def test_its_check_here_counts_cases_without_electron_images(bundle, case, engine):
    labelled = replace(without(case, Modality.TEM), label="lupus nephritis")
    record = verify(bundle, Cohort((labelled,), bundle.config.class_names), engine=engine, store=False)
    assert record.answered + record.abstained == 1


def test_an_ensemble_answers_with_a_spread(case, tmp_path):
    several = load(make_panel_bundle(tmp_path / "several", members=3))
    prediction = predict(without(case, Modality.TEM), several, engine=Engine())
    assert len(prediction.member_spread) == 3
    assert max(prediction.member_spread) > 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "cmus_net"}, "cannot hold"),
        ({"format_version": 2}, "holds a CMUS-Net"),
        ({"without": {"OM-IM-TEM": {"calibration": {}}}}, "cannot be"),
        ({"conformal": {"coverage": 0.9, "scores": [[0.1], [0.2]]}}, "conformal scores of 2 members"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(bundle, change, problem):
    content = bundle.config.model_dump(mode="json") | change
    with pytest.raises(ValueError, match=problem):
        type(bundle.config).model_validate(content)


def test_a_rule_that_the_network_cannot_follow_is_refused(bundle):
    content = bundle.config.model_dump(mode="json")
    content["rules"]["slots"][2]["if_missing"] = "mean_tokens"
    with pytest.raises(ValueError, match="refuse or without"):
        type(bundle.config).model_validate(content)


def test_statistics_of_another_set_of_modalities_are_refused(bundle, tmp_path):
    from safetensors.torch import load_file, save

    folder = make_panel_bundle(tmp_path / "wrong")
    tensors = load_file(folder / "model.safetensors")
    tensors = {name: one for name, one in tensors.items() if not name.startswith("known_without.OM-IM.")}
    weights = save(tensors)
    sealed = read_config(folder).sealed(weights, (folder / "README.md").read_bytes())
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "bundle.json").write_text(sealed.to_json())
    with pytest.raises(RenalFusionError) as error:
        load(folder)
    assert error.value.code == "bundle_mismatch"
