"""What is minimised, and the proof that it is.

protocol                      what a family and a penalty answer
families, penalties, bounds   the terms of the objective
problem                       all of them together, and the state of a fit
duality_gap, duality_gap_bounded   how far a point can be from the minimum
correlation_bounds, screening      which columns cannot matter at an alpha
gram_reduction                p rows that stand for many: least squares by one Gram matrix
"""
