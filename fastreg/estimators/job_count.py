"""`n_jobs` of estimators: the number of threads that a fit may use."""

import functools
import numbers
from collections.abc import Callable
from typing import Any, TypeVar, cast

from fastreg.interface import validation as check
from fastreg.numerics.threads import at_most, available_cpus

Fit = TypeVar("Fit", bound=Callable[..., Any])


def uses_its_threads(fit: Fit) -> Fit:
    """Decorate a `fit` so that it uses as many threads as the estimator's `n_jobs` says."""

    @functools.wraps(fit)
    def fit_with(self, *args, **kwargs):
        with at_most(threads_for(self.n_jobs)):
            return fit(self, *args, **kwargs)

    return cast(Fit, fit_with)


def threads_for(n_jobs):
    """The number of threads for `n_jobs`: -1 is all CPUs, -2 all but one, and so on; None is no limit."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, numbers.Integral) or n_jobs == 0:
        raise check.ParameterError(
            f"n_jobs must be None, a number of threads of at least 1, or -1 for all CPUs, got {check.plain(n_jobs)!r}"
        )
    number = int(n_jobs)
    return number if number > 0 else max(available_cpus() + 1 + number, 1)
