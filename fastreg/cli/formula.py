"""A formula on the command line: the columns that it names, and its response."""

import re
from typing import NamedTuple

import numpy as np


class Asked(NamedTuple):
    """What a formula asks of a table."""

    right: str  # what is right of ~
    response: str | None  # the expression left of it
    target: str | None  # the column in that
    columns: tuple[str, ...]  # right of it
    named: tuple[str, ...]  # of these, those that are written out; "." stands for all
    categories: tuple[str, ...]  # of these, those that are in C(...) alone


def asked_by(text, names):
    """What a formula asks of a table whose columns, but those with another purpose, have these names."""
    from fastreg.interface.formula_expressions import Expression
    from fastreg.interface.formula_terms import parsed

    found, target = parsed(text, names), None
    if len(found.response) > 1:
        raise ValueError(f"--formula {text}: the command line takes one response; name it left of ~")
    for each in found.response:
        inside = Expression(each).columns()
        if len(inside) != 1:
            raise ValueError(f"--formula {text}: {each} must be a column, or a function of one; make it a column")
        target = inside[0]
    coded, plain = [], list[str]()
    for each in [factor for term in found.terms for factor in term] + ([found.offset] if found.offset else []):
        expression = Expression(each)
        inner, _ = expression.category()
        if inner is not None and expression.column(inner) is not None:
            coded.append(expression.column(inner))
        else:
            plain += expression.columns(inner)
    response = found.response[0] if found.response else None
    columns = tuple(dict.fromkeys([*coded, *plain]))
    categories = tuple(name for name in dict.fromkeys(coded) if name not in plain)
    right = text.rpartition("~")[2].strip()
    named = tuple(name for name in columns if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", right))
    return Asked(right, response, target, columns, named, categories)


def response_of(asked, values, place):
    """The response that an expression makes of its column."""
    from fastreg.interface.formula_expressions import Expression

    expression = Expression(asked.response)
    if expression.column() is not None:
        return values
    found = np.asarray(expression.value(lambda name: values, {}), dtype=float)
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found)))
        raise ValueError(
            f"{asked.response} is {found[row]} in {place(row)}, where column {asked.target!r} holds {values[row]:g}"
        )
    return found
