"""Tests over many combinations of parameters, of which a few run by default: decorators above `parametrize`."""

import os
from itertools import combinations, product
from math import prod

import pytest
from hypothesis import settings


def examples(count):
    """`count` examples of a property test in CI, the same in every run; elsewhere a fifth, each time others."""
    return settings(max_examples=count if os.environ.get("CI") else -(-count // 5), deadline=None)


def few(count):
    """Of the combinations that the `parametrize` below span, leave a few without the mark `slow`: the first, and others
    with as many other values as there are."""
    return lambda test: _thinned(test, lambda sizes: list(dict.fromkeys([*diagonal(sizes), *_all(sizes)]))[:count])


def spread(count):
    """Leave some without it, at equal distances: for one long list of cases, such as names or scikit-learn's checks."""
    return lambda test: _thinned(test, lambda sizes: _all(sizes)[:: max(1, prod(sizes) // count)])


def each_value(test):
    """Leave some without it in which every value of every parameter occurs."""
    return _thinned(test, diagonal)


def pairwise(test):
    """Leave some without it in which every value of one parameter meets every value of each other."""
    return _thinned(test, covering)


def _thinned(test, choose):
    axes = [_axis(mark) for mark in test.pytestmark if mark.name == "parametrize"]
    kept = set(choose([len(values) for _, values in axes]))
    cases = []
    for places in _all([len(values) for _, values in axes]):
        chosen = [values[k] for (_, values), k in zip(axes, places)]
        values, ids = [each for values, _, _ in chosen for each in values], [name for _, name, _ in chosen]
        marks = [mark for _, _, marks in chosen for mark in marks] + [pytest.mark.slow] * (places not in kept)
        cases.append(pytest.param(*values, id="-".join(ids), marks=marks))
    test.pytestmark = [mark for mark in test.pytestmark if mark.name != "parametrize"]
    return pytest.mark.parametrize([name for names, _ in axes for name in names], cases)(test)


def _axis(mark):
    """Of one `parametrize`: its names, and (values, id, marks) of each case."""
    names, cases, ids = mark.args[0], [_case(case) for case in mark.args[1]], mark.kwargs.get("ids")
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    values = [values if len(names) > 1 else (values,) for values, _, _ in cases]
    if callable(ids):
        ids = ["-".join(str(ids(value)) for value in each) for each in values]
    ids = list(ids or [name or _id(values, k) for k, (values, name, _) in enumerate(cases)])
    return names, list(zip(values, ids, [marks for _, _, marks in cases], strict=True))


def _case(case):
    """The value or values, id and marks of a case, which may be a `pytest.param`."""
    if not hasattr(case, "marks"):
        return case, None, ()
    return case.values if len(case.values) > 1 else case.values[0], case.id, case.marks


def _id(case, k):
    if isinstance(case, tuple):
        return "-".join(_id(each, k) for each in case)
    simple = isinstance(case, str | int | float | None)
    return str(case) if simple else getattr(case, "__name__", f"{type(case).__name__}{k}")


def _all(sizes):
    return list(product(*map(range, sizes)))


def diagonal(sizes):
    """As many rows of places as the longest axis has, in which each place of each axis occurs."""
    return [tuple(k % size for size in sizes) for k in range(max(sizes))]


def covering(sizes):
    """Few rows of places, such that any places of any two axes are together in one.

    Greedy: always the row with the most that is new.
    """
    groups = {row: set(combinations(enumerate(row), 2)) for row in _all(sizes)}
    missing, chosen = set().union(*groups.values()), []
    while missing:
        chosen.append(max(groups, key=lambda row: len(groups[row] & missing)))
        missing -= groups[chosen[-1]]
    return chosen
