"""Decisions that are taken while a fit runs, by expected costs; those taken before are in paths/plan.py.

    question                                        answer
    ----------------------------------------------  ------------------------------------------------------------------
    how is the model of a working set solved?       by pivots, or descent if that is cheaper: `descent_pays`; elastic
                                                    nets with more active columns than rows in the dual: `rows_pay`
    in which form is coordinate descent?            in Gram form if the Gram matrix is small: `gram_form_pays`
    does a cold start continue by descent?          while its gap falls fast enough: `round_pays`, `cold_passes`
    and is its support solved exactly?              if that costs less than has been read: `support_solve_pays`
    is an old Hessian computed anew?                if steps with it would cost more: `renewal_pays`, `served_long`
    do batches of elastic nets use descent?         if that costs less than Newton steps: `batch_costs`
    how many points has the next batch?             hardly more than the last, where pivots cost most: `points_ahead`
    is X'r computed for all columns?                if many may be violators: `sweep_pays`
    and for two residuals of a batch at once?       if that saves columns to look at: `second_residual_pays`
    how is a ridge system solved?                   `ridge_form`: "qr", "rows", "columns" or "products" with X; GLMs
                                                    first by L-BFGS (`quasi_newton_pays`), or rows (`row_space_pays`)
    and with several responses?                     in the row space where `row_space_pays`; `factor_pays` for all
                                                    unknowns, else by iterations (`preconditioner_pays`)
    and one with an l1 part?                        by descent: `row_descent_pays`, `rows_descend`, `classes_descend`
    do folds of a tall GLM stay together?           while their Hessians are no larger than X: `joint_hessians_pay`

The unit of costs is a multiplication in the triangular solve of a pivot, measured as 0.03 to 0.05 ns on supports of 300
to 1,000. `READ` and `GRAM` are the costs of other multiplications in this unit.

    pivots      2 c s (s + |W|)    for c columns that enter or leave a support of s: triangular solves, and correlations
                                   along the new direction. If H + L2 is new, its factorisation adds s^3 / 3
    descent     4 READ E v         for E epochs over the v stored values of the working set, each read twice
    rows        1.2 n^3            Newton steps in the dual, see semismooth_dual.py
    a new H     GRAM n |W|^2       where a Newton step takes 4 READ n |W|

A descent stops at PATIENCE times the cost of other solvers, which go on from there; its E is the estimate for the next.
"""

import math

import numpy as np

from fastreg.design.column_products import is_outer, price_of
from fastreg.interface.memory import allowance
from fastreg.numerics.jit import kernel
from fastreg.numerics.threads import SHARED

# ---- rates

READ = {"sparse": 15.0, "dense": 3.0, "packed": 0.75}  # cost of a multiplication with a value of X read from memory
GRAM = {"sparse": 15.0, "dense": 0.375, "packed": 0.375}  # cost of one for a Gram matrix, the latter two by BLAS
CALLS = 1e6  # multiplications in the time of NumPy's calls for a model or a point, besides the products
PATIENCE = 3.0  # cost of a solver over the expected cost of another, at which the other takes over

# ---- a working set's model

LARGEST_GRAM = 12_000  # columns of a working set whose Gram matrix is kept (1.2 GB)
EPOCHS = {"sparse": 12.0, "dense": 40.0, "packed": 40.0, "ridge": 5.0}  # of a descent to a gap of TYPICAL, expected
TYPICAL = 1e-6  # relative gap
ANOTHER_STEP = 300.0  # multiplications per row of the extra Newton step that an old Hessian needs; descent has none
ROWS = 1.2  # multiplications of Newton steps in the dual, over n^3
TINY = 1e-15  # ratio of gaps, or gap over the null loss, that no solver reaches
FEW, FEW_WITH_RIDGE = 500, 100  # columns of a support for which pivots are always cheapest, without and with a ridge
ENOUGH = 1.2  # active columns per row, from which Newton steps in the dual are cheaper than pivots


