"""Claims a year of insured cars, in scikit-learn's form: counts with an exposure, and amounts.

Policies ran for different times, so the logarithm of the years is an offset. Drivers have two policies each, which stay
in one fold. PoissonRegressor takes the penalty as given, PoissonRegressorCV chooses its strength and kind, and with a
gamma model of the sizes of claims it gives the expected cost of a year.
"""

import numpy as np

from fastreg import GammaRegressor, PoissonRegressor, PoissonRegressorCV


def policies(n=4000, seed=0):
    """(features, years, driver, number of claims, mean size of the claims or NaN)."""
    rng = np.random.default_rng(seed)
    driver = np.arange(n) // 2
    age, power = rng.normal(size=n // 2)[driver], rng.normal(size=n)
    noise = rng.normal(size=(n, 6))
    years = rng.uniform(0.1, 2.0, size=n)
    claims = rng.poisson(years * np.exp(-1.0 - 0.4 * age + 0.2 * power))
    size = rng.gamma(3.0 * np.maximum(claims, 1), np.exp(7.0 + 0.3 * power) / (3.0 * np.maximum(claims, 1)))
    return np.column_stack([age, power, noise]), years, driver, claims, np.where(claims > 0, size, np.nan)


def main():
    X, years, driver, claims, size = policies()
    given = PoissonRegressor(alpha=0.001).fit(X, claims, offset=np.log(years))
    print("ridge, alpha 0.001:", given.coef_.round(2), f"gap {given.dual_gap_:.0e}")

    chosen = PoissonRegressorCV(l1_ratio=[0.0, 0.5, 1.0], rule="1se", cv=5)
    chosen.fit(X, claims, offset=np.log(years), groups=driver)
    print(f"chosen: l1_ratio {chosen.l1_ratio_}, alpha {chosen.alpha_:.3g}:", chosen.coef_.round(2))
    print(f"deviance explained: {chosen.score(X, claims, offset=np.log(years)):.3f}")
    assert abs(given.coef_[0] + 0.4) < 0.1 and np.all(chosen.coef_[:2] != 0.0)

    some = claims > 0  # the mean of k claims counts k times
    sizes = GammaRegressor(alpha=0.001).fit(X[some], size[some], sample_weight=claims[some])
    per_year = chosen.predict(X, offset=0.0) * sizes.predict(X)
    print(f"expected cost of a year: {per_year.min():.0f} to {per_year.max():.0f}")
    observed = np.nansum(claims * size)
    assert abs((per_year * years).sum() / observed - 1.0) < 0.1


if __name__ == "__main__":
    main()
