"""Tests over many combinations of parameters, of which a few run by default: decorators above `parametrize`."""

import os
from itertools import combinations, product

import pytest
from hypothesis import settings


def examples(count):
    """`count` examples of a property test in CI, the same in every run; elsewhere a fifth, each time others."""
    return settings(max_examples=count if os.environ.get("CI") else -(-count // 5), deadline=None)


def few(count):
    """Of the combinations that the `parametrize` below span, leave the first few without the mark `slow`."""
    return lambda test: _thinned(test, lambda sizes: list(product(*map(range, sizes)))[:count])


def each_value(test):
    """Leave some without it in which every value of every parameter occurs."""
    return _thinned(test, lambda sizes: covering(sizes, 1))


def pairwise(test):
    """Leave some without it in which every value of one parameter meets every value of each other."""
    return _thinned(test, covering)


def _thinned(test, choose):
    axes = [_axis(mark) for mark in test.pytestmark if mark.name == "parametrize"]
    kept = set(choose([len(values) for _, values in axes]))
    cases = []
    for places in product(*(range(len(values)) for _, values in axes)):
        chosen = [values[k] for (_, values), k in zip(axes, places)]
        values, ids = [each for values, _ in chosen for each in values], [name for _, name in chosen]
        cases.append(pytest.param(*values, id="-".join(ids), marks=() if places in kept else pytest.mark.slow))
    test.pytestmark = [mark for mark in test.pytestmark if mark.name != "parametrize"]
    return pytest.mark.parametrize([name for names, _ in axes for name in names], cases)(test)


def _axis(mark):
    """Of one `parametrize`: its names, and (values, id) of each case."""
    names, cases = mark.args[0], list(mark.args[1])
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    ids = mark.kwargs.get("ids")
    ids = [str(ids(case)) for case in cases] if callable(ids) else list(ids or map(_id, cases, range(len(cases))))
    return names, list(zip(cases if len(names) > 1 else [(case,) for case in cases], ids, strict=True))


def _id(case, k):
    if isinstance(case, tuple):
        return "-".join(_id(each, k) for each in case)
    simple = isinstance(case, str | int | float | None)
    return str(case) if simple else getattr(case, "__name__", f"{type(case).__name__}{k}")


def covering(sizes, strength=2):
    """Few rows of places, such that any places of `strength` axes are together in one.

    Greedy: always the row with the most that is new.
    """
    rows = list(product(*(range(size) for size in sizes)))
    groups = {row: set(combinations(enumerate(row), strength)) for row in rows}
    missing, chosen = set().union(*groups.values()), []
    while missing:
        chosen.append(max(rows, key=lambda row: len(groups[row] & missing)))
        missing -= groups[chosen[-1]]
    return chosen
