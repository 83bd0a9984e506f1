"""Docstrings of all that is public have numpydoc's form, name every parameter and result, and hold an example."""

import doctest
import importlib
import inspect
import sys

import pytest
from grids import spread

import fastreg

numpydoc = pytest.importorskip("numpydoc.validate")

CHECKS = {
    "GL03": "double blank lines", "GL05": "tabs", "GL06": "an unknown section", "GL07": "sections in another order",
    "GL08": "no docstring", "SS01": "no summary", "SS02": "a summary without a capital letter",
    "SS03": "a summary without a period", "SS04": "a summary with spaces in front", "SS06": "a long summary",
    "PR01": "parameters not documented", "PR02": "unknown parameters", "PR03": "parameters in another order",
    "PR04": "a parameter without a type", "PR05": "a type that ends with a period", "PR06": "a type by another name",
    "PR07": "a parameter without a description", "PR08": "a description without a capital letter",
    "PR09": "a description without a period", "PR10": "no space before the colon", "RT01": "no returns",
    "RT03": "a return value without a description", "RT04": "one without a capital letter",
    "RT05": "one without a period", "YD01": "no yields", "EX01": "no example",
}  # fmt: skip
NOT_RUN = ["fastreg.cli.warmup.warmup"]  # takes minutes the first time; tests/numerics/test_compiling_ahead.py runs it


def public():
    """Dotted names of the functions and classes that can be imported, and of the classes' methods and properties."""
    things = [getattr(fastreg, name) for name in fastreg._HOMES]
    for room in fastreg._ROOMS:
        home = importlib.import_module(f"fastreg.{room}")
        names = {name: getattr(home, name) for name in getattr(home, "__all__", vars(home))}
        things += [each for name, each in names.items() if inspect.isfunction(each) and name[0] != "_"]
    for thing in things:
        yield f"{thing.__module__}.{thing.__qualname__}"
        for name in dir(thing) if isinstance(thing, type) else ():
            part = inspect.getattr_static(thing, name)
            part = part.fget if isinstance(part, property) else part
            if name[0] != "_" and inspect.isfunction(part) and part.__module__.startswith("fastreg"):
                yield f"{part.__module__}.{part.__qualname__}"


PUBLIC = sorted(set(public()))


@spread(40)
@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_is_complete(name):
    errors = numpydoc.validate(name)["errors"]
    assert [(code, text) for code, text in errors if code in CHECKS] == []


def test_every_example_is_found():
    """By doctest, in its module: tests/project/test_docs.py runs all of them."""
    tests, finder = {}, doctest.DocTestFinder()
    modules = [name for name in sys.modules if name.startswith("fastreg.")]
    for module in modules:
        tests |= {test.name: test.examples for test in finder.find(sys.modules[module], module)}
    for name in PUBLIC:
        examples = tests.get(name, [])
        assert any(doctest.SKIP not in each.options for each in examples[1:]) != (name in NOT_RUN), name
