"""Checks of compressed sparse arrays, block by block, so that none is copied."""

from itertools import pairwise

import numpy as np

LENGTH = 2**20  # entries that are looked at together


def blocks_of(array):
    """Yield (start, a part of the array)."""
    for start, stop in pairwise([*range(0, array.size, LENGTH), array.size]):
        yield start, array[start:stop]


def check_pointers(name, pointers, stored):
    """Raise where pointers do not rise from 0 to at most the number of stored values."""
    rises = all(np.all(part[1:] >= part[:-1]) for part in _overlapping(pointers))
    if pointers.size and (pointers[0] != 0 or not rises or pointers[-1] > stored):
        raise ValueError(f"{name} is not a rising sequence from 0 to at most the number of stored values, {stored}")


def check_range(name, indices, limit):
    """Raise where an index is not from 0 to below the limit: kernels would read memory outside of the arrays."""
    for start, part in blocks_of(indices):
        if part.min() < 0 or part.max() >= limit:
            bad = int(np.flatnonzero((part < 0) | (part >= limit))[0])
            raise ValueError(f"{name}[{start + bad}] = {part[bad]} is out of range: X allows 0 to {limit - 1}")


def first_disorder(indices, indptr):
    """The first place where an index is not above the one before it in the same column; None if there is none."""
    for number, part in enumerate(_overlapping(indices)):
        falls = (number * LENGTH + 1 + np.flatnonzero(part[1:] <= part[:-1])).astype(indptr.dtype)
        inside = falls[indptr[np.searchsorted(indptr, falls)] != falls]  # those at which no column begins
        if inside.size:
            return int(inside[0])
    return None


def _overlapping(array):
    """Yield parts of LENGTH entries and the first of the next."""
    for start, part in blocks_of(array):
        yield array[start : start + part.size + 1]
