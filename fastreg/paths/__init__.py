"""A grid of alphas: from a user's arrays to a certified path, its predictions and its file.

fit_path     what users call; setup makes a problem of their arrays, grid the alphas
plan         which strategies run; driver: the loop that lets them; fit: a path under way; null_model: where it begins
protocol     what a strategy answers, and a solver of batches
ridge        paths without an l1 part
pointwise    one point after the other, on a working set; predictor: where the next is likely to be
batched/     many points at once
sweeps       products with X that several fits share
result, storage, prediction, refit   what a Path can do; collect makes it of points, recorder of what they cost
"""
