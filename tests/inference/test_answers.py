"""What an answer says about itself: set, distance, frequencies, training patients, local check, stand-ins."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_renal_fusion.bundles import (
    Frequencies,
    load,
    remember_training_patients,
    store_frequencies,
)
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.bundles.frequencies import adjusted_to_frequencies
from napari_renal_fusion.bundles.known import KnownPatients, bundle_distances
from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.compute.places import data_dir
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import explain
from napari_renal_fusion.inference import Engine, Prediction, predict
from napari_renal_fusion.inputs import PositivePanel

SCORES = ConformalScores(coverage=0.9, scores=(tuple(np.linspace(0, 0.9, 25)),) * 2)
SHARES = (0.5, 0.3, 0.2)
RUN = "0123456789abcdef"
HERE = Frequencies(
    name="Our clinic", shares={"IgA nephropathy": 1, "membranous nephropathy": 1, "lupus nephritis": 8}
)


def known(limit):
    return KnownPatients(limit=limit, false_refusals=0.04)


def image(modality, seed, shape=(300, 400, 3)):
    pixels = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    return ImageItem(Path(f"{modality}{seed}.png"), Modality(modality), pixels=pixels)


def without(case, *modalities):
    return Case(
        case.case_id, case.patient_id, tuple(one for one in case.images if one.modality not in modalities)
    )


def codes(prediction):
    return [one.code for one in prediction.warnings]


@pytest.fixture(scope="module")
def case():
    return Case("R", "R-1", (image("OM", 1), image("IM", 2), *(image("TEM", i) for i in range(3, 6))))


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module")
def ensemble(make_tiny_bundle):
    return make_tiny_bundle(members=2, conformal=SCORES, known=known(1e9), class_shares=SHARES)


def test_an_ensemble_answers_with_set_distance_and_spread(case, ensemble, engine):
    prediction = predict(case, ensemble, engine=engine)
    session = prediction._session
    with torch.inference_mode():
        output = session.fuse()
    each = output.member_logits.softmax(dim=-1).double().numpy()
    assert prediction.probabilities == pytest.approx(
        output.member_logits.mean(0)[0].softmax(-1).tolist(), abs=1e-6
    )
    assert prediction.member_spread == pytest.approx(each[:, 0].std(axis=0), abs=1e-6)
    assert prediction.conformal == SCORES.sets(each)[0]
    assert prediction.coverage == 0.9
    assert prediction.distance == pytest.approx(
        bundle_distances(load(ensemble).known_statistics, output.member_unfused.numpy())[0]
    )
    assert (prediction.distance_limit, prediction.fits_none) == (1e9, False)
    assert prediction.status == "answered"
    assert prediction.answered_by == "Tiny"
    assert prediction.checked_text == "Not checked in this laboratory yet"
    again = Prediction.model_validate_json(prediction.model_dump_json())
    assert again.model_dump() == prediction.model_dump()
    assert again.set_text == prediction.set_text


@pytest.mark.parametrize(("grade", "negative"), [(None, False), (0.5, True), (1.0, False)])
def test_a_panel_weaker_than_every_one_of_training_gets_no_opinion(
    case, make_tiny_bundle, engine, grade, negative
):
    folder = make_tiny_bundle(panel=PositivePanel(least_intensity=1.0, least_signal=0.1))
    images = tuple(
        replace(one, intensity=grade) if one.modality == Modality.IM else one for one in case.images
    )
    prediction = predict(replace(case, images=images), folder, engine=engine)
    assert prediction.status == ("abstained" if negative else "answered")
    assert ("panel_negative" in [one.code for one in prediction.reasons]) == negative
    if negative:
        assert "graded trace, the weakest in training 1+" in prediction.verdict


def test_a_split_is_read_with_the_probabilities_of_the_whole(case, make_tiny_bundle, engine):
    folder = make_tiny_bundle(
        members=2, conformal=ConformalScores(coverage=0.8, scores=(tuple(np.linspace(0, 1, 50)),))
    )
    prediction = predict(case, folder, engine=engine)
    wanted = [
        i for i, p in enumerate(prediction.probabilities) if sum(np.linspace(0, 1, 50) < 1 - p) < 0.8 * 51
    ]
    assert list(prediction.conformal) == wanted


def test_the_set_is_said_in_words(case, ensemble, engine):
    prediction = predict(case, ensemble, engine=engine)
    said = [
        prediction.model_copy(update={"conformal": one}).set_text
        for one in ((0, 2), (1,), (0, 1, 2), (), None)
    ]
    assert said == [
        "At 90 %: IgA nephropathy or lupus nephritis",
        "At 90 %: membranous nephropathy",
        "At 90 %: IgA nephropathy, membranous nephropathy or lupus nephritis",
        "At 90 %: none",
        "",
    ]


def test_a_single_network_without_calibration_says_so(case, tiny_bundle, engine):
    prediction = predict(case, tiny_bundle, engine=engine)
    assert (prediction.conformal, prediction.coverage, prediction.distance, prediction.fits_none) == (
        None,
    ) * 4
    assert prediction.member_spread == ()
    assert prediction.set_text == ""


def test_a_patient_far_from_all_known_ones_gets_no_opinion(case, make_tiny_bundle, engine):
    folder = make_tiny_bundle(members=2, conformal=SCORES, known=known(1e-3))
    prediction = predict(case, folder, engine=engine)
    assert prediction.status == "abstained"
    assert prediction.fits_none
    assert prediction.reasons[0].code == "fits_none"
    assert "Fits none of its classes" in prediction.verdict
    assert prediction.probabilities  # shown as receding, explained as before
    assert explain(prediction).heat_maps


def test_an_empty_set_gets_no_opinion(case, make_tiny_bundle, engine):
    folder = make_tiny_bundle(members=2, conformal=ConformalScores(coverage=0.9, scores=((0.0,) * 25,) * 2))
    prediction = predict(case, folder, engine=engine)
    assert (prediction.status, prediction.conformal) == ("abstained", ())
    assert [one.code for one in prediction.reasons] == ["set_empty"]
    assert "90 %" in prediction.verdict


def test_a_verdict_outside_its_set_is_no_opinion(case, make_tiny_bundle, engine):
    plain = predict(case, make_tiny_bundle(class_shares=SHARES), engine=engine)
    top = plain.top
    # Scores that let in the most probable class alone, and frequencies that make another one most probable.
    ordered = sorted(plain.probabilities)
    score = 1 - (ordered[-1] + ordered[-2]) / 2
    folder = make_tiny_bundle(
        class_shares=SHARES, conformal=ConformalScores(coverage=0.9, scores=((score,) * 45,))
    )
    assert predict(case, folder, engine=engine).status == "answered"
    shares = {name: 1e-4 if i == top else 1 for i, name in enumerate(plain.class_names)}
    other = predict(case, folder, engine=engine, frequencies=Frequencies(name="Elsewhere", shares=shares))
    assert other.conformal == (top,)
    assert other.top != top
    assert other.status == "abstained"
    assert [one.code for one in other.reasons] == ["set_disagrees"]
    assert f"{other.class_names[other.top]}, is not in the set of classes at 90 %" in other.verdict
    assert "at the frequencies Elsewhere" in other.verdict


def test_a_substituted_modality_takes_set_and_distance_with_it(case, make_tiny_bundle, engine):
    folder = make_tiny_bundle(members=2, conformal=SCORES, known=known(1e-9))
    prediction = predict(without(case, Modality.TEM), folder, engine=engine)
    assert prediction.status == "answered"
    assert (prediction.conformal, prediction.distance, prediction.fits_none) == (None, None, None)
    notice = next(one for one in prediction.warnings if one.code == "modality_substituted")
    assert "no set of classes and no distance" in notice.message


def test_frequencies_are_applied_on_request_and_named(case, ensemble, engine):
    plain = predict(case, ensemble, engine=engine)
    corrected = predict(case, ensemble, engine=engine, frequencies=HERE)
    wanted = adjusted_to_frequencies(plain.probabilities, SHARES, (0.1, 0.1, 0.8))
    assert corrected.probabilities == pytest.approx(wanted, abs=1e-6)
    assert corrected.probabilities != pytest.approx(plain.probabilities, abs=1e-3)
    assert (plain.frequencies, corrected.frequencies) == ("", "Our clinic")
    notice = next(one for one in corrected.warnings if one.code == "frequencies_corrected")
    assert "'Our clinic'" in notice.message
    assert "lupus nephritis 80 %" in notice.message
    assert corrected.class_names[corrected.top] in corrected.verdict
    assert (
        corrected.conformal == plain.conformal
    )  # the set belongs to the training's frequencies, and says so
    assert "at the frequencies of training" in corrected.set_text
    parts = explain(corrected).contributions
    for c in range(3):  # explained are the probabilities that are shown
        gained = sum(values[c] for values in parts.shapley.values())
        assert gained == pytest.approx(corrected.probabilities[c] - parts.baseline[c], abs=1e-6)


def test_stored_frequencies_apply_until_they_are_removed(case, ensemble, engine):
    sha = load(ensemble).sha256
    store_frequencies(sha, HERE)
    assert predict(case, ensemble, engine=engine).frequencies == "Our clinic"
    assert predict(case, ensemble, engine=engine, frequencies="training").frequencies == ""
    store_frequencies(sha, None)
    assert predict(case, ensemble, engine=engine).frequencies == ""


def test_frequencies_are_never_dropped_silently(case, make_tiny_bundle, engine):
    unknown = make_tiny_bundle()
    with pytest.raises(RenalFusionError, match="does not say how frequent") as raised:
        predict(case, unknown, engine=engine, frequencies=HERE)
    assert raised.value.code == "frequencies_impossible"
    with pytest.raises(ValueError, match="'stored' or 'training'"):
        predict(case, unknown, engine=engine, frequencies="ours")


def test_a_synthetic_bundle_names_no_disease_by_set_or_frequencies(case, make_tiny_bundle, engine):
    folder = make_tiny_bundle(
        "synthetic", members=2, conformal=SCORES, known=known(1e-3), class_shares=SHARES
    )
    prediction = predict(case, folder, engine=engine, frequencies=HERE)
    assert prediction.status == "refused"
    assert prediction.frequencies == ""
    text = (prediction.model_dump_json() + prediction.set_text).casefold()
    assert "nephr" not in text
    assert "lupus" not in text


def test_images_and_patients_of_the_training_are_told(case, make_tiny_bundle, engine):
    fingerprints = predict(case, make_tiny_bundle(), engine=engine).provenance.input_sha256
    folder = make_tiny_bundle(seen_images=(fingerprints["OM-1"][:16], fingerprints["TEM-2"][:16]))
    prediction = predict(case, folder, engine=engine)
    notice = next(one for one in prediction.warnings if one.code == "seen_in_training")
    assert notice.message.startswith("OM-1, TEM-2 were in this model's training")
    assert prediction.status == "answered"
    other = make_tiny_bundle()
    assert "seen_in_training" not in codes(predict(case, other, engine=engine))
    remember_training_patients(load(other).sha256, ["r-1 "])
    assert "seen_in_training" in codes(predict(case, other, engine=engine))
    assert "seen_in_training" not in codes(predict(Case("R", "R-2", case.images), other, engine=engine))


@pytest.fixture
def siblings(make_tiny_bundle, tmp_path):
    """A run's bundle, and beside it those for missing images."""
    main = make_tiny_bundle(folder=tmp_path / "bundle", title="All three", class_shares=SHARES, run_id=RUN)
    pair = make_tiny_bundle(
        folder=tmp_path / "bundle-OM-IM", modalities=("OM", "IM"), name="tiny-OM-IM", title="OM + IM",
        stands_in_for="tiny", class_shares=SHARES, run_id=RUN,
    )  # fmt: skip
    make_tiny_bundle(
        folder=tmp_path / "bundle-OM", modalities=("OM",), name="tiny-OM", title="OM", stands_in_for="tiny",
        class_shares=SHARES, run_id=RUN,
    )  # fmt: skip
    return main, pair


