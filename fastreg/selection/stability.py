"""Stability selection: how often the path selects each feature on random halves of the rows."""

from __future__ import annotations

import time
from typing import Any, NamedTuple, Unpack

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.arguments import SelectionOptions, Watching, bundles, framed
from fastreg.interface.interrupts import ended_early, interruptible
from fastreg.interface.progress import Progress, Watch
from fastreg.interface.reasons import remedy_for
from fastreg.interface.shared_options import takes_options_of
from fastreg.interface.validation import ConvergenceWarning
from fastreg.numerics.threads import one_blas_thread
from fastreg.objective.problem import Problem
from fastreg.paths.driver import run, solve_path
from fastreg.paths.fit import Fit, Recorder
from fastreg.paths.fit_path import fit_path
from fastreg.paths.null_model import NullModel
from fastreg.paths.setup import build_problem, checked, warn_of_exposure
from fastreg.paths.sweeps import share_null_sweep, share_sweeps
from fastreg.selection.cross_validation.fold_fits import fold_family, fold_problems
from fastreg.selection.stability_bounds import ASSUMPTIONS, error_bound, largest_selection
from fastreg.selection.stability_path import StabilityPath

ABOVE = 2.0  # first alpha of an automatic grid over the alpha_max of all rows, since that of a half may be larger
TOGETHER = 10  # halves fitted side by side
SPARE = 4  # features at which a half's path ends, over the number that the bound allows on average


@takes_options_of(fit_path)
@check.each_once()
@interruptible()
def stability_selection(
    X: Any,
    y: ArrayLike | str | None = None,
    *,
    threshold: float = 0.75,
    expected_errors: float = 1.0,
    n_pairs: int = 50,
    assumption: str = "none",
    random_state: Any = 0,
    **options: Unpack[SelectionOptions],
) -> StabilityPath:
    """Select the features that paths on random halves of the rows select again and again, with a bound on errors.

    The rows are split at random into two halves, `n_pairs` times, and the path of `fit_path` is fitted to every half on
    one grid, that of all rows (an automatic one begins at twice the alpha at which they select nothing). The share of
    the 2 n_pairs halves in which a feature has a coefficient is its probability at that alpha; features that reach
    `threshold` at some alpha are selected. The grid is followed downwards only as far as the bound on the expected
    number of falsely selected features stays at or below `expected_errors`.

    A half is a set of weights, zero on the rows left out: X is not copied, and means, scales and null model are those
    of the half. Classes are split evenly between the halves of a pair, and rows of weight zero take no part.

    Parameters
    ----------
    X, y : as for `fit_path`
    threshold : float, default=0.75
        Share of the halves, in (0.5, 1].
    expected_errors : float, default=1.0
        Falsely selected features to be expected at most.
    n_pairs : int, default=50
        Number of complementary pairs; each costs two paths.
    assumption : {"none", "unimodal"}, default="none"
        "unimodal" has a bound that is about half as large; see fastreg.selection.stability_bounds.
    random_state : int, Generator or None, default=0
        Seed; None draws other halves each time.
    l1_ratio : as for `fit_path`
        It must be above 0 here.
    penalty : as for `fit_path`
        It must have an l1 part here. Columns without one are in every model, and are not among the candidates.
    callback : callable, default=None
        Called with a `fastreg.Progress` after every point of every fit; `stage` says of which.
    **options : as for `fit_path`

    Returns
    -------
    StabilityPath
        Probabilities and the features selected. Fits that could not be certified are counted in one
        ConvergenceWarning.

    Raises
    ------
    ValueError
        Where an argument is out of its range, or already the first alpha selects too many features.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). `path` holds the points done on all rows, `finished` the
        StabilityPath of the pairs of halves that were done, if there are any.

    References
    ----------
    Meinshausen and Buehlmann (2010), Stability selection, JRSS-B 72, 417-473. Shah and Samworth (2013), JRSS-B 75,
    55-80, for complementary pairs and the bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import stability_selection
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> sorted(stability_selection(X, y, n_pairs=10).selected)
    [0, 1]
    """
    threshold = check.check_number("threshold", threshold, 0.5, 1.0, low_open=True)
    expected_errors = check.check_number("expected_errors", expected_errors, 0.0, np.inf, low_open=True, high_open=True)
    n_pairs = check.check_count("n_pairs", n_pairs, 1)
    check.check_option("assumption", assumption, ASSUMPTIONS)
    X, words, y = framed(X, options, y=y)
    given, grid, watching = bundles(X, words)
    check.check_number("l1_ratio", given.l1_ratio, 0.0, 1.0, low_open=True)
    fit_options, watch = checked(given), Watch(watching.verbose, watching.callback)
    warn_of_exposure(y, fit_options)
    X = check.check_design(X)  # converted, where it must be, once for all halves
    problem = build_problem(X, y, fit_options)
    if not problem.has_l1:
        raise ValueError("the l1 rates of the penalty are all 0, so that every feature is selected; give it an l1 part")
    path = solve_path(X, y, fit_options, grid, Watching(callback=watch.callback_for("all rows")))
    if path.alphas[-1] == 0.0:
        raise ValueError("alphas ends at 0, where every feature is selected; keep to positive alphas")
    region = path.alphas if grid.alphas is not None else _from_above(path.alphas)
    watch.expect(path.alphas.size + 2 * n_pairs * region.size)
    rule = Rule(threshold, expected_errors, assumption)
    followed: list[Half] = []
    halves = list(complementary_halves(problem, n_pairs, np.random.default_rng(random_state)))
    try:
        most = SPARE * rule.allowed(problem, n_pairs)
        follow_halves(problem, halves, region, most, fit_options, followed, watch)
    except BaseException as error:
        done = [_conclude(problem, path, region, rule, followed)] if followed else []
        message = f"after {len(followed) // 2} of {n_pairs} pairs of halves"
        raise ended_early(error, message, path=path, finished=done)  # noqa: B904
    finally:
        watch.close()
    stability = _conclude(problem, path, region, rule, followed)
    _warn(stability)
    return stability


