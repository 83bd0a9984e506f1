"""inference_peers.json: tables, sandwiches, Firth fits, debiased estimates and knockoffs on problems.base(), by others.

What R (stats, sandwich, brglm2), statsmodels, glum, firthmodels, hidimstat and knockpy say, with their versions;
nothing is computed here. Needs them all (Debian: r-cran-sandwich, r-cran-brglm2). Run:
python tests/reference/make_inference_peers.py
"""

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import firthmodels
import glum
import hidimstat
import numpy as np
import statsmodels.api as sm
from knockpy.knockoff_stats import data_dependent_threshhold
from knockpy.mrc import solve_mvr
from sklearn.linear_model import Lasso, LassoCV

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from problems import base  # noqa: E402

P = base()
X, W, O = P["X"], P["weight"], P["offset"]
N = len(X)
A = np.column_stack([np.ones(N), X])
GROUPS = np.arange(N) % 12
FAMILIES = {
    "gaussian": ("gaussian", "gaussian()", sm.families.Gaussian(), "normal"),
    "binomial": ("binary", "binomial()", sm.families.Binomial(), "binomial"),
    "poisson": ("count", "poisson()", sm.families.Poisson(), "poisson"),
    "gamma": ("positive", "Gamma('log')", sm.families.Gamma(sm.families.links.Log()), "gamma"),
}
SEPARATED = (X[:, 0] > 0.2).astype(float)


def plain(values):
    return [float(f"{value:.14g}") for value in np.ravel(values)]


