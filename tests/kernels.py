"""Inner kernels as tests call them, and those that ran."""

import sys

import pytest

from fastreg.numerics.jit import kernel

RAN = pytest.StashKey[list]()  # of pytest's configuration: the names of those that ran while tests were collected


def callable_from_python(inner):
    """An inner kernel, which has no entry for Python, compiled with one; without Numba as it is."""
    return kernel(inner.py_func) if hasattr(inner, "py_func") else inner


def that_ran():
    """The names of the kernels that were compiled or loaded in this process."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("fastreg.")]
    found = {each for module in modules for each in vars(module).values() if getattr(each, "overloads", None)}
    return sorted(f"{each.__module__}.{each.__name__}" for each in found)
