"""Makes glmnet.json: small seeded problems and their solutions by R's glmnet.

    python tests/reference/make_glmnet.py        (needs R with glmnet 4.1: Debian's r-cran-glmnet)

All numbers are in fastreg's objective. Three translations make glmnet's lambda its alpha:
gaussian   glmnet divides y - offset by its (1/W) standard deviation (without an intercept: root mean square)
           before it penalises, which matters for l1_ratio < 1: here y is drawn with that number equal to 1.
factors    glmnet rescales them to sum to p, a column left out counting 1: lambda = alpha sum(factors) / p.
weights    glmnet normalises them as fastreg does; a binomial y is a proportion, its weight a count.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import naive  # noqa: E402

FRACTIONS = np.array([0.9, 0.5, 0.25, 0.1, 0.04, 0.015])
ABSENT = dict.fromkeys(("weight", "offset", "factor"))


def draw(name, family, *, n=40, p=12, l1_ratio=1.0, weight=None, offset=None, factor=None, **flags):
    """A case without its solutions; flags are fit_intercept, standardize, sparse and unit (of y)."""
    rng = np.random.default_rng(sum(map(ord, name)))
    X = rng.normal(size=(n, p)) + 0.6 * rng.normal(size=(n, 1)) + 0.2
    if flags.get("standardize"):
        X *= np.geomspace(0.2, 5, p)
    if flags.get("sparse"):
        X *= rng.random((n, p)) < 0.25
    X = X.round(4)
    truth = np.where(np.arange(p) % 3 == 0, 0.5, 0.0) * (-1.0) ** np.arange(p) / X.std(axis=0)
    eta = 0.3 + X @ truth
    case = {"name": name, "family": family, "l1_ratio": l1_ratio}
    case |= {flag: flags.get(flag, flag == "fit_intercept") for flag in ("fit_intercept", "standardize", "sparse")}
    weight = None if weight is None else weight(rng, n)
    offset = None if offset is None else offset(rng, n)
    eta += 0 if offset is None else offset
    y = {
        "gaussian": lambda: eta + rng.normal(size=n),
        "binomial": lambda: rng.binomial(1, naive.Binomial.mean(eta)).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
    }[family]()
    if name == "binomial-proportions":
        y = rng.binomial(weight.astype(int), naive.Binomial.mean(eta)) / weight
    if family == "gaussian" and l1_ratio < 1:
        mean = np.average(y, weights=weight) if case["fit_intercept"] else 0.0
        y /= np.sqrt(np.average((y - mean) ** 2, weights=weight))
    return case | {"X": X, "y": y, "weight": weight, "offset": offset, "factor": factor}


def uniform_weights(rng, n):
    return np.r_[0.0, rng.uniform(0.1, 3, n - 1).round(3)]


def counts(rng, n):
    return rng.integers(1, 20, n).astype(float)


def offsets(rng, n):
    return (0.5 * rng.normal(size=n)).round(4)


FACTORS = np.array([1, 0, 2, 0.5, np.inf, 1, 1, 3, 1, 0.2, 1, 1])
CASES = [
    draw("gaussian-lasso", "gaussian"),
    draw("gaussian-enet", "gaussian", l1_ratio=0.5),
    draw("gaussian-enet-no-intercept", "gaussian", l1_ratio=0.5, fit_intercept=False),
    draw("gaussian-enet-weights", "gaussian", l1_ratio=0.5, weight=uniform_weights),
    draw("gaussian-ridge", "gaussian", l1_ratio=0.0),
    draw("gaussian-offset-factors", "gaussian", offset=offsets, factor=FACTORS),
    draw("gaussian-standardize", "gaussian", standardize=True, weight=uniform_weights),
    draw("gaussian-standardize-no-intercept", "gaussian", standardize=True, fit_intercept=False),
    draw("gaussian-sparse", "gaussian", sparse=True, standardize=True),
    draw("gaussian-wide", "gaussian", n=25, p=60),
    draw("binomial-lasso", "binomial"),
    draw("binomial-enet-factors", "binomial", l1_ratio=0.5, factor=FACTORS),
    draw("binomial-proportions", "binomial", l1_ratio=0.5, weight=counts, offset=offsets),
    draw("binomial-sparse-no-intercept", "binomial", sparse=True, fit_intercept=False),
    draw("poisson-lasso", "poisson"),
    draw("poisson-offset", "poisson", offset=offsets, l1_ratio=0.5),
    draw("poisson-everything", "poisson", l1_ratio=0.5, weight=uniform_weights, offset=offsets,
         factor=FACTORS, sparse=True, standardize=True),
]  # fmt: skip


def naive_options(case):
    """The keywords of naive."""
    names = ("family", "l1_ratio", "fit_intercept", "standardize", "weight", "offset", "factor")
    return {name: case[name] for name in names}


def choose_alphas(case):
    """A few points between alpha_max and a small fraction of it."""
    top = naive.alpha_max(case["X"], case["y"], **naive_options(case) | {"l1_ratio": max(case["l1_ratio"], 0.1)})
    fractions = FRACTIONS[:5] if case["name"] == "gaussian-wide" else FRACTIONS
    return np.array([float(f"{alpha:.4g}") for alpha in fractions * top])


def write(case, folder):
    """The case, translated, as glmnet.R reads it."""
    factor, p = case["factor"], case["X"].shape[1]
    share = 1.0 if factor is None else np.where(np.isinf(factor), 1, factor).sum() / p
    arrays = {"lambda": case["alphas"] * share} | {name: case[name] for name in ("X", "y", *ABSENT)}
    settings = {name: case[name] for name in ("family", "l1_ratio", "fit_intercept", "standardize", "sparse")}
    send(arrays, settings | {"p": p}, folder)


def send(arrays, settings, folder):
    """Files for glmnet.R: arrays of doubles by name, and a table of settings."""
    folder.mkdir()
    for name, array in arrays.items():
        if array is not None:
            (folder / name).write_bytes(np.asarray(array, "<f8").tobytes(order="F"))
    with (folder / "settings.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(zip(*settings.items()))


def solve(folder, script="glmnet.R"):
    """Run an R script on a folder of cases. Returns the versions that did it."""
    run = ["Rscript", "--vanilla", str(HERE / script), folder]
    return subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def read(case, folder):
    """glmnet's coefs (p x k) and intercepts."""
    coefs = np.fromfile(folder / "coefs", "<f8").reshape(len(case["alphas"]), -1).T
    return {"coefs": coefs, "intercepts": np.fromfile(folder / "intercepts", "<f8")}


