"""PoissonRegressor and GammaRegressor with the parameters and attributes of scikit-learn's classes."""

from __future__ import annotations

from typing import Unpack

from fastreg.estimators.generalized import GeneralizedLinearModel
from fastreg.interface.arguments import BoundedOptions
from fastreg.interface.naming import explains_names
from fastreg.interface.shared_options import described_by, takes_options_of
from fastreg.paths.fit_path import fit_path


@takes_options_of(fit_path)
class OneFamily(GeneralizedLinearModel):
    """Base class of the models of one family, with scikit-learn's parameters."""

    penalty = None

    # Defaults are scikit-learn's but for two: tol is a gap; solver="lbfgs" would name another.
    def __init__(
        self,
        *,
        alpha: float = 1.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        solver: str = "auto",
        max_iter: int = 100,
        tol: float = 1e-6,
        warm_start: bool = False,
        verbose: bool | int = 0,
        **options: Unpack[BoundedOptions],
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose


@explains_names
@described_by(GeneralizedLinearModel)
class PoissonRegressor(OneFamily):
    """Poisson regression with log link, as sklearn.linear_model.PoissonRegressor, 1.10's l1_ratio among its parameters.

    Minimises, over coefficients b and an intercept b0 that is not penalised, with eta_i = o_i + b0 + x_i'b,

        1/W sum_i w_i (exp(eta_i) - y_i eta_i)  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with w_i the sample weights (1 if none), W their sum, o_i the offset (0 if none), and v_j the penalty factors (1 if
    none). This is `GeneralizedLinearModel` with family = "poisson".

    Parameters
    ----------
    alpha, l1_ratio, fit_intercept, solver : as for `GeneralizedLinearModel`
    max_iter : int, default=100
        Solver steps allowed.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns. scikit-learn's default
        of 1e-4 bounds a slope instead.
    warm_start, verbose, penalty_factor, lower, upper, standardize : as for `GeneralizedLinearModel`
    categories, ordered, dates, missing, unseen : as for `GeneralizedLinearModel`

    Attributes
    ----------
    coef_, coef_names_, intercept_, dual_gap_, n_iter_ : as for `GeneralizedLinearModel`
    n_features_in_, feature_names_in_, encoding_ : as for `GeneralizedLinearModel`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's). `score` is D
    squared, as scikit-learn's.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 6.

    Examples
    --------
    >>> from fastreg import PoissonRegressor
    >>> model = PoissonRegressor(alpha=0.01).fit([[0.0], [1.0], [2.0], [3.0]], [1, 2, 5, 7])
    >>> model.coef_.round(2), bool(model.dual_gap_ < 1e-6)
    (array([0.62]), True)
    """

    family = "poisson"
    _page = "PoissonRegressor"


@explains_names
@described_by(GeneralizedLinearModel)
class GammaRegressor(OneFamily):
    """Gamma regression with log link, as sklearn.linear_model.GammaRegressor, 1.10's l1_ratio among its parameters.

    Minimises, over coefficients b and an intercept b0 that is not penalised, with eta_i = o_i + b0 + x_i'b,

        1/W sum_i w_i (eta_i + y_i exp(-eta_i))  +  alpha sum_j v_j ( l1_ratio |b_j| + (1 - l1_ratio)/2 b_j^2 )

    with w_i the sample weights (1 if none), W their sum, o_i the offset (0 if none), and v_j the penalty factors (1 if
    none). This is `GeneralizedLinearModel` with family = "gamma".

    Parameters
    ----------
    alpha, l1_ratio, fit_intercept, solver : as for `GeneralizedLinearModel`
    max_iter : int, default=100
        Solver steps allowed.
    tol : float, default=1e-6
        Duality gap that certifies a fit, >= 0, relative to the loss without penalised columns. scikit-learn's default
        of 1e-4 bounds a slope instead.
    warm_start, verbose, penalty_factor, lower, upper, standardize : as for `GeneralizedLinearModel`
    categories, ordered, dates, missing, unseen : as for `GeneralizedLinearModel`

    Attributes
    ----------
    coef_, coef_names_, intercept_, dual_gap_, n_iter_ : as for `GeneralizedLinearModel`
    n_features_in_, feature_names_in_, encoding_ : as for `GeneralizedLinearModel`

    Notes
    -----
    A fit that is not certified to `tol` warns with a ConvergenceWarning (scikit-learn's and fastreg's). `score` is D
    squared, as scikit-learn's.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 8.

    Examples
    --------
    >>> from fastreg import GammaRegressor
    >>> model = GammaRegressor(alpha=0.01).fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 2.5, 5.0, 9.0])
    >>> model.coef_.round(2), bool(model.dual_gap_ < 1e-6)
    (array([0.72]), True)
    """

    family = "gamma"
    _page = "GammaRegressor"
