"""Least squares on a working set by pivots: one column in or out, many at once, or along a homotopy in alpha."""
