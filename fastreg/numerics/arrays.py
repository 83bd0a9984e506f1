"""Copies of vectors inside kernels: an assignment of slices would first allocate another, lest the two overlap."""

from fastreg.numerics.jit import inlined_kernel


@inlined_kernel
def copy_values(source, out):
    """out[:] = source."""
    for i in range(out.size):
        out[i] = source[i]
