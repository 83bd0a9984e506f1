"""What is decided while a fit runs, by what each way is expected to cost; what is decided before: see paths/plan.py.

    asked                                           answer
    ----------------------------------------------  ------------------------------------------------------------------
    how is the model of a working set solved?       by pivots, unless descent is likely to take less: `descent_pays`;
                                                    elastic nets with more active columns than rows among the rows:
                                                    `rows_pay` (solvers/automatic_choice.py, paths/batched/)
    in which form does a descent run?               on a Gram matrix that few columns make small: `gram_form_pays`
    does a cold start go on descending?             while its gap falls fast enough: `round_pays`, `cold_passes`
    and is its support solved exactly?              where that costs less than has been read: `support_solve_pays`
    is an old Hessian made anew?                    where steps with it would cost more: `renewal_pays`, `served_long`
    do batches of elastic nets descend?             where that takes less than Newton's steps: `batch_costs`
    is X'r read for all columns?                    where many are open: `sweep_pays`, `sweep_of_batch_pays`
    how is a ridge system solved?                   `ridge_form`: "qr", "rows", "columns" or "products" with X; GLMs
                                                    first by L-BFGS where X is tall (`quasi_newton_pays`), or among the
                                                    rows where it is wide (`row_newton_pays`)
    and with several responses?                     `factor_pays` of all unknowns; rows descend for `descent_budget`
                                                    before Newton's steps
    do the folds of a tall GLM go on together?      while their Hessians are no larger than X: `joint_hessians_pay`

Costs are in one unit, a multiplication in a pivot's triangular solve: 0.03 to 0.05 ns where it was timed, on supports
of 300 to 1,000. `READ` and `GRAM` say what multiplications elsewhere cost in it.

    pivots      2 c s (s + |W|)    for c columns that enter or leave a support of s: triangular solves, and correlations
                                   along the new direction. A model takes at least as many pivots. Where H + L2 is new,
                                   its factor takes s^3 / 3 more
    descent     4 READ E v         for E epochs over the v stored values of the working set, each read twice
    rows        1.2 n^3            Newton's steps among the rows, see semismooth_dual.py
    a new H     GRAM n |W|^2       beside Newton steps of 4 READ n |W|

Pivots are exact and need no second round. How many epochs a descent takes cannot be told beforehand, from three to
hundreds: so it may take PATIENCE times those for which the model could have been solved otherwise, and what it took is
expected of the next. Where it is called off, the others go on from where it ended.
"""

import math

import numpy as np

from fastreg.numerics.jit import kernel

# ---- rates

READ = {"sparse": 15.0, "dense": 3.0}  # a multiplication with a value of X that is read from memory
GRAM = {"sparse": 15.0, "dense": 0.375}  # one for an entry of a Gram matrix, dense ones by BLAS
CALLS = 1e6  # multiplications in the time that calls of NumPy for a model or a point take, beside the products
PATIENCE = 3.0  # times what a way is thought to cost, that it may cost before another is taken

# ---- a working set's model

LARGEST_GRAM = 12_000  # columns of a working set whose Gram matrix is kept (1.2 GB)
EPOCHS = {"sparse": 12.0, "dense": 40.0, "ridge": 5.0}  # that a descent to TYPICAL is thought to take; more to less
TYPICAL = 1e-6  # tol
ANOTHER_STEP = 300.0  # multiplications a row in a Newton step more, as an old Hessian takes; descents have none
ROWS = 1.2  # multiplications of steps among the rows, a cube of their number
TINY = 1e-15  # share of a gap, or of the null loss, that no steps reach
FEW, FEW_WITH_RIDGE = 500, 100  # columns of a support that is solved at next to no cost; H + L2 is new with a ridge
ENOUGH = 1.2  # active columns a row, from which steps among the rows take less than pivots


def epoch_cost(working):
    """Of coordinate descent."""
    return 4.0 * READ[working.block.form] * working.stored()


def pivots_cost(changes, support, working):
    """Of so many changes of the support."""
    size = support + changes
    return 2.0 * changes * size * (size + working.columns.size)


