"""Kernels are compiled one by one and joined by name: each once, and never without those that it calls."""

import gc
import hashlib
import pickle

import isolated
import pytest

from fastreg.numerics.jit import kernel
from fastreg.numerics.kernel_library import without_collections
from fastreg.solvers.active_set.pivots import Outcome, PivotResult

FIT = """
import numpy as np
from fastreg import fit_path
X = np.random.default_rng(0).normal(size=(30, 40))
print(fit_path(X, X[:, 0] + X[:, 1] ** 2, alphas=[0.1], tol=1e-10).coefs.sum())
"""
COUNT = """
from fastreg.numerics import kernel_cache
compiled = []
kernel_cache.KernelCache.save_overload = lambda self, sig, data: compiled.append(self._stem())
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """(folder with the kernels of FIT, what FIT prints)."""
    folder = tmp_path_factory.mktemp("kernels")
    return folder, isolated.run(FIT, FASTREG_CACHE_DIR=str(folder), NUMBA_CACHE_DIR="").stdout


def stored(folder):
    """{file: (callees, wanted, functions, Numba's parts)}."""
    return {path: pickle.loads(path.read_bytes()[32:]) for path in sorted(folder.rglob("*.kernel"))}


def run(folder, script):
    return isolated.run(script, FASTREG_CACHE_DIR=str(folder), NUMBA_CACHE_DIR="")


@pytest.mark.process
def test_machine_code_of_a_kernel_is_in_one_file(fitted):
    """Where others call it, they hold its name. Inlined kernels are in no file but their own, either."""
    files = stored(fitted[0])
    assert len(files) > 20
    for path, (_, _, functions, parts) in files.items():
        own = parts[1].mangled_name
        assert own in functions
        others = [each for each, (_, _, theirs, _) in files.items() if each != path and own in theirs]
        assert not others, (path.name, "is also in", others)


@pytest.mark.process
def test_callees_are_loaded_before_their_callers(fitted):
    """And compiled where their file is missing; nothing else is compiled then."""
    folder, answer = fitted
    files = stored(folder)
    called = {callee.name for callees, _, _, _ in files.values() for callee in callees}
    lost = [path for path, (_, _, _, parts) in files.items() if parts[1].mangled_name in called]
    assert len(lost) > 5
    for path in lost:
        path.unlink()
    names = sorted(path.name.rsplit(".", 2)[0] for path in lost)
    process = run(folder, COUNT + FIT + f"assert sorted(compiled) == {names}, compiled")
    assert process.stdout == answer and "Warning" not in process.stderr
    assert run(folder, FIT).stdout == answer and set(stored(folder)) == set(files)


@pytest.mark.process
def test_a_kernel_that_calls_another_version_is_compiled_anew(fitted):
    """Such a file ended the process before Python could say why: the name that it calls is nowhere."""
    folder, answer = fitted
    path, (callees, *rest) = next(item for item in stored(folder).items() if item[1][0])
    payload = pickle.dumps(([each._replace(name=each.name + "x") for each in callees], *rest))
    path.write_bytes(hashlib.sha256(payload).digest() + payload)
    process = run(folder, COUNT + FIT + f"assert compiled == [{path.name.rsplit('.', 2)[0]!r}], compiled")
    assert process.stdout == answer and "a stored kernel could not be loaded" in process.stderr
    run(folder, FIT)
    process = run(folder, FIT)
    assert process.stdout == answer and process.stderr == ""


@pytest.mark.process
def test_a_version_of_numba_that_was_not_tried_compiles_as_it_does_by_itself(tmp_path, fitted):
    """And its kernels are kept on disk as well."""
    newer = """
import numba
numba.version_info = numba.version_info._replace(short=(99, 0))
"""
    for kept in (False, True):
        end = f"assert bool(compiled) != {kept}, compiled"
        count = COUNT.replace("compiled.append(self._stem())", "(compiled.append(self._stem()), save(self, sig, data))")
        count = count.replace("compiled = []", "compiled, save = [], kernel_cache.KernelCache.save_overload")
        process = run(tmp_path, newer + count + FIT + end)
        assert process.stdout == fitted[1] and "Warning" not in process.stderr


def test_garbage_is_collected_again_afterwards():
    """Also after an error, and not where it was not collected before."""
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), without_collections():
        assert not gc.isenabled()
        _ = 1 / 0
    assert gc.isenabled()
    gc.disable()
    try:
        with without_collections():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def way_of(k):
    return PivotResult(Outcome.DONE, k, k, k, 0.0)


def ended(k):
    return k, Outcome.DONE


@pytest.mark.parametrize("function", [way_of, ended])
def test_what_python_code_would_make_is_not_returned_to_python(function):
    """Numba crashes if Ctrl-C interrupts that code."""
    with pytest.raises(TypeError, match="return a plain tuple of numbers"):
        kernel(function)(3)
