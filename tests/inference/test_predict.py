import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.compute import Cancelled, Progress
from napari_renal_fusion.compute.devices import DeviceChoice
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import PLUMBING, Engine, Prediction, model_input, predict
from napari_renal_fusion.networks import CMUSNet

DISEASES = ("nephropathy", "nephritis", "IgA", "lupus", "membranous")


@pytest.fixture
def case(phantom_case_folder):
    return Case.from_folder(phantom_case_folder)


@pytest.fixture
def engine():
    return Engine()


def real_image(modality, seed, shape=(300, 400, 3)):
    pixels = np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)
    return ImageItem(Path(f"{modality}{seed}.png"), Modality(modality), pixels=pixels)


@pytest.fixture
def real_case():
    return Case(
        "R", "R", (real_image("OM", 1), real_image("IM", 2), *(real_image("TEM", i) for i in range(3, 7)))
    )


def test_an_answer_carries_everything(case, tiny_bundle, engine):
    prediction = predict(case, tiny_bundle, engine=engine)
    assert prediction.status == "answered"
    assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-9)
    assert prediction.class_names[prediction.top] in prediction.verdict
    assert "Research use only" in prediction.verdict
    assert prediction.scope.startswith("Can only answer IgA nephropathy, membranous nephropathy or lupus")
    assert set(prediction.branches) == set(Modality)
    assert set(prediction.provenance.input_sha256) == set(prediction.selection.keys)
    assert prediction.provenance.device_reason
    again = Prediction.model_validate_json(prediction.model_dump_json())
    assert again.model_dump() == prediction.model_dump()


def test_a_synthetic_bundle_names_no_disease_on_real_images(real_case, make_tiny_bundle, engine):
    prediction = predict(real_case, make_tiny_bundle(trained_on="synthetic"), engine=engine)
    assert prediction.status == "refused"
    assert PLUMBING in prediction.verdict
    assert prediction.probabilities  # the pipeline ran
    text = prediction.model_dump_json().casefold()
    assert not [word for word in DISEASES if word.casefold() in text]


def test_a_synthetic_bundle_answers_about_phantoms(case, make_tiny_bundle, engine):
    prediction = predict(case, make_tiny_bundle(trained_on="synthetic"), engine=engine)
    assert prediction.status == "answered"
    assert prediction.names_shown


def test_one_real_image_among_phantoms_hides_the_names(case, make_tiny_bundle, engine):
    mixed = Case("M", "M", (*case.of(Modality.OM), *case.of(Modality.IM), real_image("TEM", 1)))
    assert not predict(mixed, make_tiny_bundle(trained_on="synthetic"), engine=engine).names_shown


def test_order_copies_and_bag_size_change_nothing(real_case, tiny_bundle):
    first = predict(real_case, tiny_bundle, engine=Engine())
    backwards = Case("R", "R", real_case.images[::-1])
    copied = Case("R", "R", (*real_case.images, real_case.images[4], real_case.images[4]))
    assert predict(backwards, tiny_bundle, engine=Engine()).probabilities == first.probabilities
    with_copies = predict(copied, tiny_bundle, engine=Engine())
    np.testing.assert_allclose(with_copies.probabilities, first.probabilities, atol=1e-6)
    assert [n.code for n in with_copies.warnings] == ["duplicate_image"] * 2


def test_nothing_is_encoded_twice(real_case, tiny_bundle, engine, monkeypatch):
    counted = []
    encode = CMUSNet.encode_images
    monkeypatch.setattr(
        CMUSNet, "encode_images", lambda self, m, x: counted.append((m, len(x))) or encode(self, m, x)
    )
    first = predict(real_case, tiny_bundle, engine=engine)
    assert counted[-3:] == [("OM", 1), ("IM", 1), ("TEM", 4)]
    counted.clear()
    fewer = predict(real_case, tiny_bundle, engine=engine, choice={Modality.TEM: ("TEM-1", "TEM-3")})
    assert counted == []
    assert fewer.probabilities != first.probabilities


