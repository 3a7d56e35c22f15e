"""Figures of survival against scikit-survival, scipy, torchsurv and brute force."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sksurv.compare import compare_survival
from sksurv.metrics import (
    brier_score,
    concordance_index_censored,
    cumulative_dynamic_auc,
    integrated_brier_score,
)
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.networks.survival_loss import risk, survival_curve
from napari_renal_fusion.training.survival import (
    TimeBins,
    auc_at,
    bootstrap_concordance,
    brier,
    checked_outcomes,
    concordance,
    integrated_brier,
    kaplan_meier,
    log_rank,
    risk_of,
    risk_threshold,
    survival_at,
    survival_of,
    time_bins,
)

from .conftest import made


def refused(code, call, *args, **how):
    with pytest.raises(RenalFusionError) as caught:
        call(*args, **how)
    assert caught.value.code == code
    assert caught.value.remedy
    return str(caught.value)


def brute_force(scores, time, event, folds=None):
    won = pairs = 0.0
    for i, j in itertools.permutations(range(len(time)), 2):
        first = time[i] < time[j] or (time[i] == time[j] and not event[j])
        if event[i] and first and (folds is None or folds[i] == folds[j]):
            pairs += 1
            won += 0.5 if scores[i] == scores[j] else float(scores[i] > scores[j])
    return won / pairs


def test_concordance_counts_pairs(data):
    time, event, scores = data
    value = concordance(scores, time, event)
    assert value == pytest.approx(concordance_index_censored(event, time, scores)[0], abs=1e-12)
    assert value == pytest.approx(brute_force(scores, time, event), abs=1e-12)
    assert concordance(-scores, time, event) == pytest.approx(1 - value, abs=1e-7)
    assert concordance(np.zeros(len(time)), time, event) == 0.5
    folds = np.arange(len(time)) % 3
    within = concordance(scores, time, event, folds)
    assert within == pytest.approx(brute_force(scores, time, event, folds), abs=1e-7)
    # A model that is another one in each fold: only comparisons within folds see that it is good.
    shifted = scores + 100 * folds
    assert concordance(shifted, time, event, folds) == pytest.approx(within)
    assert abs(concordance(shifted, time, event) - 0.5) < abs(within - 0.5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 3)),
        min_size=2,
        max_size=12,
    )
)
def test_concordance_with_any_ties(rows):
    time, event, scores = (np.array(column) for column in zip(*rows, strict=True))
    try:
        expected = brute_force(scores, time, event)
    except ZeroDivisionError:
        with pytest.raises(RenalFusionError):
            concordance(scores, time.astype(float), event)
        return
    assert concordance(scores, time.astype(float), event) == pytest.approx(expected)


def test_bootstrap_is_that_of_resampled_patients():
    time, event, scores = made(ties=False, n=60)
    low, high = bootstrap_concordance(scores, time, event, draws=1500)
    assert low < concordance(scores, time, event) < high
    rng = np.random.default_rng(5)
    plain = []
    for _ in range(600):
        rows = rng.integers(0, 60, 60)
        plain.append(concordance_index_censored(event[rows], time[rows], scores[rows])[0])
    # scikit-survival pairs the copies of a censored patient with nobody and those of an event neither.
    np.testing.assert_allclose([low, high], np.quantile(plain, [0.025, 0.975]), atol=0.025)
    assert bootstrap_concordance(scores, time, event, draws=50, seed=3) == bootstrap_concordance(
        scores, time, event, draws=50, seed=3
    )
    # Every row twice under the name of its patient says no more than once.
    twice = [np.tile(one, 2) for one in (scores, time, event)]
    names = np.tile(np.arange(60), 2)
    both = bootstrap_concordance(*twice, patients=names, draws=1500)
    np.testing.assert_allclose(both, (low, high), atol=0.012)
    narrow = bootstrap_concordance(*twice, draws=500)
    assert narrow[1] - narrow[0] < 0.85 * (high - low)


def test_time_dependent_auc_and_brier_score(data):
    time, event, scores = data
    train = made(ties=(time % 1 == 0).all(), n=90, seed=1)[:2]
    train = np.append(train[0], time.max() + 1), np.append(train[1], False)  # scikit-survival asks for it
    outcome, known = Surv.from_arrays(event, time), Surv.from_arrays(train[1], train[0])
    at = np.quantile(time[event], [0.25, 0.5, 0.75])  # also times of events: the hard ones
    expected = cumulative_dynamic_auc(known, outcome, scores, at)[0]
    np.testing.assert_allclose(auc_at(scores, time, event, at, censoring=train), expected, atol=1e-10)
    of_time = np.stack([scores, -scores, scores**2], axis=1)
    expected = cumulative_dynamic_auc(known, outcome, of_time, at)[0]
    np.testing.assert_allclose(auc_at(of_time, time, event, at, censoring=train), expected, atol=1e-10)
    curves = np.exp(-np.outer(np.exp(0.7 * scores) / 20, at))
    np.testing.assert_allclose(
        brier(curves, time, event, at, censoring=train),
        brier_score(known, outcome, curves, at)[1],
        atol=1e-10,
    )
    assert integrated_brier(curves, time, event, at, censoring=train) == pytest.approx(
        integrated_brier_score(known, outcome, curves, at), abs=1e-10
    )
    own = integrated_brier_score(outcome, outcome, curves, at)
    assert integrated_brier(curves, time, event, at) == pytest.approx(own, abs=1e-10)


def test_torchsurv_agrees_at_times_that_float32_keeps_apart():
    from torchsurv.metrics.auc import Auc
    from torchsurv.metrics.brier_score import BrierScore
    from torchsurv.metrics.cindex import ConcordanceIndex
    from torchsurv.stats.ipcw import get_ipcw

    time, event, scores = made(ties=False)
    at = np.array([5.0, 10.0, 15.0])
    events, times, when = torch.tensor(event), torch.tensor(time), torch.tensor(at)
    how = {"weight": get_ipcw(events, times), "new_time": when}
    late = get_ipcw(events, times, when)
    found = Auc()(torch.tensor(scores), events, times, auc_type="cumulative", **how, weight_new_time=late)
    np.testing.assert_allclose(auc_at(scores, time, event, at), found, atol=1e-5)
    assert concordance(scores, time, event) == pytest.approx(
        float(ConcordanceIndex()(torch.tensor(scores), events, times)), abs=1e-6
    )
    curves = np.exp(-np.outer(np.exp(scores) / 20, at))
    found = BrierScore()(torch.tensor(curves), events, times, **how, weight_new_time=late)
    np.testing.assert_allclose(brier(curves, time, event, at), found, atol=1e-5)


def test_times_outside_the_follow_up_are_refused(data):
    time, event, scores = data
    refused("survival_times_outside", auc_at, scores, time, event, [time.max()])
    refused("survival_times_outside", auc_at, scores, time, event, [-1.0])
    before = min(time[event].min() / 2, 0.5)
    assert "nobody had had the event" in refused(
        "survival_times_outside", auc_at, scores, time, event, [before]
    )
    with pytest.raises(ValueError, match="between 0 and 1"):
        brier(np.full((len(time), 1), 1.5), time, event, [10.0])


def test_kaplan_meier(data):
    time, event, _ = data
    curve = kaplan_meier(time, event)
    when, share, interval = kaplan_meier_estimator(event, time, conf_type="log-log")
    np.testing.assert_array_equal(curve.times, when)
    np.testing.assert_allclose(curve.survival, share, atol=1e-12)
    inside = (share < 1) & (share > 0)
    np.testing.assert_allclose(curve.low[inside], interval[0][inside], atol=1e-9)
    np.testing.assert_allclose(curve.high[inside], interval[1][inside], atol=1e-9)
    assert curve.at([0, when[0] - 1e-9, 1e9]).tolist() == pytest.approx([1, 1, share[-1]])
    assert curve.at_risk([0, time.max(), 1e9]).tolist() == [len(time), (time == time.max()).sum(), 0]
    assert curve.median == when[np.flatnonzero(share <= 0.5)[0]]
    line = kaplan_meier(time, np.zeros(len(time), bool))
    assert (line.survival == 1).all()
    assert (line.low == 1).all()
    assert line.median is None


def test_log_rank(data):
    time, event, scores = data
    high = scores > risk_threshold(scores)
    found = log_rank(time, event, high)
    chi_square, p = compare_survival(Surv.from_arrays(event, time), high)
    assert found.chi_square == pytest.approx(chi_square)
    assert found.p_value == pytest.approx(p)
    assert found.text.startswith("p ")
    refused("survival_one_group", log_rank, time, event, np.ones(len(time), bool))


def test_the_threshold_divides_training_patients():
    assert risk_threshold([1, 2, 3, 4]) == 2.5
    assert risk_threshold([0, 1, 1, 1, 1]) == 0  # not the median: nobody lies above it
    refused("survival_equal_risks", risk_threshold, [2, 2, 2])


def test_bins_are_quartiles_of_events_and_hold_one_each(data):
    time, event, _ = data
    bins = time_bins(time, event)
    quartiles = np.unique(np.quantile(time[event], [0.25, 0.5, 0.75]))
    assert bins.edges == tuple(quartiles[quartiles > time[event].min()])  # no bin before the first event
    assert bins.last == time.max()
    np.testing.assert_array_equal(bins.of(bins.edges), np.arange(1, bins.count))
    assert bins.of([0, np.nextafter(bins.edges[0], 0), 1e9]).tolist() == [0, 0, bins.count - 1]
    assert TimeBins.model_validate_json(bins.model_dump_json()) == bins
    with pytest.raises(ValueError, match="rise"):
        TimeBins(edges=(3, 2), last=9)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=25),
    st.integers(2, 6),
)
@example([(0, True), (0, True), (1, True), (2, False)], 2)
@example([(0, True), (0, True), (2, True)], 2)
def test_every_bin_holds_an_event_whatever_the_times(rows, n):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    try:
        bins = time_bins(time, event, n)
    except RenalFusionError as error:
        code = error.code
    else:
        assert 2 <= bins.count <= n
        assert set(bins.of(time[event])) == set(range(bins.count))
        return
    expected = {0: "survival_all_censored", 1: "survival_few_events"}.get(event.sum(), "survival_equal_times")
    assert code == expected
    if code == "survival_equal_times":
        assert np.unique(time[event]).size == 1 or time[event].max() == time.max()


def test_few_events_make_few_bins():
    time, event = np.array([1.0, 2, 3, 4, 9]), np.array([True, False, True, False, False])
    assert time_bins(time, event).edges == (2.0,)
    assert "one event" in refused("survival_few_events", time_bins, time, time == 1)
    assert "All 5" in refused("survival_all_censored", time_bins, time, time < 0)
    assert "all happen at 7" in refused("survival_equal_times", time_bins, np.full(9, 7.0), np.arange(9) < 4)


def test_wrong_outcomes_are_refused():
    refused("survival_nobody", checked_outcomes, [], [])
    assert "number 2" in refused("survival_time_wrong", checked_outcomes, [1, -3], [1, 0])
    refused("survival_time_wrong", checked_outcomes, [np.nan], [True])
    refused("survival_not_comparable", concordance, [1, 2], [5, 5], [True, True])
    refused("survival_not_comparable", concordance, [1.0], [5], [True])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        checked_outcomes([1.0, 2.0], [0, 2])
    with pytest.raises(ValueError, match="finite"):
        concordance([np.nan, 1], [1, 2], [True, True])


def test_curves_are_those_of_the_network():
    logits = torch.tensor([[0.0, 1.0, -2.0, 0.5], [3.0, -3.0, 0.0, 9.0]])
    survival = survival_of(torch.sigmoid(logits.double()))
    np.testing.assert_allclose(survival, survival_curve(logits), atol=1e-6)
    np.testing.assert_allclose(risk_of(survival), risk(logits), atol=1e-6)
    bins = TimeBins(edges=(10, 20, 40), last=100)
    found = survival_at(survival, bins, [0, 10, 15, 40, 100, 101])
    np.testing.assert_allclose(found[:, [0, 1, 3, 4]], np.c_[[1, 1], survival[:, [0, 2, 3]]])
    np.testing.assert_allclose(found[:, 2], survival[:, :2].mean(axis=1))
    assert np.isnan(found[:, 5]).all()
