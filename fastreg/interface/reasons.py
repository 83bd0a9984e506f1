"""Why the fit of a point ended, and what to advise where it ended without a certificate."""

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
