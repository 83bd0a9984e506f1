"""GLMs whose rows lie apart, on a cluster or in files: Newton's method from sums over blocks of rows.

problem    RowsProblem: what the engine asks of a problem, from sums; the points that are evaluated
model      the quadratic model of the loss at a point, its minimiser under the penalty, and dual points
strategy   RowNewton: several alphas at a time, each with its certificate
null       the null model
fit        from X, y and options to a path, `fit_path(distribute(..., by="rows"), y)`
"""
