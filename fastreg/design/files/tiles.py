"""Dense columns of a file by blocks of neighbouring rows, which are read by position: `RowBlocks`."""

import numpy as np

from fastreg.design.row_blocks import DenseRows

TILE = 2**21  # values of a block: longer pieces of a column than in memory, since reading each one costs


class Tiles(DenseRows):
    """Some columns of a MappedDesign, centred, by blocks of rows."""

    def __init__(self, design, columns, centre):
        self.design, self.columns, self.middle = design, columns, centre[columns, None]
        self.order = np.argsort(columns)
        self.place = np.argsort(self.order)

    def blocks(self):
        """Yield (slice of rows, (X - centre)' there: (columns, rows of the block)); a read of these columns."""
        n, starts = self.design.shape[0], self.design.starts[self.columns[self.order]]
        values, size = self.design.values[0], max(256, TILE // max(len(self.columns), 1))
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            part = values.pick(starts + rows.start, starts + rows.stop).reshape(len(starts), -1)
            yield rows, part[self.place] - self.middle
        self.design.count_read()

    def sampled_gram(self, rows, h):
        """((X - centre)' diag(h) (X - centre), (X - centre)'h) over some rows; h (rows,)."""
        size = len(self.columns)
        gram, sums = np.zeros((size, size)), np.zeros(size)
        for span, block in self.blocks():
            inside = np.flatnonzero((rows >= span.start) & (rows < span.stop))
            part, root = block[:, rows[inside] - span.start], np.sqrt(h[inside])
            part *= root
            gram += part @ part.T
            sums += part @ root
        return gram, sums
