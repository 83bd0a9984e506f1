"""Why the fit of a point ended, and what is told and advised where it ended without a certificate."""

from fastreg.interface.validation import ConvergenceWarning, warn

CONVERGED, SEPARABLE, MAX_ITER, STALLED = "converged", "separable", "max_iter", "stalled"
UNCERTIFIED = (MAX_ITER, STALLED)


def reason_for(gap, tol, iterations, max_iter):
    """Why a fit ended, by its relative gap and the number of its iterations."""
    if gap <= tol:
        return CONVERGED
    return MAX_ITER if iterations >= max_iter else STALLED


def remedy_for(reasons, larger="keep to larger alphas"):
    """Advice for points that are not certified, given the reasons of all points; `larger` says how to penalise more."""
    if STALLED not in reasons:
        return f"raise max_iter, loosen tol or {larger}"
    stalled = (
        f"stopped before max_iter, by rounding or since no finite optimum exists: {larger} or loosen tol, more "
        "iterations do not help"
    )
    if MAX_ITER not in reasons:
        return f"steps {stalled}"
    count = sum(reason == STALLED for reason in reasons)
    return f"where max_iter was reached raise it, loosen tol or {larger}; {count} of them {stalled}"


def warn_of_points(path):
    """One warning for all points that are not certified, with the remedy."""
    if set(path.reasons) <= {CONVERGED}:
        return
    if "separable" in path.reasons:
        k = path.reasons.index("separable")
        warn(
            f"the path stops at alpha={path.alphas[k]:.4g}, point {k + 1}: the classes are separable (more than 99.9 % "
            "of the deviance is explained) and coefficients grow without bound as alpha falls; keep a larger alpha",
            ConvergenceWarning,
        )
    failed = [k for k, reason in enumerate(path.reasons) if reason in UNCERTIFIED]
    if failed:
        worst = max(failed, key=lambda k: path.gaps[k])
        warn(
            f"{len(failed)} of {path.alphas.size} points are not certified: the largest gap is {path.gaps[worst]:.1e} "
            f"at alpha={path.alphas[worst]:.4g}, tol is {path.tol:g}; {remedy_for(path.reasons)}",
            ConvergenceWarning,
        )
