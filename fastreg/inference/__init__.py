"""Statements about coefficients: standard errors, p-values, intervals, and selections with a bound on false ones.

`table` is for fits without an l1 part, `debiased` for what a lasso shrank, `selective` for what it selected, and
`knockoffs` selects. `posterior` draws from the density that has a fit as its mode. A method that holds under conditions
prints them beside its numbers. `storage` writes and reads tables and the results of cross-validation and relaxed fits.
"""
