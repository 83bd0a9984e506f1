"""Solvers of one alpha, or of one quadratic model, on a working set.

    name                  solves                                        how
    active_set            least squares                                 pivots: exact, by columns that enter or leave
    coordinate_descent    every family                                  soft-thresholding on each quadratic model
    newton                every family                                  proximal Newton with pivots; IRLS where l1 = 0
    proximal_gradient     every family                                  accelerated, with restart
    ridge                 least squares, l1_ratio = 0                   closed form, one factorisation per path

With "auto", and with the names of strategies (paths/plan.py), `AutomaticChoice` chooses for each model: pivots,
coordinate descent, or for elastic nets with more active columns than rows semismooth Newton steps in the dual.
"""