def epoch_cost(working):
    """The cost of an epoch of coordinate descent."""
    return 4.0 * READ[working.block.form] * working.stored()


def pivots_cost(changes, support, working):
    """The cost of pivots for so many changes of the support."""
    size = support + changes
    return 2.0 * changes * size * (size + working.columns.size)


def lapack_pays(size):
    """Whether a factorisation of `size` columns is done by LAPACK, and not column by column."""
    return size > FEW_WITH_RIDGE


def likely_epochs(form, tol):
    """Expected epochs of a descent to a relative gap of `tol`."""
    return EPOCHS[form] * max(math.log(max(tol, TINY)) / math.log(TYPICAL), 1.0)


def descent_pays(changes, support, working, tol):
    """Whether coordinate descent is likely to be cheaper than pivots for the lasso of least squares.

    Pivots solve many points between two reads of X, and descents one: where X is not in memory, a read counts, too.
    """
    if working.columns.size > LARGEST_GRAM:
        return True
    if support + changes <= FEW:
        return False
    form, problem = working.block.form, working.problem
    read = READ[form] * (price_of(problem.design) - 1.0) * problem.stored
    return pivots_cost(changes, support, working) > likely_epochs(form, tol) * epoch_cost(working) + read


def rows_pay(working, support):
    """Whether Newton steps in the dual suit a model: every l2_j > 0, dense columns, and enough of them active."""
    suits = working.ridge_alpha > 0.0 and working.block.wide() and support >= ENOUGH * working.problem.n
    return suits and bool(np.all(working.l2 > 0.0))


def cost_without_descent(working, support, changes, by_rows, factor_gone):
    """The cost of a model without descent: in the dual if `by_rows`, else by pivots, with a factorisation if needed."""
    n = working.problem.n
    steps = 0.0 if working.problem.family.quadratic else ANOTHER_STEP * n
    if by_rows:
        return ROWS * n**3 + steps
    if working.columns.size > LARGEST_GRAM:
        return np.inf
    cost = pivots_cost(changes, support, working) + steps
    if factor_gone or working.ridge_alpha > 0.0:
        cost += support**3 / 3.0 + (CALLS if working.ridge_alpha > 0.0 else 0.0)
    return cost


def epochs_to_expect(working, support, changes, precision, lately):
    """Expected epochs of a descent on a model, `lately` those of the last ones; infinite if few columns are active."""
    few = FEW
    if working.ridge_alpha > 0.0:
        few = FEW_WITH_RIDGE if working.problem.family.quadratic else 0
    if support + changes <= few and working.columns.size <= LARGEST_GRAM:
        return np.inf
    scale, form = working.problem.scale, "ridge" if working.ridge_alpha > 0.0 else working.block.form
    return lately or likely_epochs(form, precision / scale if scale > 0.0 else TINY)


def gram_form_pays(working, support):
    """Whether an epoch in Gram form, a row for each coefficient that changes, reads less than two passes."""
    m = working.columns.size
    return m <= LARGEST_GRAM and m * (support + 10) <= 4 * working.stored()


# ---- cold starts by descent
# A dozen epochs may reach the solution before a Gram matrix is computed, or be far from it; this is unknown beforehand.
# So a round of epochs may cost about as much as pivots from the null model. Another round follows if the solution would
# be reached at less than that cost, with the gap falling at the rate of the last round.

MOST_PASSES, FEWEST_PASSES = 25, 6  # passes of one descent over columns, if a pass costs more than SMALL_PASS
SMALL_PASS, SMALL_PASSES = 2e5, 150  # multiplications of a cheap pass at most; cheap passes of one descent at most
A_STEP = 1e7  # multiplications in the time of an alpha's calls and sweep
OPTIMISM = 2.0  # cost of further rounds over the estimate from the last, since first epochs gain most
GUESS = 0.25  # size of the support over the number of columns, assumed before it is known
A_WORKING_SET = 4  # columns of a working set per column of the support
MODELS = 8.0  # models of Newton steps by pivots, in the cost of the one model of least squares


