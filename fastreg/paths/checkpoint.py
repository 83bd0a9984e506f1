"""Checkpoints: the points of running fits in a file, from which the same call goes on where a process has ended.

The file is an .npz of plain arrays, written beside its place and renamed. It has the points, what each cost, the last
working set, and what tells the fit from others (identity.py), and nothing of X. A fit that goes on reads X for the
columns' moments and the products of a few residuals; so what is stored only decides where it starts. Its first point
is the last one that is stored, solved and certified anew.
"""

import json
import os
import threading
import time
import zipfile
import zlib
from typing import Any

import numpy as np

import fastreg
from fastreg.interface import validation as check
from fastreg.interface.writing import remove_partial, whole_file
from fastreg.paths.fit import Point, Recorder
from fastreg.paths.identity import data_of, differences, options_of
from fastreg.paths.known import NO_COLUMNS, Known, ends_before

FORMAT, VERSION = "fastreg checkpoint", 1
PAUSE = 20.0  # time between two files at least, in units of that of writing one
DAMAGED = (ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, OSError)
ZIP = b"PK\x03\x04"  # the first bytes of an .npz file
ADVICE = "name another file, or delete this one to begin anew"
WHOLE = ("indptr", "rows", "iterations", "columns")  # arrays of integers
KINDS = (int, float, float, float, float, int, int, float)  # of Recorder.STEP


class Checkpoint:
    """A file with the points of a fit, or of several, each of them a Part with a name."""

    def __init__(self, file: Any):
        self.file = checked_place(file)
        remove_partial(self.file)
        self.stored, self.current = read_parts(self.file), dict[str, tuple[dict, dict]]()
        self.lock, self.written, self.cost, self.told = threading.Lock(), time.perf_counter(), 0.0, False

    def part(self, name: str = "") -> "Part":
        """The Part of a fit, with what the file has of it."""
        return Part(self, name, self.stored.get(name))

    def keep(self, name, about, arrays):
        """Take a fit's points, and write the file."""
        with self.lock:
            self.current[name] = about, arrays
            self._write()

    def is_due(self):
        """Whether so much time has passed since the last file that another costs little."""
        return time.perf_counter() - self.written >= PAUSE * self.cost

    def _write(self):
        """Write the file; a failure is told once, and does not end the fit."""
        begin, parts = time.perf_counter(), {**self.stored, **self.current}
        about = {"format": FORMAT, "version": VERSION, "fastreg": fastreg.__version__}
        about["parts"] = {name: about for name, (about, _) in parts.items()}
        arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}
        for number, (_, own) in enumerate(parts.values()):
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
        try:
            with whole_file(self.file, "wb") as opened:
                np.savez(opened, **arrays)
        except OSError as error:
            if not self.told:
                self.told = True
                check.warn(
                    f"the checkpoint {self.file} cannot be written: {error.strerror or error}. The fit goes on, and "
                    "tries again later; until then its points are in memory alone",
                    RuntimeWarning,
                )
        self.written = time.perf_counter()
        self.cost = self.written - begin


