"""A formula as terms and factors, in formulaic's grammar, and which levels of categories its columns leave out."""

import itertools
import keyword
import re
from typing import Any, NamedTuple

from fastreg.interface.scalars import ParameterError

ADVICE = "formulas need formulaic: pip install 'fastreg-engine[formula]', or pip install 'formulaic>=1.1'"
OFFSET = re.compile(r"offset\((.*)\)$", re.DOTALL)
FULL, REDUCED = 1, 2  # how a category is in a column of a term: with all of its levels, or without the reference


class Formula(NamedTuple):
    """A formula in parts: expressions as text, in which names that are no identifiers are in backticks."""

    response: tuple[str, ...]  # left of ~
    terms: tuple[tuple[str, ...], ...]  # right of it, each the factors whose product it is
    intercept: bool
    offset: str | None


def formulaic():
    """The package, or an ImportError with what to do."""
    try:
        import formulaic
    except ImportError as error:
        raise ImportError(ADVICE) from error
    return formulaic


def parsed(text, names):
    """The Formula of a text; `names` are those of the data's columns, of which "." is all but the response.

    Raises a ParameterError for what is no formula.
    """
    formulaic()
    from formulaic.errors import FormulaicError
    from formulaic.parser import DefaultFormulaParser

    try:
        found = DefaultFormulaParser().get_terms(text, context={"__formulaic_variables_available__": list(names)})
    except (FormulaicError, SyntaxError) as error:
        reason = str(error).strip().split("\n")[0]  # below it formulaic colours the place
        raise ParameterError(f"the formula {text!r} cannot be read: {reason}") from None
    left, right = getattr(found, "lhs", None) or [], getattr(found, "rhs", None) or getattr(found, "root", [])
    if isinstance(left, tuple) or isinstance(right, tuple):
        raise ParameterError(f"the formula {text!r} has several parts, divided by |; fastreg takes one")
    factors = [tuple(_text(factor) for factor in term.factors) for term in right]
    offsets = [each[0] for each in factors if len(each) == 1 and OFFSET.match(each[0])]
    if len(offsets) > 1:
        raise ParameterError(f"the formula {text!r} has several offsets; add them up in one")
    terms = [each for each in factors if each not in (("1",), *((offset,) for offset in offsets))]
    return Formula(
        tuple(_text(term.factors[0]) for term in left if _alone(term, text)),
        tuple(sorted(terms, key=lambda each: len([factor for factor in each if not factor[0].isdigit()]))),
        ("1",) in factors,
        OFFSET.match(offsets[0])[1] if offsets else None,  # type: ignore[index]
    )


def _alone(term, text):
    if len(term.factors) > 1:
        raise ParameterError(f"the formula {text!r} has a product on the left; make it a column, or write I(a * b)")
    return True


def _text(factor):
    if factor.eval_method.value == "lookup":
        return quoted(factor.expr)
    return factor.expr


def quoted(name):
    """The name of a column as an expression."""
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"`{name}`"


def coding(terms, intercept):
    """How the categories are in the columns of each term, so that no column is a combination of others.

    `terms` are (factors, whether each is a category whose coding is to be chosen). Each term becomes some variants, a
    tuple of 0 (absent), FULL or REDUCED for each factor. A term spans the products of all subsets of its categories
    with its numbers; those that earlier terms span are left out, and the others are joined into as few variants as
    there can be (as in patsy and R).
    """
    spanned: set[Any] = {(frozenset(), frozenset())} if intercept else set()
    plans = []
    for factors, kinds in terms:
        numbers = frozenset(f for f, kind in zip(factors, kinds) if not kind)
        categories = [f for f, kind in zip(factors, kinds) if kind]
        variants = []
        for size in range(len(categories) + 1):
            for subset in map(frozenset, itertools.combinations(categories, size)):
                if (numbers, subset) not in spanned:
                    spanned.add((numbers, subset))
                    variants.append(dict.fromkeys(subset, REDUCED))
        plans.append([
            tuple(variant.get(f, 0) if kind else FULL for f, kind in zip(factors, kinds))
            for variant in _joined(variants)
        ])  # fmt: skip
    return plans


def _joined(variants):
    """Variants with fewer reduced categories: one without a category, and the same with it reduced, are one with it."""
    for short, long in itertools.permutations(variants, 2):
        more = long.items() - short.items()
        if len(more) == 1 and short.items() <= long.items():
            ((name, how),) = more
            if how == REDUCED:
                rest = [each for each in variants if each is not short]
                return _joined([each | {name: FULL} if each is long else each for each in rest])
    return variants
