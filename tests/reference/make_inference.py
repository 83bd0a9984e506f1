"""inference.json: standard errors, intervals, selective tests, posteriors on problems.base(), each checked elsewhere.

Needs NumPy, SciPy, statsmodels, mpmath; R with MASS and brglm2. Run: python tests/reference/make_inference.py
"""
# ruff: noqa: B023

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import mpmath
import numpy as np
import statsmodels.api as sm
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import chi2, norm
from solve import newton

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from problems import base, digest  # noqa: E402

P = base()
X, W, O = P["X"], P["weight"], P["offset"]
N, C = X.shape
A = np.column_stack([np.ones(N), X])


def plain(value):
    return [float(f"{v:.14g}") + 0.0 for v in np.atleast_1d(value)]


def run_r(script, **tables):
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            np.savetxt(f"{folder}/{name}.csv", table, delimiter=",", fmt="%.17g")
        head = f"setwd('{folder}'); X <- as.matrix(read.csv('X.csv', header=FALSE))\n" + "".join(
            f"{k} <- unlist(read.csv('{k}.csv', header=FALSE))\n" for k in tables if k != "X"
        )
        pathlib.Path(folder, "run.R").write_text(
            head + "say <- function(n, v) cat(n, '|', format(v, digits=15), '\\n')\n" + script
        )
        done = subprocess.run(["Rscript", f"{folder}/run.R"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    return {
        line.split("|")[0].strip(): np.array(line.split("|")[1].split(), dtype=float)
        for line in done.stdout.splitlines()
        if "|" in line
    }


def wald():
    """Unpenalised fits: expected information, dispersion by Pearson's statistic over n - p, as R's glm has them."""
    families = {
        "gaussian": (
            "gaussian",
            "gaussian()",
            sm.families.Gaussian(),
            lambda m: np.ones(N),
            lambda m: np.ones(N),
            True,
        ),
        "binomial": (
            "binary",
            "binomial()",
            sm.families.Binomial(),
            lambda m: m * (1 - m),
            lambda m: m * (1 - m),
            False,
        ),
        "poisson": ("count", "poisson()", sm.families.Poisson(), lambda m: m, lambda m: m, False),
        "gamma": (
            "positive",
            "Gamma('log')",
            sm.families.Gamma(sm.families.links.Log()),
            lambda m: np.ones(N),
            lambda m: m**2,
            True,
        ),
    }
    out = {}
    for name, (response, code, family, fisher, variance, free) in families.items():
        y = P[response]
        fit = sm.GLM(y, A, family, offset=O, var_weights=W).fit(tol=1e-15, maxiter=200, scale="X2" if free else None)
        m = fit.fittedvalues
        information = (A.T * (W * fisher(m))) @ A
        phi = float((W * (y - m) ** 2 / variance(m)).sum() / (N - C - 1)) if free else 1.0
        cov = phi * np.linalg.inv(information)
        score = (
            A * (W * (y - m) * fisher(m) / variance(m))[:, None] if name != "gamma" else A * (W * (y - m) / m)[:, None]
        )
        bread = np.linalg.inv(information)
        sandwich = bread @ (score.T @ score) @ bread
        there = run_r(
            f"f <- glm(y ~ X, family={code}, weights=w, offset=o, control=list(epsilon=1e-16, maxit=200))\n"
            "s <- suppressWarnings(summary(f))\nsay('se', s$coefficients[,2]); say('phi', s$dispersion)\n",
            X=X,
            y=y,
            w=W,
            o=O,
        )
        out[name] = {
            "coef": plain(fit.params),
            "dispersion": phi,
            "se": plain(np.sqrt(np.diag(cov))),
            "se_sandwich_hc0": plain(np.sqrt(np.diag(sandwich))),
            "distance_from_r": float(np.abs(there["se"] - np.sqrt(np.diag(cov))).max()),
            "distance_from_statsmodels": float(np.abs(fit.bse - np.sqrt(np.diag(cov))).max()),
        }
        if name == "gamma":  # observed information differs where the link is not canonical
            observed = phi * np.linalg.inv((A.T * (W * y / m)) @ A)
            out[name]["se_observed"] = plain(np.sqrt(np.diag(observed)))
    return out


def logit_parts(z, l2=0.0):
    eta = O + A @ z
    m = 1.0 / (1.0 + np.exp(-eta))
    w = W / W.sum()
    y = P["binary"]
    value = float(w @ (np.logaddexp(0, eta) - y * eta))
    return value, -A.T @ (w * (y - m)), (A.T * (w * m * (1 - m))) @ A


def ridge_table():
    """Ridge logistic at alpha: the posterior's covariance (H + L2)^-1 / W and that of the estimator."""
    alpha, total = 0.05, W.sum()
    l2 = np.r_[0.0, np.full(C, alpha)]
    z = newton(logit_parts, np.zeros(C + 1), np.zeros(C + 1), l2)
    H = logit_parts(z)[2]
    M = np.linalg.inv(H + np.diag(l2))
    return {
        "alpha": alpha,
        "coef": plain(z),
        "se_posterior": plain(np.sqrt(np.diag(M) / total)),
        "se_estimator": plain(np.sqrt(np.diag(M @ H @ M) / total)),
        "degrees_of_freedom": float(np.trace(M @ H)),
        "prior_sd": float(1 / np.sqrt(alpha * total)),
        "log_evidence_laplace": laplace_evidence(z, l2, H),
    }


def laplace_evidence(z, l2, H):
    """log of the integral of likelihood times prior by Laplace, a flat prior on the intercept."""
    total = W.sum()
    prior = -0.5 * total * float(l2 @ z**2) + 0.5 * float(np.log(total * l2[1:] / (2 * np.pi)).sum())
    return float(
        -total * logit_parts(z)[0]
        + prior
        + 0.5 * z.size * np.log(2 * np.pi)
        - 0.5 * np.linalg.slogdet(total * (H + np.diag(l2)))[1]
    )


def profiles():
    """95 % intervals of an unpenalised logistic fit by its profile likelihood, weights as counts; R's confint."""
    free = newton(logit_parts, np.zeros(C + 1), np.zeros(C + 1), np.zeros(C + 1))
    best, total, half = logit_parts(free)[0], W.sum(), 0.5 * chi2.ppf(0.95, 1)
    out = []
    for j in range(C + 1):
        keep = np.delete(np.arange(C + 1), j)

        def excess(value):
            def parts(rest):
                z = np.empty(C + 1)
                z[keep], z[j] = rest, value
                f, g, H = logit_parts(z)
                return f, g[keep], H[np.ix_(keep, keep)]

            rest = newton(parts, free[keep], np.zeros(C), np.zeros(C))
            return total * (parts(rest)[0] - best) - half

        se = np.sqrt(np.linalg.inv(total * logit_parts(free)[2])[j, j])
        out.append(
            [
                brentq(excess, free[j] - 6 * se, free[j], xtol=1e-12),
                brentq(excess, free[j], free[j] + 6 * se, xtol=1e-12),
            ]
        )
    there = run_r(
        "suppressMessages(library(MASS)); f <- glm(y ~ X, family=binomial, weights=w, offset=o, control="
        "list(epsilon=1e-15, maxit=100))\nci <- suppressMessages(suppressWarnings(confint(f))); "
        "say('low', ci[,1]); say('high', ci[,2])\n",
        X=X,
        y=P["binary"],
        w=W,
        o=O,
    )
    return {
        "intervals": [plain(v) for v in out],
        "distance_from_r_spline": float(np.abs(np.array(out) - np.column_stack([there["low"], there["high"]])).max()),
    }


def firth():
    """Bias-reduced logistic fits: proportions (w y + h/2) / (w + h) with weights w + h, h the hat values."""
    out = {}
    for name, y, columns in (("base", P["binary"], A), ("separated", (X[:, 0] > 0.2).astype(float), A[:, :3])):
        z, W_ = np.zeros(columns.shape[1]), np.ones(N)
        for _ in range(500):
            m = 1.0 / (1.0 + np.exp(-columns @ z))
            d = W_ * m * (1 - m)
            M = np.linalg.inv((columns.T * d) @ columns)
            h = d * np.einsum("ij,jk,ik->i", columns, M, columns)
            weight, target = W_ + h, (W_ * y + 0.5 * h) / (W_ + h)
            for _ in range(50):
                m = 1.0 / (1.0 + np.exp(-columns @ z))
                step = np.linalg.solve(
                    (columns.T * (weight * m * (1 - m))) @ columns, columns.T @ (weight * (target - m))
                )
                step *= min(1.0, 5.0 / np.abs(columns @ step).max())
                z = z + step
                if np.abs(step).max() < 1e-15:
                    break
            m = 1.0 / (1.0 + np.exp(-columns @ z))
            d = W_ * m * (1 - m)
            h = d * np.einsum("ij,jk,ik->i", columns, np.linalg.inv((columns.T * d) @ columns), columns)
            if np.abs(columns.T @ (W_ * (y - m) + h * (0.5 - m))).max() < 1e-13:
                break
        there = run_r(
            "suppressMessages(library(brglm2)); f <- glm(y ~ X, family=binomial, method='brglmFit', "
            "type='AS_mean', epsilon=1e-14, maxit=1000); say('b', coef(f))\n",
            X=columns[:, 1:],
            y=y,
        )
        out[name] = {"coef": plain(z), "distance_from_brglm2": float(np.abs(there["b"] - z).max())}
    out["note"] = "no weights, no offset; separated: y = (x_0 > 0.2), columns 0 and 1"
    return out


def selective():
    """Tests given the lasso's support and signs (Lee et al. 2016), sigma known, y and X about their means."""
    y, Z = P["gaussian"] - P["gaussian"].mean(), X - X.mean(axis=0)
    alpha, sigma = 0.1, 0.5
    H, q = Z.T @ Z / N, Z.T @ y / N
    b = newton(lambda z: (0.5 * z @ H @ z - q @ z, H @ z - q, H), np.zeros(C), np.full(C, alpha), np.zeros(C))
    M, s = np.flatnonzero(b), np.sign(b[b != 0])
    XM, rest = Z[:, M], np.delete(np.arange(C), M)
    inverse = np.linalg.inv(XM.T @ XM)
    lam = N * alpha
    rows, limits = [-np.diag(s) @ inverse @ XM.T], [-lam * s * (inverse @ s)]
    if rest.size:
        project = np.eye(N) - XM @ inverse @ XM.T
        tilt = Z[:, rest].T @ XM @ inverse @ s
        for sign in (1.0, -1.0):
            rows.append(sign * Z[:, rest].T @ project / lam)
            limits.append(1.0 - sign * tilt)
    rows, limits = np.vstack(rows), np.concatenate(limits)
    out = []
    for k, j in enumerate(M):
        eta = XM @ inverse[:, k]
        square = float(eta @ eta)
        c = eta / square
        rest_y, Ac = y - c * (eta @ y), rows @ c
        room = limits - rows @ rest_y
        low = max([float(r / a) for r, a in zip(room, Ac) if a < 0], default=-np.inf)
        high = min([float(r / a) for r, a in zip(room, Ac) if a > 0], default=np.inf)
        x, sd = float(eta @ y), sigma * np.sqrt(square)
        assert low < x < high
        p = tail(x, 0.0, sd, low, high)
        limits_ = [
            brentq(lambda mu: tail(x, mu, sd, low, high) - level, x - 60 * sd, x + 60 * sd, xtol=1e-12)
            for level in (0.05, 0.95)
        ]
        out.append(
            {
                "column": int(j),
                "estimate": x,
                "sd": sd,
                "low": low,
                "high": high,
                "p_two_sided": float(2 * min(p, 1 - p)),
                "interval_90": plain(limits_),
                "p_by_mpmath": float(2 * min(exact_tail(x, sd, low, high), 1 - exact_tail(x, sd, low, high))),
            }
        )
    return {"alpha": alpha, "sigma": sigma, "coef": plain(b), "tests": out}


def log_between(a, b):
    """log(Phi(b) - Phi(a)), a < b, in whichever tail keeps digits."""
    if a > 0:
        a, b = -b, -a
    return log_ndtr(b) + np.log1p(-np.exp(log_ndtr(a) - log_ndtr(b)))


def tail(x, mu, sd, low, high):
    """P(Z > x) of a normal held between low and high."""
    a, b, c = (low - mu) / sd, (high - mu) / sd, (x - mu) / sd
    return float(np.exp(log_between(c, b) - log_between(a, b)))


def exact_tail(x, sd, low, high):
    mpmath.mp.dps = 40

    def F(v):
        return mpmath.ncdf(mpmath.mpf(v) / sd)

    return (F(high) - F(x)) / (F(high) - F(low))


def debiased():
    """Zhang and Zhang's score vectors by nodewise lassos at a given alpha; unweighted, about the means."""
    y, Z = P["gaussian"] - P["gaussian"].mean(), X - X.mean(axis=0)
    alpha, node, sigma = 0.1, 0.1, 0.5
    H, q = Z.T @ Z / N, Z.T @ y / N
    b = newton(lambda z: (0.5 * z @ H @ z - q @ z, H @ z - q, H), np.zeros(C), np.full(C, alpha), np.zeros(C))
    residual, out = y - Z @ b, []
    for j in range(C):
        k = np.delete(np.arange(C), j)
        scale = np.sqrt(H[j, j])  # nodewise penalty measured on unit standard deviations of column j
        g = newton(
            lambda v: (0.5 * v @ H[np.ix_(k, k)] @ v - H[k, j] @ v, H[np.ix_(k, k)] @ v - H[k, j], H[np.ix_(k, k)]),
            np.zeros(C - 1),
            np.full(C - 1, node * scale),
            np.zeros(C - 1),
        )
        score = Z[:, j] - Z[:, k] @ g
        reach = score @ Z[:, j]
        estimate = b[j] + score @ residual / reach
        se = sigma * np.sqrt(score @ score) / abs(reach)
        bias = float(np.max(np.abs(Z[:, k].T @ score)) / np.sqrt(score @ score))
        out.append(
            {
                "column": j,
                "estimate": float(estimate),
                "se": float(se),
                "bias_factor": bias,
                "p": float(2 * norm.sf(abs(estimate) / se)),
            }
        )
    return {"alpha": alpha, "nodewise_alpha": node, "sigma": sigma, "coef": plain(b), "table": out}


def knockoffs():
    """Equicorrelated Gaussian knockoffs of a known covariance: their joint covariance; the filter's cut."""
    Sigma = 0.5 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    s = min(2 * float(np.linalg.eigvalsh(Sigma)[0]), 1.0) * (1 - 1e-8)
    D = s * np.eye(5)
    inverse = np.linalg.inv(Sigma)
    V = 2 * D - D @ inverse @ D
    statistics = [5.1, -0.3, 2.2, 0.0, 4.0, -1.0, 3.3, 0.2, 1.5, 2.9, -0.1, 6.0]
    cuts = {}
    for q in (0.1, 0.2, 0.3):
        for offset in (0, 1):
            good = [
                t
                for t in sorted(abs(v) for v in statistics if v)
                if (offset + sum(v <= -t for v in statistics)) / max(1, sum(v >= t for v in statistics)) <= q
            ]
            cuts[f"q={q}, offset={offset}"] = {
                "threshold": good[0] if good else None,
                "selected": [k for k, v in enumerate(statistics) if good and v >= good[0]],
            }
    return {
        "Sigma": "0.5^|i-j|, 5 columns",
        "s": s,
        "least_eigenvalue_of_V": float(np.linalg.eigvalsh(V)[0]),
        "V_first_row": plain(V[0]),
        "statistics": statistics,
        "cuts": cuts,
    }


def short(value):
    return [float(f"{v:.7g}") for v in np.atleast_1d(value)]


def posteriors():
    """Moments by the trapezoid rule on a fine grid, right to about 1e-6, for two columns: what draws must come to."""
    Z = X[:, [0, 6]] - X[:, [0, 6]].mean(axis=0)
    y = P["gaussian"] - P["gaussian"].mean()
    sigma2, l1 = 0.25, 0.05  # alpha; the prior is Laplace with rate N l1 / sigma2 a coefficient
    g = np.concatenate([np.linspace(-1.5, 0, 1501), np.linspace(0, 1.5, 1501)[1:]])
    B0, B1 = np.meshgrid(g, g, indexing="ij")
    H, q = Z.T @ Z, Z.T @ y
    square = 0.5 * (H[0, 0] * B0**2 + 2 * H[0, 1] * B0 * B1 + H[1, 1] * B1**2)
    log = -(square - q[0] * B0 - q[1] * B1 + N * l1 * (np.abs(B0) + np.abs(B1))) / sigma2
    out = {"laplace_prior": {"sigma2": sigma2, "alpha": l1, "rate": N * l1 / sigma2, **moments(B0, B1, log)}}
    alpha = 0.02  # Gaussian prior of precision N alpha, logistic, no intercept
    log = np.zeros(B0.shape)
    for i in range(N):
        eta = B0 * Z[i, 0] + B1 * Z[i, 1]
        log += P["binary"][i] * eta - np.logaddexp(0, eta)
    out["logistic_gaussian_prior"] = {
        "alpha": alpha,
        "prior_sd": float(1 / np.sqrt(N * alpha)),
        **moments(B0, B1, log - 0.5 * N * alpha * (B0**2 + B1**2)),
    }
    out["logistic_laplace_prior"] = {
        "alpha": 0.02,
        "rate": N * 0.02,
        **moments(B0, B1, log - N * 0.02 * (np.abs(B0) + np.abs(B1))),
    }
    log = np.zeros(B0.shape)
    for i in range(N):  # gamma, log link, shape 2 known, no intercept
        eta = B0 * Z[i, 0] + B1 * Z[i, 1]
        log -= 2.0 * (eta + P["positive"][i] / 3.0 * np.exp(-eta))
    out["gamma_gaussian_prior"] = {
        "response": "positive / 3",
        "shape": 2.0,
        "prior_sd": 1.0,
        **moments(B0, B1, log - 0.5 * (B0**2 + B1**2)),
    }
    return {"columns": "0 and 6 of X, less their means; no weights, no offset, no intercept", **out}


def moments(B0, B1, log):
    p = np.exp(log - log.max())
    p /= p.sum()
    mean = np.array([(p * B0).sum(), (p * B1).sum()])
    away = B0 - mean[0], B1 - mean[1]
    sd = np.sqrt([(p * each**2).sum() for each in away])
    return {
        "mean": short(mean),
        "sd": short(sd),
        "correlation": float((p * away[0] * away[1]).sum() / (sd[0] * sd[1])),
        "probability_positive": short([p[each > 0].sum() + 0.5 * p[each == 0].sum() for each in (B0, B1)]),
        "mass_at_the_edge": float(max(p[0].sum(), p[-1].sum(), p[:, 0].sum(), p[:, -1].sum())),
    }


if __name__ == "__main__":
    found = {
        "problem": {"generator": "problems.base()", "digest": digest(P)},
        "wald": wald(),
        "ridge": ridge_table(),
        "profile": profiles(),
        "firth": firth(),
        "selective": selective(),
        "debiased": debiased(),
        "knockoffs": knockoffs(),
        "posterior": posteriors(),
    }
    (HERE / "inference.json").write_text(json.dumps(found, indent=1) + "\n")