class Part:
    """The points of one fit in a Checkpoint."""

    def __init__(self, checkpoint, name, stored):
        self.checkpoint, self.name, self.stored, self.columns = checkpoint, name, stored, NO_COLUMNS
        self.about: dict[str, Any] | None = None  # set when the fit begins
        self.points, self.marks, self.steps = list[Point](), list[tuple](), list[tuple]()
        self.swept: tuple[Any, float | None] = ((), None)  # Known.swept and previous

    def stands_for(self, reduced):
        """Whether what is stored, if anything, is of a reduced problem or of a whole one, as `reduced` says."""
        return self.stored is None or self.stored[0].get("reduced") is reduced

    def begin_anew(self):
        """Leave out what is stored."""
        self.stored = None

    def residuals(self):
        """The stored residuals whose products a fit that goes on needs, if there are any."""
        swept = np.empty(0) if self.stored is None else self.stored[1].get("swept", np.empty(0))
        return swept if swept.dtype == float and swept.ndim == 2 and np.isfinite(swept).all() else None

    def start_of(self, problem):
        """Where the fit of a problem goes on, as far as that fits its columns; None without stored points."""
        if self.stored is None or self.stored[0].get("options", {}).get("shape of X") != [problem.posed.n, problem.p]:
            return None  # `begin` says so
        about, arrays = self.stored
        try:
            self.points, self.marks, self.steps = points_of(about, arrays, problem.p)
            self.columns, self.swept = arrays["columns"], swept_of(about, arrays, problem.n)
            alphas = arrays["alphas"].tolist()
        except DAMAGED as error:
            raise damaged(self.checkpoint.file, error) from None
        last = len(self.points) - 1
        if last < 0 or last >= len(alphas):
            return None
        coef = np.zeros(problem.p)
        coef[self.points[last].columns] = self.points[last].values
        before = [self.points[k] for k in ends_before(last)]
        earlier = [(point.columns, point.values, point.intercept) for point in before]
        return coef, self.points[last].intercept, alphas[last], Known(earlier, self.columns, None, *self.swept)

    def begin(self, fit, problem, options, start, weights="sample_weight"):
        """Let a fit go on at `start`, from `start_of`. Returns whether it does: else it begins at the null model.

        `problem` is the user's, of which that of the fit may be a reduction. Raises a ValueError that names what
        differs if the points are of another fit; `weights` says where the weights of the rows are from.
        """
        self.about = {"options": options_of(fit, problem, options), "reduced": fit.problem.is_reduced}
        self.data = data_of(fit, problem, weights)
        if self.stored is None:
            return False
        about, arrays = self.stored
        try:
            known = {name: arrays[f"data {number}"] for number, name in enumerate(about["data"])}
            differ = differences(self.about["options"], self.data, about["options"], known)
        except DAMAGED as error:
            raise damaged(self.checkpoint.file, error) from None
        if differ:
            where = f" ({self.name})" if self.name else ""
            raise ValueError(
                f"checkpoint {self.checkpoint.file} is of another fit{where}: {' and '.join(differ)} "
                f"differ{'s' * (len(differ) == 1)}; {ADVICE}"
            )
        if start is None or (fit.problem.has_l1 and start[2] >= fit.null.entry):
            return False  # the points so far are the null model
        fit.take_alphas(arrays["alphas"])
        fit.recorder.go_on(self.points[:-1], self.marks, self.steps)
        return True

    def note(self, fit, columns, at_once, swept):
        """Keep the points of a fit, `at_once` or if it is time; `columns` are its working set, None for that before."""
        if columns is not None:
            self.columns, self.swept = columns.copy(), swept
        if self.about is None or not (at_once or self.checkpoint.is_due()):
            return
        about, arrays = arrays_of(fit.points, fit.recorder, self.columns)
        about |= self.about | {"data": list(self.data)}
        arrays |= {"alphas": fit.alphas, "swept": np.array(self.swept[0], dtype=float)}
        about["previous"] = self.swept[1]
        arrays |= {f"data {number}": array for number, array in enumerate(self.data.values())}
        self.checkpoint.keep(self.name, about, arrays)


def arrays_of(points, recorder, columns):
    """(plain data, arrays by name) of the points of a fit."""
    empty = [np.empty(0)]
    arrays = {
        "indptr": np.cumsum([0, *(point.columns.size for point in points)]),
        "rows": np.concatenate([*(point.columns for point in points), NO_COLUMNS]),
        "values": np.concatenate([*(point.values for point in points), *empty]),
        **{name: np.array([getattr(point, name) for point in points]) for name in ("intercept", "gap", "loss")},
        "iterations": np.array([point.iterations for point in points], dtype=np.int64),
        "marks": np.array(recorder.marks, dtype=float),
        "columns": columns,
    }
    if recorder.steps is not None:
        arrays["steps"] = np.array(recorder.steps, dtype=float).reshape(-1, len(Recorder.STEP))
    return {"reasons": [point.reason for point in points], "methods": [point.method for point in points]}, arrays


