"""Numbers of R, statsmodels, glum, brglm2, firthmodels, hidimstat and knockpy (reference/inference_peers.json).

Where another package's number is another one, the test says by what.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from grids import few
from problems import base

from fastreg import debiased, fit_path, table
from fastreg.inference.gaussian_copies import minimum_reconstructability
from fastreg.inference.knockoffs import cut

FOLDER = Path(__file__).parents[1] / "reference"
STORED = json.loads((FOLDER / "inference_peers.json").read_text())
P = base()
X, N = P["X"], 60
RESPONSES = {"gaussian": "gaussian", "binomial": "binary", "poisson": "count", "gamma": "positive"}
ESTIMATED = ("gaussian", "gamma")  # dispersion
ROWS = {"sample_weight": P["weight"], "offset": P["offset"]}
GROUPS = {"covariance": "cluster", "groups": np.arange(N) % 12}
CORRECTION = np.sqrt(N / (N - 9))  # of HC1 with nine coefficients
SEPARATED = (X[:, 0] > 0.2).astype(float)


def close(found, expected, size=1e-13):
    np.testing.assert_allclose(found, expected, rtol=0, atol=size * max(1.0, np.max(np.abs(expected))))


def tables(family, rows):
    """A function of options of `table`, for an unpenalised fit."""
    y = P[RESPONSES[family]]
    path = fit_path(X, y, family=family, alphas=[0.0], **rows)
    return lambda **options: table(path, X, y, **rows, **options)


@pytest.mark.parametrize("family", RESPONSES)
def test_tables_and_sandwiches_are_those_of_r(family):
    """Those of stats::summary.glm and of sandwich::vcovHC and vcovCL, to what glm converges to."""
    wanted, made = STORED["r"][family], tables(family, ROWS)
    size = 5e-9 if family == "gamma" else 2e-11
    found = made()
    for name in ("estimate", "se", "statistic", "p_value", "dispersion", "degrees_left"):
        close(getattr(found, name), wanted[name], size)
    for options in ({"covariance": "HC0"}, {"covariance": "HC1"}, GROUPS):
        close(made(**options).se, wanted[options["covariance"]], size)


@pytest.mark.parametrize("family", RESPONSES)
def test_standard_errors_are_those_of_statsmodels(family):
    """Its sandwiches have the observed information, and its GLM gives HC0 under the name HC1."""
    wanted, made = STORED["statsmodels"][family], tables(family, ROWS)
    close(made().se, wanted["se"])
    for options in ({"covariance": "HC0"}, GROUPS):
        close(made(information="observed", **options).se, wanted[options["covariance"]])
    close(made(information="observed", covariance="HC1").se, CORRECTION * np.array(wanted["HC1"]))
    close(wanted["HC1"], wanted["HC0"])
    counts = {"sample_weight": 1 + np.arange(N) % 3, "offset": P["offset"]}
    close(tables(family, counts)(weights="frequency").se, wanted["frequency"])


@pytest.mark.parametrize("family", RESPONSES)
def test_tables_are_those_of_glums_coef_table(family):
    """It estimates the dispersion in every family, takes HC1's correction in the model's covariance too, and normal
    quantiles."""
    wanted, made = STORED["glum"][family], tables(family, {"offset": P["offset"]})
    for kind, options in {"HC1": {"covariance": "HC1"}, "cluster": GROUPS}.items():
        found = made(test="z", **options)
        columns = {"coef": found.estimate, "se": found.se, "p_value": found.p_value, "ci_lower": found.lower,
                   "ci_upper": found.upper}  # fmt: skip
        for name, values in columns.items():
            close(values, wanted[kind][name])
    close(CORRECTION * made(dispersion="pearson").se, wanted["model"]["se"])


def test_firths_correction_is_brglm2s():
    wanted = STORED["brglm2"]
    path = fit_path(X, P["binary"], family="binomial", alphas=[0.0], offset=P["offset"])
    found = table(path, X, P["binary"], offset=P["offset"], correction="firth")
    close(found.estimate, wanted["offset"]["estimate"])
    close(found.se, wanted["offset"]["se"])
    path = fit_path(X[:, :2], SEPARATED, family="binomial", alphas=[0.1])
    found = table(path, X[:, :2], SEPARATED, 0.0, correction="firth")
    close(found.estimate, wanted["separated"]["estimate"], 5e-12)
    close(found.se, wanted["separated"]["se"], 5e-12)


@few(1)
@pytest.mark.parametrize("case", ["base", "separated"])
def test_firths_profiles_are_those_of_firthmodels(case):
    """Intervals, and likelihood ratio tests to its tolerance."""
    x, y = (X, P["binary"]) if case == "base" else (X[:, :2], SEPARATED)
    wanted = STORED["firthmodels"][case]
    path = fit_path(x, y, family="binomial", alphas=[0.1])
    found = table(path, x, y, 0.0, correction="firth", interval="profile")
    close(found.interval, wanted["interval"], 1e-11)
    close(found.p_value, wanted["p_value"], 1e-6)


def test_debiased_estimates_are_those_of_hidimstat():
    Z, y = (X - X.mean(axis=0)) / X.std(axis=0), P["gaussian"]
    path = fit_path(Z, y, alphas=[0.1])
    found = debiased(path, Z, y, method="nodewise", nodewise_alpha=0.1, dispersion=0.25)
    close(found.estimate, STORED["hidimstat"]["estimate"], 1e-12)
    close(found.se**2 / 0.25 * N, STORED["hidimstat"]["precision_diagonal"], 1e-12)


def test_knockoffs_are_those_of_knockpy():
    """Its S matrix is smaller by one factor, by which it is made positive definite."""
    ratio = minimum_reconstructability(0.5 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5))))
    ratio = ratio / STORED["knockpy"]["mvr"]
    assert np.ptp(ratio) < 1e-6 and 1.0 < ratio[0] < 1.001
    statistics = np.array(json.loads((FOLDER / "inference.json").read_text())["knockoffs"]["statistics"])
    for case, threshold in STORED["knockpy"]["cuts"].items():
        fdr, plus = (float(word.partition("=")[2]) for word in case.split(", "))
        assert min(cut(statistics, fdr, bool(plus)), 1e300) == threshold
