"""What happens at a block of rows of a generalised linear model: sums over its rows, and nothing else, are returned.

The functions run where the rows are, on a worker or here. They are pure: whatever they need of the model comes with the
call, so that a block that was lost and made again gives the same numbers. Linear predictors of the last points are kept
beside the rows only so that they need not be computed again. Those `by_chunks` share each read of the rows with others
of the same block: see `together`. Rows i have z_i = x_i - m, with the columns' means m, and

    eta_i = o_i + b0 + z_i'b,    r_i and h_i minus the first, and the second derivative of the loss in eta_i.
"""

import math
from functools import reduce, wraps
from operator import add
from typing import Any, NamedTuple

import numpy as np

from fastreg.design.cluster.tasks import threads_of_worker
from fastreg.design.row_parts import RowPart, scratch
from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.numerics.threads import one_blas_thread, over_blocks
from fastreg.objective.families import constant_of, level_of, linearise, row_divergence, sum_of_losses

GROUPS, NUMBERS = 8, 2**24  # groups of chunks, each of which a thread may sum, at most; numbers of their sums in all
SAMPLE = 200  # rows of a block that stand for all where a family is asked about its response


class At(NamedTuple):
    """Points whose linear predictors lie beside the rows under a key, and what these are computed of."""

    key: int
    columns: np.ndarray  # the columns of the coefficients
    coefs: np.ndarray  # (K, columns)
    intercepts: np.ndarray  # (K,), of centred columns


class Rows:
    """A block of rows with its response, weights and offset, and the linear predictors of points by their `key`."""

    def __init__(self, part: RowPart, number: int, y: Any, weight: Any, offset: Any):
        n, p = part.shape
        self.part, self.number, self.n, self.p = part, number, n, p
        self.y = check.check_numbers(y, n)
        self.weight = (
            np.ones(n) if weight is None else check.check_vector("sample_weight", weight, n, allow_negative=False)
        )
        self.offset = np.zeros(n) if offset is None else check.check_vector("offset", offset, n)
        self.kept: dict[str, tuple[Any, np.ndarray]] = {}

    def __reduce__(self):
        return Rows, (self.part, self.number, self.y, self.weight, self.offset)

    def family_on(self, start, stop, family, total):
        """The family of some rows, whose weights are over the `total` of all blocks."""
        return family(check.read_only(self.y[start:stop]), check.read_only(self.weight[start:stop] / total))

    def etas(self, at, centre):
        """The linear predictors (K, n) of points, computed unless they are kept: steps as `by_chunks` takes them."""
        known, etas = self.kept.get("etas", (None, self.y))
        if known == at.key:
            return etas
        out = np.empty((len(at.intercepts), self.n))

        def one(start, stop):
            out[:, start:stop] = self.offset[start:stop] + at.intercepts[:, None]
            if at.columns.size:
                out[:, start:stop] += self.part.chunk(start, stop, centre).predict(at.columns, at.coefs)
            return ()

        yield one, 0
        return out


def in_order(parts):
    """The sums of tuples of arrays, added one after another."""
    return reduce(lambda left, right: tuple(map(add, left, right)), parts)


def by_chunks(steps):
    """The function of some Rows whose `steps` are a generator. It yields (function of the first row and the last of a
    chunk, that returns a tuple of arrays, about how many numbers these hold), is sent their sums over all chunks, and
    returns what the function does."""

    @wraps(steps)
    def run(rows, *args):
        return together([rows], [(0, run, *args)])[0]

    vars(run)["steps"] = steps
    return run


def together(members, requests):
    """What function(members[k], *args) returns for each of the requests (k, function, *args).

    The members are Rows of the same block, such as those of each fold. Each chunk of rows is read once for all of the
    requests that want sums over chunks.
    """
    found, running, sums = [None] * len(requests), {}, dict[int, Any]()
    for place, (k, function, *args) in enumerate(requests):
        if hasattr(function, "steps"):
            running[place], sums[place] = function.steps(members[k], *args), None
        else:
            found[place] = function(members[k], *args)
    while sums:
        asked = {}
        for place, each in sums.items():
            try:
                asked[place] = running[place].send(each)
            except StopIteration as end:
                found[place] = end.value
        sums = dict(zip(asked, summed(members[0].part, list(asked.values())))) if asked else {}
    return found


