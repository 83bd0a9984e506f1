"""check_family: does a family of one's own keep the contract that solvers and certificates rely on?"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface.naming import explains_names
from fastreg.interface.validation import check_vector, read_only
from fastreg.objective.families import completed, linearise
from fastreg.objective.least_squares import breach_of_quadratic

__all__ = ["ContractError", "check_family"]

ROWS = 12  # responses that are tried, at most, spread over those given
FAR = 30.0  # the linear predictors tried, where eta is a log or a logit; else so many times the spread of y
POINTS = 61
NEAR = np.concatenate([-np.geomspace(1e-3, 3.0, 12)[::-1], np.geomspace(1e-3, 3.0, 12)])  # of y, where eta has its unit
STEPS = 10.0 ** np.arange(-9.0, -3.0)  # of the grid's unit, for numerical derivatives: one of them has to agree
CLOSE = 1e-5  # relative error of a numerical derivative
BEYOND = 0.1  # of the residuals' range, for dual points outside of it
NOISE = 1e-10  # what rounding may leave of a difference, relative to its terms
VERBS = ("loss", "derivatives", "divergence", "mean", "check", "degenerate", "separates")
FACTS = ("name", "quadratic", "admits", "y", "weight")


class ContractError(AssertionError):
    """A family breaks its contract; the message says where and how."""


@explains_names
def check_family(family: Any, y: ArrayLike) -> None:
    r"""Check that a family keeps the contract that solvers and certificates rely on.

    A family is a NamedTuple class with the fields ``y`` and ``weight`` and the methods that ``fastreg/families.py``
    describes. With the loss :math:`\ell` of a row at the linear predictor :math:`\eta`, of weight one, it is asked that

    - methods and attributes are there, and admit the responses given,
    - loss, residual, curvature and divergence are finite numbers in proportion to the weight, and the loss is not
      negative,
    - the residual is :math:`-\ell'(\eta)`, and falls as :math:`\eta` grows: the loss is convex,
    - the curvature is :math:`\ell''(\eta)`, or a small number above zero where that vanishes; never zero,
    - :math:`|\ell'''| \le M \ell''` where the family states a finite ``bend`` M,
    - the divergence at a dual point :math:`\nu` is the largest of :math:`\ell(\eta) - \ell(\eta') + \nu (\eta - \eta')`
      over all :math:`\eta'`: a smaller number would make certificates false,
    - the divergence is infinite, or no smaller than that, at dual points beyond the residuals' range,
    - a family with ``quadratic = True`` is least squares: solvers then take the residual for weight * (y - eta) and the
      curvature for the weight,
    - ``start`` is finite, and ``log_link_parts``, where it is given, differ by the residual and grow as stated,
    - kernels compiled from the family return the numbers of plain Python.

    A family with ``tight = False`` may state the derivatives of a smoothed loss; they are then not compared with it.

    Parameters
    ----------
    family : class
        The family, as ``fit_path(family=...)`` takes it. Attributes that it does not state are set on the class, to
        their defaults, here as in every fit.
    y : (n,) array_like
        Responses as they will be fitted; a dozen of them, spread over their range, are tried.

    Raises
    ------
    ContractError
        Where something is wrong, with a line for each finding. It is an AssertionError.

    Examples
    --------
    >>> from fastreg.objective.families import Poisson
    >>> from fastreg.testing import check_family
    >>> check_family(Poisson, [0.0, 1.0, 4.0])
    """
    missing = [name for name in (*VERBS, *FACTS) if not hasattr(family, name)]
    if missing:
        raise ContractError(f"family {family!r} lacks {', '.join(missing)}")
    completed(family)
    responses = check_vector("y", y, np.size(y))
    findings = [*_facts(family, responses), *_responses(family, responses)]
    if not findings:
        rows = np.unique(np.quantile(responses, np.linspace(0.0, 1.0, ROWS), method="nearest"))
        findings = _numbers(family, rows)
    if findings:
        raise ContractError("\n".join([f"family {family.name!r} breaks its contract:", *findings]))


def _facts(family, y):
    """What attributes must be."""
    if not (isinstance(family.bend, (int, float)) and family.bend >= 0.0):
        yield f"bend must be a number of at least 0, or infinite, got {family.bend!r}"
    if not (isinstance(family.longest, (int, float)) and family.longest > 0.0):
        yield f"longest must be a number above 0, or infinite, got {family.longest!r}"
    for name in ("tight", "quadratic"):
        if not isinstance(getattr(family, name), bool):
            yield f"{name} must be True or False, got {getattr(family, name)!r}"
    mean = np.asarray(family.mean(np.zeros(3)))
    if mean.shape != (3,) or not np.all(np.isfinite(mean)):
        yield f"mean(eta) must be finite numbers of the shape of eta, got {mean!r} for three zeros"


def _responses(family, y):
    """Whether the responses given are admitted."""
    admitted = np.asarray(family.check(y))
    if admitted.shape != y.shape or admitted.dtype != bool:
        yield f"check(y) must return a truth value for each y, got {admitted!r}"
    elif not admitted.all():
        yield f"check(y) does not admit {y[~admitted][0]:g}, one of the responses given"
    if family.degenerate(y) not in (None, ""):
        yield f"degenerate(y) says of the responses given: {family.degenerate(y)}; pass some that can be fitted"


def _numbers(family, y):
    """Everything that is a formula, row by row over a grid of linear predictors."""
    bound = family(read_only(y), read_only(np.full(y.size, 1.0 / y.size)))
    start = bound.start()
    if not math.isfinite(start):
        return [f"start() must be a finite number, got {start!r}"]
    unit = 1.0 if math.isfinite(family.longest) else float(np.ptp(y)) or max(abs(float(y[0])), 1.0)
    grid = start + unit * np.linspace(-FAR, FAR, POINTS) * (1.0 if math.isfinite(family.longest) else 1.0 / 6.0)
    single, findings = family(read_only(y), read_only(np.ones(y.size))), []
    for check in (_finite, _slopes, _curvatures, _divergences, _parts):
        found: dict[float, str] = {}
        for i in range(y.size):
            near = y[i] + unit * NEAR if math.isinf(family.longest) else start
            words = next(check(family, Row(single, i, unit * STEPS), np.union1d(grid, near)), None)
            found |= {} if words is None else {float(y[i]): words}
        if found:
            response, words = next(iter(found.items()))
            others = f" (and so for {len(found) - 1} more of {y.size} responses)" if len(found) > 1 else ""
            findings.append(f"y = {response:g}: {words}{others}")
        if found and check is _finite:
            break
    return (
        findings or list(_compiled(family, y, grid)) or list(_quadratic(family, y)) or list(_weights(family, y, grid))
    )


class Row:
    """One row of weight one."""

    def __init__(self, family, i, steps):
        self.family, self.i, self.steps = family, i, steps

    def loss(self, eta):
        return float(self.family.loss(self.i, eta))

    def derivatives(self, eta):
        return tuple(map(float, self.family.derivatives(self.i, eta)))

    def divergence(self, eta, e):
        """NaN where Python raises what a kernel does not: such as a logarithm outside of its domain."""
        try:
            return float(self.family.divergence(self.i, eta, e))
        except (ArithmeticError, ValueError):
            return math.nan


def _finite(family, row, grid):
    lowest = -math.inf if hasattr(family, "constant") else 0.0  # the constant may lift the loss
    for eta in grid:
        loss, (residual, curvature) = row.loss(eta), row.derivatives(eta)
        if math.isnan(loss) or not loss >= lowest:
            yield f"the loss at eta = {eta:g} is {loss:g}; it must be a number that is not negative"
        if not math.isfinite(residual):
            yield f"the residual at eta = {eta:g} is {residual:g}"
        if not (math.isfinite(curvature) and curvature > 0.0):
            yield (
                f"the curvature at eta = {eta:g} is {curvature:g}; it must be above zero: return a small number, such "
                "as 1e-6 of the largest curvature, where the second derivative vanishes"
            )


def _slopes(family, row, grid):
    """The residual is minus the loss's derivative, and falls."""
    residuals = np.array([row.derivatives(eta)[0] for eta in grid])
    scale = np.abs(residuals).max()
    rising = np.flatnonzero(np.diff(residuals) > NOISE * scale)
    if rising.size:
        k = rising[0]
        yield (
            f"the residual rises from {residuals[k]:g} at eta = {grid[k]:g} to {residuals[k + 1]:g} at "
            f"{grid[k + 1]:g}: the loss is not convex"
        )
    for eta, residual in zip(grid if family.tight else (), residuals):
        slopes = []
        for step in row.steps:
            ends = [row.loss(eta + side * step) for side in (-1.0, 1.0)]
            size = abs(residual) + row.derivatives(eta)[1] * step
            noise = 1e-15 * (sum(map(abs, ends)) + abs(eta) * size) / step
            slopes.append(((ends[1] - ends[0]) / (2.0 * step), CLOSE * size + 10.0 * noise))
        if all(math.isfinite(slope) and abs(slope + residual) > allowed for slope, allowed in slopes):
            yield f"the residual at eta = {eta:g} is {residual:g}, but the loss's slope there is {slopes[-1][0]:g}"


