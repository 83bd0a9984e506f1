"""What happens at a block of rows of which each fold holds some out: it runs where the rows are, as rows_apart does."""

import numpy as np

from fastreg.design.cluster.tasks import threads_of_worker
from fastreg.design.row_parts import RowPart
from fastreg.design.row_sums import RowSums
from fastreg.interface import validation as check
from fastreg.objective.rows_apart import Rows, by_chunks, rows_of_block
from fastreg.selection.cross_validation.metrics import METRICS, Held

VALUES = 2**24  # values of the rows that are summed for all folds at a time, about


class FoldRows(Rows):
    """A block of rows with the weights of fold k: zero for those that it holds out, whose label is k."""

    def __init__(self, whole, labels, k):
        super().__init__(whole.part, whole.number, whole.y, np.where(labels == k, 0.0, whole.weight), whole.offset)
        self.whole, self.labels, self.k = whole, labels, k

    def __reduce__(self):
        return FoldRows, (self.whole, self.labels, self.k)

    def held_out(self, start, stop):
        """The rows of a chunk that the fold holds out, and that have a weight."""
        return start + np.flatnonzero((self.labels[start:stop] == self.k) & (self.whole.weight[start:stop] > 0.0))


def rows_of_folds(part, number, y, weight, offset, labels, n_folds, seed, before):
    """[the Rows of a block, its FoldRows of every fold]. Without `labels`, the fold that holds out each row, they are
    drawn here: classes are spread evenly, and folds go on from the rows `before` in other blocks."""
    rows = rows_of_block(part, number, y, weight, offset)
    if labels is None:
        order = np.random.default_rng([seed, number]).permutation(rows.n)
        if np.isin(rows.y, (0.0, 1.0)).all():
            order = order[np.argsort(rows.y[order], kind="stable")]
        labels = np.empty(rows.n, dtype=np.int32)
        labels[order] = (before + np.arange(rows.n)) % n_folds
    return [rows, *(FoldRows(rows, labels, k) for k in range(n_folds))]


def sums_of_folds(members, names):
    """The RowSums of the rows that each fold holds out, whose offset is subtracted from the response."""
    whole, *folds = members
    out, step = [RowSums(names) for _ in folds], max(1, VALUES // whole.p)
    weighted = bool(whole.weight.min(initial=1.0) < whole.weight.max(initial=1.0))
    response = whole.y - whole.offset
    try:
        with threads_of_worker():
            for start in range(0, whole.n, step):
                for sums, fold in zip(out, folds):
                    some = fold.held_out(start, start + step)
                    weight = whole.weight[some] if weighted else None
                    sums.add(whole.part.values[start : start + step][some - start], response[some], weight)
    except ValueError:
        explained = check.explain_not_finite(whole.part.values, names)
        raise ValueError(f"block {whole.number} of the rows: {explained}") from None
    return out


@by_chunks
def scores(rows, family, metric, columns, coefs, intercepts):
    """(sums of the scores of held-out rows times their weight at each point (K,), sum of these weights) of a fold, by a
    metric that is a mean over rows. Coefficients (K, columns) and intercepts are on the scale of the data."""
    if metric == "misclassification" and not np.isin(rows.y, (0.0, 1.0)).all():
        raise ValueError(f"block {rows.number} of the rows: metric={metric!r} needs a y of 0 and 1 alone")

    def one(start, stop):
        some = rows.held_out(start, stop)
        if not some.size:
            return np.zeros(len(intercepts)), np.zeros(())
        chunk = RowPart(rows.part.values[start:stop][some - start]).chunk(0, some.size, np.zeros(rows.p))
        eta, weight = chunk.predict(columns, coefs) + intercepts[:, None] + rows.offset[some], rows.whole.weight[some]
        held = Held(family, rows.y[some], weight, eta, some, rows.k + 1)
        return METRICS[metric].score(held), np.array(weight.sum())

    return (yield one, len(intercepts))