def summed(part, asked):
    """The sums over all chunks of each function of (start, stop), a tuple of arrays; `asked` are such functions, each
    with about how many numbers it returns.

    Chunks are added in a few groups, and these in order, whatever the number of threads.
    """
    chunks, numbers = part.chunks(), sum(number for _, number in asked)
    groups = max(1, min(GROUPS, len(chunks), NUMBERS // max(numbers, 1)))
    edges = [len(chunks) * k // groups for k in range(groups + 1)]
    found: list[Any] = [None] * groups

    def one(k, _):
        for chunk in chunks[edges[k] : edges[k + 1]]:
            here = [function(*chunk) for function, _ in asked]
            found[k] = here if found[k] is None else [tuple(map(add, *both)) for both in zip(found[k], here)]

    with threads_of_worker(), one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        over_blocks(one, range(groups + 1), len(asked) * math.prod(part.shape))
    return [in_order(each) for each in zip(*found)]


def rows_of_block(part, number, y, weight, offset):
    """The Rows of a block; errors say which."""
    try:
        return Rows(part, number, y, weight, offset)
    except ValueError as error:
        raise ValueError(f"block {number} of the rows: {error}") from None


def described(rows, family):
    """(number of rows, sum of weights, least and largest weight, means of the first rows, responses and weights of a
    sample, whether the response suits the family) of a block."""
    try:
        check.check_response(rows.y, rows.n, family)
    except ValueError as error:
        raise ValueError(f"block {rows.number} of the rows: {error}") from None
    some = np.unique(np.concatenate([np.linspace(0, rows.n - 1, min(SAMPLE, rows.n)).astype(int), ends(rows)]))
    first = rows.part.chunk(0, min(rows.n, SAMPLE), np.zeros(rows.p))
    mean = first.correlate(np.full((1, min(rows.n, SAMPLE)), 1.0 / min(rows.n, SAMPLE)))[0]
    mean, weight = np.where(np.isfinite(mean), mean, 0.0), rows.weight  # what is not finite is found in the moments
    return rows.n, float(weight.sum()), float(weight.min()), float(weight.max()), mean, rows.y[some], weight[some]


def ends(rows):
    """Rows of the least and the largest response among those with a weight; none without."""
    weighted = np.flatnonzero(rows.weight > 0.0)
    return [weighted[np.argmin(rows.y[weighted])], weighted[np.argmax(rows.y[weighted])]] if weighted.size else [0]


@by_chunks
def moments(rows, total, shift, names):
    """(sum_i w_i z_i, sum_i w_i z_i^2) about `shift`, (p,) each, in one read."""

    def one(start, stop):
        chunk, weight = rows.part.chunk(start, stop, shift), rows.weight[start:stop] / total
        return chunk.correlate(weight[None])[0], chunk.squares(weight)

    sums, squares = yield one, 0
    if not np.isfinite(squares).all():
        explained = check.explain_not_finite(rows.part.values, names)
        raise ValueError(f"block {rows.number} of the rows: {explained}")
    return sums, squares


def sums(rows, names):
    """The RowSums of a block, whose offset is subtracted from the response."""
    out = RowSums(names)
    weighted = bool(rows.weight.min(initial=1.0) < rows.weight.max(initial=1.0))
    with threads_of_worker():
        out.add(rows.part.values, rows.y - rows.offset, rows.weight if weighted else None)
    return out


def extremes(rows, family, total, centre, columns):
    """(least, largest) values of some columns over rows with a weight, a pair of one array each: minima, and maxima."""
    low, high = np.full(columns.size, np.inf), np.full(columns.size, -np.inf)
    for start, stop in rows.part.chunks():
        some = rows.part.chunk(start, stop, np.zeros(rows.p)).values_of(columns)[rows.weight[start:stop] > 0.0]
        low = np.minimum(low, some.min(axis=0, initial=np.inf))
        high = np.maximum(high, some.max(axis=0, initial=-np.inf))
    return low, high


def constant(rows, family, total):
    """The constant of the loss over the rows of a block."""
    return constant_of(rows.family_on(0, rows.n, family, total))


@by_chunks
def evaluate(rows, family, total, centre, at, reads):
    """(X'r (K, p), losses, sums of r, of |r|, of h, of r^2 / w: (K,) each) at K points.

    All in one read of X; without `reads` X'r is zero, and a point without coefficients reads nothing.
    """
    K = len(at.intercepts)
    etas = np.empty((K, rows.n))

    def one(start, stop):
        here, residuals = scratch.room("etas", K, stop - start), scratch.room("residuals", K, stop - start)
        curvature, numbers = scratch.room("curvature", stop - start), np.empty((5, K))
        np.add(rows.offset[start:stop], at.intercepts[:, None], out=here)
        chunk: Any = rows.part.chunk(start, stop, centre) if reads or at.columns.size else None
        if at.columns.size:
            here += chunk.predict(at.columns, at.coefs)
        etas[:, start:stop] = here
        bound = rows.family_on(start, stop, family, total)
        inverse = np.divide(1.0, bound.weight, out=np.zeros(stop - start), where=bound.weight > 0.0)
        for k, (eta, residual) in enumerate(zip(here, residuals)):
            linearise(bound, eta, residual, curvature)
            numbers[:, k] = sum_of_losses(bound, eta), *level_of(residual), curvature.sum(), residual**2 @ inverse
        return (chunk.correlate(residuals) if reads else np.zeros((K, 0))), numbers

    found = yield one, K * rows.p
    rows.kept["etas"] = at.key, etas
    return found


@by_chunks
def curve(rows, family, total, centre, at, place, within, beside):
    """(Z_W' h Z_W, Z' h Z_U, Z'h, sum of h) at point `place` of those at `at`, in one read; W are the columns `within`,
    and U those `beside`. The curvature is kept as that of the model of this point."""
    etas, h = (yield from rows.etas(at, centre)), np.empty(rows.n)
    eta = etas[place]

    def one(start, stop):
        linearise(rows.family_on(start, stop, family, total), eta[start:stop], np.empty(stop - start), h[start:stop])
        some, chunk = h[start:stop], rows.part.chunk(start, stop, centre)
        return *chunk.grams(within, beside, some), chunk.correlate(some[None])[0], np.array(some.sum())

    found = yield one, within.size**2
    rows.kept["model"] = (at.key, place), h
    return found


def curvature(rows, family, total, centre, at, place):
    """The curvature at a point, computed unless it is kept: steps as `by_chunks` takes them."""
    known, h = rows.kept.get("model", (None, rows.y))
    if known == (at.key, place):
        return h
    out, etas = np.empty(rows.n), (yield from rows.etas(at, centre))
    linearise(rows.family_on(0, rows.n, family, total), etas[place], np.empty(rows.n), out)
    return out


@by_chunks
def divergences(rows, family, total, centre, at, places, model, dual, scales):
    """The rows' terms of the duality gaps of points, and whether their dual directions are feasible: an array
    (K, 2 + s) of the sums of nu and of |nu|, and of the terms at each of the `scales` (K, s), infinite at a NaN.

    The points are those at some `places` of `at`, and `model` is the point of the model, (at, place). With `dual` =
    (U, a, c), the dual direction of point k is nu = r_k - h (z_U'a_k + c_k), with the curvature h of the model's point
    and the columns U.
    """
    etas = yield from rows.etas(at, centre)
    h = yield from curvature(rows, family, total, centre, *model)
    etas, (free, mixes, levels) = etas[places], dual

    def one(start, stop):
        bound, some = rows.family_on(start, stop, family, total), h[start:stop]
        out = np.empty((len(etas), 2 + scales.shape[1]))
        moved = np.zeros((len(etas), 1)) + levels[:, None]
        if free.size:
            moved = moved + rows.part.chunk(start, stop, centre).predict(free, mixes)
        residual, spare = scratch.room("residuals", stop - start), scratch.room("curvature", stop - start)
        for k, eta in enumerate(etas[:, start:stop]):
            linearise(bound, eta, residual, spare)
            dual = residual - some * moved[k]
            out[k, :2] = level_of(dual)
            for place, scale in enumerate(scales[k], start=2):
                out[k, place] = np.inf if np.isnan(scale) else row_divergence(bound, eta, residual, dual, scale)
        return (out,)

    return (yield one, 0)