def _curvatures(family, row, grid):
    """The curvature is minus the residual's derivative, or a floor; and bends no more than stated."""
    # The top of a loss that is flat beyond a few units of y lies between the points of a grid as wide as the responses.
    top = [row.family.y[row.i]] if math.isinf(family.longest) else []
    largest = max(row.derivatives(eta)[1] for eta in [*grid, *top])
    for eta in grid:
        curvature, slopes = row.derivatives(eta)[1], []
        for step in row.steps:
            ends = [row.derivatives(eta + side * step)[0] for side in (-1.0, 1.0)]
            noise = 1e-15 * (sum(map(abs, ends)) + abs(eta) * curvature) / step
            slopes.append(((ends[0] - ends[1]) / (2.0 * step), 10.0 * CLOSE * curvature + 10.0 * noise))
        kink = abs(row.derivatives(eta - row.steps[0])[1] - row.derivatives(eta + row.steps[0])[1]) > 0.1 * curvature
        floor = curvature <= 1e-2 * largest and curvature >= slopes[-1][0]
        if not kink and not floor and all(abs(curvature - slope) > allowed for slope, allowed in slopes):
            yield f"the curvature at eta = {eta:g} is {curvature:g}, but the residual falls by {slopes[-1][0]:g} there"
    curvatures = np.array([row.derivatives(eta)[1] for eta in grid])
    pace = np.abs(np.diff(np.log(curvatures))) / np.diff(grid)
    if np.any(pace > family.bend * (1.0 + 1e-6) + 1e-9):
        k = int(np.argmax(pace))
        yield (
            f"the curvature goes from {curvatures[k]:g} at eta = {grid[k]:g} to {curvatures[k + 1]:g} at "
            f"{grid[k + 1]:g}, by a larger factor than exp(bend |difference|), where bend = {family.bend:g}"
        )


