"""The plan: which strategies fit a problem, decided beforehand by shape, loss, penalty, grid and tolerance.

    problem                                         strategy (in `Path.methods`), the next where it cannot go on
    ----------------------------------------------  ------------------------------------------------------------
    no l1 part, no bounds                           "ridge": least squares at all alphas from one factorisation, or
                                                    from one Krylov basis where X is large; else Newton's method, among
                                                    columns, among rows or by L-BFGS (solvers/ridge/)
    lasso of least squares, any l1 rates            "batched_lasso": a homotopy, many points certified by one sweep;
                                                    then "pointwise"
    other losses, elastic nets; dense, n <= p or    "batched_newton", or for elastic nets "batched_descent" unless the
    small                                           grid is coarse; then "pointwise"
    the same from a known solution (refits)         the same, from its support on
    rows on a cluster or in files (fastreg.         "row_newton": several points at a time from sums over blocks of rows
    distribute by rows), other losses               (paths/row_newton/)
    all else (bounds, columns without an l1 part,   "pointwise": a working set for each point, by pivots, coordinate
    few alphas, sparse GLMs)                        descent or steps among the rows (solvers/choice.py); a cold start
                                                    by coordinate descent over X itself, where X is small or sparse

    least squares with n >= 3 p, p <= 3000          the same, reduced to p rows (objective/gram_reduction.py)
    its folds                                       the same; their Gram matrices by subtraction
    folds of a dense GLM with n >= 10 p             Newton steps of all folds together
                                                    (selection/cross_validation/tall_glm/)
    other folds, halves of a stability selection    each as above; they share sweeps over X
    several responses, or classes (fastreg.multi)   "ridge" with neither an l1 part nor bounds, else "pointwise"; folds
                                                    share sweeps over X

`solver=` other than "auto" narrows this: "active_set", "newton" and "ridge" keep to their strategies, and
"coordinate_descent" and "proximal_gradient" are "pointwise" with that solver. "pointwise", "batched_lasso",
"batched_newton" and "batched_descent" name a strategy.

Costs are in passes: the time in which every stored value of X is read and multiplied once, `READ` multiplications a
value in the unit of solvers/choice.py, which has the decisions that are taken while a fit runs.
"""

import numpy as np

from fastreg.design.column_products import is_outer
from fastreg.interface.validation import ParameterError
from fastreg.numerics.threads import SHARED
from fastreg.objective.families import Gaussian
from fastreg.paths.grid import FAR
from fastreg.solvers.choice import LARGEST_FACTOR

# ---- points in batches: see paths/batched/

LONGEST, SHORTEST = 20, 5  # points: of a batch at most, and of a grid that is fitted by batches at least
FINE = 0.88  # ratio of neighbouring alphas from which elastic nets are fitted by batches
AT_FIRST = 40  # columns that are always added to the working set of a batch
CACHED = 50_000  # numbers in a vector of each point of a batch, which are read again and again
BATCH_VALUES = 10_000_000  # numbers in the vectors of points that are solved together

# ---- least squares by one Gram matrix: see objective/gram_reduction.py

ROWS_PER_COLUMN = 3  # rows per column at least: with fewer the reduction saves little
LARGEST_GRAM = 3000  # columns at most: a Gram matrix of 72 MB
SMALLEST_GRAM = 200_000  # values of X at least: with fewer a path is faster without the reduction
# Passes of a path without the reduction: at its start, for each point and response, and for the vectors of length n of
# each point in values of X. Measured on 20,000 x 500 with 100 points: 75 passes, where the Gram matrix takes 25.
START, PER_POINT, VECTORS = 5.0, 0.3, 5.0
REFIT_READS = 6  # passes over its columns of a refit

# ---- pointwise

ROUNDS = 50  # solves of a point or of a batch, each with a certificate, at most; Newton steps at a point of a batch
LOWEST_TARGET = 1e-6  # target gap on a working set over the gap wanted, at least
AT_ONCE = 5e7  # multiplications n p^2 up to which all columns are added for a far alpha, without alphas between
FEWEST = 100  # columns that may always be added to a working set at once
SMALL, WIDEST = 2**20, 50  # stored values and columns per row up to which cold starts descend, whatever n^2 is
FINEST = {True: 1e-10, False: 1e-8}  # tol, of least squares and other losses, below which cold starts use pivots

# ---- ridge: see paths/ridge.py

EIGENVALUES = 25.0  # Cholesky factorisations in the time of an eigendecomposition
VANISHING = 1e-9  # ridge penalty over the sum of squares of X, below which a wide Gram matrix is nearly singular
SLOW_READ = 12.0  # multiplications per value of X of a point fitted by itself, besides its factorisation

