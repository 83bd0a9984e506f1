"""Copies of vectors inside kernels. An assignment of slices would allocate a copy, in case that the two overlap."""

from fastreg.numerics.jit import inlined_kernel


@inlined_kernel
def copy_values(source, out):
    """Write out[:] = source."""
    for i in range(out.size):
        out[i] = source[i]
