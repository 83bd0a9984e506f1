"""The paths of all folds of several responses or classes, fitted side by side; see fold_fits for one response.

A class that the training rows of a fold lack has the limit of its fit as its weight falls to zero:
see fastreg.multi.setup.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastreg.design.column_products import first_of
from fastreg.design.designs import as_design
from fastreg.interface.interrupts import ended_early
from fastreg.multi.driver import MultiRecorder, begin_fit, collect_multi
from fastreg.multi.null_model import MultiNullModel
from fastreg.multi.setup import certain_path, places_of, pose, pose_some, with_all
from fastreg.paths.driver import run
from fastreg.paths.fit import Fit
from fastreg.paths.sweeps import share_null_sweep, share_sweeps


@dataclass
class SeveralFold:
    """One fold: its options and grid, its classes (None for responses), and its Fit if there is one to do."""

    options: Any
    alphas: np.ndarray
    K: int
    p: int
    places: np.ndarray | None = None
    fit: Fit | None = None

    def path(self):
        """The MultiPath of the fold's points that are done; None before the first."""
        if self.fit is None:
            return self._completed(certain_path(self.p, self.alphas, self.options))
        return self.so_far(self.fit.points) if self.fit.points else None

    def so_far(self, points):
        """The MultiPath of some leading points."""
        return self._completed(collect_multi(self.fit, points, self.options, None))

    def _completed(self, path):
        return path if self.places is None else with_all(path, self.places, self.options, self.K)


def fit_several_folds(X, y, options, weights, grids, watch):
    """Fit y (n, K), responses or proportions of classes, with the weights of each fold and on its own grid.

    Returns (MultiPaths, columns read for several folds at once, counted for each response). Ctrl-C raises Interrupted
    with the points of each fold that are done.
    """
    folds: list[SeveralFold] = []
    try:
        read = _fit_all(folds, as_design(X), y, options, weights, grids, watch)
    except BaseException as error:
        paths = [fold.path() for fold in folds]
        points = sum(0 if path is None else path.alphas.size for path in paths)
        message = f"after {points} of {sum(len(grid) for grid in grids)} points of folds"
        raise ended_early(error, message, folds=paths)  # noqa: B904
    return [fold.path() for fold in folds], read


def _fit_all(folds, design, y, options, weights, grids, watch):
    """Append the SeveralFolds to `folds` and fit them. Returns the number of columns read for several folds at once."""
    begin, (p, K) = time.perf_counter(), (design.shape[1], y.shape[1])
    weights = [weight / weight.sum() for weight in weights]
    mean, variance, _ = first_of(design, np.array(weights), np.empty((0, design.shape[0])))
    for number, (weight, alphas, known) in enumerate(zip(weights, grids, zip(mean, variance)), start=1):
        own = options._replace(sample_weight=weight)
        alphas, fit = np.asarray(alphas, dtype=float), None
        places = places_of(y, weight, options) if options.family == "multinomial" else None
        if places is None or places.size > 1:
            problem = (
                pose(design, y, weight, own, known)
                if places is None
                else pose_some(design, y, weight, own, places, known)
            )
            callback = watch.callback_for(f"fold {number} of {len(weights)}")
            recorder = MultiRecorder(problem, begin, alphas.size, callback=callback)
            fit = begin_fit(MultiNullModel(problem), alphas, own, recorder, beside_others=True)
        folds.append(SeveralFold(own, alphas, K, p, places, fit))
        if fit is not None:
            fit.recorder.show_paths(folds[-1].so_far)
    fits = [fold.fit for fold in folds if fold.fit is not None]
    if not fits:
        return 0
    problems = [fit.problem for fit in fits]
    share_null_sweep(fits)
    return (2 + share_sweeps(problems, [run(fit) for fit in fits], watch)) * p * K
