"""A formula and a data frame as X, y and what else belongs to rows; kept with the fit, to read other frames alike.

`formulated` reads the frame of a fit and decides; the `FormulaEncoding` that it returns reads this and other frames.
"""

from collections import Counter
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.encoding import ABSENT, UNSEEN, Column, Encoding, learnt, rows_chosen
from fastreg.interface.formula_columns import Block, Labels, assembled, blocks_of, cells_of
from fastreg.interface.formula_expressions import Expression
from fastreg.interface.formula_frame import CATEGORY, PLAIN, Frame, Variables
from fastreg.interface.formula_terms import FULL, coding, parsed
from fastreg.interface.frames import rows_of
from fastreg.interface.scalars import ParameterError, check_option


class FormulaEncoding(NamedTuple):
    """How a formula reads a frame: plain data, with all that the rows of the fit decided."""

    text: str
    response: tuple[str, ...]
    intercept: bool
    terms: tuple[tuple[str, ...], ...]
    variants: tuple[tuple[tuple[int, ...], ...], ...]  # of each term: 0, FULL or REDUCED of each factor
    cells: tuple[tuple[Any, ...], ...]  # of each variant: of several categories the levels that go together, else None
    variables: dict[tuple[str, str], Encoding]  # by column and role
    levels: dict[str, tuple[Any, ...]]  # of C(...) of an expression
    state: dict[str, dict[Any, Any]]  # of transforms
    labels: tuple[str, ...]  # names of the columns of X
    parts: tuple[tuple[str, int, bool], ...]  # of each term: name, number of columns, whether these sum to one
    of_rows: dict[str, str]  # expressions of the offset and the weights
    unseen: str

    def names(self):
        """The names of the columns of X."""
        return list(self.labels)

    def names_with(self, given):
        """The names of the columns of X. Raises a ValueError where others are given."""
        if given is not None and list(given) != self.names():
            raise ValueError(
                f"feature_names are for X without a formula; the columns of {self.text!r} are called after its terms: "
                "leave feature_names out"
            )
        return self.names()

    def columns_read(self):
        """The names of the columns of a frame that X is made of."""
        return list(dict.fromkeys(column for column, _ in self.variables))

    def places(self):
        """The places in X of the columns of each term, by its name."""
        ends = np.cumsum([0, *(size for _, size, _ in self.parts)]).tolist()
        return {name: list(range(*span)) for (name, _, _), span in zip(self.parts, pairwise(ends))}

    def complete(self):
        """The places in X of the columns of each term that sum to one in every row."""
        places = self.places()
        return [places[name] for name, _, whole in self.parts if whole]

    def read(self, X):
        """A frame as X, see `assembled`. Raises a ValueError for a column that lacks, and a value without a rule."""
        frame = Frame(X, "X")
        variables = Variables(frame, self.variables, self.unseen)
        factors = [[variables.factor(text, self.levels, self.state) for text in term] for term in self.terms]
        return assembled(_blocks(factors, self.variants, self.cells, variables)[1], frame.n)

    def row_values(self, name, X, text=None):
        """The response ("y"), "offset" or "sample_weight" of a frame's rows, or the value of a text; None where the fit
        had none of it."""
        texts = self.response if name == "y" else (self.of_rows[name],) if name in self.of_rows else ()
        return _response(texts if text is None else (text,), Frame(X, "X"))

    def document(self):
        """Plain data for a file."""
        own = self._asdict()
        own["variables"] = [[*key, each.document()] for key, each in self.variables.items()]
        own["levels"] = [[text, list(levels)] for text, levels in self.levels.items()]
        own["state"] = [[text, _plain(state)] for text, state in self.state.items()]
        return own

    @classmethod
    def of_document(cls, stored):
        """The encoding that `document` described. Raises ValueError where it is damaged, or names what is unknown."""
        check_option("unseen", stored["unseen"], UNSEEN)
        found = {name: stored[name] for name in cls._fields}
        found |= {name: tuple(map(str, stored[name])) for name in ("response", "labels")}
        found["terms"] = tuple(tuple(map(str, term)) for term in stored["terms"])
        found |= {name: _tuples(stored[name]) for name in ("variants", "cells")}
        found["intercept"] = bool(stored["intercept"])
        found["variables"] = {(column, role): Encoding.of_document(each) for column, role, each in stored["variables"]}
        found["levels"] = {text: tuple(levels) for text, levels in stored["levels"]}
        found["state"] = {text: _restored(state) for text, state in stored["state"]}
        found["parts"] = tuple((str(name), int(size), bool(whole)) for name, size, whole in stored["parts"])
        found["of_rows"] = {str(name): str(text) for name, text in stored["of_rows"].items()}
        made = cls(**found)
        for text in {*made.response, *made.of_rows.values(), *(each for term in made.terms for each in term)}:
            Expression(text)  # refuses what is no formula's
        return made


