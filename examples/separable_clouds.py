"""Two clouds that a line separates: finite weights by logistic ridge; "separable" without a penalty.

Without a penalty the likelihood rises for ever as the weights grow, so that an honest solver cannot
return "the" answer.
"""

import warnings

import numpy as np

import fastreg


def main():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(2.0, 0.6, size=(50, 2)), rng.normal(-2.0, 0.6, size=(50, 2))])
    y = np.repeat([1.0, 0.0], 50)

    alpha = 0.1 / y.size  # sum of losses + (lambda / 2) ||w||^2 with lambda = 0.1, divided by n
    ridge = fastreg.fit_path(X, y, family="binomial", l1_ratio=0.0, alphas=[alpha])
    coef, intercept = ridge.coef(alpha)
    print(f"lambda = 0.1: weights {np.round(coef, 3)}, intercept {intercept:.3f}, {ridge.reasons[0]}")
    assert ridge.converged and np.all(np.isfinite(coef)) and np.all(coef > 0) and np.linalg.norm(coef) < 10

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        free = fastreg.fit_path(X, y, family="binomial", alphas=[0.0])
    coef, _ = free.coef(0.0)
    print(f"no penalty:   weights {np.round(coef, 3)}, {free.reasons[0]}")
    print(f"the warning:  {caught[0].message}")
    assert free.reasons == ["separable"] and np.all(np.isfinite(coef))
    assert len(caught) == 1 and issubclass(caught[0].category, fastreg.ConvergenceWarning)


if __name__ == "__main__":
    main()
