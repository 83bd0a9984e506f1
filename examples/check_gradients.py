"""Check every family's gradient by finite differences, and every fit against a general-purpose minimiser.

scipy.optimize.check_grad compares the derivative of each loss with its residual; scipy.optimize.minimize
(BFGS) then solves the ridge problem of each family from scratch.
"""

import numpy as np
from scipy.optimize import check_grad, minimize

import fastreg
from fastreg.objective.families import FAMILIES, linearise, total_loss


def main():
    rng = np.random.default_rng(0)
    n, p, alpha = 60, 4, 0.05
    X = rng.normal(size=(n, p))
    signal = X @ [0.6, -0.4, 0.2, 0.0] + 0.3
    responses = {
        "gaussian": signal + rng.normal(size=n),
        "binomial": (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(float),
        "poisson": rng.poisson(np.exp(signal)).astype(float),
        "gamma": rng.gamma(2.0, np.exp(signal) / 2),
    }
    assert set(responses) == set(FAMILIES)
    weight = np.full(n, 1 / n)
    design = np.column_stack([np.ones(n), X])
    for name, y in responses.items():
        family = FAMILIES[name](y, weight)

        def loss(eta, family=family):
            residual = np.empty(n)
            linearise(family, eta, residual, np.empty(n))
            return total_loss(family, eta), -residual

        error = check_grad(lambda eta: loss(eta)[0], lambda eta: loss(eta)[1], signal)

        def objective(b):
            value, gradient = loss(design @ b)
            return value + 0.5 * alpha * b[1:] @ b[1:], design.T @ gradient + alpha * np.r_[0.0, b[1:]]

        found = minimize(objective, np.zeros(p + 1), jac=True, method="BFGS", options={"gtol": 1e-10}).x
        path = fastreg.fit_path(X, y, family=name, l1_ratio=0.0, alphas=[alpha], tol=1e-14)
        coef, intercept = path.coef(alpha)
        difference = np.abs(found - np.r_[intercept, coef]).max()
        print(f"{name:>9}: gradient off by {error:.1e}, coefficients off by {difference:.1e} from BFGS")
        assert error < 1e-6 and difference < 1e-6


if __name__ == "__main__":
    main()
