"""Statements about coefficients: standard errors, p-values, intervals, and selections with a bound on false ones.

`table` is for fits without an l1 part. A method that holds under conditions prints them beside its numbers.
"""
