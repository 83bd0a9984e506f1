"""Inner kernels as tests call them."""

from fastreg.numerics.jit import kernel


def callable_from_python(inner):
    """An inner kernel, which has no entry for Python, compiled with one; without Numba as it is."""
    return kernel(inner.py_func) if hasattr(inner, "py_func") else inner
