"""What do costs depend on, and how sure is that? A gamma regression: mode, draws of three chains, summary, prediction.

Costs of 500 patients, positive and skewed, from five measurements with weak priors. The mode comes with a certificate,
the chains with diagnostics, and the probability of a statement is a count of draws.
"""

import numpy as np

from fastreg import fit_path, posterior

NAMES = [f"x_{j}" for j in range(1, 6)]
TRUTH = np.array([0.5, -0.3, 0.0, 0.1, 0.0])


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5))
    y = rng.gamma(2.0, np.exp(1.0 + X @ TRUTH) / 2.0)

    path = fit_path(X, y, family="gamma", alphas=[0.0], feature_names=NAMES)
    fit = posterior(path, X, y, prior_sd=10.0, draws=2000, chains=3, seed=0)
    print(fit, "\n")
    print("mode:", {name: round(value, 3) for name, value in fit.map.items()}, f"(gap {fit.path.gaps[0]:.1e})")

    draws = dict(zip(fit.names, np.moveaxis(fit.draws, 2, 0)))
    print(f"x_4 raises costs with probability {np.mean(draws['x_4'] > 0.0):.3f}")
    print(f"x_1 matters more than x_2 with probability {np.mean(draws['x_1'] > np.abs(draws['x_2'])):.3f}")
    low, high = np.quantile(fit.predict(np.eye(5)[:1], kind="draws"), [0.03, 0.97])
    print(f"a patient with x_1 = 1 costs {low:.2f} to {high:.2f} on average (made with {np.exp(1.5):.2f})")

    summary = fit.summary()
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 2000
    assert np.all((summary["hdi_3%"][1:] < TRUTH) & (summary["hdi_97%"][1:] > TRUTH))
    assert fit.path.gaps[0] < 1e-9 and low < np.exp(1.5) < high


if __name__ == "__main__":
    main()
