"""What is minimised, and the proof that it is.

protocol                      the methods of a family and of a penalty
families, penalties, bounds   the terms of the objective
problem                       the objective bound to data, and the state of a fit
duality_gap, duality_gap_bounded   bounds on the distance from the minimum
correlation_bounds, screening      columns whose coefficients may be nonzero at an alpha
gram_reduction                least squares with n >> p as an equivalent problem of at most p rows
"""