def test_a_missing_modality_is_refused_or_substituted_as_the_bundle_says(real_case, make_tiny_bundle, engine):
    without_im = Case("R", "R", tuple(i for i in real_case.images if i.modality != Modality.IM))
    prediction = predict(without_im, make_tiny_bundle(), engine=engine)
    assert prediction.status == "refused"
    assert [r.code for r in prediction.reasons] == ["modality_missing"]
    assert prediction.probabilities == ()
    without_tem = Case("R", "R", tuple(i for i in real_case.images if i.modality != Modality.TEM))
    prediction = predict(without_tem, make_tiny_bundle(missing={Modality.TEM: "mean_tokens"}), engine=engine)
    assert prediction.status == "answered"
    assert "modality_substituted" in [n.code for n in prediction.warnings]
    assert Modality.TEM not in prediction.branches
    empty = predict(Case("E", "E"), make_tiny_bundle(), engine=engine)
    assert empty.status == "refused"


def test_a_pair_model_ignores_the_third_modality(real_case, make_tiny_bundle, engine):
    prediction = predict(real_case, make_tiny_bundle(modalities=("IM", "TEM")), engine=engine)
    assert prediction.status == "answered"
    assert [o.reason for o in prediction.selection.left_out] == ["this model does not use it"]


def test_an_unreadable_electron_image_is_left_out_with_its_name(case, tiny_bundle, engine, tmp_path):
    broken = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)).save(broken)
    broken.write_bytes(broken.read_bytes()[:20000])
    worse = Case("W", "W", (*case.images, ImageItem(broken, Modality.TEM)))
    prediction = predict(worse, tiny_bundle, engine=engine)
    assert prediction.status == "answered"
    assert any("cut.png" in n.message and n.code.startswith("image_") for n in prediction.warnings)
    np.testing.assert_allclose(
        prediction.probabilities, predict(case, tiny_bundle, engine=engine).probabilities, atol=1e-6
    )


def test_unlike_and_misplaced_images_are_told(real_case, make_tiny_bundle, engine):
    codes = [n.code for n in predict(real_case, make_tiny_bundle(limit=1e-3), engine=engine).warnings]
    assert codes.count("out_of_range") == 6


def test_an_impossible_scale_is_told(real_case, tiny_bundle, engine):
    from dataclasses import replace

    from napari_renal_fusion.cases import PixelSize

    wrong = replace(real_case.images[0], stated_pixel_size=PixelSize(value=4.99, unit="nm"))
    prediction = predict(Case("R", "R", (wrong, *real_case.images[1:])), tiny_bundle, engine=engine)
    assert [n.code for n in prediction.warnings] == ["image_scale_doubtful"]


def test_a_hundred_electron_images(real_case, tiny_bundle, engine):
    many = Case("H", "H", (*real_case.images[:2], *(real_image("TEM", i, (64, 64)) for i in range(100))))
    prediction = predict(many, tiny_bundle, engine=engine)
    assert prediction.status == "answered"
    assert "bag_size_unseen" in [n.code for n in prediction.warnings]


def test_too_uncertain_is_no_opinion(real_case, make_tiny_bundle, engine):
    from napari_renal_fusion.bundles import Calibration

    shy = make_tiny_bundle(calibration=Calibration(abstain_below=0.999))
    prediction = predict(real_case, shy, engine=engine)
    assert prediction.status == "abstained"
    assert [r.code for r in prediction.reasons] == ["too_uncertain"]


def test_cancel_stops(real_case, tiny_bundle, engine):
    progress = Progress(lambda step: progress.cancel() if step.fraction > 0.3 else None)
    with pytest.raises(Cancelled):
        predict(real_case, tiny_bundle, engine=engine, progress=progress)