class Rule(NamedTuple):
    """What is selected, and how many errors are allowed."""

    threshold: float
    expected_errors: float
    assumption: str

    def allowed(self, problem, n_pairs):
        """The most features that a half may select on average."""
        candidates = max(int(np.count_nonzero(problem.with_l1)), 1)
        return largest_selection(self.expected_errors, candidates, self.threshold, n_pairs, self.assumption)


def _conclude(problem, path, grid, rule, followed):
    """The StabilityPath of the halves followed, two for each pair."""
    n_pairs, candidates = len(followed) // 2, int(np.count_nonzero(problem.with_l1))
    reach = _reach(followed, rule.allowed(problem, n_pairs))
    average = float(np.mean([half.sizes[reach - 1] for half in followed]))
    return StabilityPath(
        path=path, alphas=grid[:reach], counts=_counts(followed, problem.p, reach), threshold=rule.threshold,
        n_pairs=n_pairs, average_selected=average,
        error_bound=error_bound(average, candidates, rule.threshold, n_pairs, rule.assumption),
        assumption=rule.assumption, n_candidates=candidates,
        gaps=np.array([half.gaps[:reach] for half in followed]),
        reasons=np.array([half.reasons[:reach] for half in followed]), tol=path.tol, feature_names=path.feature_names,
        work=_work(problem, followed),
    )  # fmt: skip


def _from_above(alphas):
    """An automatic grid, extended upwards by the factor ABOVE."""
    if alphas.size < 2:
        return alphas
    step = np.log(alphas[0] / alphas[1])
    return np.concatenate([alphas[0] * np.exp(step * np.arange(int(np.log(ABOVE) / step), 0, -1)), alphas])


def complementary_halves(problem, n_pairs, generator):
    """Yield 2 n_pairs arrays of rows: pairs of disjoint halves of equal size, with classes split evenly."""
    rows, y = np.flatnonzero(problem.weight > 0.0), problem.family.y
    half = rows.size // 2
    if half == 0:
        raise ValueError("stability selection needs at least two rows of positive weight")
    classes = problem.family.name == "binomial" and bool(np.all((y == 0.0) | (y == 1.0)))
    for _ in range(n_pairs):
        order = generator.permutation(rows)
        if classes:
            order = order[np.argsort(y[order], kind="stable")]
        yield order[0 : 2 * half : 2]
        yield order[1 : 2 * half : 2]