def pivots_from_null(problem, form, support, on_the_way):
    """The cost of pivots from the null model to a support of this size, with `on_the_way` alphas between:

        2 n (d W)^2 D + 2 c s (s + W) / 3 + (alphas + 1) A_STEP

    for the Gram matrix (d the share of values stored, D = 1 for dense X), c = 2 s pivots to a support of s that grows
    from none, and the alphas with their sweeps.
    """
    size = min(max(support, GUESS * problem.p), problem.n)
    columns = min(A_WORKING_SET * size + 20, problem.p) if on_the_way else problem.p
    stored = problem.stored / problem.p / problem.n * columns
    gram = 2.0 * problem.n * stored**2 * READ[form] / READ["dense"]
    cost = gram + 4.0 * size**2 * (size + columns) / 3.0 + (1 + on_the_way) * A_STEP
    return cost if problem.family.quadratic else MODELS * cost


def round_pays(problem, form, on_the_way, gaps, target, read, support):
    """Whether another round of descent pays, after one that read `read` columns and reduced the gap from gaps[0] to
    gaps[1]."""
    before, reached = gaps
    if reached <= target:
        return True
    if not reached < before:
        return False
    rounds = math.log(reached / target) / math.log(before / reached)
    values = read * problem.stored / problem.p
    cost = OPTIMISM * rounds * (2.0 * READ[form] * values + CALLS)
    return cost <= pivots_from_null(problem, form, support, on_the_way)


def cold_passes(problem, form, on_the_way, stored, support):
    """Passes of a round of descent, over columns of so many stored values, at most."""
    a_pass = 2.0 * READ[form] * stored
    if a_pass <= SMALL_PASS:
        return SMALL_PASSES
    return min(max(pivots_from_null(problem, form, support, on_the_way) / a_pass, FEWEST_PASSES), MOST_PASSES)


def support_solve_pays(problem, size):
    """Whether the Gram matrix of a support, n |S|^2 / 2 products by BLAS, is cheap beside the columns read."""
    return size > 0 and size**2 + CALLS / problem.n <= problem.work.columns


# ---- Hessians
# An old matrix M = H + L2 costs extra steps, a new one its computation. Within a point a new one pays if the remaining
# steps at the current rate of convergence would cost more. From point to point steps become more. The mean of a point's
# steps and its share of the computation is least if the matrix is replaced once a point takes more than this mean.

FRESH_PACE = 0.02  # ratio of the gaps after and before a step with a new matrix, as expected
NEWEST = 2.0  # steps of a point with a new matrix, at least
COPIES = 1.5  # steps in the time of scaling the columns and of their weighted sums
A_SMALL_MATRIX = 0.4  # time of the calls for a new matrix, over that of the calls of a step
A_MATRIX = 6e5  # multiplications in the time of a new matrix for a kernel, besides the products
EXPONENTIALS = 15.0  # multiplications in the time of a row's derivatives


def renewal(columns, form="dense"):
    """The multiplications of a new matrix, in Newton steps; for sparse X `columns` are the values per row."""
    return COPIES + columns * GRAM[form] / (4.0 * READ[form])


def renewal_from_python(n, columns, form):
    """`renewal` for steps from Python, whose calls take most of the time where the matrix is small."""
    step = 4.0 * READ[form] * n * columns
    return (A_SMALL_MATRIX * CALLS + renewal(columns, form) * step) / (CALLS + step)


def renewal_in_a_kernel(n, m):
    """`renewal` for steps within a kernel, which multiply m dense columns of n rows with four vectors."""
    return renewal(m) + A_MATRIX / (4.0 * n * (m + EXPONENTIALS))


