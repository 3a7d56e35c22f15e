"""Conformal sets hold the right class as often as asked, whoever was drawn."""

import itertools

import numpy as np
import pytest
from pydantic import ValidationError

from napari_renal_fusion.bundles.conformal import FEWEST, ConformalScores, no_set_reason, out_of_fold_sets

FOLDS = 5
CENTRES = np.array([[0.0, 0.0], [1.6, 0.0], [0.4, 1.5]])


def draw(generator, count):
    labels = generator.integers(0, 3, count)
    return CENTRES[labels] + generator.normal(size=(count, 2)), labels


def fit(features, labels):
    """Class means: a small model that truly depends on whom it was trained on."""
    return np.stack([features[labels == one].mean(axis=0) for one in range(3)])


def probabilities_of(means, features):
    # Three times too sure of itself on purpose: a set must not need a calibrated model.
    logits = -1.5 * ((features[:, None] - means) ** 2).sum(axis=2)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def coverage_of(sets, labels):
    return np.mean([label in one for one, label in zip(sets, labels, strict=True)])


def cross_validated(generator, count=120):
    features, labels = draw(generator, count)
    fold = generator.permutation(count) % FOLDS
    models = [fit(features[fold != k], labels[fold != k]) for k in range(FOLDS)]
    given = np.empty((count, 3))
    for k, model in enumerate(models):
        given[fold == k] = probabilities_of(model, features[fold == k])
    return models, given, labels, fold


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_cv_plus_covers_what_is_asked(coverage):
    reached, within = [], []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        models, given, labels, fold = cross_validated(generator)
        right = 1 - given[np.arange(120), labels]
        conformal = ConformalScores.cv_plus([right[fold == k] for k in range(FOLDS)], coverage)
        features, new = draw(generator, 400)
        sets = conformal.sets(np.stack([probabilities_of(model, features) for model in models]))
        reached.append(coverage_of(sets, new))
        within.append(coverage_of(out_of_fold_sets(labels, given, fold, coverage), labels))
    assert abs(np.mean(reached) - coverage) < 0.02
    assert abs(np.mean(within) - coverage) < 0.02


def test_a_split_covers_what_is_asked():
    reached = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        model = fit(*draw(generator, 60))
        features, labels = draw(generator, 59)
        scores = 1 - probabilities_of(model, features)[np.arange(59), labels]
        features, labels = draw(generator, 400)
        sets = ConformalScores.split(scores, 0.9).sets(probabilities_of(model, features)[None])
        reached.append(coverage_of(sets, labels))
    assert abs(np.mean(reached) - 0.9) < 0.02


def test_a_split_is_the_usual_quantile():
    generator = np.random.default_rng(1)
    for coverage, count in ((0.9, 129), (0.9, 50), (0.85, 77), (0.5, 41)):
        scores = generator.random(count)
        given = generator.dirichlet(np.ones(4), size=30)
        limit = np.sort(scores)[int(np.ceil(round(coverage * (count + 1), 9))) - 1]
        expected = [tuple(np.flatnonzero(1 - row <= limit)) for row in given]
        assert ConformalScores.split(scores, coverage).sets(given[None]) == expected


def test_cv_plus_counts_each_score_against_its_own_member():
    scores = [np.linspace(0, 0.2, 30), np.linspace(0.5, 0.9, 30)]
    members = np.array([[[0.9, 0.1]], [[0.55, 0.45]]])  # two members, one case, two classes
    conformal = ConformalScores.cv_plus(scores, 0.4)
    for label in range(2):
        smaller = sum((kept < 1 - given[0, label]).sum() for kept, given in zip(scores, members, strict=True))
        assert (label in conformal.sets(members)[0]) == (smaller < 0.4 * 61)
    assert conformal.sets(members) == [(0,)]  # smaller scores: 15 + 0, and 30 + 4
    assert conformal.sets(members[::-1]) == [()]  # 30 + 0, and 30 + 29


def test_the_order_of_patients_members_and_classes_does_not_matter():
    generator = np.random.default_rng(2)
    models, given, labels, fold = cross_validated(generator)
    right = 1 - given[np.arange(120), labels]
    scores = [right[fold == k] for k in range(FOLDS)]
    features, _ = draw(generator, 50)
    members = np.stack([probabilities_of(model, features) for model in models])
    sets = ConformalScores.cv_plus(scores, 0.9).sets(members)
    shuffled = [generator.permutation(one) for one in scores]
    assert ConformalScores.cv_plus(shuffled, 0.9).sets(members) == sets
    assert ConformalScores.cv_plus(scores[::-1], 0.9).sets(members[::-1]) == sets
    swapped = ConformalScores.cv_plus(scores, 0.9).sets(members[..., ::-1])
    assert [tuple(sorted(2 - c for c in one)) for one in swapped] == sets


