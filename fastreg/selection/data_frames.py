"""What selects a model as data frames, tidy: a row a point, a fold or a feature."""

import numpy as np

from fastreg.interface.data_frames import frame_of, marks, named_columns
from fastreg.interface.scalars import check_option
from fastreg.paths.frames import WHAT, coefficient_columns, point_columns
from fastreg.selection.cross_validation.result import SELECTIONS


def cv_frame(found, library, what):
    """`CVPath.to_frame`."""
    check_option("what", what, ("points", "folds"))
    columns = _folds if what == "folds" else _scores
    return frame_of(stacked([columns(each, found) for each in found.per_l1_ratio or [found]]), library)


def _scores(curve, found):
    """A row for each alpha of one l1_ratio; the points are chosen in that of `found`."""
    own = curve.l1_ratio == found.l1_ratio or not found.per_l1_ratio
    chosen = {"min": curve.index_min, "1se": curve.index_1se} if own else {}
    k = curve.alphas.size
    return {
        "l1_ratio": np.full(k, curve.l1_ratio), "alpha": curve.alphas, "mean": curve.mean,
        "std_error": curve.std_error, "n_nonzero": curve.n_nonzero, "chosen": marks(range(k), chosen),
    }  # fmt: skip


def _folds(curve, found):
    """A row for each fold and alpha of one l1_ratio."""
    folds, k = curve.fold_scores.shape
    return {
        "l1_ratio": np.full(folds * k, curve.l1_ratio), "fold": np.repeat(np.arange(folds), k),
        "alpha": np.tile(curve.alphas, folds), "score": curve.fold_scores.ravel(), "gap": curve.fold_gaps.ravel(),
    }  # fmt: skip


def relaxed_frame(relaxed, library, what):
    """`RelaxedPath.to_frame`."""
    check_option("what", what, WHAT)
    columns = point_columns if what == "points" else coefficient_columns
    parts = []
    for gamma, path in ((1.0, relaxed.path), (0.0, relaxed.refit)):
        part = columns(path)
        parts.append({"gamma": np.full(part["alpha"].size, gamma), **part})
    return frame_of(stacked(parts), library)


def cv_relaxed_frame(found, library):
    """`CVRelaxed.to_frame`."""
    ridge, gamma, point = (each.ravel() for each in np.indices(found.mean.shape))
    places = [tuple(place) for place in zip(ridge.tolist(), gamma.tolist(), point.tolist())]
    columns = {
        "ridge": found.ridges[ridge], "gamma": found.gammas[gamma], "alpha": found.alphas[point],
        "mean": found.mean.ravel(), "std_error": found.std_error.ravel(), "n_nonzero": found.n_nonzero[point],
        "chosen": marks(places, {name: found.choice(name).place for name in SELECTIONS}),
    }  # fmt: skip
    return frame_of(columns, library)


def nested_frame(judged, library):
    """`NestedCV.to_frame`."""
    choices = judged.choices
    columns = {
        "fold": np.arange(len(choices)), "score": judged.scores, "inner_score": [each.score for each in choices],
        "alpha": [each.alpha for each in choices], "gamma": [each.gamma for each in choices],
        "ridge": [each.ridge for each in choices],
        "n_nonzero": [model.n_nonzero[each.place[2]] for model, each in zip(judged.models, choices)],
    }  # fmt: skip
    return frame_of(columns, library)


def criteria_frame(criteria, library):
    """`Criteria.to_frame`."""
    names = (
        "df", "parameters", "features", "minus_two_log_likelihood", "aic", "aicc", "bic", "ebic", "certified",
    )  # fmt: skip
    columns = {"alpha": criteria.alphas, **{name: getattr(criteria, name) for name in names}}
    return frame_of(columns | {"chosen": marks(range(criteria.alphas.size), criteria._chosen())}, library)


def stability_frame(stable, library, what):
    """`StabilityPath.to_frame`."""
    check_option("what", what, ("features", "points"))
    p = stable.counts.shape[0]
    names = np.array(named_columns(stable.feature_names, p), dtype=object)
    if what == "features":
        largest = stable.largest
        return frame_of({"name": names, "probability": largest, "selected": stable._reached(largest)}, library)
    counts = stable.counts.tocoo()
    order = np.lexsort((counts.row, counts.col))
    row, point, count = counts.row[order], counts.col[order], counts.data[order]
    columns = {
        "point": point, "alpha": stable.alphas[point], "name": names[row], "probability": count / (2 * stable.n_pairs),
    }  # fmt: skip
    return frame_of(columns, library)


def stacked(parts):
    """The rows of several tables with the same columns, one below the other."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([np.asarray(part[name], _kind(part[name])) for part in parts]) for name in parts[0]}


def _kind(values):
    """Text as objects, others as they are."""
    kind = np.asarray(values).dtype
    return object if kind.kind == "U" else kind