def by_r(script, **columns):
    """{name: numbers} of lines that the script says; the columns are there as vectors, X as a matrix."""
    with tempfile.TemporaryDirectory() as folder:
        for name, values in columns.items():
            np.savetxt(f"{folder}/{name}.csv", values, delimiter=",", fmt="%.17g")
        read = "".join(
            f"{name} <- {'as.matrix' if np.ndim(values) == 2 else 'unlist'}(read.csv('{name}.csv', header=FALSE))\n"
            for name, values in columns.items()
        )
        say = "say <- function(name, values) cat(name, '|', format(values, digits=15), '\\n')\n"
        done = subprocess.run(
            ["Rscript", "-e", f"setwd('{folder}')\n{read}{say}{script}"], capture_output=True, text=True
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    lines = (line.split("|") for line in done.stdout.splitlines() if "|" in line)
    return {name.strip(): plain(np.array(numbers.split(), dtype=float)) for name, numbers in lines}


def r_tables():
    """summary(glm(...)) with weights and an offset, and sandwich's covariances of the same fit."""
    out = {}
    for name, (response, code, _, _) in FAMILIES.items():
        out[name] = by_r(
            "suppressMessages(library(sandwich))\n"
            f"f <- suppressWarnings(glm(y ~ X, family={code}, weights=w, offset=o, "
            "control=list(epsilon=1e-16, maxit=200)))\n"
            "s <- summary(f)\n"
            "say('estimate', s$coefficients[,1]); say('se', s$coefficients[,2]); say('statistic', s$coefficients[,3])\n"
            "say('p_value', s$coefficients[,4]); say('dispersion', s$dispersion); say('degrees_left', s$df.residual)\n"
            "se <- function(v) sqrt(diag(v))\n"
            "say('HC0', se(vcovHC(f, type='HC0'))); say('HC1', se(vcovHC(f, type='HC1')))\n"
            "say('cluster', se(vcovCL(f, cluster=g, type='HC1', cadjust=TRUE)))\n",
            X=X, y=P[response], w=W, o=O, g=GROUPS,
        )  # fmt: skip
    return out


def r_firth():
    """brglm2's mean-bias reduction of logistic fits, which is Firth's: with an offset, and for separable classes."""
    script = (
        "suppressMessages(library(brglm2))\n"
        "f <- glm(y ~ X, family=binomial, offset=o, method='brglmFit', type='AS_mean', epsilon=1e-14, maxit=1000)\n"
        "s <- summary(f); say('estimate', s$coefficients[,1]); say('se', s$coefficients[,2])\n"
    )
    return {
        "offset": by_r(script, X=X, y=P["binary"], o=O),
        "separated": by_r(script, X=X[:, :2], y=SEPARATED, o=np.zeros(N)),
    }


def statsmodels_tables():
    """Standard errors of sm.GLM: var_weights are weights="precision", freq_weights are "frequency"."""
    out = {}
    counts = 1 + np.arange(N) % 3
    for name, (response, _, family, _) in FAMILIES.items():
        scale = "X2" if name in ("gaussian", "gamma") else None
        given = {"tol": 1e-15, "maxiter": 200, "scale": scale}
        y = P[response]
        model = sm.GLM(y, A, family, offset=O, var_weights=W)
        out[name] = {
            "se": plain(model.fit(**given).bse),
            "HC0": plain(model.fit(cov_type="HC0", **given).bse), "HC1": plain(model.fit(cov_type="HC1", **given).bse),
            "cluster": plain(model.fit(cov_type="cluster", cov_kwds={"groups": GROUPS}, **given).bse),
            "frequency": plain(sm.GLM(y, A, family, offset=O, freq_weights=counts).fit(**given).bse),
        }  # fmt: skip
    return out


def glum_tables():
    """coef_table of unpenalised fits, unweighted, with an offset."""
    out = {}
    for name, (response, _, _, family) in FAMILIES.items():
        y = P[response]
        model = glum.GeneralizedLinearRegressor(alpha=0.0, family=family, link=None if name != "gamma" else "log",
                                                gradient_tol=1e-13, max_iter=500).fit(X, y, offset=O)  # fmt: skip
        out[name] = {}
        for kind, given in {"model": {"robust": False}, "HC1": {"robust": True, "expected_information": True},
                            "cluster": {"clusters": GROUPS, "expected_information": True}}.items():  # fmt: skip
            table = model.coef_table(X=X, y=y, offset=O, **given)
            out[name][kind] = {each: plain(table[each]) for each in ("coef", "se", "p_value", "ci_lower", "ci_upper")}
    return out


def firthmodels_fits():
    """Likelihood ratio tests and profile intervals of Firth fits; with finer tolerances its tests fail."""
    out = {}
    for name, x, y in (("base", X, P["binary"]), ("separated", X[:, :2], SEPARATED)):
        model = firthmodels.FirthLogisticRegression(gtol=1e-6, xtol=1e-6, max_iter=500).fit(x, y).lrt()
        interval = model.conf_int(method="pl", tol=1e-11, max_iter=500)
        last = {"p_value": model.lrt_pvalues_, "interval": interval}  # the intercept's
        out[name] = {each: np.roll(values, 1, axis=0).tolist() for each, values in last.items()}
    return out


def hidimstat_debiased():
    """The desparsified lasso of columns of standard deviation 1, nodewise lassos at 0.1."""
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    y = P["gaussian"] - P["gaussian"].mean()
    first = LassoCV(alphas=[0.1], fit_intercept=False, tol=1e-13, max_iter=100_000).fit(Z, y)
    model = hidimstat.DesparsifiedLasso(
        estimator=first, model_x=Lasso(alpha=0.1, fit_intercept=False, tol=1e-14, max_iter=100_000)
    ).fit(Z, y)
    return {"estimate": plain(model.importances_), "precision_diagonal": plain(model.precision_diagonal_)}


def knockpy_numbers():
    """The mvr S matrix of correlations 0.5^|i - j|, and cuts of the statistics of inference.json."""
    Sigma = 0.5 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    statistics = json.loads((HERE / "inference.json").read_text())["knockoffs"]["statistics"]
    return {
        "mvr": plain(np.diag(solve_mvr(Sigma, tol=1e-12, num_iter=500, converge_tol=1e-12))),
        "cuts": {
            f"q={q}, offset={offset}": float(min(data_dependent_threshhold(np.array(statistics), q, offset), 1e300))
            for q in (0.1, 0.2, 0.3) for offset in (0, 1)
        },
    }  # fmt: skip


def versions():
    packages = ("statsmodels", "glum", "firthmodels", "hidimstat", "knockpy")
    found = subprocess.run(
        ["Rscript", "-e", "for (p in c('stats', 'sandwich', 'brglm2')) cat(p, as.character(packageVersion(p)), '\\n')"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    r = {f"R {line.split()[0]}": line.split()[1] for line in found.stdout.splitlines()}
    return r | {each: importlib.metadata.version(each) for each in packages}


if __name__ == "__main__":
    found = {
        "versions": versions(), "groups": "row number modulo 12", "counts": "1 + row number modulo 3", "r": r_tables(),
        "brglm2": r_firth(), "statsmodels": statsmodels_tables(), "glum": glum_tables(),
        "firthmodels": firthmodels_fits(), "hidimstat": hidimstat_debiased(), "knockpy": knockpy_numbers(),
    }  # fmt: skip
    (HERE / "inference_peers.json").write_text(json.dumps(found, indent=1) + "\n")