def formulated(text, data, rules, of_rows, response, full):
    """(X, its FormulaEncoding, `of_rows`, whether there is an intercept) of the rows of a fit.

    `of_rows` are what belongs to rows, by name; texts are expressions of the data's columns. The one called `response`
    is the formula's. Categories have `full` sets of levels, or as many as determine an unpenalised fit.
    """
    frame = Frame(data)
    rules.checked().refuse_unknown(frame.names)
    of_rows = {name: values for name, values in of_rows.items() if values is not None}
    texts = {name: (values,) for name, values in of_rows.items() if isinstance(values, str)}
    used = [name for (each,) in texts.values() for name in Expression(each).columns()]
    found = parsed(text, [name for name in frame.names if name not in used])
    for name, given in ((response, found.response), ("offset", found.offset and (found.offset,))):
        if given and name in of_rows:
            raise ParameterError(f"{name} is given, and the formula {text!r} has one, too; leave one of them out")
        texts |= {name: given} if given else {}
    if not found.terms:
        raise ParameterError(f"the formula {text!r} has no column besides the intercept")
    of_rows = {name: values for name, values in of_rows.items() if name not in texts}
    frame, of_rows = _without_gaps(data, frame, found, rules, of_rows, texts)
    encoding, X = _learnt(text, found, frame, rules, full, texts.get(response, ()))
    values = {name: _response(given, frame) for name, given in texts.items()}
    kept = {name: given[0] for name, given in texts.items() if name in ("offset", "sample_weight")}
    return X, encoding._replace(of_rows=kept), of_rows | values, found.intercept


def check_intercept(encoding, fit_intercept):
    """Raise a ParameterError where an intercept is not to be fitted, and the formula has one."""
    if encoding.intercept and not fit_intercept:
        raise ParameterError(
            f"fit_intercept is False, but the formula {encoding.text!r} has an intercept: end it with '- 1', and leave "
            "fit_intercept out"
        )


def _columns(found):
    """(column, role, expression) of all columns right of ~."""
    for text in dict.fromkeys(each for term in found.terms for each in term):
        expression = Expression(text)
        inner, _ = expression.category()
        role = CATEGORY if inner is not None and expression.column(inner) is not None else PLAIN
        for column in expression.columns(inner):
            yield column, role, text


def _without_gaps(data, frame, found, rules, of_rows, texts):
    """(Frame, of_rows) without rows in which a value is missing whose rule is "drop"."""
    columns = {column: text for column, _, text in _columns(found)}
    for text in chain(*texts.values()):
        columns |= dict.fromkeys(Expression(text).columns(), text)
    gaps = np.zeros(frame.n, dtype=bool)
    for column, text in columns.items():
        if rules.missing_in(column) == "drop":
            gaps |= frame.absent(column, text)
    if not gaps.any():
        return frame, of_rows
    rows, lost = np.flatnonzero(~gaps), np.flatnonzero(gaps)
    if not rows.size:
        raise ValueError("data has no row without missing values, so missing='drop' leaves none; choose 'mean'")
    check.warn(
        f"missing='drop' leaves out {lost.size:,} of the {gaps.size:,} rows of data; the first is row {lost[0]}",
        check.DataWarning,
        topic="dropped rows",
    )
    kept = {name: rows_chosen(name, values, rows, gaps.size, "data") for name, values in of_rows.items()}
    return Frame(rows_of(data, rows)), kept


