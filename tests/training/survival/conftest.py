"""Survival data with and without ties."""

import numpy as np
import pytest


def made(ties, n=70, columns=0, seed=0):
    """Times, events, and risks or values that have to do with them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, max(1, columns)))
    strength = values[:, : min(3, values.shape[1])].sum(axis=1)
    death, left = rng.exponential(20 * np.exp(-0.7 * strength)), rng.exponential(25, n)
    time, event = np.minimum(death, left), death <= left
    if ties:
        time, strength = np.ceil(time / 6), strength.round(1)
    return time, event, (values if columns else strength)


@pytest.fixture(params=[False, True], ids=["no ties", "ties"])
def data(request):
    return made(request.param)