class Half(NamedTuple):
    """The path of one half: at each alpha its columns, the number of columns so far, the gap and the reason."""

    problem: Problem
    columns: list
    sizes: list
    gaps: list
    reasons: list
    shared: float  # its share of the columns read for several halves at once


@one_blas_thread()
def follow_halves(problem, halves, alphas, most, options, followed, watch):
    """Fit each half down to the alpha where it has selected more than `most` features, or to the end of `alphas`.

    TOGETHER halves are fitted side by side, so that one read of X serves all of them, and then appended to `followed`.
    """
    for start in range(0, len(halves), TOGETHER):
        problems = _parts(problem, halves[start : start + TOGETHER])
        group = [Half(part, [], [], [], [], 0.0) for part in problems]
        fits = [
            _begin(half, alphas, most, options, watch.callback_for(f"half {number} of {len(halves)}"))
            for number, half in enumerate(group, start=start + 1)
        ]
        read, steps = 1 + share_null_sweep(fits), [run(fit) for fit in fits]
        read = (read + share_sweeps(problems, steps, watch)) * problem.p / len(group)
        followed += [half._replace(shared=read) for half in group]


def _begin(half, alphas, most, options, callback):
    """The Fit of one half at its null model; it will end once more than `most` features have been selected."""
    begin, seen, penalised = time.perf_counter(), np.zeros(half.problem.p, dtype=bool), half.problem.with_l1

    def until(point):
        half.columns.append(point.columns[penalised[point.columns]])
        half.gaps.append(point.gap)
        half.reasons.append(point.reason)
        seen[half.columns[-1]] = True
        half.sizes.append(int(np.count_nonzero(seen)))
        ends, number = half.sizes[-1] > most, len(half.sizes)
        if callback is not None:  # a path that ends early reports all of its points as done
            done, alpha = alphas.size if ends else number, float(alphas[number - 1])
            callback(Progress(done, alphas.size, alpha, point.gap, point.columns.size, time.perf_counter() - begin))
        return ends

    null, recorder = NullModel(half.problem), Recorder(half.problem, begin, alphas.size)
    return Fit(null, alphas, recorder, options.tol, options.max_iter, options.solver, beside_others=True, until=until)


def _parts(problem, halves):
    """The same problem on the rows of each half, whose moments and null models' X'r are computed in one pass over X."""
    families = []
    for rows in halves:
        degenerate = problem.family.degenerate(problem.family.y[rows])
        if degenerate and problem.fit_intercept:
            raise ValueError(f"in a half of the rows {degenerate}: too few rows differ for stability selection")
        weight = np.zeros(problem.n)
        weight[rows] = problem.weight[rows]
        families.append(fold_family(problem, weight))
    return fold_problems(problem, families, None)


def _reach(followed, allowed):
    """The number of alphas at which halves select at most `allowed` features on average, and no path has ended."""
    known = min(len(half.sizes) for half in followed)
    average = np.mean([half.sizes[:known] for half in followed], axis=0)
    reach = int(np.searchsorted(average, allowed, side="right"))  # averages do not fall
    if reach == 0:
        raise ValueError(
            f"halves select {average[0]:.3g} features on average at the first alpha already, and the bound allows "
            f"{allowed:.3g}; start at a larger alpha, or raise expected_errors or threshold"
        )
    return reach


def _counts(followed, p, reach):
    """Number of halves that select each feature at each alpha, (p, reach)."""
    rows = np.concatenate([columns for half in followed for columns in half.columns[:reach]])
    sizes = [columns.size for half in followed for columns in half.columns[:reach]]
    points = np.repeat(np.tile(np.arange(reach), len(followed)), sizes)
    return sp.csc_array(sp.coo_array((np.ones(rows.size), (rows, points)), shape=(p, reach)))


def _work(problem, followed):
    read = round(sum(half.problem.work.columns + half.shared for half in followed))
    return {"columns_read": read, "passes": read / problem.p}


def _warn(stability):
    failed = np.count_nonzero(~(stability.gaps <= stability.tol))
    if failed:
        check.warn(
            f"{failed} of the {stability.gaps.size} fits of halves are not certified: the largest gap is "
            f"{stability.gaps.max():.1e}, tol is {stability.tol:g}; {remedy_for(stability.reasons.ravel().tolist())}",
            ConvergenceWarning,
        )
