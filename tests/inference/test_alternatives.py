"""Predict with every admissible choice: what is encoded, what is fused, and when there is no opinion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.bundles import Frequencies, load
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.cases import Box, Case, ImageItem, Modality
from napari_renal_fusion.compute.devices import choose_device
from napari_renal_fusion.inference import Engine, Prediction, alternatives, predict
from napari_renal_fusion.inputs import PositivePanel
from napari_renal_fusion.networks import CMUSNet
from tests.made_panel import make_panel_bundle

SHARES = (1 / 3, 1 / 3, 1 / 3)
NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")


def image(key, stain=None, intensity=None, brightest=255, crop=None):
    seed = sum(key.encode())
    pixels = np.random.default_rng(seed).integers(0, brightest, (300, 400, 3), dtype=np.uint8)
    modality = Modality(key.split("-")[0])
    path = Path(f"{key}.png")
    return ImageItem(path, modality, stain, intensity=intensity, crop=crop, pixels=pixels, image_id=key)


TEM = tuple(image(f"TEM-{i}") for i in range(1, 4))
CASE = Case(
    "R", "R-1",
    (
        image("OM-1", "PASM"), image("IM-1", "IgG", 3.0), image("IM-2", "C3", 1.0, 120),
        image("IM-3", "IgA", 2.0, 60), image("IM-4", "C1q", 0.0), *TEM,
    ),
)  # fmt: skip


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture(scope="module")
def bundle(make_tiny_bundle):
    return make_tiny_bundle(class_shares=SHARES)


def only(case, *keys):
    return replace(case, images=tuple(one for one in case.images if one.image_id in keys or one in TEM))


def codes(notices):
    return [one.code for one in notices]


def torn(case, bundle):
    """Disease frequencies under which the first two antibodies lead to different most probable classes."""
    first, second = (
        predict(case, bundle, choice={Modality.IM: (key,)}, engine=Engine()) for key in ("IM-1", "IM-2")
    )
    middle = (np.log(first.probabilities) + np.log(second.probabilities)) / 2
    return Frequencies(name="Between", shares=dict(zip(NAMES, np.exp(-middle), strict=True)))


def test_every_positive_antibody_is_asked_and_none_is_averaged(bundle, engine):
    prediction = predict(CASE, bundle, engine=engine)
    found = prediction.alternatives
    assert [one.images[Modality.IM] for one in found.combinations] == ["IM-1", "IM-3", "IM-2"]
    assert found.combinations[0].probabilities == prediction.probabilities
    for one in found.combinations:
        alone = predict(CASE, bundle, choice={Modality.IM: (one.images[Modality.IM],)}, engine=Engine())
        assert one.probabilities == alone.probabilities
        assert len(alone.alternatives.combinations) == 1
    assert found.low == tuple(np.min([one.probabilities for one in found.combinations], axis=0))
    again = Prediction.model_validate_json(prediction.model_dump_json())
    assert again.alternatives == found
    assert set(prediction.provenance.input_sha256) == set(prediction.selection.keys)


def test_each_image_is_encoded_once(bundle, engine, monkeypatch):
    counted = []
    encode = CMUSNet.encode_images
    monkeypatch.setattr(
        CMUSNet, "encode_images", lambda self, m, x: counted.append((m, len(x))) or encode(self, m, x)
    )
    engine.prepare(load(bundle), choose_device("cpu"))  # its self-test encodes too
    counted.clear()
    predict(CASE, bundle, engine=engine, device="cpu")
    assert sorted(counted) == [("IM", 1)] * 3 + [("OM", 1), ("TEM", 3)]
    counted.clear()
    predict(CASE, bundle, engine=engine, choice={Modality.IM: ("IM-2",)})
    assert counted == []


def test_two_antibodies_with_different_answers_give_no_opinion(bundle, engine):
    two = only(CASE, "OM-1", "IM-1", "IM-2")
    between = torn(two, bundle)
    prediction = predict(two, bundle, engine=engine, frequencies=between)
    first, second = prediction.alternatives.combinations
    assert first.top != second.top
    assert prediction.status == "abstained"
    assert codes(prediction.reasons) == ["choices_disagree"]
    assert f"with IgG {NAMES[first.top]}" in prediction.verdict
    assert f"with C3 {NAMES[second.top]}" in prediction.verdict
    # The same patient with the second antibody graded negative has one choice, hence an opinion.
    images = tuple(replace(one, intensity=0.0) if one.image_id == "IM-2" else one for one in two.images)
    assert (
        predict(replace(two, images=images), bundle, engine=engine, frequencies=between).status == "answered"
    )


def test_a_tie_that_the_calibration_knows_is_no_contradiction(make_tiny_bundle, engine):
    wide = make_tiny_bundle(
        class_shares=SHARES, conformal=ConformalScores(coverage=0.9, scores=((1.0,) * 45,))
    )
    two = only(CASE, "OM-1", "IM-1", "IM-2")
    prediction = predict(two, wide, engine=engine, frequencies=torn(two, wide))
    first, second = prediction.alternatives.combinations
    assert first.top != second.top
    assert first.conformal == second.conformal == (0, 1, 2)
    assert prediction.status == "answered"


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_changes_nothing(bundle, seed):
    images = [CASE.images[i] for i in np.random.default_rng(seed).permutation(len(CASE.images))]
    mixed = predict(replace(CASE, images=tuple(images)), bundle, engine=Engine())
    plain = predict(CASE, bundle, engine=Engine())
    assert mixed.alternatives == plain.alternatives
    assert (mixed.probabilities, mixed.verdict) == (plain.probabilities, plain.verdict)


def test_light_images_and_antibodies_are_combined_and_the_cap_is_said(bundle, engine, monkeypatch):
    more = replace(CASE, images=(image("OM-2", "PASM"), image("OM-3", "HE"), *CASE.images))
    found = predict(more, bundle, engine=engine).alternatives
    assert (found.possible, len(found.combinations)) == (6, 6)
    assert found.label(found.combinations[-1]) == "PASM OM-2 and C3"
    monkeypatch.setattr(alternatives, "MOST", 4)
    capped = predict(more, bundle, engine=engine).alternatives
    assert (capped.possible, len(capped.combinations)) == (6, 4)
    assert capped.combinations == found.combinations[:4]
    assert capped.sentences[-1].startswith("4 of 6 combinations were tried")


def test_every_chosen_glomerulus_is_asked(bundle, engine):
    field = CASE.images[0]
    crops = tuple(replace(field, image_id=f"OM-1.{i}", crop=Box(0, 100 * i, 200, 200)) for i in range(3))
    outlined = replace(CASE, images=(*crops, *only(CASE, "IM-1").images))
    found = predict(outlined, bundle, engine=engine).alternatives
    assert [one.images[Modality.OM] for one in found.combinations] == ["OM-1.0", "OM-1.1", "OM-1.2"]
    assert len({one.probabilities for one in found.combinations}) == 3
    assert "Every glomerulus chosen on PASM images was asked." in found.sentences


def test_a_copy_and_an_unreadable_image_are_not_asked_and_said(bundle, engine, tmp_path):
    broken = tmp_path / "IgM.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    copy = replace(CASE.images[1], image_id="IM-7", stain="IgG again", intensity=2.0)
    lost = ImageItem(broken, Modality.IM, "IgM", intensity=2.0, image_id="IM-8")
    found = predict(replace(CASE, images=(*CASE.images, copy, lost)), bundle, engine=engine).alternatives
    assert len(found.combinations) == found.possible == 3
    said = {one.key: one.reason for slot in found.slots for one in slot.not_asked}
    assert said["IM-7"] == "the same image as IM-1"
    assert "IM-8" in said


def test_a_panel_graded_negative_gets_no_opinion_however_bright(make_tiny_bundle, engine):
    positives = make_tiny_bundle(panel=PositivePanel(least_intensity=None, least_signal=0.1))
    images = tuple(replace(one, intensity=0.0) if one.modality == Modality.IM else one for one in CASE.images)
    negative = predict(replace(CASE, images=images), positives, engine=engine)
    assert (negative.status, codes(negative.reasons)) == ("abstained", ["panel_negative"])
    assert "graded 0, and the model was trained on positive antibodies" in negative.verdict
    ungraded = tuple(replace(one, intensity=None) for one in images)
    measured = predict(replace(CASE, images=ungraded), positives, engine=engine)
    assert measured.status == "answered"
    assert len(measured.alternatives.combinations) == 4


def test_a_real_image_among_the_choices_hides_the_names_too(make_tiny_bundle, phantom_case_folder, engine):
    phantom = Case.from_folder(phantom_case_folder)
    graded = tuple(replace(one, intensity=2.0) if one.stain == "IgG" else one for one in phantom.images)
    synthetic = make_tiny_bundle(trained_on="synthetic")
    assert predict(replace(phantom, images=graded), synthetic, engine=engine).names_shown
    real = replace(image("IM-9", "C3", 1.0), image_id="")
    mixed = predict(replace(phantom, images=(*graded, real)), synthetic, engine=engine)
    assert not mixed.names_shown
    assert mixed.status == "refused"
    assert "nephropathy" not in mixed.model_dump_json()


def test_a_network_that_reads_the_whole_panel_has_nothing_to_choose(tmp_path, phantom_case_folder, engine):
    folder = make_panel_bundle(tmp_path / "panel")
    assert predict(Case.from_folder(phantom_case_folder), folder, engine=engine).alternatives is None
