"""Tables for people: text in a terminal, HTML in a notebook."""

from html import escape
from typing import Any

import numpy as np


def penalty_shown(result: Any) -> str:
    """The penalty of a path, or of what holds one, in a few words."""
    path = getattr(result, "path", result)
    if getattr(path, "penalty", None) is None or path.refit_ridge is not None:
        return f"l1_ratio {result.l1_ratio:g}"
    return f"penalty {path.penalty.name}"


class Summary(str):
    """A table as a str, with its titles in `columns` and its cells, as text, in `rows`.

    Columns of numbers are aligned to the right; one without a title, for names or remarks, to the left.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __new__(cls, columns: Any, rows: Any) -> "Summary":
        columns, rows = tuple(columns), [tuple(row) for row in rows]
        widths = [max(len(cells[k]) for cells in (columns, *rows)) for k in range(len(columns))]
        lines = ["   ".join(map(_set, cells, widths, columns)) for cells in (columns, *rows)]
        table = super().__new__(cls, "\n".join(line.rstrip() for line in lines))
        table.columns, table.rows = columns, rows
        return table

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> Any:
        return Summary, (self.columns, self.rows)

    def _repr_html_(self) -> str:
        def line(tag: str, cells: tuple[str, ...]) -> str:
            sides = ["right" if title else "left" for title in self.columns]
            inside = [f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>' for cell, side in zip(cells, sides)]
            return f"<tr>{''.join(inside)}</tr>"

        body = "".join(line("td", row) for row in self.rows)
        return f"<table><thead>{line('th', self.columns)}</thead><tbody>{body}</tbody></table>"


def _set(cell: str, width: int, title: str) -> str:
    return cell.rjust(width) if title else cell.ljust(width)


def shown_points(points: int, rows: int, chosen: Any = ()) -> Any:
    """Numbers of about `rows` of the points, evenly spread, and of those in `chosen`."""
    spread = np.linspace(0, points - 1, min(rows, points)).round()
    return np.union1d(spread, list(chosen)).astype(int)


def mark_of(point: int, chosen: dict[str, int]) -> str:
    """The end of a point's line in a table: the names of the rules that chose it."""
    names = [name for name, place in chosen.items() if place == point]
    return "   <- " + ", ".join(names) if names else ""


class Shown:
    """Results with a `summary()`: a notebook shows their repr and that table."""

    def _repr_html_(self) -> str:
        head = "<br>".join(escape(line.strip()) for line in repr(self)[1:-1].splitlines())
        return f"<div><p>{head}</p><pre>{escape(self.summary())}</pre></div>"  # type: ignore[attr-defined]
