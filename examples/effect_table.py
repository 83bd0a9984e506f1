"""How many claims a year, by what, and how sure is that? Estimates, intervals and what overdispersion does to them.

Claims of 4,000 policies over different times: a Poisson model with an offset, its table, and the same with standard
errors by region, since policies of a region share weather that is in no column.
"""

import numpy as np

from fastreg import fit_path, table

NAMES = ["young driver", "power (100 kW)", "age of car (10 years)", "town"]
TRUTH = np.array([0.5, 0.3, 0.0, 0.2])


def main():
    rng = np.random.default_rng(0)
    region = rng.integers(0, 80, 4000)
    X = np.column_stack([
        rng.random(4000) < 0.15, rng.gamma(4.0, 0.2, 4000), rng.gamma(2.0, 0.4, 4000), (rng.random(80) < 0.4)[region],
    ]).astype(float)  # fmt: skip
    years = rng.uniform(0.1, 3.0, 4000)
    weather = rng.gamma(4.0, 0.25, 80)[region]  # of mean one
    claims, offset = rng.poisson(years * weather * np.exp(-2.0 + X @ TRUTH)), np.log(years)

    path = fit_path(X, claims, family="poisson", alphas=[0.0], offset=offset, feature_names=NAMES)
    plain = table(path, X, claims, offset=offset)
    groups = table(path, X, claims, offset=offset, covariance="cluster", groups=region)
    print(plain, "\n")
    print(groups, "\n")
    for name, (low, high), truth in zip(NAMES, np.exp(groups.interval[1:]), np.exp(TRUTH)):
        print(f"{name:22s} multiplies claims by {low:.2f} to {high:.2f} (made with {truth:.2f})")

    town = plain.names.index("town")
    assert groups.se[town] > 1.5 * plain.se[town]  # towns are regions: 80 of them tell it, not 4,000 policies
    assert np.all((groups.lower[1:] < TRUTH) & (groups.upper[1:] > TRUTH))


if __name__ == "__main__":
    main()
