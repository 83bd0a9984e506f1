"""warmup compiles all that is usual; `import fastreg` stays light."""

import os
import subprocess
import sys
from pathlib import Path

import fastreg

ROOT = Path(__file__).parent.parent

SECOND = """
import os, warnings
import numpy as np, scipy.sparse as sp
import fastreg
from fastreg._jit import cache_directories
warnings.simplefilter("ignore")
before = set(os.listdir(cache_directories()[0]))
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
after = set(os.listdir(cache_directories()[0]))
print(len(before), sorted(after - before))
"""


def run(code, folder, cache=True):
    """Run code in a fresh process in `folder`, with its kernels kept there if `cache`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ({"FASTREG_CACHE_DIR": str(folder)} if cache else {})
    environment.pop("NUMBA_DISABLE_JIT", None)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=280, env=environment, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done


def test_after_warmup_nothing_compiles(tmp_path):
    first = run("import fastreg; print(fastreg.warmup())", tmp_path)
    assert 0.0 < float(first.stdout) < 250.0
    assert "warmup" not in first.stderr  # the advice to run it would be out of place
    known, fresh = run(SECOND, tmp_path).stdout.split(maxsplit=1)
    assert int(known) > 20 and fresh.strip() == "[]"
    again = run("import fastreg; fastreg.warmup(verbose=True)", tmp_path)
    lines = again.stdout.splitlines()
    assert len(lines) == 11 and lines[0].split()[:2] == ["dense", "gaussian"] and str(tmp_path) in lines[-1]


def test_import_is_light(tmp_path):
    heavy = "print([m for m in ('sklearn', 'matplotlib', 'pandas') if m in sys.modules])"
    assert run(f"import sys, fastreg\n{heavy}", tmp_path, cache=False).stdout.strip() == "[]"
    fit = "fastreg.fit_path([[0], [1], [2]], [0, 1, 1], n_alphas=2)"
    assert run(f"import sys, fastreg\n{fit}\n{heavy}", tmp_path, cache=False).stdout.strip() == "[]"


def test_public_names_exist():
    for name in fastreg.__all__:
        assert getattr(fastreg, name) is not None
    assert "warmup" in dir(fastreg)
