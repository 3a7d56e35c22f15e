"""The local check: what counts, what is left out, and that it stands beside every further answer."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.bundles import Calibration, load, remember_training_patients, stored_check
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.bundles.local import local_folder
from napari_renal_fusion.cases import Case, Cohort, ImageItem, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import Engine, VerifyRecord, predict, verify

NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
SCORES = ConformalScores(coverage=0.9, scores=(tuple(np.linspace(0, 0.9, 45)),))


def image(modality, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    return ImageItem(Path(f"{modality}{seed}.png"), Modality(modality), pixels=pixels)


def patient(number, label, source=None):
    images = (image("OM", 3 * number), image("IM", 3 * number + 1), image("TEM", 3 * number + 2))
    return Case(f"C{number}", f"P{number}", images, label=label, label_source=source)


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module")
def folder(make_tiny_bundle):
    return make_tiny_bundle(conformal=SCORES)


def test_only_what_says_something_is_counted(folder, engine):
    bundle = load(folder)
    first = predict(patient(1, None), bundle, engine=engine)
    said = first.class_names[first.top]
    other = next(name for name in NAMES if name != said)
    remember_training_patients(bundle.sha256, ["P6"])
    broken = ImageItem(Path("gone.png"), Modality.OM)
    cohort = Cohort(
        (
            patient(1, said.upper()),
            replace(patient(1, other), case_id="C2"),
            patient(3, "amyloidosis"),
            patient(4, None),
            patient(5, said, source="after model"),
            patient(6, said),
            replace(patient(7, said), images=(broken, *patient(7, said).images[1:])),
        ),
        source=Path("ours/cohort.csv"),
    )
    assert stored_check(bundle.sha256) is None
    record = verify(bundle, cohort, engine=engine)
    assert (record.right, record.answered, record.abstained, record.refused) == (1, 2, 0, 1)
    assert (record.others, record.others_answered) == (1, 1)
    assert sum(map(sum, record.confusion)) == 2
    row, column = NAMES.index(other), NAMES.index(said)
    assert record.confusion[column][column] == record.confusion[row][column] == 1
    assert [one.code for one in record.left_out] == ["label_missing", "label_after_model", "seen_in_training"]
    assert [one.message.split(":")[0] for one in record.left_out] == ["C4", "C5", "C6"]
    assert (record.with_set, record.in_set) == (2, sum(one.in_set or False for one in record.cases))
    assert record.cohort == "cohort.csv"
    assert record.sentences[0].startswith(
        "Checked here: 1 of 2 right, 1 without opinion (95 % interval 9% to 91%)"
    )
    assert "small check" in record.sentences[1]
    assert "1 of 1 cases with another disease" in record.sentences[2]
    # It stands beside every further answer, of this bundle only.
    later = predict(patient(1, None), bundle, engine=engine)
    assert later.checked_text == "Checked here: 1 of 2 right, 1 without opinion"
    assert later.checked_here.checked_on == record.checked_on
    content = json.loads((local_folder(bundle.sha256) / "verify.json").read_text())
    assert VerifyRecord.model_validate(content) == record
    elsewhere = later.model_copy(update={"frequencies": "Our clinic"})
    assert elsewhere.checked_text.endswith("without opinion (without correction)")


def test_another_bundle_is_not_checked(folder, make_tiny_bundle, engine):
    verify(folder, Cohort((patient(1, NAMES[0]),)), engine=engine)
    other = make_tiny_bundle(title="Other")
    assert predict(patient(1, None), other, engine=engine).checked_here is None


def test_nothing_to_count_is_an_error_and_stores_nothing(folder, make_tiny_bundle, engine):
    for cohort, named in (
        (Cohort((patient(4, None),)), "C4: it has no label"),
        (Cohort((patient(3, "amyloidosis"),)), "no case of its classes"),
        (Cohort(()), "no case of its classes"),
    ):
        with pytest.raises(RenalFusionError, match=named) as raised:
            verify(folder, cohort, engine=engine)
        assert raised.value.code == "verify_nothing"
    synthetic = make_tiny_bundle("synthetic")
    with pytest.raises(RenalFusionError, match="synthetic ones only"):
        verify(synthetic, Cohort((patient(1, NAMES[0]),)), engine=engine)
    assert stored_check(load(folder).sha256) is None
    assert stored_check(load(synthetic).sha256) is None


def test_a_refused_case_with_another_disease_is_no_missing_opinion(folder, engine):
    broken = ImageItem(Path("gone.png"), Modality.OM)
    refused = replace(patient(3, "amyloidosis"), images=(broken, *patient(3, None).images[1:]))
    record = verify(folder, Cohort((patient(1, NAMES[0]), refused)), engine=engine, store=False)
    assert record.cases[1].status == "refused"
    assert (record.others, record.others_answered, record.refused) == (1, 0, 0)
    assert record.checked_here.without_opinion == record.abstained


def test_no_opinion_is_not_counted_as_right_or_wrong(make_tiny_bundle, engine):
    shy = make_tiny_bundle(calibration=Calibration(abstain_below=0.9999))
    record = verify(shy, Cohort((patient(1, NAMES[0]), patient(2, NAMES[1]))), engine=engine, store=False)
    assert (record.right, record.answered, record.abstained) == (0, 0, 2)
    assert record.interval == (0.0, 1.0)
    assert stored_check(load(shy).sha256) is None
