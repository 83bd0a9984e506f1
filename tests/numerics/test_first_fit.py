"""What a first fit on a machine compiles: kernels are counted by signatures, whether compiled or loaded."""

import isolated
import pytest

COUNT = """
import sys

import numpy as np
from fastreg.numerics.kernel_cache import KernelCache

asked, load = [], KernelCache.load_overload


def count(self, sig, target):
    kernel = getattr(sys.modules[self.function.__module__], self.function.__qualname__)
    if not kernel.targetoptions.get("forceinline"):  # those are asked for only where their callers are compiled
        asked.append(self._stem())
    return load(self, sig, target)


KernelCache.load_overload = count
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(100, 300)))
y = X[:, 0] + rng.normal(size=100)
{call}
print(len(asked), *sorted(asked))
"""
FITS = {
    "from fastreg import Lasso; Lasso(alpha=0.1).fit(X, y)": 24,
    "from fastreg import fit_path; fit_path(X, y)": 51,
    "from fastreg import fit_path; fit_path(X, y > 0, family='binomial')": 68,
    "from fastreg import LassoCV; LassoCV().fit(X, y)": 54,
    "from fastreg import cv_path; cv_path(X, y > 0, family='binomial')": 70,
}


@pytest.mark.process
@pytest.mark.parametrize("call", FITS)
def test_a_first_fit_compiles_no_more_kernels_than_before(call):
    """Raise a number here only for a kernel that earns its tenth to fifth of a second on everybody's first fit."""
    count, *names = isolated.run(COUNT.format(call=call)).stdout.split()
    assert len(set(names)) > 20  # they are counted at all
    assert int(count) <= FITS[call], names


NARROW = {
    "fit_path(X, y)": 3,
    "fit_path(X, y > 0, family='binomial')": 3,
    "cv_path(X, y, cv=3, n_alphas=10)": 7,
    "fit_path(X, y, alphas=[0.5])": 6,
}


@pytest.mark.process
@pytest.mark.parametrize("call", NARROW)
def test_few_kernels_are_compiled_again_for_narrower_numbers(call):
    """Those that read X: moments, passes, single columns and their copies. What runs on copies is of float64 anyway."""
    both = f"""from fastreg import cv_path, fit_path
X = np.asfortranarray(rng.normal(size=(120, 2400)))
y = X[:, 0] + rng.normal(size=120)
{call}
asked.clear()
X = X.astype(np.float32)
{call}"""
    count, *names = isolated.run(COUNT.format(call=both)).stdout.split()
    assert len(names) > 2 and int(count) <= NARROW[call], (count, *names)
