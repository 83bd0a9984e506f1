"""A fitted estimator as scikit-learn's class of the same name, for where fastreg is not installed."""

import inspect

import sklearn.linear_model
from sklearn.utils.validation import check_is_fitted


class Convertible:
    """Estimators that have a namesake in sklearn.linear_model."""

    def to_sklearn(self):
        """This fitted model as scikit-learn's class of the same name.

        It predicts the same to the last bit, needs no fastreg to be unpickled, and carries the attributes that fit has
        set. Parameters that scikit-learn shares are kept, so that it can be fitted again; a solver that only fastreg
        has becomes one that poses the problem. What scikit-learn cannot do, as `penalty_factor`, is lost to a new fit
        alone.

        Returns
        -------
        An instance of the class in sklearn.linear_model.

        Raises
        ------
        NotFittedError before fit.
        """
        check_is_fitted(self)
        peer = getattr(sklearn.linear_model, type(self).__name__)
        shared = inspect.signature(peer).parameters
        params = {name: value for name, value in self.get_params(deep=False).items() if name in shared}
        if "solver" in params and params["solver"] not in self._peer_solvers():
            params["solver"] = self._peer_solver()
        model = peer(**self._peer_params(params))
        # Private ones are a class's own business, but for the binarizer of labels, which has the same name in both.
        fitted = {name: value for name, value in vars(self).items() if name.endswith("_") and name[0] != "_"}
        fitted.pop("cv_path_", None)  # fastreg's own
        vars(model).update(fitted)
        if hasattr(self, "_label_binarizer"):
            model._label_binarizer = self._label_binarizer
        return model

    def _peer_params(self, params):
        """The shared parameters with values that scikit-learn knows."""
        return params

    def _peer_solvers(self):
        """scikit-learn's names of solvers."""
        return ()

    def _peer_solver(self):
        """The one of them to name for a solver of fastreg's."""
        return "auto"
