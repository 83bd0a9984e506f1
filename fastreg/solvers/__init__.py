"""Solvers, and which one suits a problem.

    name                  solves                                        how
    active_set            least squares                                 pivots: exact, one column in or out at a time
    coordinate_descent    every family                                  soft-thresholding on each quadratic model
    newton                every family                                  proximal Newton with pivots; IRLS where l1 = 0
    proximal_gradient     every family                                  accelerated, with restart
    ridge                 least squares, l1_ratio = 0                   closed form, one factorisation a path

"auto", and the names of strategies for whole paths (paths/plan.py), leave the choice of the solver for a model to
`AutomaticChoice`: pivots, coordinate descent, or for elastic nets with more active columns than rows Newton steps among
the rows.
"""
