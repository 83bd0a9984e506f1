"""exp and log1p as kernels use them: as accurate as the library's, and honest beyond their range."""

import isolated
import numpy as np
import pytest
from scipy.special import expit, softmax

from fastreg.numerics.exp_log import exp, log1p
from fastreg.numerics.jit import kernel
from fastreg.paths.prediction import probabilities


@kernel
def fill(x, exponentials, logarithms):
    for i in range(x.size):
        exponentials[i], logarithms[i] = exp(x[i]), log1p(x[i])


def values(x):
    """(exp(x), log1p(x)) as a kernel computes them."""
    x = np.asarray(x, dtype=float)
    out = np.empty_like(x), np.empty_like(x)
    fill(x, *out)
    return out


def relative_error(computed, exact):
    return float(np.max(np.abs(computed / exact - 1)))


def test_relative_error_of_exp():
    rng = np.random.default_rng(0)
    x = np.concatenate([np.linspace(-699, 699, 200_001), rng.normal(size=200_000), rng.normal(size=1000) * 1e-9, [0.0]])
    assert relative_error(values(x)[0], np.exp(x.astype(np.longdouble))) <= 4.5e-16
    assert values([0.0])[0] == 1.0


def test_relative_error_of_log1p():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            np.linspace(-0.999, 3, 200_001),
            np.exp(rng.uniform(-40, 40, 100_000)),
            -np.exp(rng.uniform(-40, -1e-9, 100_000)),
        ]
    )
    x = x[x != 0.0]
    assert relative_error(values(x)[1], np.log1p(x.astype(np.longdouble))) <= 6e-16
    assert values([0.0])[1] == 0.0


def test_exp_beyond_its_range():
    below, lowest, above, highest, infinite, none = values([-1e4, -700.0, 1e4, 700.0, np.inf, np.nan])[0]
    assert below == lowest > 0.0
    assert np.isfinite(above) and above == highest == infinite
    assert np.isnan(none)


@pytest.mark.process
def test_without_compiling():
    isolated.run(
        "import math\nfrom fastreg.numerics.exp_log import exp, log1p\n"
        "for x in (-0.7, 0.3, 20.0, 699.5):\n"
        "    assert abs(exp(x) / math.exp(x) - 1) <= 5e-16, x\n"
        "    assert abs(log1p(x) / math.log1p(x) - 1) <= 5e-16, x\n",
        NUMBA_DISABLE_JIT="1",
    )


@pytest.mark.parametrize("rows", [1, 511, 513, 2000])
def test_probabilities_of_several_classes(rows):
    """As SciPy's, whatever the rows are split into; far apart they are 0 and 1, and float32 stays."""
    eta = np.random.default_rng(rows).normal(size=(rows, 5)) * 10.0
    eta[0] = [800.0, -800.0, 0.0, 799.0, -np.inf]
    np.testing.assert_allclose(probabilities(eta), softmax(eta, axis=1), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(probabilities(np.asfortranarray(eta)), softmax(eta, axis=1), rtol=1e-13, atol=1e-300)
    np.testing.assert_array_equal(probabilities(eta)[0, [1, 2, 4]], 0.0)
    assert np.isnan(probabilities(np.array([[0.0, np.nan, 1.0]]))).all()
    assert probabilities(eta.astype(np.float32)).dtype == np.float32


def test_probabilities_of_two_keep_their_digits():
    eta = np.concatenate([np.linspace(-690, 690, 20_001), np.random.default_rng(0).normal(size=1000), [0.0]])
    found = probabilities(eta)
    assert relative_error(found[:, 0], expit(-eta.astype(np.longdouble))) <= 2e-15
    assert relative_error(found[:, 1], expit(eta.astype(np.longdouble))) <= 2e-15
    assert np.isnan(probabilities(np.array([np.nan]))).all()
    np.testing.assert_allclose(probabilities(np.array([-np.inf, np.inf])), [[1, 0], [0, 1]], atol=1e-300)
