"""Makes glmnet_terms.json: what glmnet finds for a penalty in its own terms, of every family, weights and scalings.

    python tests/reference/make_glmnet_terms.py        (needs R with glmnet 4.1: Debian's r-cran-glmnet)

Nothing is translated here: lambda, alpha, weights and factors are what glmnet was given, coefs what it returned. The
tests fit the penalty that fastreg.convert_penalty makes of them.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from make_glmnet import plain, send, solve

HERE = Path(__file__).parent
N, P = 24, 5
FACTOR = np.array([1.0, 0.0, 2.0, 0.3, np.inf])


def case(
    name, family, lambdas, *, alpha=0.4, weighted=False, offset=False, factor=None, intercept=True, standardize=False
):
    """Settings and data of one case; several responses as columns of y."""
    rng = np.random.default_rng(sum(map(ord, name)))
    X = (rng.normal(size=(N, P)) * np.geomspace(0.5, 2, P) + 0.3).round(3)
    eta = X @ np.array([0.6, -0.4, 0.2, 0.0, 0.1]) - 0.2
    y = {
        "gaussian": lambda: 5.0 * eta + rng.normal(size=N) + 3.0,
        "binomial": lambda: rng.binomial(6, 1 / (1 + np.exp(-eta))) / 6.0,
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "gamma": lambda: rng.gamma(3.0, np.exp(eta) / 3.0),
        "multinomial": lambda: np.eye(3)[np.argmax(np.outer(eta, [-1, 0, 1]) + rng.gumbel(size=(N, 3)), axis=1)],
        "mgaussian": lambda: np.outer(eta, [4.0, -1.0]) + rng.normal(size=(N, 2)),
    }[family.removesuffix("()")]()
    return {
        "name": name, "family": family, "lambda": np.array(lambdas), "alpha": alpha, "X": X, "y": y.round(4),
        "weight": rng.uniform(0.5, 3.0, N).round(2) if weighted else None,
        "offset": rng.normal(size=N).round(2) if offset else None,
        "factor": factor, "fit_intercept": intercept, "standardize": standardize,
    }  # fmt: skip


CASES = [
    case("gaussian", "gaussian", [1.0, 0.3, 0.05]),
    case("gaussian-lasso", "gaussian", [1.0, 0.3, 0.05], alpha=1.0, weighted=True),
    case("gaussian-ridge", "gaussian", [3.0, 0.3], alpha=0.0, weighted=True),
    case("gaussian-everything", "gaussian", [1.0, 0.2], weighted=True, offset=True, factor=FACTOR, standardize=True),
    case("gaussian-no-intercept", "gaussian", [1.0, 0.2], weighted=True, intercept=False),
    case("gaussian-object", "gaussian()", [1.0, 0.2], weighted=True, factor=FACTOR),
    case("binomial", "binomial", [0.1, 0.02], weighted=True, factor=FACTOR),
    case("binomial-plain", "binomial", [0.1, 0.02], weighted=True),
    case("poisson", "poisson", [0.2, 0.03], weighted=True, factor=FACTOR, standardize=True),
    case("gamma", "gamma", [0.2, 0.03], weighted=True, factor=FACTOR),
    case("multinomial", "multinomial", [0.05, 0.01], weighted=True),
    case("mgaussian", "mgaussian", [0.5, 0.1]),
    case("mgaussian-weights", "mgaussian", [0.5, 0.1], weighted=True),
]


def main():
    arrays = ("lambda", "X", "y", "weight", "offset", "factor")
    with TemporaryDirectory() as folder:
        for each in CASES:
            settings = {name: each[name] for name in ("family", "fit_intercept", "standardize")}
            settings |= {"l1_ratio": each["alpha"], "sparse": False, "p": P}
            send({name: each[name] for name in arrays}, settings, Path(folder) / each["name"])
        made_by = solve(folder)
        for each in CASES:
            found = Path(folder) / each["name"]
            each["coefs"] = np.fromfile(found / "coefs", "<f8").reshape(len(each["lambda"]), -1).T
            each["intercepts"] = np.fromfile(found / "intercepts", "<f8")
            print(f"{each['name']:24} coefficients not zero: {np.count_nonzero(each['coefs'], axis=0)}")
    cases = [json.dumps({name: plain(value) for name, value in each.items()}) for each in CASES]
    lines = ['{"made_by": ' + json.dumps(made_by) + ', "cases": [', ",\n".join(cases), "]}"]
    (HERE / "glmnet_terms.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