def report(case):
    """The worst certificate of a case's solutions, printed."""
    options = naive_options(case)
    fits = [(c, b, a) for c, b, a in zip(case["coefs"].T, case["intercepts"], case["alphas"])]
    scale = naive.null_scale(case["X"], case["y"], **options)
    gap = max(naive.duality_gap(case["X"], case["y"], *fit, **options) for fit in fits) / scale
    kkt = max(naive.kkt_violation(case["X"], case["y"], *fit, **options) for fit in fits)
    sizes = [np.count_nonzero(coef) for coef, _, _ in fits]
    print(f"{case['name']:36} relative gap {gap:8.1e}   kkt {kkt:8.1e}   supports {sizes}")


def plain(value):
    """Arrays as lists, infinities as strings."""
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()] if value.ndim == 1 else [plain(row) for row in value]
    return "inf" if value == np.inf else value


def main():
    with TemporaryDirectory() as folder:
        for case in CASES:
            case["alphas"] = choose_alphas(case)
            write(case, Path(folder) / case["name"])
        made_by = solve(folder)
        for case in CASES:
            case |= read(case, Path(folder) / case["name"])
            report(case)
    cases = [json.dumps({name: plain(value) for name, value in case.items()}) for case in CASES]
    lines = ['{"made_by": ' + json.dumps(made_by) + ', "cases": [', ",\n".join(cases), "]}"]
    (HERE / "glmnet.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
