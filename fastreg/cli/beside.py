"""Tables beside X in a file: which of their rows belong to which rows of X, and what these rows hold."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastreg.cli.cells import LIMITS, Column
from fastreg.cli.complaints import complaint
from fastreg.cli.table_files import TableFile
from fastreg.cli.tables import fill, find

UNKNOWN = -9.0  # PLINK's number for an unknown phenotype or covariate
IDS = ("FID", "IID")  # columns of the family and of the name of a person, as PLINK calls them


def named(option, text, table=None):
    """(file, column) of what an option calls TABLE:COLUMN; without a TABLE the file is that of the target, `table`."""
    colons = [k for k, letter in enumerate(text) if letter == ":"]
    file = next((text[:k] for k in reversed(colons) if os.path.exists(text[:k])), None)
    if file is not None:
        if not text[len(file) + 1 :].strip():
            raise ValueError(f"{option} {text}: which column of {file}? Add its name after the colon")
        return file, text[len(file) + 1 :]
    if colons:
        raise ValueError(f"{option} {text}: there is no file {text[: colons[-1]]}")
    if table is None:
        raise ValueError(f"{option} {text}: in which table? Give {option} TABLE:{text}, with a CSV or Parquet file")
    return table, text


@dataclass(frozen=True)
class Wanted:
    """A column of a table beside X: the option that names it, and how it is read."""

    option: str
    file: str
    name: str
    takes: str = "numbers"
    limits: tuple[Any, ...] = ()

    @property
    def may_be_unknown(self):
        """Whether UNKNOWN may stand in the place of a value, where X is of PLINK."""
        return self.option in ("--target", "--covariates")


class Beside:
    """A table that has been read, and `row` (n,): for each row of X the table's row that belongs to it, or -1.

    `people` are the (family, name) of X's rows, or None where they have no names: the table's rows are then in the
    order of X. `X` and `of_rows` are what messages call X, and the file that names its rows.
    """

    def __init__(self, wanted, n, people, X, of_rows, dialect):
        self.opened = TableFile(wanted[0].file, dialect)
        self.file, self.people, self.X, self.of_rows = self.opened.file, people, X, of_rows
        self.columns: dict[Wanted, Column] = {}
        self.notes: list[str] = []
        header, places = self.opened.header, dict[int, Column]()
        ids = [] if people is None else self._ids(header)
        for each in wanted:
            place = find(header, each.name, each.option)
            if place in places or place in ids:
                raise ValueError(f"{each.option} names column {each.name!r} of {self.file}, which has another purpose")
            limits = self._limits(each)
            column = Column(header[place], each.option, dialect, takes=each.takes, limits=limits)
            self.columns[each] = places[place] = column
        self.ids = [Column(header[place], "the names of people", dialect, takes="labels") for place in ids]
        fill(places | dict(zip(ids, self.ids)), self.opened)
        wrong = complaint([*places.values(), *self.ids], self.opened.place, (), [each.name for each in places.values()])
        if wrong is not None:
            raise ValueError(f"{self.file}: {wrong}")
        self.row = self._in_order(n) if not ids else self._by_names()
        self.complete = self._complete()

    def _limits(self, each):
        """The forbidden numbers of a column, of which a gap is none."""
        limits = (*LIMITS.get(each.option, ()), *each.limits) if each.takes == "numbers" else ()
        gap = UNKNOWN if self.people is not None and each.may_be_unknown else np.nan
        return tuple((_but_for(gap, forbidden), asked) for forbidden, asked in limits)

    def _ids(self, header):
        """The places of the columns with people's names: of IID, or of FID and IID."""
        found = {name.lstrip("#").upper(): place for place, name in enumerate(header)}
        if "IID" not in found:
            self.notes.append(f"{self.file} has no column IID: its rows are taken in the order of {self.of_rows}")
            return []
        return [found[name] for name in IDS if name in found]

    def _in_order(self, n):
        rows = next(iter(self.columns.values())).rows
        if rows != n:
            message = f"{self.file} has {rows:,} rows, and {self.X} has {n:,}: give one for each row of X, in its order"
            if self.people is not None:
                message += f"; or add a column IID with the names in {self.of_rows}, and rows may be in any order"
            raise ValueError(message)
        return np.arange(n)

    def _by_names(self):
        read = [[levels[code] for code in codes] for codes, levels in (column.coded() for column in self.ids)]
        keys, people = [*zip(*read)], [person[-len(read) :] for person in self.people]
        places: dict[Any, int] = {}
        for row, key in enumerate(keys):
            first = places.setdefault(key, row)
            if first != row:
                where = f"{self.opened.place(first)} and {self.opened.place(row)}"
                raise ValueError(f"{self.file} has two rows of {_name(key)}, {where}; keep one row for each person")
        there = {*people}
        if len(there) < len(people):
            twice = Counter(people).most_common(1)[0][0]
            advice = "rename one of them"
            if len({*self.people}) == len(people):
                advice = f"add a column FID with their families to {self.file}"
            raise ValueError(f"{self.of_rows} has several people called {_name(twice)}; {advice}")
        found = np.array([places.get(person, -1) for person in people])
        if np.all(found < 0):
            message = f"no person of {self.of_rows}, such as {_name(people[0])}, is in {self.file}, which begins with "
            message += _name(keys[0])
            if len(read) == 2 and {key[1] for key in keys} & {person[1] for person in people}:
                message += "; names agree, but families do not: without the column FID people are matched by name alone"
            raise ValueError(message)
        self._tell(f"not in {self.file}", [each for each, k in zip(people, found) if k < 0], self.of_rows)
        self._tell(f"not in {self.of_rows}", [key for key in keys if key not in there], self.file)
        return found

    def _tell(self, what, names, file):
        """Note how many people of a file are what is said, and the first of them."""
        if len(names) == 1:
            self.notes.append(f"{_name(names[0])} of {file} is {what}")
        elif names:
            self.notes.append(f"{len(names):,} people of {file} are {what}, such as {_name(names[0])}")

    def _complete(self):
        """(n,) bool: whether a row of X has a value of every column."""
        complete = self.row >= 0
        there = complete.copy()
        for each, column in self.columns.items():
            lacks, marked = self._lacks(each, column)
            lost = there & lacks[self.row]
            complete &= ~lost
            if lost.any():
                mark = f" ({UNKNOWN:g} is no value)" if np.any(there & marked[self.row]) else ""
                count = int(np.count_nonzero(lost))
                one, many = ("row", "rows") if self.people is None else ("person", "people")
                what = f"1 {one} of {self.file} lacks" if count == 1 else f"{count:,} {many} of {self.file} lack"
                self.notes.append(f"{what} {each.name!r}{mark}")
        return complete

    def _lacks(self, each, column):
        """(whether a row of the table has no value, whether that is because of UNKNOWN)."""
        values = column.labels()
        numbers = values.dtype == float
        lacks = np.isnan(values) if numbers else column.coded()[0] < 0
        marked = np.zeros(values.size, dtype=bool)
        if self.people is not None and each.may_be_unknown:
            marked = values == (UNKNOWN if numbers else f"{UNKNOWN:g}")
        return lacks | marked, marked

    def values(self, wanted, rows):
        """What a column holds for some rows of X."""
        return self.columns[wanted].labels()[self.row[rows]]

    def place(self, row):
        """What a message calls the table's row of a row of X."""
        return self.opened.place(int(self.row[row]))


def _but_for(gap, forbidden) -> Callable[[Any], Any]:
    """Marks forbidden numbers, but for gaps."""
    return lambda values: forbidden(values) & ~np.isnan(values) & (values != gap)


def _name(key):
    return " ".join(key)


def read_tables(wanted, n, people, X, of_rows, dialect):
    """(a Beside for each file, (n,) bool: the rows of X that lack no value). Raises ValueError where no row does."""
    files = list(dict.fromkeys(each.file for each in wanted))
    tables = {
        file: Beside([each for each in wanted if each.file == file], n, people, X, of_rows, dialect) for file in files
    }
    complete = np.logical_and.reduce([table.complete for table in tables.values()])
    if not complete.any():
        notes = [note for table in tables.values() for note in table.notes]
        raise ValueError(f"no row of {X} has a value of every column that is named: {'; '.join(notes)}")
    return tables, complete
