"""A target that is a proportion, exact 0 and 1 included: logistic fit with the counts as weights.

Three claims are checked. Predictions lie strictly inside (0, 1). The fit is the one that the single
trials, expanded to rows of 0 and 1, would give. Least squares on the logit, the usual workaround, cannot
take 0 and 1 at all; with these moved inside by some eps its answer depends on eps.
"""

import numpy as np

import fastreg


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5))
    truth = np.array([1.5, -1.0, 0.5, 0.0, 0.0])
    trials = rng.integers(1, 15, size=80)
    hits = rng.binomial(trials, 1 / (1 + np.exp(-(X @ truth))))
    share = hits / trials
    print(f"of 80 shares {np.sum(share == 0)} are 0 and {np.sum(share == 1)} are 1")

    options = {"family": "binomial", "alphas": [0.01], "tol": 1e-12}
    path = fastreg.fit_path(X, share, sample_weight=trials, **options)
    coef, intercept = path.coef(0.01)
    predicted = path.predict(X, 0.01)
    assert np.any(share == 0) and np.any(share == 1)
    assert path.converged and np.all((predicted > 0) & (predicted < 1))

    rows = np.repeat(np.arange(80), trials)
    single = np.concatenate([np.repeat([1.0, 0.0], [hit, total - hit]) for hit, total in zip(hits, trials)])
    expanded, constant = fastreg.fit_path(X[rows], single, **options).coef(0.01)
    print(f"{'truth':>32}", np.round(truth, 3))
    print(f"{'proportions, counts as weights':>32}", np.round(coef, 3))
    print(f"{f'{rows.size} single trials':>32}", np.round(expanded, 3))
    assert np.allclose(coef, expanded, atol=1e-6) and np.isclose(intercept, constant, atol=1e-6)

    for eps in (1e-2, 1e-6):
        inside = np.clip(share, eps, 1 - eps)
        design = np.column_stack([np.ones(80), X])
        root = np.sqrt(trials)
        workaround = np.linalg.lstsq(design * root[:, None], np.log(inside / (1 - inside)) * root, rcond=None)[0]
        print(f"{f'least squares on logit, eps {eps:g}':>32}", np.round(workaround[1:], 3))


if __name__ == "__main__":
    main()