@kernel
def renewal_pays(gap, before, target, cost):
    """Whether steps with a new matrix would reach the target at less cost than further steps with the current one."""
    if not before < math.inf:
        return False
    left, pace = math.log(max(target / gap, TINY)), math.log(gap / before)
    return not pace < 0.0 or left / pace > max(left / math.log(FRESH_PACE), 1.0) + cost


@kernel
def served_long(steps, spent, points):
    """Whether a point of so many steps took more than the mean, spent / points, of the points so far."""
    return steps > max(spent / points, NEWEST)


# ---- batches, and which columns are read

FINEST = 1e-9  # relative gap wanted, below which Newton steps, which are exact, cost hardly more than descent
POINTS = 20.0  # points of a batch, about
AHEAD = 1.5  # points of a batch over those that were certified in the last one
LARGEST_WIDE_GRAM = 2000  # columns of a working set whose Gram matrix is used even if rows are fewer
MEMORY = 0.1  # of the memory allowance, for columns that enter a working set at once
A_BATCH = 10.0  # sweeps in the time of a batch's sweep, looks at columns and Gram rows of new columns
SOLVES, PIVOTS = 30.0, 2.0  # multiplications of Newton steps in batches, see `batch_costs`


def batch_costs(working, tol, support, changes):
    """(cost of an epoch, of a point's Newton steps in a batch, of a point by itself).

    Newton steps take (SOLVES + PIVOTS changes) |A| (|A| + |W|). A point by itself is solved by descent, or for least
    squares with enough active columns in the dual, for ROWS n^3. An epoch takes 4 n |A|, or 3 |W| |A| in Gram form.
    """
    problem, m = working.problem, working.columns.size
    n = problem.n
    epoch = support * (3.0 * m if m < n else 4.0 * n)
    newton = (SOLVES + PIVOTS * changes) * support * (support + m)
    if problem.family.quadratic:
        alone = ROWS * n**3 if support >= ENOUGH * n else np.inf
    else:
        alone = likely_epochs("ridge", tol) * READ["dense"] * 4.0 * n * support
    return epoch, newton, alone + CALLS


def batch_descends(problem, tol, support, epochs, costs):
    """Epochs that each point of a batch may take by descent, of which `epochs` are expected; None without descent."""
    epoch, newton, alone = costs
    afforded = min(newton, alone) / epoch
    if problem.family.quadratic and tol > FINEST and support >= FEW_WITH_RIDGE and epochs < afforded:
        return int(PATIENCE * afforded)
    return None


def points_ahead(working, support, pivots, points, certified):
    """Points of the next batch at most, after one of so many `pivots` and `points`, of which some were certified: AHEAD
    times these, since pivots of points after a violated one are in vain; more if they cost less than a batch."""
    problem = working.problem
    a_point = max(pivots_cost(pivots / points, support, working), 1.0)
    sweep = READ[working.block.form] * price_of(problem.design) * problem.stored
    return max(math.ceil(AHEAD * certified), int(A_BATCH * sweep / a_point), 2)


def factors_pay(working):
    """Whether a batch uses the columns of its working set, and not their Gram matrix."""
    return working.columns.size > LARGEST_WIDE_GRAM and working.block.wide()


def newton_batch_pays(costs):
    """Whether Newton steps in batches cost at most PATIENCE times as much as points by themselves."""
    _, newton, alone = costs
    return newton <= PATIENCE * alone


def columns_at_once(working, support, changes, products):
    """How many columns that violate their threshold may enter the working set of a batch at once, at the cost of the
    sweep that is likely to be needed otherwise:

        GRAM d M (W + M) + READ products v M + 2 c s M = READ price stored

    for M columns of v = d n stored values; `products` is the number of products of each with vectors in a batch, c that
    of changes in the batch, and s the support.
    """
    problem, form = working.problem, working.block.form
    column = problem.stored / problem.p
    square = GRAM[form] * column**2 / problem.n
    each = READ[form] * products * column + square * working.columns.size + 2.0 * POINTS * changes * max(support, 1)
    sweep = READ[form] * price_of(problem.design) * problem.stored
    most = (math.sqrt(each**2 + 4.0 * square * sweep) - each) / (2.0 * square)
    return int(min(most, MEMORY * allowance() / (8.0 * column)))


