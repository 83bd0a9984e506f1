"""warmup compiles all that is usual; `import fastreg` stays light."""

import isolated
import pytest

import fastreg

NOTE = """
import atexit
from fastreg.numerics.kernel_cache import KernelCache
asked, load = set(), KernelCache.load_overload
def note(self, sig, target_context):
    asked.add(self._name(sig, target_context.codegen()))
    return load(self, sig, target_context)
KernelCache.load_overload = note
atexit.register(lambda: print(*sorted(asked)))
"""

USUAL = """
import warnings
import numpy as np, scipy.sparse as sp
import fastreg
warnings.simplefilter("ignore")
rng = np.random.default_rng(5)
for n, p in [(50, 12), (15, 60), (40, 1)]:
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.6)
    mean = np.exp(0.3 * X[:, 0])
    responses = {
        "gaussian": X[:, 0] + rng.normal(size=n), "binomial": np.arange(n) % 2.0,
        "poisson": rng.poisson(mean) + np.eye(n)[0], "gamma": rng.gamma(2.0, mean),
    }
    variants = [
        {}, {"fit_intercept": False}, {"standardize": True}, {"sample_weight": rng.random(n)},
        {"offset": 0.1 * rng.normal(size=n)}, {"penalty_factor": np.r_[0.0, np.ones(p - 1)]},
        {"alphas": [0.5]}, {"lower": 0.0}, {"lower": -0.2, "upper": 0.1},
    ]
    for family, y in responses.items():
        for design in (X, np.ascontiguousarray(X), sp.csc_array(X), sp.csr_array(X)):
            for l1_ratio in (1.0, 0.5, 0.0):
                for options in variants:
                    options = {"n_alphas": 15, "l1_ratio": l1_ratio} | options
                    fastreg.fit_path(design, y, family=family, **options)
"""


@pytest.mark.process
def test_after_warmup_nothing_compiles():
    """Every kernel that usual fits ask for has been asked for, hence compiled and stored, by warmup."""
    first = isolated.run(NOTE + "import fastreg; print(fastreg.warmup(verbose=True))")
    *lines, seconds, prepared = first.stdout.splitlines()
    assert len(lines) == 16 and lines[0].split()[:2] == ["dense", "gaussian"] and "kernels are kept in" in lines[-1]
    assert float(seconds) > 0.0
    assert "warmup" not in first.stderr  # the advice to run it would be out of place
    used = isolated.run(NOTE + USUAL).stdout.split()
    assert len(used) > 20 and set(used) <= set(prepared.split())


def test_import_is_light():
    heavy = "print([m for m in ('sklearn', 'matplotlib', 'pandas') if m in sys.modules])"
    assert isolated.run(f"import sys, fastreg\n{heavy}").stdout.strip() == "[]"
    fit = "fastreg.fit_path([[0], [1], [2]], [0, 1, 1], n_alphas=2)"
    assert isolated.run(f"import sys, fastreg\n{fit}\n{heavy}").stdout.strip() == "[]"


def test_public_names_exist():
    for name in fastreg.__all__:
        assert getattr(fastreg, name) is not None
    assert "warmup" in dir(fastreg)