def _learnt(text, found, frame, rules, full, response):
    """(FormulaEncoding, X)."""
    encodings = {}
    for column, role, expression in _columns(found):
        if (column, role) not in encodings:
            encodings[column, role] = _column_learnt(frame, column, role, expression, rules)
    variables, levels, state = Variables(frame, encodings, rules.unseen), dict[str, Any](), dict[str, Any]()
    factors = [[variables.factor(each, levels, state) for each in term] for term in found.terms]
    kinds = [[isinstance(each, Labels) and not each.step for each in term] for term in factors]
    variants = tuple(
        tuple(plan) if not full or any(isinstance(each, Labels) and each.reference is not None for each in term)
        else (tuple(FULL for _ in term),)
        for term, plan in zip(factors, coding(zip(found.terms, kinds), found.intercept))
    )  # fmt: skip
    cells = tuple(tuple(cells_of(term, each) for each in plan) for term, plan in zip(factors, variants))
    by_term, blocks = _blocks(factors, variants, cells, variables)
    parts = tuple(
        (
            ":".join(map(_name_of, texts)),
            sum(len(block.names) for block in own),
            all(kind) and plan == ((FULL,) * len(kind),),
        )
        for texts, own, kind, plan in zip(found.terms, by_term, kinds, variants)
    )
    labels = tuple(name for block in blocks for name in block.names)
    if repeated := [name for name, count in Counter(labels).items() if count > 1]:
        raise ParameterError(f"the formula {text!r} makes several columns {repeated[0]!r}; leave one of them out")
    encoding = FormulaEncoding(
        text, response, found.intercept, found.terms, variants,
        tuple(tuple(_of_several(each) for each in plan) for plan in cells),
        encodings, levels, state, labels, parts, {}, rules.unseen,
    )  # fmt: skip
    return encoding, assembled(blocks, frame.n)


def _column_learnt(frame, column, role, text, rules):
    """The Encoding of a column; a formula names its columns, so that text is a category."""
    own = rules._replace(
        categories="text" if role == PLAIN and column not in rules.named() else [column],
        missing=rules.missing_in(column),
    )
    found = learnt(frame.only(column, text), own)
    return Encoding((Column(column, "number", "error"),), rules.unseen) if found is None else found


def _name_of(text):
    """What a factor is called: by its column, in C(...) or not, or by its expression."""
    expression = Expression(text)
    column = expression.column(expression.category()[0])
    return text if column is None else column


def _blocks(factors, variants, cells, variables):
    """(the Blocks of each term, all Blocks of X: those and the marks of missing numbers)."""
    by_term = [
        [block for variant, levels in zip(plan, known)
         for block in blocks_of(term, variant, cells_of(term, variant, levels), variables.frame.n)]
        for term, plan, known in zip(factors, variants, cells)
    ]  # fmt: skip
    marks = {column: variables.marks(column, role) for column, role in variables.encodings}
    gaps = [Block([f"{column}[{ABSENT}]"], values) for column, values in marks.items() if values is not None]
    return by_term, [block for own in by_term for block in own] + gaps


def _response(texts, frame):
    """The values of expressions of rows: a vector, of several a matrix."""
    if not texts:
        return None
    values = [frame.row_values(text) for text in texts]
    return values[0] if len(values) == 1 else np.column_stack(values)


def _of_several(cells):
    """The cells of several categories, to keep; those of one are all of its levels."""
    return None if cells is None or cells.shape[1] == 1 else _tuples(cells.tolist())


def _tuples(values):
    return values if values is None or isinstance(values, int) else tuple(_tuples(each) for each in values)


def _plain(value):
    """A transform's state as data for JSON, with the kind of what JSON has not."""
    if isinstance(value, dict):
        return {"kind": "dict", "entries": [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, np.ndarray) and value.ndim:
        return {"kind": "array", "values": value.tolist()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    if value is not None and not isinstance(value, bool | int | float | str):
        raise ValueError(f"a transform of the formula keeps {value!r}, which a file cannot hold; pickle the result")
    return value


def _restored(stored):
    if isinstance(stored, list):
        return [_restored(each) for each in stored]
    if not isinstance(stored, dict):
        return stored
    if stored["kind"] == "array":
        return np.array(stored["values"], dtype=np.float64)
    return {_restored(key): _restored(each) for key, each in stored["entries"]}
