"""Digests of the sources of all kernels, without docstrings, comments and blank lines, which compile nothing anew.

The sources are those of this cache and of modules that import numerics.jit: kernels use no name of any other module of
fastreg (tests/project/test_architecture.py).
"""

import ast
import hashlib
import sys
from pathlib import Path

import llvmlite
import numba
from numba.core import config

PACKAGE = Path(__file__).parents[1]
WRITERS = [f"numerics/{name}.py" for name in ("jit", "kernel_cache", "kernel_digest", "kernel_library")]  # used, too
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef  # nodes that may have a docstring


def kernel_sources(package=PACKAGE):
    """{path in the package: bytes} of the modules on which kernels depend."""
    sources = {path.relative_to(package).as_posix(): path.read_bytes() for path in sorted(package.rglob("*.py"))}
    return {
        name: source
        for name, source in sources.items()
        if name in WRITERS or b"from fastreg.numerics.jit import" in source
    }


def text_digest(sources):
    """The digest of the sources' bytes."""
    return _digest(sources)


def syntax_digest(sources):
    """The digest of the sources' syntax trees without docstrings, which determine kernels up to line numbers."""
    return _digest({name: _syntax(source, name).encode() for name, source in sources.items()})


def _syntax(source, name):
    tree = ast.parse(source, name)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)


def _digest(texts):
    """The digest of named texts, of the versions of Numba, LLVM and Python, and of the options that change code."""
    digest = hashlib.sha256()
    for name, text in texts.items():
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
    options = (numba.__version__, llvmlite.__version__, sys.version_info[:2], config.BOUNDSCHECK, config.OPT)
    digest.update(repr(options).encode())
    return digest.hexdigest()[:20]
