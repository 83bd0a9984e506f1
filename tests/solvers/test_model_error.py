"""The error that is expected of an old Hessian: extrapolated along a path, and only where it is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastreg.solvers.hessian_refresh import ModelError, extrapolation


def test_weights_continue_a_polynomial():
    places = [0.0, -1.0, -2.5, -3.0]
    weights = extrapolation(places, -4.0)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ np.array(places) ** 3 == pytest.approx(-64.0)


def test_the_change_of_a_smooth_gradient_is_expected():
    """Along a path with b = log alpha and c = b^2 - H b the model's error is quadratic: known from three points."""
    error, H = ModelError(), np.array([[2.0]])
    working = SimpleNamespace(columns=np.array([0]), gram=H, gram_size=1)
    found = []
    for log in (-1.0, -1.5, -2.0, -2.5, -3.0):
        working.alpha = np.exp(log)
        before = log + 0.5  # the state is that of the point before
        state, working.correlation = SimpleNamespace(coef=np.array([before])), np.array([before**2 - 2.0 * before])
        found.append(error.begin(working, state))
        assert error.begin(working, state) is None  # within a point nothing is expected
    assert found[:2] == [None, None]
    for log, expected in zip((-2.5, -3.0), found[3:]):
        assert expected == pytest.approx(log**2 - (log + 0.5) ** 2)