def lapack_pays(size):
    """Whether a factor of so many columns is made at once, and not column by column."""
    return size > FEW_WITH_RIDGE


def likely_epochs(form, tol):
    """That a descent takes to a gap of `tol`, relative to the null model."""
    return EPOCHS[form] * max(math.log(max(tol, TINY)) / math.log(TYPICAL), 1.0)


def descent_pays(changes, support, working, tol):
    """Whether coordinate descent is likely to be cheaper than pivots for the lasso of least squares."""
    if working.columns.size > LARGEST_GRAM:
        return True
    if support + changes <= FEW:
        return False
    return pivots_cost(changes, support, working) > likely_epochs(working.block.form, tol) * epoch_cost(working)


def rows_pay(working, support):
    """Whether a model is one for steps among the rows: l2_j > 0, dense columns, and enough of them active."""
    suits = working.ridge_alpha > 0.0 and working.block.wide() and support >= ENOUGH * working.problem.n
    return suits and bool(np.all(working.l2 > 0.0))


def cost_without_descent(working, support, changes, by_rows, factor_gone):
    """Of a model; by pivots with a new factor if the last one is gone or has another ridge."""
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
    """Of a descent on a model, as many as `lately` if that is known; infinite where few columns are active."""
    few = FEW
    if working.ridge_alpha > 0.0:
        few = FEW_WITH_RIDGE if working.problem.family.quadratic else 0
    if support + changes <= few and working.columns.size <= LARGEST_GRAM:
        return np.inf
    scale, form = working.problem.scale, "ridge" if working.ridge_alpha > 0.0 else working.block.form
    return lately or likely_epochs(form, precision / scale if scale > 0.0 else TINY)


# ---- forms of a descent


def gram_form_pays(working, support):
    """Whether an epoch over a Gram matrix, a row of it for each coefficient that moves, reads less than two passes."""
    m = working.columns.size
    return m <= LARGEST_GRAM and m * (support + 10) <= 4 * working.stored()


# ---- cold starts by descent
#
# Some dozen epochs may end at the solution sooner than a Gram matrix is built, or come nowhere near it; which cannot be
# told beforehand. So a round of them may cost about what pivots from the null model would, and another follows as long
# as the gap, falling as in the last one, promises to close for less than that.

MOST_PASSES, FEWEST_PASSES = 25, 6  # of one descent, of columns that take longer than SMALL_PASS
SMALL_PASS, SMALL_PASSES = 2e5, 150  # multiplications of a pass that costs next to nothing, and as many as those may be
A_STEP = 1e7  # multiplications in the time of an alpha's calls and sweep
OPTIMISM = 2.0  # how many times longer than the last round lets hope, since the first epochs gain most
GUESS = 0.25  # share of the columns that may be in the support, before that is known
A_WORKING_SET = 4  # columns in it for one in the support


def pivots_from_null(problem, form, support, on_the_way):
    """Of pivots from the null model to such a support, by so many alphas on the way:

        2 n (d W)^2 D + 2 c s (s + W) / 3 + (alphas + 1) A_STEP

    for the Gram matrix (d the share of values stored, D = 1 where X is dense), c = 2 s pivots to a support of s that
    grows from none, and the alphas with their sweeps.
    """
    size = min(max(support, GUESS * problem.p), problem.n)
    columns = min(A_WORKING_SET * size + 20, problem.p) if on_the_way else problem.p
    stored = problem.stored / problem.p / problem.n * columns
    gram = 2.0 * problem.n * stored**2 * READ[form] / READ["dense"]
    return gram + 4.0 * size**2 * (size + columns) / 3.0 + (1 + on_the_way) * A_STEP


def round_pays(problem, form, on_the_way, gaps, target, read, support):
    """Whether another round of descent does, after one that read so many columns and brought the gap from the first to
    the second of `gaps`."""
    before, reached = gaps
    if reached <= target:
        return True
    if not reached < before:
        return False
    rounds = math.log(reached / target) / math.log(before / reached)
    if not problem.family.quadratic:
        return rounds <= PATIENCE
    values = read * problem.stored / problem.p
    cost = OPTIMISM * rounds * (2.0 * READ[form] * values + CALLS)
    return cost <= pivots_from_null(problem, form, support, on_the_way)


