"""to_sklearn: a fitted estimator as scikit-learn's class of the same name, for use without fastreg."""

import inspect
from numbers import Integral
from typing import Any

import numpy as np
import sklearn.linear_model
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

NOT_GIVEN = ("deprecated", "warn")  # scikit-learn's values for parameters that were not given
PEER_VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


class Convertible(BaseEstimator):
    """Base class of estimators with a class of the same name in sklearn.linear_model."""

    _has_offset = False

    def to_sklearn(self) -> Any:
        """This fitted model as scikit-learn's class of the same name.

        It predicts the same to the last bit, needs no fastreg to be unpickled, and carries the attributes that fit has
        set. Parameters that scikit-learn shares are kept, so that it can be fitted again; a solver that only fastreg
        has becomes one that poses the problem. What scikit-learn cannot do, as `penalty_factor`, is lost to a new fit
        alone. A model with an offset, or of a data frame whose columns are not all numbers, is refused: scikit-learn
        could not predict with it.

        Returns
        -------
        BaseEstimator
            An instance of the class in sklearn.linear_model.

        Raises
        ------
        NotFittedError
            Before fit.
        ValueError
            Where scikit-learn could not predict the same.

        Examples
        --------
        >>> from fastreg import Lasso
        >>> type(Lasso(alpha=0.1).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).to_sklearn()).__module__
        'sklearn.linear_model._coordinate_descent'
        """
        check_is_fitted(self)
        refused = {
            "was fitted with an offset, which scikit-learn cannot add": self._has_offset,
            "reads categories, dates or gaps of a data frame, which scikit-learn cannot": hasattr(self, "encoding_"),
        }
        for what in (what for what, so in refused.items() if so):
            raise ValueError(f"this {type(self).__name__} {what}; keep it as it is, or pickle it")
        peer = getattr(sklearn.linear_model, self._peer_name())
        shared = inspect.signature(peer).parameters
        params = self._peer_params(self.get_params(deep=False))
        params = {name: value for name, value in params.items() if name in shared}
        if "solver" in params and params["solver"] not in self._peer_solvers():
            params["solver"] = self._peer_solver()
        model = peer(**in_older_words(params))
        # Of private attributes only the binarizer of labels is needed; it has the same name in both classes.
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_") and name[0] != "_"}
        fitted.pop("cv_path_", None)  # fastreg's own
        if hasattr(model, "_get_loss"):
            fitted["_base_loss"] = model._get_loss()  # whose link predicts
        vars(model).update(fitted)
        if hasattr(self, "_label_binarizer"):
            model._label_binarizer = self._label_binarizer
        return model

    def _peer_name(self):
        """The name of scikit-learn's class."""
        return type(self).__name__

    def _peer_params(self, params):
        """The parameters with values that scikit-learn knows."""
        return params

    def _peer_solvers(self):
        """scikit-learn's names of solvers."""
        return ()

    def _peer_solver(self):
        """scikit-learn's solver in place of one that only fastreg has."""
        return "auto"


def in_older_words(params, version=PEER_VERSION):
    """Parameters under the names that they have in this release of scikit-learn.

    Parameters that were not given are left out, since releases mark them differently. Before 1.7 a number of alphas is
    called n_alphas; before 1.8 `penalty` stands in the place of l1_ratio or l1_ratios.
    """
    renamed = params.get("penalty") == "deprecated" and version < (1, 8)
    params = {name: value for name, value in params.items() if not (isinstance(value, str) and value in NOT_GIVEN)}
    if version < (1, 7) and isinstance(params.get("alphas"), Integral):
        params["n_alphas"] = params.pop("alphas")
    if renamed:
        name = "l1_ratio" if "l1_ratio" in params else "l1_ratios"
        ratios = {0.0 if ratio is None else float(ratio) for ratio in np.ravel(params[name])}
        params["penalty"] = "l2" if ratios == {0.0} else "l1" if ratios == {1.0} else "elasticnet"
        if params["penalty"] != "elasticnet":
            params[name] = None
    return params
