"""X in the memory of the workers of a Dask cluster, or in files that they read.

distribute    `fastreg.distribute`: which blocks a source is cut into
columns       ClusterColumns: blocks of neighbouring columns, an OuterDesign
held_rows     ClusterRows: blocks of neighbouring rows, and what lies beside them
row_sources   where blocks of rows come from
tasks         what workers run: pure functions of a block
rows          `fastreg.sum_rows`: the sums of rows that lie on a cluster, for least squares
calls         how these are sent and waited for, and what is told where they fail
"""