def cold_passes(problem, form, on_the_way, stored, support):
    """Over columns of so many stored values, that a round of descent may read."""
    a_pass = 2.0 * READ[form] * stored
    if a_pass <= SMALL_PASS:
        return SMALL_PASSES
    return min(max(pivots_from_null(problem, form, support, on_the_way) / a_pass, FEWEST_PASSES), MOST_PASSES)


def support_solve_pays(problem, size):
    """Whether the Gram matrix of a support, |S|^2 / 2 products by BLAS, costs little beside what was read."""
    return size > 0 and size**2 + CALLS / problem.n <= problem.work.columns


# ---- Hessians
#
# An old matrix M = H + L2 costs further steps, a new one its making. Within a point it pays where the steps left at the
# present pace would take longer. From point to point it ages, and points take more and more steps: the steps of a
# point, with its share of the making, are fewest on the mean if the matrix is replaced when a point first takes more
# than that mean.

FRESH_PACE = 0.02  # share of the gap that a step with a new matrix is expected to leave
NEWEST = 2.0  # steps of a point that no new matrix would save
COPIES = 1.5  # steps in the time that scaling the columns and their weighted sums take
A_MATRIX = 6e5  # multiplications in the time that a new matrix takes there beside the products
EXPONENTIALS = 15.0  # multiplications in the time that a row's derivatives take


def renewal(columns, form="dense"):
    """What a new matrix costs, in steps that are calls themselves: of so many columns, for sparse ones as many as a row
    has values among them."""
    return COPIES + columns * GRAM[form] / (4.0 * READ[form])


def renewal_in_a_kernel(n, m):
    """The same in steps that multiply m dense columns with two vectors of n rows, both ways, and are no call of their
    own."""
    return renewal(m) + A_MATRIX / (4.0 * n * (m + EXPONENTIALS))


@kernel
def renewal_pays(gap, before, target, cost):
    """Whether steps with a new matrix would reach the gap wanted at less cost than more steps with the present one."""
    if not before < math.inf:
        return False
    left, pace = math.log(max(target / gap, TINY)), math.log(gap / before)
    return not pace < 0.0 or left / pace > max(left / math.log(FRESH_PACE), 1.0) + cost


@kernel
def served_long(steps, spent, points):
    """Whether a point that took so many steps took more than the mean of the points so far, which `spent` so many."""
    return steps > max(spent / points, NEWEST)


# ---- batches, and which columns are read

FINEST = 1e-9  # gap wanted, relative, down to which Newton's method takes hardly longer than descent, and is exact
SOLVES, PIVOTS = 30.0, 2.0  # multiplications of Newton's steps in batches, see `batch_costs`


