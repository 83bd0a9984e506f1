"""The helper that chooses which combinations of parameters run by default."""

from itertools import combinations, product

import pytest
from grids import covering, each_value, few, pairwise


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2, 2), (2, 2, 4, 3, 4), (5, 1, 3), (2, 2, 2, 2, 2, 2)])
def test_every_two_values_meet_in_few_rows(sizes):
    chosen = covering(sizes)
    for (i, first), (j, second) in combinations(enumerate(sizes), 2):
        assert {(row[i], row[j]) for row in chosen} == set(product(range(first), range(second)))
    largest = sorted(sizes)[-2:]
    assert len(set(chosen)) == len(chosen) <= 1.5 * largest[0] * largest[1] + 2


def test_every_value_occurs():
    assert len(covering((2, 4, 3), strength=1)) == 4


@pytest.mark.parametrize("thin, count", [(few(3), 3), (each_value, 2), (pairwise, 4)])
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
