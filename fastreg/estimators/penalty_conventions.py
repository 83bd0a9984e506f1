"""convert_penalty: one penalty in the conventions of fastreg, scikit-learn, glmnet, and of an objective as written.

Each convention is converted to and from two numbers, the strength a and the l1 share s of

    (1/W) sum_i w_i loss_i  +  a sum_j v_j ( s |b_j| + (1 - s)/2 b_j^2 ),      W = sum_i w_i

or, where a convention sums the loss over rows, of sum_i w_i loss_i + a (...), where a is larger by the factor W.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names

FAMILIES = ("gaussian", "binomial", "poisson", "gamma", "multinomial", "mgaussian")


class Parameters(NamedTuple):
    """The penalty of a class or function: the names of its strength and l1 share, and what these multiply."""

    strength: str
    share: str | None  # None: the share is always `usual`
    usual: float  # the share if none is given
    summed: bool = False  # whether the loss is the sum over rows, not their mean
    inverse: bool = False  # whether the strength multiplies the loss
    scaled: bool = False  # whether l2 and the penalty factors are scaled as in glmnet
    families: tuple[str, ...] = FAMILIES

    def read(self, penalty, half_l2):
        """(strength, l1 share), checked."""
        check_names(penalty, [self.strength], [] if self.share is None else [self.share])
        strength = numbers_of(penalty, self.strength, low_open=self.inverse, high_open=not self.inverse)
        share = self.usual if self.share is None else penalty.get(self.share, self.usual)
        return 1.0 / strength if self.inverse else strength, check.check_number(self.share, share, 0.0, 1.0)

    def write(self, strength, share, half_l2):
        """The numbers by name."""
        shares = np.broadcast_to(share, np.shape(strength))[strength > 0.0]
        share = float(shares.flat[0]) if shares.size else self.usual
        if not np.allclose(shares, share, rtol=1e-12, atol=0.0):
            raise ValueError(f"l1 and l2 are in several proportions, but {self.strength} goes with one l1 share")
        if self.share is None and share != self.usual:
            raise ValueError(f"the target has no {'l2' if self.usual else 'l1'} part, but the penalty has one")
        if self.inverse:
            strength = np.divide(1.0, strength, where=strength > 0.0, out=np.full(np.shape(strength), np.inf))
        strength = np.atleast_1d(strength) if self.strength == "alphas" else plain(strength)
        return {self.strength: strength} | ({} if self.share is None else {self.share: share})


class Written(NamedTuple):
    """The penalty of J + l1 |b|_1 + l2 |b|_2^2, where J is `times` the sum of losses over rows, or their mean."""

    summed: bool
    times: float
    families: tuple[str, ...] = FAMILIES
    scaled: bool = False

    def read(self, penalty, half_l2):
        """(strength, l1 share); the share is 1 where nothing is penalised."""
        check_names(penalty, [], ["l1", "l2"])
        if not penalty:
            raise ValueError("penalty must name l1 or l2, or both")
        l1, l2 = (numbers_of({name: penalty.get(name, 0.0)}, name) / self.times for name in ("l1", "l2"))
        strength = l1 + (l2 if half_l2 else 2.0 * l2)
        return strength, np.divide(l1, strength, where=strength > 0.0, out=np.ones(np.shape(strength)))

    def write(self, strength, share, half_l2):
        """The numbers by name."""
        l2 = strength * (1.0 - share) * (1.0 if half_l2 else 0.5)
        return {"l1": plain(self.times * strength * share), "l2": plain(self.times * l2)}


def check_names(penalty, needed, optional):
    """Raise ValueError unless a penalty has the names that are needed, and no others than the optional ones."""
    missing = [name for name in needed if name not in penalty]
    strange = [name for name in penalty if name not in (*needed, *optional)]
    if missing or strange:
        allowed = ", ".join(map(repr, (*needed, *optional)))
        raise ValueError(f"penalty must hold {allowed} and nothing else, got {', '.join(map(repr, penalty))}")


def numbers_of(penalty, name, *, low_open=False, high_open=True):
    """A number of a penalty, or a vector of numbers, none of them negative."""
    value = penalty[name]
    check.refuse_masked(name, value)
    if np.ndim(value) == 0:
        return np.float64(check.check_number(name, value, 0.0, np.inf, low_open=low_open, high_open=high_open))
    return np.array(
        [check.check_number(name, each, 0.0, np.inf, low_open=low_open, high_open=high_open) for each in value]
    )


def plain(value):
    """A number as a float; a vector unchanged."""
    return float(value) if np.ndim(value) == 0 else value


LEAST_SQUARES = ("gaussian", "mgaussian")
CLASSES = ("binomial", "multinomial")
CONVENTIONS: dict[str, Parameters | Written] = {
    "fit_path": Parameters("alphas", "l1_ratio", 1.0),
    "ElasticNet": Parameters("alpha", "l1_ratio", 0.5, families=LEAST_SQUARES),
    "Lasso": Parameters("alpha", None, 1.0, families=LEAST_SQUARES),
    "Ridge": Parameters("alpha", None, 0.0, summed=True, families=LEAST_SQUARES),
    "LogisticRegression": Parameters("C", "l1_ratio", 0.0, summed=True, inverse=True, families=CLASSES),
    "glmnet": Parameters("lambda", "alpha", 1.0, scaled=True),
    "sum of losses": Written(True, 1.0),
    "mean of losses": Written(False, 1.0),
    "sum of squares": Written(True, 2.0, LEAST_SQUARES),
    "mean of squares": Written(False, 2.0, LEAST_SQUARES),
}


class Data(NamedTuple):
    """The data on which some conventions depend, as the user gave them."""

    y: Any
    sample_weight: Any
    total_weight: Any
    offset: Any
    fit_intercept: bool
    penalty_factor: Any

    def total(self):
        """W, the sum of the weights."""
        if self.total_weight is not None:
            return check.check_number("total_weight", self.total_weight, 0.0, np.inf, low_open=True, high_open=True)
        if self.sample_weight is not None:
            weight = check.check_vector(
                "sample_weight", self.sample_weight, np.size(self.sample_weight), allow_negative=False
            )
            return float(weight.sum())
        if self.y is not None:
            return float(len(self.y))
        raise ValueError(
            "one of the two sums the loss over rows, the other takes its mean: pass total_weight (the number of rows, "
            "or the sum of their weights), sample_weight or y"
        )

    def deviation(self, families):
        """The divisor of y in glmnet: its standard deviation (about 0 without an intercept) if gaussian, else 1."""
        if families == list(FAMILIES):
            raise ValueError(f"family is needed: one of {', '.join(map(repr, FAMILIES))}")
        if families[0] != "gaussian":
            return 1.0
        if self.y is None:
            raise ValueError(
                "y is needed: glmnet divides a gaussian response by its standard deviation before it penalises"
            )
        y = check.check_vector("y", self.y, len(self.y))
        weight = check.check_weight(self.sample_weight, y.size)
        offset = check.check_offset(self.offset, y.size)
        if offset is not None:
            y = y - offset
        middle = weight @ y if check.check_flag("fit_intercept", self.fit_intercept) else 0.0
        deviation = float(np.sqrt(weight @ (y - middle) ** 2))
        if deviation <= 0.0:
            raise ValueError("y is constant: glmnet, which divides it by its standard deviation, has no such fit")
        return deviation

    def mean_factor(self):
        """The mean of the penalty factors, by which glmnet divides them."""
        if self.penalty_factor is None:
            return 1.0
        factor = check.check_factor(self.penalty_factor, len(self.penalty_factor))
        mean = float(np.where(np.isinf(factor), 1.0, factor).mean())
        if mean <= 0.0:
            raise ValueError("penalty_factor is zero everywhere: nothing is penalised")
        return mean


@explains_names
def convert_penalty(
    penalty: Mapping[str, ArrayLike],
    source: str,
    target: str,
    *,
    family: str | None = None,
    total_weight: float | None = None,
    y: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    fit_intercept: bool = True,
    penalty_factor: ArrayLike | None = None,
    half_l2: bool = False,
) -> dict[str, Any]:
    """Convert a penalty to another convention: the fit and its coefficients stay the same.

    With rows' weights w_i (1 if there are none), W their sum, v_j the penalty factors (1 if none), loss_i half the
    deviance of row i ((y_i - eta_i)^2 / 2 for least squares, else the negative log-likelihood up to a constant):

    ::

        name                   penalty            what is minimised
        "fit_path"             alphas, l1_ratio   1/W sum_i w_i loss_i + alpha sum_j v_j (l1_ratio |b_j|
                                                  + (1 - l1_ratio)/2 b_j^2)
        "ElasticNet"           alpha, l1_ratio    the same, of least squares
        "Lasso"                alpha              the same with l1_ratio = 1
        "Ridge"                alpha              sum_i w_i (y_i - eta_i)^2 + alpha sum_j v_j b_j^2
        "LogisticRegression"   C, l1_ratio        C sum_i w_i loss_i + sum_j v_j (l1_ratio |b_j|
                                                  + (1 - l1_ratio)/2 b_j^2)
        "glmnet"               lambda, alpha      1/W sum_i w_i loss_i + lambda/m sum_j v_j (alpha |b_j|
                                                  + (1 - alpha)/(2 d) b_j^2)
        "sum of losses"        l1, l2             sum_i w_i loss_i + l1 sum_j v_j |b_j| + l2 sum_j v_j b_j^2
        "mean of losses"       l1, l2             1/W times the sum, and the same penalty
        "sum of squares"       l1, l2             the same with sum_i w_i (y_i - eta_i)^2
        "mean of squares"      l1, l2             1/W times that sum, and the same penalty

    In glmnet m is the mean of the penalty factors (one that is infinite counts 1), and d is 1 but for
    family = "gaussian", where it is the standard deviation of y (see `y`).

    Names of scikit-learn's classes stand for fastreg's of the same name, too, and for what has the same objective:
    "ElasticNet" for MultiTaskElasticNet, "Ridge" for RidgeClassifier, "fit_path" for PoissonRegressor and
    GammaRegressor (l1_ratio = 0), celer, skglm, adelie, glum, and glmnet with a family object such as gaussian().
    Standardising (glmnet's default, `standardize=True` of fit_path) changes none of these numbers.

    Parameters
    ----------
    penalty : mapping of str to float or array-like
        The numbers under the names of `source`, as in {"lambda": 0.1, "alpha": 0.5}. The strength, l1 and l2 may be
        vectors, as of a path. If left out, l1_ratio and alpha have the default of their class, and l1 or l2 is 0.
    source, target : str
        Names of the table.
    family : {"gaussian", "binomial", "poisson", "gamma", "multinomial", "mgaussian"}, default=None
        "mgaussian" is several responses. Needed for glmnet, unless the other side says what it is.
    total_weight : float, default=None
        W, needed if one side sums over rows and the other takes the mean. Without it the sum of `sample_weight` (times
        class weights, if there are any), else the length of `y`.
    y : array-like of shape (n,), default=None
        Response. glmnet divides a gaussian one (less its offset) by d = sqrt(1/W sum_i w_i (y_i - mean)^2), without
        intercept sqrt(1/W sum_i w_i y_i^2). Needed where the l1 share is not 1.
    sample_weight, offset, fit_intercept, penalty_factor : as given to the fit
        They matter to glmnet.
    half_l2 : bool, default=False
        Whether l2 stands before sum_j v_j b_j^2 / 2 in an objective as written.

    Returns
    -------
    dict
        The target's numbers by name, to be unpacked into its call: floats, or vectors if the source's were; "alphas" is
        always a vector. A strength of zero is C = inf.

    Raises
    ------
    ValueError
        Where a number is out of its range or missing, where the target has no such penalty, or one l1_ratio will not do
        for all of a path.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1). That y is divided by its deviation
    says R's help(glmnet), in its details.

    Examples
    --------
    >>> from fastreg import convert_penalty
    >>> convert_penalty({"l1": 10.0}, "sum of losses", "LogisticRegression")
    {'C': 0.1, 'l1_ratio': 1.0}
    >>> convert_penalty({"lambda": 0.5}, "glmnet", "Lasso")
    {'alpha': 0.5}
    >>> convert_penalty({"alpha": 2.0}, "Ridge", "fit_path", total_weight=50)
    {'alphas': array([0.04]), 'l1_ratio': 0.0}
    """
    begin = CONVENTIONS[check.check_option("source", source, CONVENTIONS)]
    end = CONVENTIONS[check.check_option("target", target, CONVENTIONS)]
    shared = shared_families(begin, end, family)
    data = Data(y, sample_weight, total_weight, offset, fit_intercept, penalty_factor)
    strength, share = begin.read(penalty, check.check_flag("half_l2", half_l2))
    if begin.summed != end.summed:
        strength = strength / data.total() if begin.summed else strength * data.total()
    if begin.scaled and not end.scaled:
        strength, share = rescale_l2(strength / data.mean_factor(), share, lambda: 1.0 / data.deviation(shared))
    if end.scaled and not begin.scaled:
        strength, share = rescale_l2(strength * data.mean_factor(), share, lambda: data.deviation(shared))
    return end.write(strength, share, half_l2)


def shared_families(begin, end, family):
    """The families that source and target both fit, or the one named."""
    if family is not None:
        check.check_option("family", family, FAMILIES)
    shared = [name for name in begin.families if name in end.families and family in (None, name)]
    if not shared:
        of = f" of family {family!r}" if family else ""
        raise ValueError(f"source and target have no fit{of} in common")
    return shared


def rescale_l2(strength, share, factor):
    """(strength, share) after the l2 part is multiplied by factor(), which is called only if there is an l2 part."""
    if np.all((share == 1.0) | (strength == 0.0)):
        return strength, share
    rest = (1.0 - share) * factor()
    return strength * (share + rest), share / (share + rest)
