"""A grid of alphas: from a user's arrays to a certified path, its predictions and its file.

fit_path     the public function; setup: its arguments to a Problem; grid: the alphas
plan         which strategies run; driver: the loop that runs them; fit: state, points and their costs
null_model   the intercept and the unpenalised columns, at which every path begins
protocol     the methods of a strategy, and of a solver of batches
summed_rows  least squares of which only sums over the rows are known
ridge        paths without an l1 part
pointwise    one point after the other, on a working set; predictor: a first guess of the next point
batched/     many points at once
known        what is known of a path at whose solution a fit begins
checkpoint   the points of running fits in a file; identity: what tells a fit from others
sweeps       products with X that several fits share
result, storage, prediction, refit, joined, norm, frames   the Path, its file, predictions, refits, two parts as one,
             norms and data frames
"""
