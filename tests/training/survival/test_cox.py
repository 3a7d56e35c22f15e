"""Ridge Cox against scikit-survival and torchsurv."""

import numpy as np
import pytest
import torch
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv
from torchsurv.loss.cox import neg_partial_log_likelihood

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training.survival import RidgeCox, concordance
from napari_renal_fusion.training.survival.cox import Terms

from .conftest import made


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("columns", "penalty"), [(5, 0.5), (5, 30), (40, 3), (300, 100)])
def test_weights_are_those_of_scikit_survival(ties, columns, penalty):
    time, event, values = made(ties, columns=columns)
    model = RidgeCox.fit(values * 7 + 3, time, event, penalty=penalty)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    reference = CoxPHSurvivalAnalysis(alpha=penalty, ties="efron", tol=1e-13, n_iter=500)
    reference.fit(standard, Surv.from_arrays(event, time))
    np.testing.assert_allclose(model.weights, reference.coef_, atol=2e-6)
    np.testing.assert_allclose(model.risk(values * 7 + 3), standard @ reference.coef_, atol=1e-5)


@pytest.mark.parametrize("ties", [False, True])
def test_the_likelihood_is_that_of_torchsurv(ties):
    time, event, log_hazard = made(ties)
    terms = Terms(time, event)
    given = torch.tensor(log_hazard, requires_grad=True)
    loss = neg_partial_log_likelihood(given, torch.tensor(event), torch.tensor(time), reduction="sum")
    loss.backward()
    assert terms.loss(log_hazard) == pytest.approx(loss.item(), rel=1e-5)
    gradient, hessian = terms.slopes(log_hazard)
    np.testing.assert_allclose(gradient, given.grad, atol=1e-4)
    step = 1e-5 * np.random.default_rng(0).normal(size=len(time))
    ahead, _ = terms.slopes(log_hazard + step)
    np.testing.assert_allclose(ahead - gradient, hessian @ step, atol=1e-9)
    assert terms.loss(log_hazard + 50) == pytest.approx(terms.loss(log_hazard))
    assert np.isfinite(terms.loss(2000 * log_hazard))


def test_a_stronger_penalty_shrinks_and_a_weak_one_still_converges():
    time, event, values = made(ties=True, columns=200)
    sizes = [
        np.linalg.norm(RidgeCox.fit(values, time, event, penalty=one).weights)
        for one in (1e-3, 1.0, 1e3, 1e6)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3


def test_the_penalty_is_chosen_by_training_patients_and_finds_the_signal():
    time, event, values = made(ties=False, n=400, columns=60)
    train, test = np.arange(400) < 200, np.arange(400) >= 200
    model = RidgeCox.fit(values[train], time[train], event[train])
    again = RidgeCox.fit(values[train], time[train], event[train])
    assert model.penalty == again.penalty
    assert model.penalty == max(model.validation, key=lambda one: one[1])[0]
    found = concordance(model.risk(values[test]), time[test], event[test])
    best = concordance(values[test, :3].sum(axis=1), time[test], event[test])
    assert found - 0.5 > 0.6 * (best - 0.5) > 0.1
    noise = np.random.default_rng(9).normal(size=(200, 60))
    assert RidgeCox.fit(noise, time[train], event[train]).penalty > 10 * model.penalty


def test_a_constant_column_has_no_weight():
    time, event, values = made(ties=False, columns=4)
    values[:, 2] = 0.1 + 0.2
    model = RidgeCox.fit(values, time, event, penalty=1.0)
    assert model.weights[2] == 0


def refused(*args, **how):
    with pytest.raises(RenalFusionError) as caught:
        RidgeCox.fit(*args, **how)
    return caught.value.code


def test_what_cannot_be_fitted_is_refused():
    time, event, values = made(ties=False, columns=4)
    assert refused(values, time, np.zeros(70, bool)) == "survival_all_censored"
    assert refused(values, time, np.arange(70) == 3) == "survival_few_events"
    assert refused(values, time, np.arange(70) < 3) == "survival_few_events"
    assert refused(values, time, event, penalty=0) == "cox_penalty_wrong"
    holes = values.copy()
    holes[3, 2] = np.nan
    assert refused(holes, time, event) == "cox_values_missing"
    everybody = RidgeCox.fit(values, time, np.ones(70, bool))
    assert np.isfinite(everybody.weights).all()
    with pytest.raises(ValueError, match="columns"):
        everybody.risk(values[:, :3])
