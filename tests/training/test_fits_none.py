"""Patients of a disease that no class describes are far from the known ones; known ones are seldom refused."""

import numpy as np
import pytest

from napari_renal_fusion.bundles.known import KnownPatients, bundle_distances, distances, fit_statistics
from napari_renal_fusion.training.fits_none import (
    MemberFeatures,
    cross_fitted_refusals,
    distance_limit,
    fit_fits_none,
    left_out_classes,
)

WIDTH, FOLDS, NAMES = 48, 5, ("a", "b", "c")
CENTRES = np.random.default_rng(42).normal(size=(4, WIDTH)) * 1.2  # three known classes and one unknown
MIXING = np.linalg.qr(np.random.default_rng(43).normal(size=(WIDTH, WIDTH)))[0] * np.geomspace(3, 0.3, WIDTH)


def draw(generator, labels):
    return (CENTRES[labels] @ MIXING + generator.normal(size=(len(labels), WIDTH)) @ MIXING).astype(
        np.float32
    )


def members_of(generator, count=120):
    labels = np.arange(count) % 3
    features, fold = draw(generator, labels), (np.arange(count) // 3) % FOLDS
    return [
        MemberFeatures(features[fold != k], labels[fold != k], features[fold == k], labels[fold == k])
        for k in range(FOLDS)
    ]


def test_an_unseen_class_is_refused_and_known_ones_are_kept():
    refused_known, refused_unknown, promised = [], [], []
    for seed in range(6):
        generator = np.random.default_rng(seed)
        fitted = fit_fits_none(members_of(generator), NAMES)
        promised.append(fitted.known.false_refusals)
        for labels, share in ((np.arange(150) % 3, refused_known), (np.full(150, 3), refused_unknown)):
            new = draw(generator, labels)
            far = bundle_distances(fitted.statistics, np.stack([new] * FOLDS)) > fitted.known.limit
            share.append(far.mean())
    assert np.mean(refused_unknown) > 0.9
    assert np.mean(refused_known) < 0.05
    assert max(promised) <= 0.035


def test_each_class_left_out_is_found_far_away():
    generator = np.random.default_rng(0)
    accepts = left_out_classes(members_of(generator), NAMES)
    assert set(accepts) == set(NAMES)
    assert max(accepts.values()) < 0.2
    # Two classes drawn from the same patients cannot be told apart, and the figure says so.
    labels = np.arange(120) % 3
    features, fold = draw(generator, np.where(labels == 2, 1, labels)), (np.arange(120) // 3) % FOLDS
    same = [
        MemberFeatures(features[fold != k], labels[fold != k], features[fold == k], labels[fold == k])
        for k in range(FOLDS)
    ]
    accepts = left_out_classes(same, NAMES)
    assert min(accepts["b"], accepts["c"]) > 0.8
    assert accepts["a"] < 0.2


def test_the_limit_promises_what_it_says_for_any_distribution():
    generator = np.random.default_rng(0)
    known = generator.gamma(2, size=(4000, 60))
    new = generator.gamma(2, size=4000)
    limits = np.array([distance_limit(row, 0.95) for row in known])
    accepted = np.mean(new <= limits)
    assert 0.95 - 0.01 <= accepted <= 58 / 61 + 0.015  # the rank of the 58th of 60, ceil(.95 * 61)


def test_the_rank_of_the_limit_by_hand():
    assert distance_limit(np.arange(1, 100), 0.95) == 95  # 0.95 * 100 exactly
    assert distance_limit(np.arange(1, 20), 0.95) == 19
    assert distance_limit(np.arange(1, 19), 0.95) is None  # 18 patients cannot promise 95 %
    assert distance_limit([], 0.95) is None
    few = members_of(np.random.default_rng(0), count=24)
    assert fit_fits_none(few, NAMES) is None


def test_distances_are_mahalanobis_ones():
    generator = np.random.default_rng(3)
    labels = np.arange(4000) % 2
    covariance = np.array([[2.0, 0.8, 0], [0.8, 1.0, 0.2], [0, 0.2, 0.5]])
    means = np.array([[0.0, 0, 0], [6, 0, 0]])
    features = means[labels] + generator.multivariate_normal(np.zeros(3), covariance, size=4000)
    kept = fit_statistics(features, labels)
    points = np.array([[0.0, 0, 0], [6, 0, 0], [3, 0, 0], [0, 5, -2], [7, -4, 1]])
    inverse = np.linalg.inv(covariance)
    expected = [min(np.sqrt((p - m) @ inverse @ (p - m) / 3) for m in means) for p in points]
    np.testing.assert_allclose(distances(kept, points), expected, atol=0.1, rtol=0.05)


@pytest.mark.parametrize(("count", "width"), [(90, 48), (60, 200), (400, 10)])
def test_the_covariance_is_shrunk_as_scikit_learn_shrinks_it(count, width):
    from sklearn.covariance import ledoit_wolf

    generator = np.random.default_rng(9)
    labels = np.arange(count) % 3
    features = generator.normal(size=(count, width)) * np.geomspace(3, 0.3, width)
    features = features @ np.linalg.qr(generator.normal(size=(width, width)))[0]
    new = generator.normal(size=(6, width))
    standard, given = ((one - features.mean(axis=0)) / features.std(axis=0) for one in (features, new))
    means = np.stack([standard[labels == one].mean(axis=0) for one in range(3)])
    inverse = np.linalg.inv(ledoit_wolf(standard - means[labels], assume_centered=True)[0])
    expected = [min(np.sqrt((p - m) @ inverse @ (p - m) / width) for m in means) for p in given]
    np.testing.assert_allclose(distances(fit_statistics(features, labels), new), expected, rtol=1e-5)


def test_units_order_and_constant_features_do_not_matter():
    generator = np.random.default_rng(4)
    labels = np.arange(90) % 3
    features, new = draw(generator, labels), draw(generator, np.arange(20) % 4)
    before = distances(fit_statistics(features, labels), new)
    order = generator.permutation(90)
    np.testing.assert_allclose(
        distances(fit_statistics(features[order], labels[order]), new), before, rtol=1e-3
    )
    scaled = distances(fit_statistics(features * 50 - 7, labels), new * 50 - 7)
    np.testing.assert_allclose(scaled, before, rtol=1e-3)
    dead = np.zeros((90, 5), np.float32)
    kept = fit_statistics(np.hstack([features, dead]), labels)
    np.testing.assert_allclose(distances(kept, np.hstack([new, dead[:20] + 9])), before, rtol=1e-3)
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in kept.values())


def test_few_patients_with_many_features_are_no_problem():
    generator = np.random.default_rng(5)
    for count in (2, 3, 10):
        kept = fit_statistics(generator.normal(size=(count, 200)), np.arange(count) % 2)
        assert np.isfinite(distances(kept, generator.normal(size=(4, 200)))).all()
    constant = fit_statistics(np.ones((5, 3)), [0, 0, 1, 1, 1])
    assert np.isfinite(distances(constant, np.ones((1, 3)))).all()
    with pytest.raises(ValueError, match="at least two patients"):
        fit_statistics(np.ones((1, 3)), [0])


def test_a_member_with_wider_features_does_not_rule_the_mean():
    generator = np.random.default_rng(6)
    members = members_of(generator)
    wide = [
        MemberFeatures(m.training, m.training_labels, m.test * 1.5, m.test_labels) if k == 0 else m
        for k, m in enumerate(members)
    ]
    fitted = fit_fits_none(wide, NAMES)
    medians = [np.median(one) for one in fitted.distances]
    np.testing.assert_allclose(medians, 1, rtol=1e-4)


def test_what_cannot_be_measured_is_left_out():
    generator = np.random.default_rng(7)
    two = [
        MemberFeatures(m.training[m.training_labels < 2], m.training_labels[m.training_labels < 2], m.test[m.test_labels < 2], m.test_labels[m.test_labels < 2])
        for m in members_of(generator)
    ]  # fmt: skip
    assert left_out_classes(two, ("a", "b")) == {}  # one class alone describes nothing to be different from
    assert set(left_out_classes(members_of(generator), (*NAMES, "rare"))) == set(NAMES)


def test_the_limit_survives_the_manifest():
    fitted = fit_fits_none(members_of(np.random.default_rng(8)), NAMES)
    assert KnownPatients.model_validate_json(fitted.known.model_dump_json()) == fitted.known
    assert "120 test patients" in fitted.known.fitted_on
    assert [len(one) for one in fitted.distances] == [24] * FOLDS


def test_refusals_of_known_patients_are_measured_across_the_folds():
    generator = np.random.default_rng(11)
    members = members_of(generator)
    fitted = fit_fits_none(members, NAMES)
    beyond = []
    for k in range(FOLDS):
        others = np.concatenate([one for i, one in enumerate(fitted.distances) if i != k])
        beyond += list(fitted.distances[k] > distance_limit(others))
    assert fitted.known.refusals_measured
    assert fitted.known.false_refusals == pytest.approx(np.mean(beyond))
    # A fold whose patients lie far away is refused by the others' limit, whatever the pooled quantile says.
    far = [np.ones(40), np.ones(40), np.full(40, 9.0)]
    assert cross_fitted_refusals(far, np.arange(120)) == pytest.approx(1 / 3)


def test_one_member_or_few_patients_leave_the_target():
    merged = members_of(np.random.default_rng(12))[:1]
    alone = fit_fits_none([replace_test(merged[0], 40)], NAMES)
    assert not alone.known.refusals_measured
    assert alone.known.false_refusals == pytest.approx(0.035)
    assert cross_fitted_refusals([np.arange(15.0), np.arange(15.0)], np.arange(30)) is None
    assert cross_fitted_refusals([np.arange(40.0)], np.arange(40)) is None


def replace_test(member, count):
    generator = np.random.default_rng(13)
    rows = generator.integers(0, len(member.test), count)
    return MemberFeatures(
        member.training, member.training_labels, member.test[rows], member.test_labels[rows]
    )


def test_repeated_folds_do_not_make_patients():
    distances_of_ten = np.tile(np.arange(10.0), 4)
    assert distance_limit(distances_of_ten) is not None
    assert distance_limit(distances_of_ten, patients=10) is None
    once = np.arange(60.0)
    assert distance_limit(np.repeat(once, 3), patients=60) == distance_limit(once)
    few = [replace_patients(one, 5) for one in members_of(np.random.default_rng(14))]
    assert fit_fits_none(few, NAMES) is None  # 120 rows of 25 patients
    named = [
        replace_patients(one, 5, prefix=k) for k, one in enumerate(members_of(np.random.default_rng(14)))
    ]
    assert fit_fits_none(named, NAMES) is None
    every = [
        replace_patients(one, 99, prefix=k) for k, one in enumerate(members_of(np.random.default_rng(14)))
    ]
    assert (
        fit_fits_none(every, NAMES).known == fit_fits_none(members_of(np.random.default_rng(14)), NAMES).known
    )


def replace_patients(member, count, prefix=""):
    names = tuple(f"{prefix}-{row % count}" for row in range(len(member.test)))
    return MemberFeatures(member.training, member.training_labels, member.test, member.test_labels, names)