def test_memory_running_out_shrinks_the_batch_and_says_so(real_case, tiny_bundle, engine, monkeypatch):
    encode = CMUSNet.encode_images

    def small_card(self, modality, x):
        if len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return encode(self, modality, x)

    load(tiny_bundle)
    engine_ready = predict(real_case, tiny_bundle, engine=Engine())
    engine.prepare(load(tiny_bundle), _cpu())  # the self-test must not meet the small card
    monkeypatch.setattr(CMUSNet, "encode_images", small_card)
    prediction = predict(real_case, tiny_bundle, engine=engine)
    np.testing.assert_allclose(prediction.probabilities, engine_ready.probabilities, atol=1e-5)
    assert "2 images at a time" in prediction.provenance.device_reason


def test_features_that_are_not_numbers_name_the_image(real_case, tiny_bundle, engine, monkeypatch):
    encode = CMUSNet.encode_images

    def poisoned(self, modality, x):
        maps = encode(self, modality, x)
        if modality == "TEM":
            maps = maps.clone()
            maps[0] = float("nan")
        return maps

    engine.prepare(load(tiny_bundle), _cpu())
    monkeypatch.setattr(CMUSNet, "encode_images", poisoned)
    with pytest.raises(RenalFusionError) as raised:
        predict(real_case, tiny_bundle, engine=engine)
    assert raised.value.code == "features_not_finite"
    assert "TEM-" in str(raised.value)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("CUDA error: the launch timed out and was terminated"), "device_lost"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "memory_fallback"),
    ],
)
@pytest.mark.parametrize("at", ["prepare", "encode"])
def test_a_card_that_fails_is_replaced_by_the_processor(
    real_case, tiny_bundle, engine, monkeypatch, error, code, at
):
    """No card here: one that fails when the network is moved to it, or later, when it encodes."""
    room = sys.modules[predict.__module__]
    prepare, encode = engine.prepare, room.encode_images

    def failing_prepare(bundle, choice):
        if choice.device == "cuda" and at == "prepare":
            raise error
        return prepare(bundle, _cpu())

    def failing_encode(network, modality, pictures, rule, choice, **rest):
        if choice.device == "cuda":
            raise error
        return encode(network, modality, pictures, rule, choice, **rest)

    monkeypatch.setattr(room, "device_for", lambda *_: DeviceChoice("cuda", "float32", "a card"))
    monkeypatch.setattr(engine, "prepare", failing_prepare)
    monkeypatch.setattr(room, "encode_images", failing_encode)
    prediction = predict(real_case, tiny_bundle, engine=engine)
    assert prediction.status == "answered"
    assert prediction.provenance.device == "cpu"
    assert code in [n.code for n in prediction.warnings]


def test_a_readable_image_takes_the_place_of_an_unreadable_one(case, tiny_bundle, engine, tmp_path):
    broken = tmp_path / "PASM_broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    first = ImageItem(broken, Modality.OM, stain="PASM")
    prediction = predict(Case("A", "A", (first, *case.images)), tiny_bundle, engine=engine)
    assert prediction.status == "answered"
    assert prediction.selection.of(Modality.OM)[0].key != "OM-1"
    assert "PASM_broken.png" in next(o.reason for o in prediction.selection.left_out if o.key == "OM-1")


def test_further_pages_are_told(case, tiny_bundle, engine, tmp_path):
    import tifffile

    rng = np.random.default_rng(0)
    tifffile.imwrite(
        tmp_path / "stack.tif", rng.integers(0, 255, (4, 99, 99), dtype=np.uint8), photometric="minisblack"
    )
    prediction = predict(
        Case("A", "A", (*case.images, ImageItem(tmp_path / "stack.tif", Modality.TEM))),
        tiny_bundle,
        engine=engine,
    )
    assert "image_more_pages" in [n.code for n in prediction.warnings]


def test_the_picture_that_the_model_saw(case, tiny_bundle, engine):
    prediction = predict(case, tiny_bundle, engine=engine)
    seen = model_input(prediction, "TEM-1")
    assert seen.pixels.shape == (224, 224, 3)
    assert (seen.box.height, seen.box.width) == (303, 320)
    with pytest.raises(RenalFusionError, match="read from a file"):
        model_input(Prediction.model_validate_json(prediction.model_dump_json()), "TEM-1")


def _cpu():
    from napari_renal_fusion.compute.devices import choose_device

    return choose_device("cpu")
