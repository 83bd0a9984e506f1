"""Makes cv_glmnet.json: what cv.glmnet finds on given folds, with weights.

    python tests/reference/make_cv_glmnet.py        (needs R with glmnet 4.1: Debian's r-cran-glmnet)

glmnet divides a gaussian y by its standard deviation, another one in every fold: with l1_ratio = 1 that is of no
effect, and lambda is alpha.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from make_glmnet import plain, send, solve

HERE = Path(__file__).parent
N, P = 40, 5
RESULTS = ("mean", "std_error", "chosen", "predictions")


def case(family, metric, measure, l1_ratio):
    """Data and settings; measure is R's word for the metric."""
    rng = np.random.default_rng(sum(map(ord, metric)))
    X = (rng.normal(size=(N, P)) * np.geomspace(0.5, 3, P)).round(3)
    y = (X[:, 0] - 0.5 * X[:, 3] + rng.normal(size=N)).round(3)
    return {
        "family": family, "metric": metric, "measure": measure, "l1_ratio": l1_ratio, "X": X,
        "y": y if family == "gaussian" else (y > 0).astype(float), "weight": rng.uniform(0.5, 3.0, N).round(2),
        "fold": rng.permutation(np.arange(N) % 4).astype(float), "lambda": np.geomspace(0.4, 0.01, 5).round(4),
    }  # fmt: skip


CASES = [
    case("gaussian", "deviance", "deviance", 1.0),
    case("gaussian", "mae", "mae", 1.0),
    case("binomial", "deviance", "deviance", 0.5),
    case("binomial", "misclassification", "class", 1.0),
    case("binomial", "auc", "auc", 1.0),
]


def main():
    with TemporaryDirectory() as folder:
        for k, each in enumerate(CASES):
            settings = {name: each[name] for name in ("family", "measure", "l1_ratio")}
            send({name: each[name] for name in ("X", "y", "weight", "fold", "lambda")}, settings, Path(folder) / str(k))
        made_by = solve(folder, "cv_glmnet.R")
        for k, each in enumerate(CASES):
            each |= {name: np.fromfile(Path(folder) / str(k) / name, "<f8") for name in RESULTS}
            each["predictions"] = each["predictions"].reshape(-1, N).T
            print(each["family"], each["metric"], each["mean"].round(4))
    cases = [json.dumps({name: plain(value) for name, value in each.items()}) for each in CASES]
    lines = ['{"made_by": ' + json.dumps(made_by) + ', "cases": [', ",\n".join(cases), "]}"]
    (HERE / "cv_glmnet.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
