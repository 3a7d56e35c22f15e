"""What a bundle and its card say of the run behind them: whose figures, which images, how many patients."""

from dataclasses import replace

import numpy as np
import pytest

from napari_renal_fusion.bundles import load
from napari_renal_fusion.bundles.local import was_trained_on
from napari_renal_fusion.cases import Cohort, Modality
from napari_renal_fusion.compute.places import data_dir
from napari_renal_fusion.training import train
from napari_renal_fusion.training.calibration import fit_temperature, softmax
from napari_renal_fusion.training.finish import cross_fitted_probabilities
from napari_renal_fusion.training.folds import Fold
from napari_renal_fusion.training.left_out import left_out_units
from napari_renal_fusion.training.metrics import expected_calibration_error
from napari_renal_fusion.training.run_bundle import run_id
from napari_renal_fusion.training.units import Unit

from .tiny import tiny_cohort, tiny_config


def with_second_biopsies(folder, count=3):
    """A cohort whose first patients come once more, with other images and their ids spelt in another way."""
    cohort, later = tiny_cohort(folder / "first"), tiny_cohort(folder / "later", per_class=1, seed=9)
    more = [
        replace(case, case_id=f"{case.patient_id}-2", patient_id=f" {case.patient_id.upper()}")
        for case in later.cases[:count]
    ]
    return Cohort((*cohort.cases, *more), cohort.class_names, source=cohort.source)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("run_bundle")


@pytest.fixture(scope="module")
def repeated(home):
    """Two folds, twice, with a model for missing images, in a laboratory whose local records cannot be written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(home / "home"))
        data_dir().mkdir(parents=True, exist_ok=True)
        (data_dir() / "local").write_text("in the way")
        cohort = with_second_biopsies(home / "cohort")
        config = tiny_config("small", epochs=1, repeats=2, subsets=((Modality.OM, Modality.IM),))
        return train(cohort, config, home / "repeated")


@pytest.fixture(scope="module")
def alone(home, repeated):
    """A refit alone, on the encoders of the other run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(home / "other home"))
        cohort = tiny_cohort(home / "others", per_class=26, bag=1, seed=3)
        config = tiny_config(
            "small", folds=0, final="refit", calibration_fraction=0.55, epochs=1,
            encoder_weights=str(repeated.bundle),
        )  # fmt: skip
        return train(cohort, config, home / "alone")


def card_of(bundle):
    return " ".join((bundle / "README.md").read_text().split())


def test_patients_and_repeats_are_counted_as_people_count(repeated):
    config = load(repeated.bundle).config
    assert config.metrics_measured_on == "24 patients in 2 folds, 2 times"
    assert config.origin.patients == 24
    assert config.calibration.fitted_on.startswith("24 patients, each answered by a single member")
    assert sum(one.patients for one in repeated.results.folds) == 48
    assert len(repeated.results.cases) == 2 * 27


def test_the_card_says_whose_figures_they_are(repeated):
    card = card_of(repeated.bundle)
    assert "## Measured on 24 patients in 2 folds, 2 times" in card
    assert "Figures of the networks of the folds, each tested on patients it never saw. They are not" in card
    assert "with the temperature of the other folds' patients" in card
    assert "applied to the mean of the members' logits" in card
    assert "Bags of 1 to 3 electron images" in card


def test_a_bundle_without_electron_images_does_not_count_them(repeated):
    whole, pair = (load(one).config for one in repeated.bundles)
    assert pair.network.modalities == ("OM", "IM")
    assert (len(whole.seen_images), len(pair.seen_images)) == (27 * 5, 27 * 2)
    assert (whole.origin.images, pair.origin.images) == (27 * 5, 27 * 2)
    assert (whole.bag_range, pair.bag_range) == ((1, 3), (0, 0))
    assert "electron" not in card_of(repeated.bundles[1])


def test_the_bundles_of_a_run_share_its_id(repeated, alone):
    whole, pair = (load(one).config for one in repeated.bundles)
    assert whole.run_id == pair.run_id == run_id(repeated)
    assert len(whole.run_id) == 16
    assert load(alone.bundle).config.run_id not in ("", whole.run_id)


def test_a_run_finishes_where_its_patients_cannot_be_remembered(repeated, alone):
    assert repeated.state == "finished"
    notes = [one for one in repeated.results.notes if "cannot be recognised here later" in one]
    assert len(notes) == 1
    assert "local" in notes[0]
    assert any("bundle-OM-IM" in one for one in repeated.results.subsets["OM-IM"].notes)
    assert not any("recognised" in one for one in alone.results.notes)


def test_what_the_encoders_had_seen_stays_known(repeated, alone):
    theirs, ours = (set(load(one.bundle).config.seen_images) for one in (repeated, alone))
    assert theirs < ours
    assert len(ours) == len(theirs) + 78 * 3


def test_a_single_network_claims_nothing_that_is_true_by_construction(alone, home, monkeypatch):
    results, config = alone.results, load(alone.bundle).config
    assert (results.coverage, results.false_refusals) == (None, None)
    assert results.set_size > 0
    assert config.conformal is not None
    assert not config.known.refusals_measured
    card = card_of(alone.bundle)
    assert (
        f"The sets named {results.set_size:.2f} diseases on average; their coverage was not measured." in card
    )
    assert "held the right disease" not in card
    assert "aims at refusing 3.5 % of known patients" in card
    assert "its calibration was fitted on the same patients" in card
    assert "too favourable" in card
    assert "on average; they" not in card
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "other home"))
    assert was_trained_on(load(alone.bundle).sha256, "p0a")


def test_the_calibration_error_is_that_of_the_other_folds_temperature(repeated):
    cases = repeated.results.cases
    units = [one.unit for one in cases]
    logits, labels = np.array([one.logits for one in cases]), np.array([one.label for one in cases])
    patients = np.array(["".join(one.patient_id.lower().split()) for one in cases])
    expected = np.empty_like(logits)
    for unit in set(units):
        own = np.array([one == unit for one in units])
        others = ~own & ~np.isin(patients, patients[own])
        expected[own] = softmax(logits[own], fit_temperature(logits[others], labels[others]))
    assert repeated.results.ece == pytest.approx(expected_calibration_error(labels, expected), abs=1e-6)


def test_a_single_member_keeps_its_own_temperature():
    logits = np.random.default_rng(0).normal(size=(20, 3))
    given = cross_fitted_probabilities(
        np.arange(20) % 3, logits, np.zeros(20), [str(i) for i in range(20)], 1.7
    )
    np.testing.assert_allclose(given, softmax(logits, 1.7))


def test_cases_that_may_only_train_are_not_measured_as_unknown():
    fold = Fold(name="fold-1", train=("a", "b", "late"), validation=("c",), test=("d", "e", "f"))
    labels = {"a": 0, "b": 1, "late": 0, "c": 2, "d": 0, "e": 1, "f": 2}
    units = [Unit("fold-1", tiny_config("small"), fold)]
    first, second, _ = left_out_units(units, labels, train_only=("late",))
    assert set(first.fold.test) == {"a", "d", "e", "f"}
    assert "late" not in first.fold.train
    assert "late" in second.fold.train