# ---- folds of tall GLMs together: see selection/cross_validation/tall_glm/

FEWEST_FOLDS = 3  # folds at least: fewer share little
FOLD_ROWS_PER_COLUMN = 10  # rows per column at least: with fewer, folds differ too much to save steps

SOLVERS = ("auto", "active_set", "coordinate_descent", "newton", "proximal_gradient", "ridge")  # that solver= may name,
BATCHED = ("batched_lasso", "batched_newton", "batched_descent")
STRATEGIES = ("pointwise", *BATCHED)  # and strategies


def strategies(fit, known=STRATEGIES):
    """The names of the strategies of a fit in their order, each going on where the one before stopped; batches only if
    they are `known`, which they are for one response."""
    if fit.problem.in_blocks_of_rows:
        return ("row_newton",)
    if is_smooth(fit.problem, fit.solver):
        return ("ridge",)
    alphas, begun = fit.alphas[len(fit.points) :], fit.alpha is not None or bool(fit.points)
    first = batches_for(fit.problem, fit.solver, alphas, fit.max_iter)
    if fit.solver == "auto" and first is not None and coarse(fit.problem, alphas):
        first = None
    if begun and (fit.alpha is None or first is None or alphas[0] >= fit.null.entry):
        return ("pointwise",)
    first = first if first in known else None
    if first is None and fit.solver in BATCHED:
        raise ParameterError(
            f"solver={fit.solver!r} does not suit this problem: batches need an l1 part of every column, no "
            f"bounds, and at least {SHORTEST} alphas > 0; batched_lasso family='gaussian' and l1_ratio=1; the "
            "others dense X that is small or has no more rows than columns; use solver='auto'"
        )
    return ("pointwise",) if first is None else (first, "pointwise")


def check_solver(name, family, has_l1, bounded=False):
    """Raise a ValueError if the solver `name` cannot solve such a problem."""
    if name == "ridge" and bounded:
        raise ValueError("solver='ridge' is a closed form, which knows no bounds; use solver='auto'")
    if name == "ridge" and (has_l1 or not family.quadratic):
        raise ValueError("solver='ridge' is for family='gaussian' with l1_ratio=0, or a penalty whose l1 rates are 0")
    if name == "active_set" and not family.quadratic:
        raise ValueError(f"solver='active_set' solves least squares; for family={family.name!r} use solver='newton'")


def is_smooth(problem, solver):
    """Whether a problem is fitted without a working set: no l1 part, no bounds, and a solver that suits."""
    return not problem.has_l1 and problem.bounds is None and solver in ("auto", "newton", "ridge")


def batches_for(problem, solver, alphas, max_iter):
    """The strategy by batches for a path, or None."""
    if alphas.size == 0 or not (alphas[-1] > 0.0 and problem.has_l1):
        return None
    if problem.bounds is not None or problem.without_l1.size or alphas.size < SHORTEST:
        return None
    if longest_batch(problem) < SHORTEST:
        return None
    lasso = isinstance(problem.family, Gaussian) and not problem.has_ridge
    if lasso and solver in ("auto", "active_set", "batched_lasso"):
        return "batched_lasso"
    if not newton_batches(problem, alphas.size) or max_iter < ROUNDS:
        return None
    if problem.has_ridge and solver in ("auto", "batched_descent"):
        return "batched_descent"
    return "batched_newton" if solver in ("auto", "newton", "batched_newton") else None


def newton_batches(problem, count):
    """Whether Newton steps may be batched: on dense X that is wide, or so small that its products take one thread; for
    a loss with `bend` at most one, which the step bound and the gaps of batches assume."""
    n, p = problem.n, problem.p
    small = n <= p or n * p <= SHARED
    dense = small and problem.design.working_block(problem.centre).form == "dense"
    return dense and problem.bend <= 1.0 and problem.tight and count >= SHORTEST


def coarse(problem, alphas):
    """Whether elastic nets are so far apart on a grid that descents point by point are cheaper than batches, in which
    many columns change at a time, or which add alphas between (`grid.with_steps`); that pays where X is SMALL. They
    read X least often, so that a file is fitted by batches."""
    step = (alphas[-1] / alphas[0]) ** (1.0 / (alphas.size - 1))
    far = step < FINE and (step >= FAR or problem.stored > SMALL)
    return far and problem.has_ridge and not is_outer(problem.design)


