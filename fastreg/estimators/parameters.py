"""Constructors as scikit-learn wants them: every argument is kept as it is, under its own name, and checked in fit."""

import functools
import inspect

from fastreg.validation import check_flag

FLAGS = ("positive", "warm_start", "refit", "copy_X", "dual")
PEER_SELECTIONS = ("cyclic", "random")  # scikit-learn's, of coordinates


def keeps_parameters(init):
    """Decorates an `__init__` without a body of its own: its arguments, which have defaults, become attributes."""
    signature = inspect.signature(init)
    parameters = list(signature.parameters.values())[1:]
    defaults = {each.name: each.default for each in parameters}
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]

    @functools.wraps(init)
    def __init__(self, *args, **kwargs):
        given = dict(zip(positional, args))
        if len(args) > len(given) or kwargs.keys() - defaults.keys() or kwargs.keys() & given.keys():
            try:
                signature.bind(self, *args, **kwargs)  # which says what is wrong
            except TypeError as error:
                raise TypeError(f"{type(self).__name__}: {error}") from None
        vars(self).update(defaults | given | kwargs)

    return __init__


def check_flags(estimator):
    """Raise where a parameter that is on or off is neither: a text such as "no" would count as on."""
    for name in FLAGS:
        if hasattr(estimator, name):
            check_flag(name, getattr(estimator, name))
