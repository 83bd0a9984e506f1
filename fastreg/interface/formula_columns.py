"""Columns of X from the factors of a formula's terms: products of numbers, levels of categories, both together."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from fastreg.interface.encoding import ABSENT
from fastreg.interface.formula_terms import REDUCED
from fastreg.interface.frames import CodedTable
from fastreg.interface.scalars import ParameterError

FEW = 8  # columns of a number within the levels of a category that are kept dense


class Numbers(NamedTuple):
    """A factor of numbers: the name and the values of each of its columns."""

    names: list[str]
    values: list[np.ndarray]


class Labels(NamedTuple):
    """A factor that is a category."""

    name: str
    codes: np.ndarray  # (n,) level of each row, -1 where it has none
    levels: tuple[Any, ...]
    step: bool = False  # whether a column is "this level or a later one"
    reference: int | None = None  # the level to leave out, if one is asked for
    marks: np.ndarray | None = None  # (n,) of steps: 1 where the value is missing

    def labels(self):
        sign = ">=" if self.step else ""
        return [f"{self.name}[{sign}{level}]" for level in self.levels]


class Block(NamedTuple):
    """Some columns of X: one of numbers, or those of a category's levels, which hold 1 or a row's number."""

    names: list[str]
    numbers: np.ndarray | None
    codes: np.ndarray | None = None  # (n,) column of the block that a row is in, -1 for none; of steps the level
    step: bool = False


def numbers_from(name, value, n):
    """Numbers from the value of an expression. Columns of a transform are called as formulaic calls them."""
    metadata = getattr(value, "__formulaic_metadata__", None)
    value = getattr(value, "__wrapped__", value)
    if isinstance(value, dict):
        names, columns = list(value), list(value.values())
    elif np.ndim(value) == 2:
        columns = list(np.asarray(value).T)
        given = getattr(metadata, "column_names", None)
        names = list(given) if given else list(range(1, len(columns) + 1))
    else:
        return Numbers([name], [_floats(name, value, n)])
    return Numbers([f"{name}[{each}]" for each in names], [_floats(name, each, n) for each in columns])


def _floats(name, value, n):
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.shape not in ((), (n,)):
        raise ParameterError(f"the formula's {name!r} is no number for each row, but {str(value)[:40]!r}")
    return np.broadcast_to(array.astype(np.float64), (n,))


def cells_of(factors, variant, known=None):
    """The levels that a variant of a term has columns for, (columns, categories); None without a category.

    Of one category all levels; of several the combinations that are `known`, or else that some row has.
    """
    if known is not None:
        return np.asarray(known)
    chosen = [(each, how) for each, how in zip(factors, variant) if how and isinstance(each, Labels)]
    if not chosen:
        return None
    if len(chosen) == 1:
        rows = np.arange(len(chosen[0][0].levels))[:, None]
    else:
        rows = _seen([each for each, _ in chosen])
    for j, (each, how) in enumerate(chosen):
        if how == REDUCED:
            rows = rows[rows[:, j] != (each.reference or 0)]
    return rows


def _seen(labels):
    """The combinations of levels that rows have, in order, (combinations, categories)."""
    sizes = [len(each.levels) for each in labels]
    there = np.all([each.codes >= 0 for each in labels], axis=0)
    cells = np.unique(np.ravel_multi_index([each.codes[there] for each in labels], sizes))
    return np.column_stack(np.unravel_index(cells, sizes))


def blocks_of(factors, variant, cells, n):
    """The Blocks of a variant of a term."""
    used = [each for each, how in zip(factors, variant) if how]
    labels = [each for each in used if isinstance(each, Labels)]
    if any(each.step for each in labels) and (len(used) > 1 or REDUCED in variant):
        (name,) = {each.name for each in labels if each.step} if len(labels) == 1 else {labels[0].name}
        raise ParameterError(
            f"column {name!r} is ordered, and ordered='step' codes its changes, which products of columns do not "
            "know; pass ordered='one-hot' for this formula"
        )
    products = itertools.product(
        *([[(each.name, None)] if isinstance(each, Labels) else list(zip(*each)) for each in used])
    )
    blocks = []
    for parts in products:
        numbers = [values for _, values in parts if values is not None]
        product = np.prod(numbers, axis=0) if len(numbers) > 1 else numbers[0] if numbers else None
        if not labels:
            blocks.append(Block([":".join(name for name, _ in parts)], product))
            continue
        names = [each.labels() for each in labels]
        if labels[0].step:
            blocks.append(Block(names[0][1:], None, labels[0].codes, True))
            marks = labels[0].marks
            blocks += [] if marks is None else [Block([f"{labels[0].name}[{ABSENT}]"], marks)]
            continue
        which = iter(range(len(labels)))
        places = [None if values is not None else next(which) for _, values in parts]
        blocks.append(Block(
            [":".join(name if k is None else names[k][cell[k]] for (name, _), k in zip(parts, places))
             for cell in cells],
            product, _places(labels, cells),
        ))  # fmt: skip
    return blocks


def _places(labels, cells):
    """The cell of each row, -1 for none."""
    sizes = [len(each.levels) for each in labels]
    if len(labels) == 1 or not len(cells):
        table = np.full(sizes[0] + 1, -1, dtype=np.int32)  # the last is for rows without a level
        table[np.asarray(cells, dtype=int)[:, :1].ravel()] = np.arange(len(cells))
        return table[labels[0].codes]
    absent = np.any([each.codes < 0 for each in labels], axis=0)
    rows = np.ravel_multi_index([np.maximum(each.codes, 0) for each in labels], sizes)
    known = np.ravel_multi_index(tuple(np.asarray(cells).T), sizes)
    order = np.argsort(known, kind="stable")
    places = np.minimum(np.searchsorted(known[order], rows), known.size - 1)
    found = (known[order][places] == rows) & ~absent
    return np.where(found, order[places], -1).astype(np.int32)


def assembled(blocks, n):
    """X: a float64 array, a CodedTable where there are categories, or CSC where numbers are within many levels."""
    if any(each.codes is not None and each.numbers is not None and len(each.names) > FEW for each in blocks):
        return _sparse(blocks, n)
    numbers: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    sizes: list[int] = []
    stepped: list[bool] = []
    units: list[tuple[int, int]] = []
    for block in blocks:
        if block.codes is not None and block.numbers is None:
            units += [(len(sizes), k + block.step) for k in range(len(block.names))]
            codes.append(block.codes)
            sizes.append(len(block.names) + block.step)
            stepped.append(block.step)
            continue
        columns = [block.numbers] if block.codes is None else _within(block)
        units += [(-1, len(numbers) + k) for k in range(len(columns))]
        numbers += columns
    dense = np.array(numbers, dtype=np.float64).reshape(len(numbers), n)
    if not sizes:
        return dense.T
    factor, place = zip(*units)
    return CodedTable(dense, np.array(codes, dtype=np.int32), sizes, stepped, list(factor), list(place))


def _within(block):
    return [np.where(block.codes == k, block.numbers, 0.0) for k in range(len(block.names))]


def _sparse(blocks, n):
    """The blocks as a canonical CSC array."""
    data, indices, counts = [], [], []
    for block in blocks:
        values = np.ones(n) if block.numbers is None else block.numbers
        if block.codes is None:
            columns = [np.flatnonzero(values)]
        elif block.step:
            columns = [np.flatnonzero(block.codes > k) for k in range(len(block.names))]
        else:
            order = np.argsort(block.codes, kind="stable")
            columns = np.split(order, np.searchsorted(block.codes[order], np.arange(len(block.names) + 1)))[1:-1]
        for rows in columns:
            indices.append(rows)
            data.append(values[rows])
            counts.append(rows.size)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return sp.csc_array((np.concatenate(data), np.concatenate(indices), pointers), shape=(n, len(counts)))