def batch_costs(working, tol, support, changes):
    """Of an epoch, of a point's Newton steps, and of a point on its own: by descent, or for least squares by steps
    among the rows, if there are enough columns for them.

    Newton steps take SOLVES + PIVOTS times the changes, each |A| (|A| + |W|); those among the rows, where more columns
    are active, ROWS n^3. An epoch takes 4 n |A|, or 3 |W| |A| with a Gram matrix.
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
    """The epochs that each point of a batch may take by descent, where `epochs` are expected; None if it does not."""
    epoch, newton, alone = costs
    afforded = min(newton, alone) / epoch
    if problem.family.quadratic and tol > FINEST and support >= FEW_WITH_RIDGE and epochs < afforded:
        return int(PATIENCE * afforded)
    return None


LARGEST_WIDE_GRAM = 2000  # columns of a working set whose matrix is kept even if there are fewer rows


def factors_pay(working):
    """Whether a batch works with the rows themselves, and not with a matrix of all columns of its working set."""
    return working.columns.size > LARGEST_WIDE_GRAM and working.block.wide()


def newton_batch_pays(costs):
    """Whether Newton steps in batches are not much dearer than points on their own."""
    _, newton, alone = costs
    return newton <= PATIENCE * alone


SWEEP_SHARE = 0.25  # of X's stored values: when more would be read column by column, a full sweep is read instead
SHARED_SWEEP_SHARE = 0.02  # the same where sweeps are shared: for ten fits each costs a tenth or two of one alone
SHARED_MORE_SWEEPS = 3  # sweeps a batch more, then, where bounds leave many columns open


def sweep_pays(problem, columns, beside_others):
    """Whether all of X is read for a certificate, where some columns are open."""
    return problem.share_of(columns) > (SHARED_SWEEP_SHARE if beside_others else SWEEP_SHARE)


def sweep_of_batch_pays(problem, points, cost):
    """Whether one more sweep costs less than looking at the open columns, of such a cost, at so many points."""
    return points * cost >= problem.stored


STALE = 0.1  # share of its gap that a step with an old H must leave at most, with several responses


# ---- systems without an l1 part

LARGEST_FACTOR = 6000  # rows of a matrix that is still factored
QR_WORK = 3e8  # multiplications n p^2 up to which the exact QR form is affordable
QUASI_ROWS, FEW_COLUMNS = 2, 20  # rows to a column, and columns, from which Newton steps are dear
SAMPLED = 8  # rows sampled for each column, by L-BFGS,
WORTH = 100.0  # if their products cost no more than this many multiplications for each row of X
LEAST_PATIENCE, COLUMNS_A_STEP = 12, 15  # steps of L-BFGS in any case, all of them remembered; columns for each more
TYPICAL_PRODUCTS = 40  # that conjugate gradients take for one Newton step of several responses
NEWTON_WORK = 0.1  # multiplications of a descent over rows of coefficients for a new H, a cube of their number


def qr_pays(n, m):
    """Whether the exact form is affordable for n rows and m columns, whose ridge is tiny."""
    return (n + m) * m * min(n + m, m) <= QR_WORK


def ridge_form(problem, m, free, tiny):
    """How a Newton system in m columns is solved, `free` of which have no ridge; `tiny`: some have next to none."""
    n = problem.n
    if tiny and qr_pays(n, m):
        return "qr"
    if n < m and free < n and n <= LARGEST_FACTOR and (problem.family.quadratic or not tiny):
        return "rows"
    return "columns" if m <= LARGEST_FACTOR else "products"


def quasi_newton_pays(problem, m, tiny):
    """Whether cheaper steps than Newton's are worth a try: where a Gram matrix takes as long as many reads of X."""
    tall = problem.n >= QUASI_ROWS * m and m >= FEW_COLUMNS
    return tall and not problem.family.quadratic and not tiny


def quasi_newton_steps(m):
    """Steps for the price of a few of Newton's."""
    return max(LEAST_PATIENCE, m // COLUMNS_A_STEP)


def sample_pays(n, m):
    """Whether L-BFGS begins with the Gram matrix of a sample of the rows."""
    return 2 * SAMPLED * m < n and SAMPLED * m * m <= WORTH * n


def row_newton_pays(problem, m, tiny):
    """Whether Newton's method goes on among the rows: more columns than rows, all with a ridge."""
    return not problem.family.quadratic and problem.n < m and problem.n <= LARGEST_FACTOR and not tiny


def factor_pays(n, m, K):
    """Whether a system in m columns of K responses is factored, and not solved by conjugate gradients."""
    iterating = 2.0 * n * m * (m + 2.0 * K * TYPICAL_PRODUCTS) + m**3 / 3.0
    return m * K <= LARGEST_FACTOR and n * (m * K) ** 2 + (m * K) ** 3 / 3.0 <= iterating + CALLS


def descent_budget(rows):
    """Multiplications that descent over rows of coefficients may take before Newton's method has its turn."""
    return CALLS + NEWTON_WORK * rows**3


# ---- folds of a tall GLM together

HESSIANS, HESSIAN_ROWS = 1.0, 2.0  # of new Hessians, in steps of all folds, and of their rows, for those of one fold


def joint_hessians_pay(problem, n_folds, columns):
    """Whether Hessians of so many columns take no more memory than X."""
    return n_folds * columns**2 <= problem.stored


def joint_renewal(n_folds, columns):
    """What new Hessians of all folds cost, in steps of all folds."""
    return HESSIANS + HESSIAN_ROWS * renewal(columns) / n_folds