SWEEP_SHARE = 0.25  # stored values of single columns over those of X, from which a full sweep is cheaper
SHARED_SWEEP_SHARE = 0.02  # SWEEP_SHARE if ten fits share sweeps, each at a tenth or two of the cost


def sweep_pays(problem, columns, beside_others):
    """Whether a certificate reads all of X, and not only `columns`."""
    return problem.share_of(columns) > (SHARED_SWEEP_SHARE if beside_others else SWEEP_SHARE)


SECOND = {"dense": 0.25, "sparse": 1.4, "packed": 1.0}  # cost of a second residual in a sweep, over a sweep from memory
A_POINT = {"dense": 0.25, "sparse": 0.4, "packed": 1.0}  # cost of one point where columns are looked at, over the same
SCATTERED = 2.0  # cost of reading single columns, over that in a sweep
SAVED = 0.8  # share of the columns that bounds leave open after a sweep which a second residual closes


def second_residual_pays(working, points, share, beside_others):
    """Whether the sweep after a batch has a second residual, of its middle, if columns with this `share` of all values
    of X would otherwise have to be looked at, at so many points:

        SAVED share (SCATTERED price + A_POINT points) >= SECOND

    A fit by itself of a small X in memory has none, since a kernel would be compiled for it.
    """
    design = working.problem.design
    if not (beside_others or is_outer(design) or working.problem.stored > SHARED):
        return False
    form = getattr(design, "stored_as", None) or working.block.form
    return SAVED * share * (SCATTERED * price_of(design) + A_POINT[form] * points) >= SECOND[form]


# ---- systems without an l1 part

LARGEST_FACTOR = 6000  # rows of a matrix that is factorised, at most
QR_WORK = 3e8  # multiplications n p^2 up to which QR is used
QUASI_ROWS, FEW_COLUMNS = 2, 20  # rows per column, and columns, from which L-BFGS is cheaper than Newton steps
SAMPLED = 8  # rows per column that L-BFGS samples for its preconditioner
WORTH = 100.0  # multiplications per row of X that the sample's Gram matrix may cost
LEAST_PATIENCE, COLUMNS_A_STEP = 12, 15  # steps of L-BFGS, all remembered, at least; columns for each further step
TYPICAL_PRODUCTS = 10  # products with X of conjugate gradients for a Newton step of several responses
FEW_ITERATIONS = 4  # of conjugate gradients, up to which a preconditioner is kept whatever its cost
GRAM_RATE = 8.0  # multiplications of a Gram matrix in the time of one of a product with a few vectors
FEW_PAIRS = 200  # coefficients of classes that are not zero, below which pivots are always cheapest
ROW_STEPS, ROW_FACTORS = 40, 6  # steps by products with X, and factorisations in the row space, of a fit
STALE = 0.1  # ratio of the gaps after and before a step, above which several responses get a new H
SCATTER = 60.0  # multiplications of an epoch over a Gram matrix of rows in the time of those of a stored value
NEWTON_WORK = 0.4  # operations of descent in the time of Newton steps, over the cube of the number of rows


def qr_pays(n, m):
    """Whether QR is affordable for n rows and m columns."""
    return (n + m) * m * min(n + m, m) <= QR_WORK


def ridge_form(problem, m, free, tiny, corrected):
    """How a Newton system in m columns is solved; `free` have no ridge, `tiny` says whether some have hardly any, and
    `corrected` whether later solves correct rounding errors."""
    n = problem.n
    if tiny and (n < m or not corrected) and qr_pays(n, m):
        return "qr"
    if n < m and free < n and n <= LARGEST_FACTOR and (problem.family.quadratic or not tiny):
        return "rows"
    return "columns" if m <= LARGEST_FACTOR else "products"


