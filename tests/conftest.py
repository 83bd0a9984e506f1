"""Settings of all tests: threads of BLAS, and the examples that property tests draw."""

import os

from hypothesis import settings

# Two processes whose BLAS takes every core each wait for one another: factorisations of small matrices take ten times
# as long. Set before NumPy is loaded, which reads it then.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

# In CI every run draws the same examples; elsewhere each run seeks new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_finish(session):
    """Note the kernels that modules of tests ran when they were imported: every process would compile them at once."""
    import kernels

    session.config.stash[kernels.RAN] = kernels.that_ran()
