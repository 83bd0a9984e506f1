"""scikit-learn's own test modules, executed with fastreg's classes in the place of scikit-learn's.

A module's source is read from the installed wheel. After its last import at the top the names that fastreg has, too,
are bound to fastreg's; everything below, decorators among it, then sees those. Methods of scikit-learn's classes that a
module calls although they are private are lent to fastreg's.
"""

import ast
import importlib.util
import sys
import types
from pathlib import Path

import pytest
import sklearn

import fastreg

VERSION = (1, 9)  # the release whose tests left_out.py describes
FOLDERS = {"test_glm": "_glm.tests"}  # of sklearn.linear_model where it is not "tests"
LENT = ("_get_loss",)  # with it tests of GLMs compute objectives by themselves


def substituted(name):
    """The names of a test module of sklearn.linear_model that pytest collects, with fastreg's classes in them."""
    if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) != VERSION:
        pytest.skip("left_out.py speaks of scikit-learn 1.9", allow_module_level=True)
    source = Path(importlib.util.find_spec(f"sklearn.linear_model.{FOLDERS.get(name, 'tests')}.{name}").origin)
    tree = ast.parse(source.read_text(), str(source))
    imports = [k for k, node in enumerate(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom))]
    module = types.ModuleType(f"substituted_{name}")
    module.__file__ = str(source)
    sys.modules[module.__name__] = module  # where pickle looks for what the tests define
    run(tree.body[: imports[-1] + 1], source, module)
    module.__dict__.update({word: lending(getattr(fastreg, word), getattr(module, word)) for word in replaced(tree)})
    run(tree.body[imports[-1] + 1 :], source, module)
    words = ("test_", "pytestmark", "ols_ridge_dataset", "glm_dataset", "regression_data")
    return {word: thing for word, thing in vars(module).items() if word.startswith(words)}


def replaced(tree):
    """What a test module imports from sklearn.linear_model and fastreg has under the same name."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "sklearn.linear_model":
            yield from (alias.name for alias in node.names if alias.name in fastreg.__all__)


def lending(ours, theirs):
    """Our class or function, with the methods LENT that theirs has."""
    lent = {name: vars(theirs)[name] for name in LENT if name in vars(theirs)}
    return type(ours.__name__, (ours,), {"__module__": __name__, **lent}) if lent else ours


def run(nodes, source, module):
    """Execute part of a module's statements."""
    exec(compile(ast.Module(body=nodes, type_ignores=[]), str(source), "exec"), module.__dict__)