def quasi_newton_pays(problem, m, tiny):
    """Whether L-BFGS is tried before Newton steps: where a Gram matrix, of columns or rows, costs many reads of X."""
    tall, wide = problem.n >= QUASI_ROWS * m and m >= FEW_COLUMNS, problem.n < m
    return not problem.family.quadratic and not tiny and (tall or (wide and not row_space_pays(problem, m)))


def quasi_newton_steps(m):
    """Steps of L-BFGS at most, at the cost of a few Newton steps."""
    return max(LEAST_PATIENCE, m // COLUMNS_A_STEP)


def sample_pays(n, m):
    """Whether L-BFGS is preconditioned by the Gram matrix of a sample of the rows."""
    return 2 * SAMPLED * m < n and SAMPLED * m * m <= WORTH * n


def row_space_pays(problem, m):
    """Whether steps are taken in the row space, where its Gram matrix and factors cost less than products with X."""
    n, form = problem.n, problem.design.working_block(problem.centre).form
    if problem.family.quadratic or not n < m or n > LARGEST_FACTOR:
        return False
    stored = problem.stored * m / problem.p
    return GRAM[form] * n * stored + ROW_FACTORS * n**3 / 3.0 <= ROW_STEPS * 2.0 * problem.K * READ[form] * stored


def factor_pays(n, m, K):
    """Whether a system in m columns and K responses is factorised, and not solved by conjugate gradients."""
    iterating = 2.0 * n * m * (m + 2.0 * K * TYPICAL_PRODUCTS) + m**3 / 3.0
    return m * K <= LARGEST_FACTOR and n * (m * K) ** 2 + (m * K) ** 3 / 3.0 <= iterating


def preconditioner_pays(iterations, m, K):
    """Whether conjugate gradients of so many iterations get a new preconditioner, from a Gram matrix of m columns."""
    return iterations > FEW_ITERATIONS + m / (GRAM_RATE * K)


def sparse_in_memory(problem):
    """Whether the columns of X are sparse, and lie in memory."""
    return problem.design.working_block(problem.centre).form == "sparse" and not is_outer(problem.design)


def classes_descend(problem, state):
    """Whether models of classes are solved by descent: sparse X, and too large a support for Hessians."""
    return sparse_in_memory(problem) and np.count_nonzero(state.coef) >= FEW_PAIRS


def rows_descend(problem, columns):
    """Whether rows are descended over by residuals: columns of sparse X that store less than their Gram matrix."""
    return sparse_in_memory(problem) and SCATTER * problem.design.stored_in(columns) < columns.size**2


def row_newton_cost(rows):
    """The cost of Newton steps on so many rows of coefficients, in operations of descent."""
    return CALLS + NEWTON_WORK * rows**3


def row_descent_pays(newton, gaps, target, work, spent):
    """Whether descent over rows, whose last `work` operations of `spent` reduced the gap from gaps[0] to gaps[1], goes
    on: the rest, at this pace, costs no more than Newton steps."""
    if not 0.0 < gaps[1] < gaps[0]:
        return spent <= newton
    return spent <= PATIENCE * newton and work * math.log(gaps[1] / target) <= newton * math.log(gaps[0] / gaps[1])


# ---- folds of a tall GLM together

HESSIANS, HESSIAN_ROWS = 1.0, 2.0  # cost of new Hessians in steps of all folds: fixed, and per `renewal` of one fold


def joint_hessians_pay(problem, n_folds, columns):
    """Whether the Hessians of all folds take no more memory than X."""
    return n_folds * columns**2 <= problem.stored


def joint_renewal(n_folds, columns):
    """The cost of new Hessians of all folds, in steps of all folds."""
    return HESSIANS + HESSIAN_ROWS * renewal(columns) / n_folds