def test_more_coverage_never_loses_a_class_and_sets_can_be_empty():
    generator = np.random.default_rng(3)
    models, given, labels, fold = cross_validated(generator)
    right = 1 - given[np.arange(120), labels]
    features = np.vstack([draw(generator, 200)[0], [[0.7, 0.5]]])
    members = np.stack([probabilities_of(model, features) for model in models])
    conformal = ConformalScores.cv_plus([right[fold == k] for k in range(FOLDS)], 0.5)
    levels = [conformal.at(one).sets(members) for one in (0.5, 0.7, 0.9, 0.99)]
    for smaller, larger in itertools.pairwise(levels):
        assert all(set(a) <= set(b) for a, b in zip(smaller, larger, strict=True))
    assert () in levels[0]
    assert any(len(one) > 1 for one in levels[3])
    assert conformal.at(0.995).sets(members) == [(0, 1, 2)] * 201  # 120 patients cannot promise 99.5 %


def test_too_few_patients_give_no_set_and_a_sentence():
    scores = np.full(FEWEST - 1, 0.1)
    assert ConformalScores.split(scores, 0.9) is None
    assert ConformalScores.cv_plus([scores[:20], scores[20:]], 0.9) is None
    assert ConformalScores.cv_plus([scores, scores], 0.9, patients=FEWEST - 1) is None  # repeated folds
    assert ConformalScores.split(np.full(FEWEST, 0.1), 0.9) is not None
    assert "39 calibration patients, at least 40 are needed" in no_set_reason(39)
    assert "1 calibration patient," in no_set_reason(1)
    labels, given = np.zeros(39, int), np.full((39, 2), 0.5)
    assert out_of_fold_sets(labels, given, np.arange(39) % 5, 0.9) is None
    twice = out_of_fold_sets(
        np.tile(labels, 2), np.tile(given, (2, 1)), np.arange(78) % 5, 0.9, patients=np.tile(np.arange(39), 2)
    )
    assert twice is None


def test_repeated_folds_promise_no_more_than_their_patients_can():
    scores = np.arange(1, 41) / 100
    once = ConformalScores.cv_plus([scores], 0.97)
    repeated = ConformalScores.cv_plus([scores, scores], 0.97, patients=40)
    given = 1 - np.array([[0.395, 0.405]])
    assert once.sets(given[None]) == repeated.sets(np.stack([given, given])) == [(0,)]
    # Without the number of patients, 80 scores would pass for 80 patients and shut out what 40 cannot.
    assert repeated.calibration_patients == 40
    assert once.at(0.98).sets(given[None]) == repeated.at(0.98).sets(np.stack([given, given])) == [(0, 1)]
    assert ConformalScores.cv_plus([scores, scores], 0.98).sets(np.stack([given, given])) == [(0,)]


def test_no_patient_judges_itself():
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 2, 50)
    given = generator.dirichlet(np.ones(2), size=50)
    fold, names = np.arange(50) % 5, np.arange(50)
    before = out_of_fold_sets(labels, given, fold, 0.9)
    # The same patient again in another repeat, with a wild answer, must not change its first set.
    labels2, given2 = np.append(labels, labels[0]), np.vstack([given, 1 - given[0]])
    fold2, names2 = np.append(fold, 7), np.append(names, 0)
    assert out_of_fold_sets(labels2, given2, fold2, 0.9, patients=names2)[0] == before[0]


def test_one_member_alone_covers_its_own_patients_by_construction():
    generator = np.random.default_rng(5)
    labels, given = generator.integers(0, 3, 100), generator.dirichlet(np.ones(3), size=100)
    sets = out_of_fold_sets(labels, given, np.zeros(100), 0.9)
    assert coverage_of(sets, labels) == 0.9


def test_scores_survive_the_manifest_and_damaged_ones_are_refused():
    conformal = ConformalScores.cv_plus([np.random.default_rng(6).random(50)], 0.9)
    assert ConformalScores.model_validate_json(conformal.model_dump_json()) == conformal
    with pytest.raises(ValidationError, match="between 0 and 1"):
        ConformalScores(coverage=0.9, scores=((0.1, float("nan")),))
    with pytest.raises(ValidationError, match="between 0 and 1"):
        ConformalScores(coverage=0.9, scores=((0.1, 1.2),))
    with pytest.raises(ValidationError, match="coverage"):
        ConformalScores(coverage=1.0, scores=((0.1,),))
    with pytest.raises(ValidationError, match="cannot come from"):
        ConformalScores(coverage=0.9, scores=((0.1,),), patients=2)
    with pytest.raises(ValueError, match="1 members"):
        conformal.sets(np.full((2, 1, 3), 1 / 3))