def longest_batch(problem):
    """Points of a batch at most. Few columns are in the working set from the start, so that hardly a point is redone,
    and a batch may be the whole grid, as long as its vectors stay in the cache."""
    longest = max(LONGEST, CACHED // problem.n) if problem.p <= AT_FIRST else LONGEST
    return min(longest, BATCH_VALUES // problem.n)


def reduces_to_gram(problem, solver, count, lowest):
    """Whether a path of `count` alphas down to `lowest` is fitted on the p rows of gram_reduction."""
    working = problem.has_l1 or problem.bounds is not None
    return solver == "auto" and working and gram_pays(problem, count, lowest)


def gram_pays(problem, count, lowest):
    """Whether a Gram matrix of all columns costs less than the products with X that it saves."""
    n, p = problem.n, problem.p
    return (
        problem.family.quadratic
        and lowest > 0.0
        and n >= ROWS_PER_COLUMN * p
        and p <= LARGEST_GRAM
        and problem.stored >= SMALLEST_GRAM
        and bool(problem.penalised.any())
        and problem.design.gram_passes() <= START + count * problem.K * (PER_POINT + VECTORS * n / problem.stored)
    )


def refits_share_gram(problem, count):
    """Whether `count` refits are solved from one Gram matrix."""
    return gram_pays(problem, REFIT_READS * count, np.inf)


def descends_first(problem, solver, tol):
    """Whether a cold start tries coordinate descent over the columns of X, without copies."""
    small = problem.stored <= SMALL and problem.p <= WIDEST * problem.n
    return (
        solver == "auto"
        and not problem.is_reduced  # its columns are in the cache already
        and not is_outer(problem.design)
        and (small or problem.stored <= problem.n**2)
        and tol >= FINEST[problem.family.quadratic]
    )


def all_enter_at_once(problem):
    """Whether the Gram matrix of all columns costs less than solving at alphas between two far ones."""
    n, p = problem.n, problem.p
    return p <= FEWEST or (problem.family.quadratic and n * p * p <= AT_ONCE)


def ridge_form(problem, alphas, resumed):
    """How least squares without an l1 part are solved at these alphas: from one "spectrum" or one "krylov" basis for
    all, or each by itself (None). A Krylov basis cannot use a start, so a resumed fit goes without."""
    n, p = problem.n, int(np.count_nonzero(problem.penalised))
    size, count = min(n, p), np.count_nonzero(alphas > 0.0)
    if not problem.family.quadratic or count < 2 or size == 0:
        return None
    if size > LARGEST_FACTOR:
        return None if resumed else "krylov"
    factor = size**3 / 3.0
    return "spectrum" if count * (factor + SLOW_READ * n * p) > EIGENVALUES * factor else None


def shared_factor_form(problem, alphas):
    """How targets of one X, with an alpha each, share a factorisation: one "cholesky" factor for each distinct alpha if
    these are few, else "auto" (see `ridge_spectrum`); None if X is too large for either.

    With more columns than rows and a vanishing alpha, singular values give the solution of least norm.
    """
    distinct = np.unique(alphas)
    rows, columns = np.count_nonzero(problem.weight), np.count_nonzero(problem.penalised)
    size = min(rows, columns)
    if size > LARGEST_FACTOR or size == 0:
        return None
    if columns >= rows and distinct[0] < VANISHING * float((problem.norms**2).sum()):
        return "auto"
    if distinct[0] <= 0.0:
        return None
    return "cholesky" if distinct.size < EIGENVALUES else "auto"


def folds_share_grams(problem, n_folds, solver, count, lowest):
    """Whether folds and path are fitted from Gram matrices by subtraction; those of folds are no larger than X."""
    return problem.has_l1 and n_folds * problem.p <= problem.n and reduces_to_gram(problem, solver, count, lowest)


def folds_go_together(problem, path, n_folds, solver, far):
    """Whether folds take their Newton steps together, given the `path` on all rows: X dense and tall, a GLM, an l1 part
    for every column, no bounds, and every alpha more than `far` times the one before."""
    alphas = path.alphas
    return (
        solver == "auto"
        and not problem.family.quadratic
        and problem.has_l1
        and problem.bounds is None
        and problem.without_l1.size == 0
        and problem.design.working_block(problem.centre).form == "dense"
        and problem.n >= FOLD_ROWS_PER_COLUMN * problem.p
        and problem.stored >= SMALLEST_GRAM
        and n_folds >= FEWEST_FOLDS
        and alphas.size >= SHORTEST
        and bool(np.all(alphas > far * np.concatenate([[path.alpha_max], alphas[:-1]])))
        and all(reason == "converged" for reason in path.reasons)
    )
