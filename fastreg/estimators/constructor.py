"""Checks of estimators' parameters that are on or off. Constructors store what they get, and fit checks it."""

from fastreg.interface.validation import check_flag

FLAGS = ("positive", "warm_start", "refit", "copy_X", "dual")  # parameters that are on or off
PEER_SELECTIONS = ("cyclic", "random")  # scikit-learn's values of `selection`, an order of coordinates


def check_flags(estimator):
    """Raise where a parameter that is on or off is neither True nor False: a text such as "no" would count as on."""
    for name in FLAGS:
        if hasattr(estimator, name):
            check_flag(name, getattr(estimator, name))
