"""L2 is a Gaussian prior, L1 a Laplace prior: the penalised fit is the mode of that posterior, whoever computes it.

A logistic regression of 60 rows. The log posterior is written with densities from scipy.stats and maximised by a
general-purpose minimiser; fastreg gets the penalty that the prior stands for: n alpha is the precision 1 / tau^2 of the
Gaussian, and 1 / scale of the Laplace. The picture shows the posterior along one coefficient whose mode is zero: under
the Laplace prior it has a kink there, which small changes of the data do not move.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

import fastreg

PRIORS = {"Gaussian": (0.0, stats.norm(scale=0.5)), "Laplace": (1.0, stats.laplace(scale=0.25))}  # l1_ratio, prior


def log_likelihood(X, y, coef):
    return stats.bernoulli.logpmf(y, expit(X @ coef)).sum()


def posterior_mode(X, y, prior):
    """By L-BFGS-B over b = u - v with u, v >= 0, where the log prior log p(u) + log p(v) - log p(0) has no kink."""
    p = X.shape[1]

    def cost(parts):
        return -log_likelihood(X, y, parts[:p] - parts[p:]) - prior.logpdf(parts).sum() + p * prior.logpdf(0.0)

    options = {"ftol": 1e-15, "gtol": 1e-9, "maxfun": 10**6, "maxiter": 10**5}
    parts = minimize(cost, np.full(2 * p, 0.1), jac="3-point", bounds=[(0.0, None)] * (2 * p), options=options).x
    return parts[:p] - parts[p:]


def draw(ax, name, X, y, coef, j, prior):
    """Log prior, log likelihood and log posterior along coefficient j, each less its largest value."""
    line = np.sort(np.append(np.linspace(-1.0, 1.0, 400), 0.0))
    moved = np.tile(coef, (line.size, 1))
    moved[:, j] = line
    likelihood = np.array([log_likelihood(X, y, each) for each in moved])
    for values, style, label in (
        (prior.logpdf(line), "--", "log prior"),
        (likelihood, ":", "log likelihood"),
        (likelihood + prior.logpdf(line), "-", "log posterior"),
    ):
        ax.plot(line, values - values.max(), style, color="black", label=label)
    ax.axvline(coef[j], color="tab:red", linewidth=1, label=f"fastreg: {coef[j]:.3f}")
    ax.set(title=f"{name} prior", xlabel=f"coefficient {j + 1}", ylim=(-4.0, 0.2))
    ax.legend(loc="lower center", framealpha=1.0)


def main(picture="priors.png"):
    rng = np.random.default_rng(5)
    n = 60
    X = rng.normal(size=(n, 3))
    y = (rng.random(n) < expit(X @ [1.5, -1.0, 0.0])).astype(float)
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for ax, (name, (l1_ratio, prior)) in zip(figure.subplots(1, 2, sharey=True), PRIORS.items()):
        rate = 1.0 / prior.std() ** 2 if l1_ratio == 0 else 1.0 / prior.kwds["scale"]
        penalty = {"l1": rate * l1_ratio, "l2": rate * (1.0 - l1_ratio)}
        terms = fastreg.convert_penalty(penalty, "sum of losses", "fit_path", total_weight=n, half_l2=True)
        path = fastreg.fit_path(X, y, family="binomial", **terms, fit_intercept=False, tol=1e-12)
        coef, _ = path.coef(rate / n)
        mode = posterior_mode(X, y, prior)
        print(f"{name} prior, n alpha = {rate:g}: penalised fit {coef.round(4)}, posterior mode {mode.round(4)}")
        assert path.converged and np.allclose(coef, mode, rtol=0, atol=1e-4)
        assert (coef[2] == 0.0) == (name == "Laplace")
        draw(ax, name, X, y, coef, 2, prior)
    figure.axes[0].set_ylabel("less its largest value")
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
