"""The helper that chooses which combinations of parameters run by default."""

from itertools import combinations, product

import pytest
from grids import covering, diagonal, each_value, few, pairwise, spread


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2, 2), (2, 2, 4, 3, 4), (5, 1, 3), (2, 2, 2, 2, 2, 2)])
def test_every_two_values_meet_in_few_rows(sizes):
    chosen = covering(sizes)
    for (i, first), (j, second) in combinations(enumerate(sizes), 2):
        assert {(row[i], row[j]) for row in chosen} == set(product(range(first), range(second)))
    largest = sorted(sizes)[-2:]
    assert len(set(chosen)) == len(chosen) <= 1.5 * largest[0] * largest[1] + 2


def test_every_value_occurs():
    assert diagonal((2, 4, 3)) == [(0, 0, 0), (1, 1, 1), (0, 2, 2), (1, 3, 0)]


@pytest.mark.parametrize("thin, count", [(few(2), 2), (few(3), 3), (spread(4), 4), (each_value, 2), (pairwise, 4)])
def test_the_rest_is_slow(thin, count):
    @thin
    @pytest.mark.parametrize("c", [1.0, 0.5])
    @pytest.mark.parametrize("a, b", [(1, "x"), (2, "y")])
    @pytest.mark.parametrize("make", [len, print], ids=["length", "print"])
    @pytest.mark.timeout(7)
    def test(make, a, b, c):
        pass

    other, grid = test.pytestmark
    names, cases = grid.args
    assert other.name == "timeout" and names == ["make", "a", "b", "c"]
    assert {(*case.values,) for case in cases} == {
        (make, *ab, c) for make in (len, print) for ab in ((1, "x"), (2, "y")) for c in (1.0, 0.5)
    }
    assert cases[0].id == "length-1-x-1.0"
    assert sum(not case.marks for case in cases) == count
    assert {mark.name for case in cases for mark in case.marks} == {"slow"}


def test_the_first_few_have_different_values():
    @few(3)
    @pytest.mark.parametrize("a", [1, 2])
    @pytest.mark.parametrize("b", ["x", "y"])
    def test(a, b):
        pass

    assert [case.values for case in test.pytestmark[0].args[1] if not case.marks] == [("x", 1), ("x", 2), ("y", 2)]


def test_marks_and_names_of_cases_stay():
    @spread(2)
    @pytest.mark.parametrize("a, b", [(1, print), pytest.param(2, len, id="two", marks=pytest.mark.process)])
    @pytest.mark.parametrize("c", [3], ids=lambda value: f"c{value}")
    def test(a, b, c):
        pass

    first, second = test.pytestmark[0].args[1]
    assert (first.values, first.id, first.marks) == ((3, 1, print), "c3-1-print", [])
    assert (second.values, second.id, [mark.name for mark in second.marks]) == ((3, 2, len), "c3-two", ["process"])
