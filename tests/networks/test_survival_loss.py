import math

import pytest
import torch

from napari_renal_fusion.networks import NetworkInputError, risk, survival_curve, survival_nll


def by_products(logits, bins, censored, alpha):
    """The formula as it stands, in float64: one loss a patient."""
    losses = []
    for row, y, c in zip(logits.double().tolist(), bins.tolist(), censored.tolist(), strict=True):
        h = [1 / (1 + math.exp(-one)) for one in row]
        survival = {-1: 1.0}
        for k, hazard in enumerate(h):
            survival[k] = survival[k - 1] * (1 - hazard)
        losses.append(
            -(1 - alpha) * math.log(survival[y]) if c else -(math.log(survival[y - 1]) + math.log(h[y]))
        )
    return torch.tensor(losses, dtype=torch.float64)


# Bins 0 to 3 at logits 0.
CHECKS = {
    (False, 0.0): (0.6931, 1.3863, 2.0794, 2.7726),
    (False, 0.4): (0.6931, 1.3863, 2.0794, 2.7726),
    (True, 0.0): (0.6931, 1.3863, 2.0794, 2.7726),
    (True, 0.4): (0.4159, 0.8318, 1.2477, 1.6636),
}


@pytest.mark.parametrize(("censored", "alpha"), CHECKS)
def test_check_values(censored, alpha):
    for y, expected in enumerate(CHECKS[censored, alpha]):
        loss = survival_nll(torch.zeros(1, 4), torch.tensor([y]), torch.tensor([censored]), alpha)
        assert float(loss) == pytest.approx(expected, abs=5e-5)


def test_alpha_is_that_of_the_published_runs():
    arguments = torch.randn(3, 4), torch.tensor([0, 3, 1]), torch.tensor([True, True, False])
    assert float(survival_nll(*arguments)) == float(survival_nll(*arguments, alpha=0.4))


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_agrees_with_the_formula(alpha):
    logits, bins, censored = torch.randn(50, 4) * 2, torch.randint(0, 4, (50,)), torch.rand(50) < 0.5
    each = by_products(logits, bins, censored, alpha)
    assert float(survival_nll(logits, bins, censored, alpha)) == pytest.approx(float(each.mean()), rel=1e-5)
    weights = torch.tensor([0.5, 2.0, 1.0, 4.0])
    weighted = float((each * weights[bins]).mean())
    assert float(survival_nll(logits, bins, censored, alpha, weights)) == pytest.approx(weighted, rel=1e-5)


def test_it_is_minus_the_logarithm_of_what_was_seen():
    """Events and survival beyond the last bin exhaust what can happen to a patient."""
    logits = torch.randn(4).expand(5, -1)
    bins, censored = torch.tensor([0, 1, 2, 3, 3]), torch.tensor([False] * 4 + [True])
    chances = [
        float((-survival_nll(logits[k : k + 1], bins[k : k + 1], censored[k : k + 1], alpha=0.0)).exp())
        for k in range(5)
    ]
    assert sum(chances) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("size", [30.0, 200.0, 1e4])
def test_extreme_logits_stay_finite_and_keep_their_gradient(size):
    logits = torch.full((4, 4), size)
    logits[::2] *= -1
    logits.requires_grad_()
    bins, censored = torch.tensor([3, 3, 3, 3]), torch.tensor([False, False, True, True])
    loss = survival_nll(logits, bins, censored)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()
    # Certain of an early event that did not come: the push against it is not lost to rounding.
    assert float(logits.grad[3, 0]) == pytest.approx(0.6 / 4, rel=1e-4)
    assert float(logits.grad[0, 3]) == pytest.approx(-1 / 4, rel=1e-4)


def test_a_batch_without_events():
    logits = torch.zeros(3, 4, requires_grad=True)
    loss = survival_nll(logits, torch.tensor([0, 1, 3]), torch.ones(3, dtype=torch.bool))
    assert float(loss.detach()) == pytest.approx((0.4159 + 0.8318 + 1.6636) / 3, abs=5e-5)
    loss.backward()
    assert (logits.grad[2] > 0).all()  # surviving lowers every hazard
    nothing = survival_nll(logits, torch.tensor([0, 1, 3]), torch.ones(3, dtype=torch.bool), alpha=1.0)
    assert float(nothing.detach()) == 0


def test_low_precision_is_computed_in_float32():
    logits, bins, censored = torch.randn(8, 4), torch.randint(0, 4, (8,)), torch.rand(8) < 0.5
    exact = survival_nll(logits.bfloat16().float(), bins, censored)
    with torch.autocast("cpu", torch.bfloat16):
        loss = survival_nll(logits.bfloat16(), bins, censored)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact)
    assert survival_curve(logits.bfloat16()).dtype == torch.float32
    assert survival_nll(logits.double(), bins, censored).dtype == torch.float64


def test_curve_and_risk():
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [-3.0, 1.0, 2.0, -1.0]])
    curve = survival_curve(logits)
    torch.testing.assert_close(curve[0], torch.tensor([0.5, 0.25, 0.125, 0.0625]))
    torch.testing.assert_close(curve, torch.cumprod(1 - torch.sigmoid(logits), dim=1))
    torch.testing.assert_close(risk(logits), -curve.sum(1))
    sooner = logits.clone()
    sooner[:, 1] += 1
    assert (risk(sooner) > risk(logits)).all()


def test_what_does_not_fit_is_refused():
    logits, bins, censored = torch.zeros(2, 4), torch.tensor([0, 1]), torch.tensor([True, False])
    for arguments, match in (
        ((logits, bins[:1], censored), r"logits \[B, bins\]"),
        ((logits[0], bins, censored), r"logits \[B, bins\]"),
        ((logits[:0], bins[:0], censored[:0]), r"logits \[B, bins\]"),
        ((logits, bins.float(), censored), "bins as int64 and censored as bool"),
        ((logits, bins, censored.float()), "bins as int64 and censored as bool"),
        ((logits, bins + 3, censored), "bins must be 0 to 3, not 3 to 4"),
        ((logits, bins - 1, censored), "bins must be 0 to 3, not -1 to 0"),
        ((logits, bins, censored, 1.5), "alpha must be between 0 and 1"),
        ((logits, bins, censored, 0.4, torch.ones(3)), r"class_weights must be \[4\], not \[3\]"),
    ):
        with pytest.raises(NetworkInputError, match=match):
            survival_nll(*arguments)
