"""asv_bench/table.py, on a tiny problem: whoever is in its table has reached the target, by a check that is right."""

import os
import subprocess
import sys
from pathlib import Path

import isolated
import naive
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

import fastreg

BENCH = Path(__file__).parents[2] / "asv_bench"
sys.path.insert(0, str(BENCH))
from benchmarks import datasets  # noqa: E402
from benchmarks.optimality import bounds  # noqa: E402


def rows_of(text):
    """The cells of all tables in Markdown, without their headings."""
    lines = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip(" *") for cell in line] for line in lines]


@pytest.mark.process
def test_the_table_of_a_tiny_problem(tmp_path):
    problem = datasets.dense(60, 8, active=3, n_alphas=5)
    np.save(tmp_path / "X.npy", problem.X)
    np.save(tmp_path / "y.npy", problem.y)
    command = [sys.executable, BENCH / "table.py", "X.npy,y.npy", "--rounds", "1", "--target", "1e-7"]
    command += ["--engines", "fastreg", "scikit-learn"]
    environment = os.environ | {"PYTHONPATH": str(BENCH.parent)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=isolated.LIMIT
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    engines = {row[0]: row for row in rows if row[0] in ("fastreg", "scikit-learn")}
    assert set(engines) == {"fastreg", "scikit-learn"}
    assert all(float(row[1]) > 0 and float(row[3]) <= 1e-7 for row in engines.values())
    assert float(engines["fastreg"][4]) <= 1e-4 and float(engines["fastreg"][5]) > 0
    assert rows[-1][:2] == ["X.npy,y.npy", "60 × 8"]
    assert {rows[-1][2], rows[-1][3]} == {f"{float(row[1]):.3f}" for row in engines.values()}


@few(2)
@pytest.mark.parametrize("kind", [np.asfortranarray, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_its_check_agrees_with_the_naive_gap(family, l1_ratio, kind):
    """At optimal coefficients both bounds meet; at poor ones they are apart, the optimum between them."""
    drawn = datasets.dense(60, 8, family, active=3, l1_ratio=l1_ratio, n_alphas=4)
    problem = datasets.Problem(kind(drawn.X), drawn.y, family, l1_ratio, n_alphas=4)
    path = fastreg.fit_path(**problem.options, alphas=problem.alphas, tol=1e-13)
    primal, dual = bounds(problem, path.coefs)
    assert np.all(np.abs(primal - dual) <= 1e-10)
    poor, worse_dual = bounds(problem, 0.9 * path.coefs.toarray())
    assert np.all(poor[1:] > primal[1:] + 1e-6) and np.all(worse_dual <= dual + 1e-12)
    options = {"family": family, "l1_ratio": l1_ratio}
    scale = naive.null_scale(drawn.X, drawn.y, **options)
    best = [naive.duality_gap(drawn.X, drawn.y, *path.coef(a), a, **options) / scale for a in problem.alphas]
    assert max(best) <= 1e-12