def _divergences(family, row, grid):
    """The divergence is the gap of Fenchel and Young: never below its terms, and at its best pair equal to them."""
    losses = np.array([row.loss(eta) for eta in grid])
    residuals = np.array([row.derivatives(eta)[0] for eta in grid])
    # Where the residual no longer changes, a dual point lies at the edge of the conjugate's domain up to rounding.
    saturated = np.abs(np.gradient(residuals)) <= 1e-9 * np.abs(residuals).max()
    for k, eta in enumerate(grid):
        for other in range(0, grid.size, 3):
            dual = residuals[other]  # at which the conjugate's minimum lies at grid[other]
            value = row.divergence(eta, residuals[k] - dual)
            gaps = losses[k] - losses + dual * (eta - grid)
            least, noise = gaps[np.isfinite(gaps)].max(initial=0.0), NOISE * (abs(losses[k]) + abs(losses[other]))
            noise += NOISE * (abs(dual) + abs(residuals[k])) * (abs(eta) + abs(grid[other]))
            if math.isnan(value) or not value >= least * (1.0 - 1e-6) - noise:
                yield (
                    f"the divergence at eta = {eta:g} and the dual point {dual:g} is {value:g}, below loss plus "
                    f"conjugate, {least:g}: certificates would be false"
                )
            above = not value <= gaps[other] * (1.0 + 1e-6) + noise and math.isfinite(gaps[other])
            if family.tight and above and not saturated[other]:
                yield (
                    f"the divergence at eta = {eta:g} and the dual point {dual:g} is {value:g}, above loss plus "
                    f"conjugate, {gaps[other]:g}: nothing would be certified"
                )
    yield from _beyond(row, grid, losses, residuals)


