"""Several responses at once: least squares under a penalty of rows, and multinomial logistic regression.

Coefficients are a matrix (p, K), a column for each response or class. Everything that one response has is here, too: a
design shared with the rest of fastreg, weights, penalty factors, working sets, and a duality gap for every point.

    responses      the two losses, bound to Y and weights
    penalties      entries or rows: which coefficients are zero together
    problem        design, response and penalty; the state of a fit
    certificates   the duality gap
    newton         smooth problems
    block_descent, row_newton   least squares under a penalty of rows
    proximal_newton   the multinomial with an l1 part
    working_set    the units a solver may move
    path, result, fitting   from a user's arrays to a certified path
"""
