"""Thousands of generated problems: no gap that is reported lies below the true suboptimality.

Families x offsets (constant ones of +-700 among them) x weights x scales of y and X x penalty factors x bounds x
intercept x penalties, each fitted loosely and closely. The truth is the formulas of naive.py: they see the problem
without the constant part of the offset, which an intercept takes up, and nothing of fastreg.
"""

import warnings

import certified
import naive
import numpy as np
import pytest

from fastreg import fit_path

SEEDS, EACH = 60, 40
FEWER = 10  # of the first seed, which runs by default
UNKNOWN = "no solution to compare with"
ROUNDING = 2e-13  # of the null model's loss and of the objective
EPS = np.finfo(float).eps
TIGHT = 1e-10


def draw(rng):
    """(X, y, options of fit_path, the constant part of the offset) of a random problem."""
    family = rng.choice(["gaussian", "binomial", "poisson", "gamma"])
    n, p = [(40, 6), (25, 12), (15, 25)][rng.integers(3)]
    X, y = certified.draw(family, n=n, p=p, seed=int(rng.integers(1 << 30)))
    if rng.random() < 0.5:
        X = X * 10.0 ** rng.uniform(-3, 3, p)
    if rng.random() < 0.3:
        X = X + 10.0 ** rng.uniform(0, 4) * X.std(axis=0)
    if family != "binomial" and rng.random() < 0.5:
        y = y * 10.0 ** rng.uniform(-6, 6)
    if family == "gaussian" and rng.random() < 0.3:
        y = y + rng.choice([-1e5, 1e5, 1e8]) * y.std()
    if family == "poisson" and not y.any():
        y[0] = 1.0
    options = {"family": str(family), "l1_ratio": float(rng.choice([1.0, 0.9, 0.5, 0.01, 0.0]))}
    options["fit_intercept"] = bool(rng.random() < 0.8)
    options["standardize"] = bool(rng.random() < 0.3)
    constant = 0.0
    if rng.random() < 0.6:
        offset = rng.choice([0.0, 0.5, 3.0]) * rng.normal(size=n) * unit(family, y)
        if options["fit_intercept"]:
            constant = float(rng.choice([0.0, 100.0, -100.0, 600.0, 700.0, -700.0])) * unit(family, y)
        options["offset"] = offset + constant
    if rng.random() < 0.5:
        weight = rng.choice([rng.uniform(0.1, 3.0, n), 10.0 ** rng.uniform(-3, 3, n), rng.integers(0, 3, n) + 0.0])
        weight[:3] = 1.0
        options["sample_weight"] = weight
    if rng.random() < 0.4:
        factor = rng.choice([0.0, 1.0, 3.0, np.inf], p, p=[0.15, 0.5, 0.25, 0.1])
        factor[0] = 1.0
        options["penalty_factor"] = factor
    if rng.random() < 0.3:
        spread = np.abs(y).mean() / X.std(axis=0) if family == "gaussian" else 1.0 / X.std(axis=0)
        options["lower"] = -rng.choice([0.0, 0.05, np.inf], p) * spread
        options["upper"] = rng.choice([0.05, 0.3, np.inf], p) * spread
    return X, y, options, constant


def unit(family, y):
    """What a linear predictor is measured in."""
    return y.std() if family == "gaussian" else 1.0


def quiet(X, y, **options):
    """A path whose points need not be certified."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_path(X, y, **options)


def without_constant(options, constant):
    """The options of the same problem for naive.py, whose intercept is larger by `constant`."""
    return options | {"offset": options["offset"] - constant} if "offset" in options else options


def judge(X, y, options, constant, rng):
    """What is wrong with the paths of one problem, in words; None if nothing."""
    ratio = float(rng.choice([0.5, 0.1, 0.02]))
    close = quiet(X, y, **options, n_alphas=3, alpha_min_ratio=ratio, tol=TIGHT, max_iter=3000)
    plain = without_constant(options, constant)
    words = certified.naive_options(plain)
    try:
        scale = naive.null_scale(X, y, **words)
    except RuntimeError:  # the reference solver is slow where columns without penalty have bounds
        return UNKNOWN
    if not scale > 1e-8 * naive.null_scale(X, y, **words | {"factor": None}) or close.alpha_max == 0.0:
        return UNKNOWN  # a null model that is perfect up to rounding, or separates the classes
    if abs(close.work["null_loss"] / scale - 1.0) > 1e-6:
        return f"null loss {close.work['null_loss']:.6g}, which is {scale:.6g}"
    objective = {key: value for key, value in words.items() if key != "fit_intercept"}
    loose = quiet(
        X, y, **options, alphas=close.alphas, tol=float(rng.choice([1e-1, 1e-3])), max_iter=int(rng.integers(1, 5))
    )
    for path in (close, loose):
        for k, alpha in enumerate(path.alphas):
            coef, intercept = certified.column(path, k)
            value = naive.objective(X, y, coef, intercept + constant, alpha, **objective)
            best = min(value, naive.objective(X, y, *shifted(close, k, constant), alpha, **objective))
            # The intercept is rounded to its own size, which is that of the constant.
            noise = ROUNDING * (scale + abs(best)) + 1e-16 * (1.0 + abs(intercept) / unit(options["family"], y)) * scale
            # Predictors are rounded to the sizes of their terms, which are far larger where columns nearly cancel.
            noise += EPS * (np.sqrt(np.mean(np.asarray(X) ** 2, axis=0)) @ np.abs(coef)) * np.sqrt(scale + abs(best))
            if not path.gaps[k] * scale >= value - best - noise:
                return f"gap {path.gaps[k] * scale:.3g} below {value - best:.3g} at point {k}, tol {path.tol:g}"
            if path.reasons[k] == "converged" and not path.gaps[k] <= path.tol:
                return f"converged with gap {path.gaps[k]:.3g} for tol {path.tol:g}"
            if path is close and path.reasons[k] == "converged":  # far from a solution another dual point proves less
                enough = 1.05 * path.tol * scale + 10 * noise
                proven = naive.duality_gap(X, y, coef, intercept + constant, alpha, enough=enough, **words)
                if not proven <= enough:
                    return f"converged at {path.tol:g}, but the proven gap is {proven / scale:.3g} at point {k}"
    return None


def shifted(path, k, constant):
    coef, intercept = certified.column(path, k)
    return coef, intercept + constant


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_gap_is_below_the_suboptimality(seed):
    rng = np.random.default_rng(seed)
    wrong, unknown = [], 0
    each = EACH if seed else FEWER
    for number in range(each):
        X, y, options, constant = draw(rng)
        words = judge(X, y, options, constant, rng)
        unknown += words == UNKNOWN
        if words not in (None, UNKNOWN):
            wrong.append(f"problem {number} of seed {seed}: {words}; {say(options)}")
    assert not wrong, "\n".join(wrong)
    assert unknown <= each // 5


def say(options):
    """Options in a line: arrays by their ends."""
    return {
        key: value if np.ndim(value) == 0 else f"{np.min(value):.3g}..{np.max(value):.3g}"
        for key, value in options.items()
    }