def _beyond(row, grid, losses, residuals):
    """Beyond the residuals' range the divergence is infinite, or where that range goes on, no smaller than its terms.

    There loss + conjugate is above what any eta' of the grid gives, as everywhere. Dual points lie a tenth of the range
    beyond its ends, and a tenth of the way to each end from the middle of the grid: one end may lie far out.
    """
    ends, middle = (residuals.min(), residuals.max()), residuals[grid.size // 2]
    for end, sign in zip(ends, (-1.0, 1.0)):
        for reach in (ends[1] - ends[0], abs(end - middle)):
            dual = end + sign * BEYOND * reach
            for k, eta in enumerate(grid):
                value = row.divergence(eta, residuals[k] - dual)
                gaps = losses[k] - losses + dual * (eta - grid)
                size = abs(losses[k]) + (abs(dual) + abs(residuals[k])) * (abs(eta) + np.abs(grid).max())
                least = gaps[np.isfinite(gaps)].max(initial=0.0)
                if math.isnan(value) or not value >= least * (1.0 - 1e-6) - NOISE * size:
                    yield (
                        f"the divergence at eta = {eta:g} and the dual point {dual:g}, beyond the residuals found, is "
                        f"{value:g}, below loss plus conjugate, {least:g} or more: it must be infinite outside the "
                        "conjugate's domain, or certificates would be false"
                    )


def _parts(family, row, grid):
    """Closed-form parts of the residual, where a family has them."""
    parts = np.array([row.family.log_link_parts(row.i, eta) for eta in grid])
    if not parts.any():
        return
    residuals = np.array([row.derivatives(eta)[0] for eta in grid])
    wrong = np.flatnonzero(np.abs(parts[:, 0] - parts[:, 1] - residuals) > 1e-9 * parts.sum(axis=1))
    if wrong.size:
        eta, (first, second) = grid[wrong[0]], parts[wrong[0]]
        yield f"log_link_parts at eta = {eta:g} are {first:g} and {second:g}; they do not differ by the residual"
    seen = np.flatnonzero((parts > 0.0).all(axis=1))
    if seen.size > 1:
        falls, grows = np.log(parts[seen[-1]] / parts[seen[0]]) / (grid[seen[-1]] - grid[seen[0]])
        if not (falls <= 1e-6 and grows >= -1e-6 and abs(grows - falls - 1.0) < 1e-6):
            yield (
                f"log_link_parts grow by exp({falls:.4g} s) and exp({grows:.4g} s) where eta grows by s; that must be "
                "exp(-c s) and exp(a s) with a + c = 1"
            )


def _compiled(family, y, grid):
    """Kernels return what plain Python does."""
    bound = family(read_only(y), read_only(np.ones(y.size)))
    eta, residual, curvature = np.resize(grid, y.size), np.empty(y.size), np.empty(y.size)
    linearise(bound, eta, residual, curvature)
    plain = np.array([bound.derivatives(i, eta[i]) for i in range(y.size)])
    size = np.abs(plain).max(axis=0)
    if not np.all(np.abs(np.column_stack([residual, curvature]) - plain) <= 1e-9 * size):
        yield "compiled, derivatives returns other numbers than in plain Python"


def _quadratic(family, y):
    """A family that says so is least squares."""
    words = breach_of_quadratic(family(read_only(y), read_only(np.ones(y.size)))) if family.quadratic else None
    if words is not None:
        yield words


def _weights(family, y, grid):
    """A row of weight two counts twice, one of weight zero not at all; divergences between the residuals of two eta."""
    one, two, none = (family(read_only(y), read_only(np.full(y.size, weight))) for weight in (1.0, 2.0, 0.0))
    places = np.arange(POINTS // 4, POINTS, 7)
    pairs = zip(np.resize(grid[places], y.size), np.resize(grid[::-1][places], y.size))
    for i, (eta, across) in enumerate(pairs):
        e = 0.5 * (one.derivatives(i, eta)[0] - one.derivatives(i, across)[0])
        for name, arguments in (("loss", (eta,)), ("derivatives", (eta,)), ("divergence", (eta, e))):
            single, double, nothing = (np.array(getattr(each, name)(i, *arguments)) for each in (one, two, none))
            if not np.allclose(double, 2.0 * single, rtol=1e-9, atol=0.0):
                yield f"y = {y[i]:g}: {name} at eta = {eta:g} is {single} for weight 1, but {double} for weight 2"
            if np.any(nothing != 0.0):
                yield f"y = {y[i]:g}: {name} at eta = {eta:g} is {nothing} for weight 0, which must be zero"
