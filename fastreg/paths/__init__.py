"""A grid of alphas: from a user's arrays to a certified path, its predictions and its file.

fit_path     checks, chooses a strategy, follows the grid, collects a Path
smooth       paths without an l1 part, and the null model of every path
pointwise    one point after the other, on a working set
batched/     many points at once
sweeps       products with X that several fits share
result, storage, prediction, refit   what a Path can do
"""
