"""Several responses at once: least squares under a penalty of rows, and multinomial logistic regression.

Coefficients are a matrix (p, K), a column for each response or class. A path is driven as one of a single response is
(fastreg.paths): the same loop, records and result; what differs is in modules like those of the rooms above.

    setup               from arrays to a problem; classes without weight
    losses              the two losses, bound to Y and weights
    group_penalties     entries or rows: which coefficients are zero together
    problem, products   design, response and penalty; the state of a fit; products of X with matrices
    duality_gap         the certificate
    gram_reduction      least squares with many more rows than columns
    null_model          where a path starts
    pointwise, smooth   the strategies: with an l1 part, and without
    working_set         the units that a solver may move
    group_descent, group_newton       least squares under a penalty of rows
    row_descent         its epochs over sparse columns, without a Gram matrix
    proximal_newton, line_search      the multinomial with an l1 part
    class_descent       its steps by coordinate descent, where X is sparse
    smooth_newton, row_space          smooth problems; the same with a column for each row, where rows are fewer
    class_hessian       second derivatives in pairs of a column and a class
    point, driver, fit_multi_path, result     from a user's arrays to a certified path
    ridge_responses     ridge for each of several responses by itself
"""