def test_a_sibling_answers_while_images_are_missing(case, siblings, engine):
    main, pair = siblings
    prediction = predict(without(case, Modality.TEM), main, engine=engine)
    assert prediction.answered_by == "OM + IM"
    assert codes(prediction) == ["stood_in"]
    assert prediction.stood_in == "Answered by OM + IM, because electron images are missing."
    assert prediction.provenance.bundle_name == "tiny-OM-IM"
    assert prediction.probabilities == predict(without(case, Modality.TEM), pair, engine=engine).probabilities
    assert explain(prediction).bag is None
    only_light = predict(without(case, Modality.TEM, Modality.IM), main, engine=engine)
    assert only_light.answered_by == "OM"
    assert "immunofluorescence and electron images are missing" in only_light.stood_in
    complete = predict(case, main, engine=engine)
    assert (complete.answered_by, complete.stood_in) == ("All three", "")
    assert (
        predict(without(case, Modality.OM), main, engine=engine).status == "refused"
    )  # no sibling reads IM + TEM


def test_the_person_s_choice_and_frequencies_go_to_the_sibling(case, siblings, engine):
    two = Case("R", "R-1", (*without(case, Modality.TEM).images, image("OM", 9)))
    chosen = predict(two, siblings[0], engine=engine, choice={Modality.OM: ("OM-2",), Modality.TEM: ()})
    assert [one.key for one in chosen.selection.of(Modality.OM)] == ["OM-2"]
    again = predict(
        two,
        siblings[0],
        engine=engine,
        selection=chosen.selection.model_copy(update={"missing": (Modality.TEM,)}),
    )
    assert again.probabilities == chosen.probabilities
    store_frequencies(load(siblings[0]).sha256, HERE)
    corrected = predict(without(case, Modality.TEM), siblings[0], engine=engine)
    assert (corrected.answered_by, corrected.frequencies) == ("OM + IM", "Our clinic")


