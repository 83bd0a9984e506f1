"""Settings of all tests: threads of BLAS, and the examples that property tests draw."""

import gc
import os

import pytest
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


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is collected stays until the end: looking through it again and again takes a fifth of the time.

    Without a threshold and not by `gc.disable`, as some modules note at their import whether garbage is collected.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*thresholds)


def pytest_collection_finish(session):
    """Note the kernels that modules of tests ran when they were imported: every process would compile them at once."""
    import kernels

    session.config.stash[kernels.RAN] = kernels.that_ran()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The tests of a module run in one process, so that fewer kernels are compiled by two. In CI kernels are there and
    some tests take minutes: any runs in any process."""
    from xdist.scheduler import LoadFileScheduling

    return None if os.environ.get("CI") else LoadFileScheduling(config, log)
