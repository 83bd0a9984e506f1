"""The value of an expression of a formula: a column, arithmetic, NumPy's functions of a value, formulaic's transforms.

An expression is walked, never run as Python: it knows the columns, the functions named here and nothing else, so that
the formula of a saved model can do no harm.
"""

import ast
import copy
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from fastreg.interface.formula_terms import formulaic
from fastreg.interface.scalars import ParameterError

STATEFUL = ("bs", "cc", "center", "cr", "cs", "poly", "scale", "standardize")  # formulaic's, which learn from the fit
PLAIN = ("log", "log10", "log2", "exp", "exp2", "sqrt", "abs")  # NumPy's, by their own names, too
OTHERS = ("where", "clip", "round", "isin", "nan_to_num")  # of NumPy, beside its functions of single values
NUMBERS = ("pi", "e", "inf", "nan")
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Invert: np.logical_not, ast.Not: np.logical_not,
}  # fmt: skip
KNOWN = (
    ast.Name, ast.Constant, ast.List, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Attribute, ast.Call,
)  # fmt: skip
QUOTED = re.compile(r"`([^`]*)`")
MARK = "_column_{}_"  # stands for a name in backticks


class Expression:
    """A text as a tree, with the names of columns in it."""

    def __init__(self, text):
        self.text, self.quoted = text, {}
        try:
            self.body = ast.parse(QUOTED.sub(self._marked, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ParameterError(f"the formula has {text!r}, which is no expression") from None
        for node in ast.walk(self.body):
            strange = isinstance(node, ast.Attribute) and not _of(node, "np", "numpy", "contr")
            if strange or (isinstance(node, ast.expr) and not isinstance(node, KNOWN)):
                raise self.unknown(node)

    def _marked(self, found):
        name = MARK.format(len(self.quoted))
        self.quoted[name] = found[1]
        return name

    def category(self):
        """(the node whose values are a category, the reference level or None); (None, None) where it is no C(...)."""
        node = self.body
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "C"):
            return None, None
        given = [*node.args[1:], *(each.value for each in node.keywords if each.arg == "contrasts")]
        if len(node.args) + len(node.keywords) - len(given) != 1 or len(given) > 1 or not node.args:
            raise ParameterError(
                f"the formula has {self.text!r}: C takes a column, and Treatment('level') for the level that is left "
                "out; the order of levels is that of the column's type"
            )
        return node.args[0], _reference(given[0], self.text) if given else None

    def column(self, node=None):
        """The name of the column that a node (of itself) is; None where it is more."""
        node = self.body if node is None else node
        return self.quoted.get(node.id, node.id) if isinstance(node, ast.Name) else None

    def columns(self, node=None):
        """Names of the columns of a node (of itself)."""
        tree = self.body if node is None else node
        functions = {id(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
        functions |= {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
        names = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and id(each) not in functions]
        return list(dict.fromkeys(self.quoted.get(each.id, each.id) for each in names))

    def value(self, lookup, state, node=None):
        """What a node (of itself) is, where `lookup` gives columns by name; transforms learn or keep their `state`."""
        with np.errstate(all="ignore"):  # what is not finite is told of with its place
            try:
                return _Walk(self, lookup, state).of(self.body if node is None else node)
            except ParameterError:
                raise
            except (TypeError, ValueError, OverflowError, RecursionError, ZeroDivisionError) as error:
                raise ParameterError(f"{self.text!r} of the formula has no value: {error}") from error

    def unknown(self, node):
        return ParameterError(
            f"the formula has {self.text!r}, and formulas know no {_source(self, node)!r}: there are + - * / **, "
            f"comparisons, NumPy's functions of single values (np.log), {', '.join(STATEFUL)}, C and I. Make a column "
            "of anything else; a name with a dot or a blank is written in backticks"
        )


def _source(expression, node):
    text = ast.unparse(node)
    for mark, name in expression.quoted.items():
        text = text.replace(mark, f"`{name}`")
    return text


def _reference(node, text):
    """The level that Treatment('a') or contr.treatment('a') names."""
    function = ast.unparse(node.func) if isinstance(node, ast.Call) else ast.unparse(node)
    values = [*node.args, *(each.value for each in node.keywords)] if isinstance(node, ast.Call) else []
    known = function in ("Treatment", "contr.treatment") and len(values) == 1
    if not known or not isinstance(values[0], ast.Constant):
        raise ParameterError(
            f"the formula has {text!r}: a category has a column for each level, and of contrasts there is "
            "Treatment('level') alone, which leaves that level out"
        )
    return values[0].value


class _Walk:
    """The values of an expression's nodes."""

    def __init__(self, expression, lookup, state):
        self.expression, self.lookup, self.state = expression, lookup, state

    def of(self, node):
        if isinstance(node, ast.Name):
            return self.lookup(self.expression.quoted.get(node.id, node.id))
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
            return node.value
        if isinstance(node, ast.List | ast.Tuple):
            return [self.of(each) for each in node.elts]
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self.of(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self._number(node.left), self._number(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            return OPERATORS[type(node.ops[0])](self.of(node.left), self.of(node.comparators[0]))
        if isinstance(node, ast.Attribute) and _of(node, "np", "numpy") and node.attr in NUMBERS:
            return getattr(np, node.attr)
        if isinstance(node, ast.Call) and all(each.arg for each in node.keywords):
            return self._call(node)
        raise self.expression.unknown(node)

    def _number(self, node):
        """An operand; whole numbers as float, since powers of those have no limit."""
        value = self.of(node)
        return float(value) if type(value) is int else value

    def _call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) and _of(node.func, "np", "numpy") else None
        single = name is not None and isinstance(getattr(np, name, None), np.ufunc)
        plain = node.func.id if isinstance(node.func, ast.Name) else None
        if not (single or name in OTHERS or plain in (*STATEFUL, *PLAIN, "I")):
            raise self.expression.unknown(node.func)
        given = [self.of(each) for each in node.args]
        words = {each.arg: self.of(each.value) for each in node.keywords}
        if plain == "I":
            (value,) = given
            return value
        if plain in STATEFUL:
            formulaic()
            from formulaic.transforms import TRANSFORMS

            key = _source(self.expression, node)
            state = copy.deepcopy(self.state.get(key, {}))
            value = TRANSFORMS[plain](*given, _state=state, **words)
            self.state.setdefault(key, state)
            return value
        if {"out", "where"} & words.keys():
            raise self.expression.unknown(node)
        return getattr(np, str(name or plain))(*given, **words)


def _of(node, *modules):
    """Whether an attribute is that of one of these names."""
    return isinstance(node.value, ast.Name) and node.value.id in modules