def test_an_installed_sibling_is_found_and_a_stranger_is_not(
    case, siblings, make_tiny_bundle, engine, tmp_path
):
    lonely = shutil.copytree(siblings[0], tmp_path / "elsewhere" / "bundle")
    pair_only = without(case, Modality.TEM)
    assert predict(pair_only, lonely, engine=engine).answered_by == "All three"
    stranger = make_tiny_bundle(
        folder=data_dir() / "bundles" / "other", modalities=("OM", "IM"), name="other", stands_in_for="tiny",
        class_names=("A", "B", "C"), run_id=RUN,
    )  # fmt: skip
    assert predict(pair_only, lonely, engine=engine).answered_by == "All three"
    shutil.rmtree(stranger)
    shutil.copytree(siblings[1], data_dir() / "bundles" / "tiny-OM-IM")
    assert predict(pair_only, lonely, engine=engine).answered_by == "OM + IM"


@pytest.mark.parametrize(("ours", "theirs"), [(RUN, "f" * 16), (RUN, ""), ("", RUN), ("", "")])
def test_a_sibling_of_another_run_never_answers(case, make_tiny_bundle, engine, tmp_path, ours, theirs):
    main = make_tiny_bundle(folder=tmp_path / "bundle", title="All three", run_id=ours)
    for folder in (tmp_path / "bundle-OM-IM", data_dir() / "bundles" / "tiny-OM-IM"):
        make_tiny_bundle(
            folder=folder, modalities=("OM", "IM"), name="tiny-OM-IM", stands_in_for="tiny", run_id=theirs
        )
    prediction = predict(without(case, Modality.TEM), main, engine=engine)
    assert (prediction.answered_by, prediction.stood_in) == ("All three", "")


def test_a_damaged_sibling_is_told_and_the_bundle_answers_itself(case, siblings, engine):
    main, pair = siblings
    weights = pair / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    prediction = predict(without(case, Modality.TEM), main, engine=Engine())
    assert prediction.answered_by == "All three"
    notice = next(one for one in prediction.warnings if one.code == "stand_in_unusable")
    assert "bundle-OM-IM" in notice.message


def test_a_sibling_is_loaded_once_for_a_cohort(case, siblings, engine, monkeypatch):
    import sys

    room = sys.modules["napari_renal_fusion.inference.engine"]
    loads = []
    load_folder = room.load_folder
    monkeypatch.setattr(room, "load_folder", lambda folder: loads.append(folder) or load_folder(folder))
    fresh, bundle = Engine(), load(siblings[0])
    for _ in range(3):
        predict(without(case, Modality.TEM), bundle, engine=fresh)
    assert len(loads) == 1
