"""fit_multi_path: from a user's arrays to a certified path with several responses."""

from __future__ import annotations

from typing import Any, Unpack

from numpy.typing import ArrayLike

from fastreg.interface.arguments import MultiOptions, bundles, framed
from fastreg.interface.reasons import warn_of_points
from fastreg.interface.shared_options import takes_options_of
from fastreg.multi.driver import solve_multi_path
from fastreg.multi.result import MultiPath
from fastreg.paths.fit_path import fit_path


@takes_options_of(fit_path)
def fit_multi_path(
    X: Any,
    Y: ArrayLike | None = None,
    *,
    family: str = "gaussian",
    **options: Unpack[MultiOptions],
) -> MultiPath:
    """Fit a regularisation path with K coefficients a column, every point with its duality gap.

    With coefficients B (p, K), intercepts b0 (K,) that are not penalised, rows' weights w_i (W their sum) and
    eta_i = o_i + b0 + B'x_i (o_i the offset), each point minimises

        (1/W) sum_i w_i loss(y_i, eta_i)  +  alpha sum_j v_j ( l1_ratio |B_j| + (1 - l1_ratio)/2 |B_j|_2^2 )

    ::

        family          loss(y_i, eta_i)                            |B_j|
        "gaussian"      |y_i - eta_i|_2^2 / 2                       Euclidean length: a column of X serves all
                                                                    responses or none (scikit-learn's
                                                                    MultiTaskElasticNet)
        "multinomial"   log sum_k exp(eta_ik) - sum_k y_ik eta_ik   sum_k |B_jk|

    The multinomial is parametrised symmetrically, with coefficients for every class. Where neither the penalty nor
    bounds decide on the sum of a column's coefficients over the classes (intercepts, columns that are not penalised),
    it is zero. Its coefficients may have bounds, lower_jk <= B_jk <= upper_jk.

    Parameters
    ----------
    X : as for `fit_path`
    Y : array-like of shape (n, K), or of labels (n,), default=None
        Responses; for "multinomial" labels of any type, or proportions whose rows sum to one. None are those of a
        formula, "y1 + y2 ~ x".
    family : {"gaussian", "multinomial"}, default="gaussian"
        Loss and penalty, see above.
    l1_ratio : float, default=1.0
        Share of the l1 part in [0, 1]; 0 is ridge.
    offset : array-like of shape (n, K) or float, default=None
        Known part o_i of the linear predictors, a column a response or class, the classes in sorted order. What is
        the same for all classes of a row changes nothing. Predictions ask for the offset of their rows.
    lower, upper : array-like of shape (p,) or (p, K), or float, default=None
        Bounds of the coefficients of "multinomial", lower <= 0 <= upper, on the scale of X whatever `standardize`
        says: one for all, one a column for every class, or one a column and class. Infinite ones bound nothing; None
        is infinite; 0 forbids a sign. They hold exactly, and the gap is that of the bounded problem. "gaussian" has
        none, since its penalty is on the length of a row: bound each response in a `fit_path` of its own.
    fit_intercept : bool, default=True
        Whether intercepts are fitted; else they are 0.
    max_iter : int, default=1000
        Newton steps, or rounds of block descent, allowed at one point.
    trace : bool, default=False
        Whether `MultiPath.steps` holds every solver step. `MultiPath.trace` has the cost of each point in any case.
    **options : as for `fit_path`

    Returns
    -------
    MultiPath
        The points. Those that could not be certified are marked in `reasons` and named in one
        ConvergenceWarning. An automatic grid of a multinomial path ends once 99.9 % of the deviance is
        explained (reason "separable").

    Raises
    ------
    ValueError
        Where an argument is out of its range, with the first bad place.
    Interrupted
        On Ctrl-C or SIGTERM (it is a KeyboardInterrupt). Its `path` holds the points done, each of them certified.

    References
    ----------
    Obozinski, Taskar and Jordan (2010), Statistics and Computing 20, for rows; Friedman, Hastie and Tibshirani
    (2010), Journal of Statistical Software 33(1), for the symmetric multinomial.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_multi_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    >>> path = fit_multi_path(X, np.column_stack([y, X[:, 1]]))
    >>> path.support(0.3), path.coef(0.3)[0].shape
    ([0, 1], (8, 2))
    >>> signs = fit_multi_path(X, np.sign(y.round()), family="multinomial", lower=0)
    >>> signs.classes, bool(signs.coef(0.01)[0].min() >= 0)
    (array([-1.,  0.,  1.]), True)
    """
    X, words, Y = framed(X, options, Y=Y)
    path = solve_multi_path(X, Y, *bundles(X, words, family=family))
    warn_of_points(path)
    return path
