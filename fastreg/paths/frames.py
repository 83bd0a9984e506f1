"""Paths as data frames: a row for each coefficient that is not zero, or for each point."""

import numpy as np

from fastreg.interface.data_frames import INTERCEPT, frame_of, named_columns
from fastreg.interface.scalars import check_option

WHAT = ("coefficients", "points")


def path_frame(path, library, what):
    """`AnyPath.to_frame`."""
    check_option("what", what, WHAT)
    return frame_of(point_columns(path) if what == "points" else coefficient_columns(path), library)


def point_columns(path):
    """The columns of a frame with a row for each point."""
    return {
        "point": np.arange(path.alphas.size), "alpha": path.alphas, "n_nonzero": path.n_nonzero,
        "deviance_ratio": path.deviance_ratio, "gap": path.gaps, "n_iter": path.n_iters, "reason": path.reasons,
    }  # fmt: skip


def coefficient_columns(path):
    """The columns of a frame with a row for each coefficient that is not zero, and for each intercept."""
    coefs, intercepts = path._coefs(), np.atleast_2d(path.intercepts)
    parts = [_entries(each, own if path.fit_intercept else None) for each, own in zip(coefs, intercepts)]
    response = np.repeat(np.arange(len(parts)), [part[0].size for part in parts])
    point, place, estimate = (np.concatenate(each) for each in zip(*parts))
    order = np.lexsort((place, response, point))
    names = np.array([INTERCEPT, *named_columns(path.feature_names, coefs[0].shape[0])], dtype=object)
    columns = {"point": point[order], "alpha": path.alphas[point[order]]}
    if hasattr(path, "classes"):  # several responses
        columns["response"] = (path.classes if path.classes is not None else np.arange(len(parts)))[response[order]]
    return columns | {"name": names[place[order]], "estimate": estimate[order]}


def _entries(coefs, intercepts):
    """(points, places, values) of coefficients (p, k) other than zero; the intercept, if any, is at 0, column j at
    j + 1."""
    stored = coefs.tocoo()
    kept = stored.data != 0.0
    point, place, value = stored.col[kept], stored.row[kept] + 1, stored.data[kept]
    if intercepts is None:
        return point, place, value
    k = intercepts.size
    return (
        np.concatenate([np.arange(k), point]), np.concatenate([np.zeros(k, int), place]),
        np.concatenate([intercepts, value]),
    )  # fmt: skip
