"""What parameters of estimators may be: constructors keep them as they are, fit checks them."""

from fastreg.interface.validation import check_flag

FLAGS = ("positive", "warm_start", "refit", "copy_X", "dual")
PEER_SELECTIONS = ("cyclic", "random")  # scikit-learn's, of coordinates


def check_flags(estimator):
    """Raise where a parameter that is on or off is neither: a text such as "no" would count as on."""
    for name in FLAGS:
        if hasattr(estimator, name):
            check_flag(name, getattr(estimator, name))