def points_of(about, arrays, p):
    """(points, marks, steps) of what is stored; a ValueError where it does not fit together."""
    reasons, methods, marks = about["reasons"], about["methods"], arrays["marks"]
    count, indptr, rows, values = len(reasons), arrays["indptr"], arrays["rows"], arrays["values"]
    numbers = [arrays[name] for name in ("intercept", "gap", "loss", "iterations")]
    columns = np.concatenate([rows, arrays["columns"]])
    whole = all(arrays[name].dtype.kind == "i" and arrays[name].ndim == 1 for name in WHOLE)
    fits = whole and indptr.shape == (count + 1,) and indptr[0] == 0 and indptr[-1] == rows.size == values.size
    fits = fits and np.all(np.diff(indptr) >= 0) and np.all((columns >= 0) & (columns < p))
    fits = fits and {each.shape for each in numbers} == {(count,)} and len(methods) == count
    fits = fits and marks.shape == (count + 1, 1 + len(Recorder.COUNTS)) and np.isfinite(values).all()
    if not fits or np.unique(arrays["columns"]).size < arrays["columns"].size:
        raise ValueError("its entries do not fit together")
    parts = zip(np.split(rows, indptr[1:-1]), np.split(values, indptr[1:-1]), *(each.tolist() for each in numbers))
    points = [
        Point(columns, values, intercept, gap, iterations, str(reason), loss, str(method))
        for (columns, values, intercept, gap, loss, iterations), reason, method in zip(parts, reasons, methods)
    ]
    marks = [(seconds, *map(int, counts)) for seconds, *counts in marks.tolist()]
    steps = [tuple(kind(value) for kind, value in zip(KINDS, row)) for row in arrays.get("steps", np.empty(0)).tolist()]
    return points, marks, steps


def swept_of(about, arrays, n):
    """(Known.swept, previous) of what is stored; nothing if it is of another strategy."""
    swept, alpha = arrays["swept"], about["previous"]
    if not swept.size:
        return (), None
    if swept.shape[1:] != (n,) or not np.isfinite(swept).all() or not (isinstance(alpha, float) and alpha > 0.0):
        raise ValueError("its residuals do not fit its points")
    return swept, alpha


def checked_place(file):
    """The name of a file to write; an error where that is no name, or where no file can be written."""
    if not isinstance(file, str | os.PathLike):
        raise check.ParameterError(f"checkpoint must be the name of a file, got {file!r}")
    file = os.fspath(file)
    folder = os.path.dirname(os.path.realpath(file))
    if os.path.isdir(file):
        raise IsADirectoryError(f"checkpoint {file} is a folder; name a file")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"checkpoint {file}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"checkpoint {file}: the folder {folder} cannot be written to")
    return file


def read_parts(file):
    """The parts that a file holds by name, (plain data, arrays) each; none if there is no such file."""
    try:
        if not os.path.exists(file) or os.path.getsize(file) == 0:  # as mktemp leaves it
            return {}
        with open(file, "rb") as opened:
            if opened.read(len(ZIP)) != ZIP:
                raise ValueError("it is no .npz file")
            opened.seek(0)
            content = dict(np.load(opened, allow_pickle=False))
        about = json.loads(content.pop("about").tobytes())
        if about["format"] != FORMAT:
            raise ValueError("it is no checkpoint")
        version, names = about["version"], list(about["parts"])
        arrays: list[dict[str, np.ndarray]] = [{} for _ in names]
        for name, array in content.items():
            number, _, own = name.partition("/")
            arrays[int(number)][own] = array
    except PermissionError:
        raise
    except (*DAMAGED, IndexError, AttributeError) as error:
        raise damaged(file, error) from None
    if version != VERSION:
        raise ValueError(f"checkpoint {file} was written by fastreg {about.get('fastreg')} in another form; {ADVICE}")
    return {name: (about["parts"][name], own) for name, own in zip(names, arrays)}


def damaged(file, error):
    """The ValueError for a file that is no checkpoint, or not a whole one."""
    reason = f"it lacks the entry {error}" if isinstance(error, KeyError) else error
    return ValueError(f"checkpoint {file} is not a file that fastreg wrote, or is damaged ({reason}); {ADVICE}")
