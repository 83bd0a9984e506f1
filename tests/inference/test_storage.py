"""Cross-validated paths, relaxed paths and tables as JSON: the same to the last bit, and damaged files are told."""

import copy
import functools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from grids import few

import fastreg
from fastreg.objective.families import FAMILIES

rng = np.random.default_rng(2)
X = rng.normal(size=(60, 5))
Y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
NAMES = list("abcde")
LABELS = np.array(["high", "low"])[(Y < 0.0).astype(int)]


def made():
    grid = {"n_alphas": 6, "feature_names": NAMES}
    path = fastreg.fit_path(X, Y, **grid)
    yield "cv", fastreg.cv_path(X, Y, cv=3, keep_predictions=True, **grid)
    yield "several l1_ratios", fastreg.cv_path(X, Y, cv=3, l1_ratio=[0.5, 1.0], **grid)
    yield "labels", fastreg.cv_path(X, LABELS, family="binomial", cv=3, **grid)
    yield "classes", fastreg.cv_path(X, np.digitize(Y, [-0.5, 0.5]), family="multinomial", cv=2, keep_predictions=True)
    yield "one fold", fastreg.cv_path(X, Y, cv=[(np.arange(40), np.arange(40, 60))], **grid)  # NaN errors
    yield "relaxed", fastreg.relax_path(path, X, Y, ridge=0.1)
    yield "table", fastreg.table(fastreg.fit_path(X, Y, alphas=[0.0], feature_names=NAMES), X, Y)
    frame = pd.DataFrame({"kind": np.where(X[:, 0] > 0.0, "new", "old"), "size": X[:, 1]})
    path_of_levels = fastreg.fit_path(frame, Y, l1_ratio=0.0, alphas=[0.1], categories=["kind"])
    yield "table of categories", fastreg.table(path_of_levels, frame, Y)
    yield "debiased", fastreg.debiased(path, X, Y, float(path.alphas[3]))


KINDS = [
    "cv",
    "several l1_ratios",
    "labels",
    "classes",
    "one fold",
    "relaxed",
    "table",
    "table of categories",
    "debiased",
]


@functools.cache
def results():
    """Made when a test first asks: on collection, kernels would be compiled in every process of the tests."""
    found = dict(made())
    assert list(found) == KINDS
    return found


def equal(one, other):
    """Whether two results, or parts of them, are the same to the bit; NaN is itself."""
    if type(one) is not type(other) and not {type(one), type(other)} <= {int, float}:
        return False
    if hasattr(one, "__dataclass_fields__"):
        return all(equal(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    if hasattr(one, "tocsc"):
        return np.array_equal(one.toarray(), other.toarray())
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f") and one.dtype.kind == other.dtype.kind
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other or one != one


@few(2)
@pytest.mark.parametrize("name", KINDS)
def test_a_result_comes_back_to_the_bit(name, tmp_path):
    result, file = results()[name], tmp_path / "result.json"
    result.save(file)
    same = fastreg.load_result(file)
    assert equal(result, same) and repr(same) == repr(result)
    assert [each for each in KINDS if equal(results()[each], same)] == [name]


def test_what_is_read_predicts(tmp_path):
    found = results()["labels"]
    found.save(tmp_path / "found.json")
    same = fastreg.load_result(tmp_path / "found.json")
    np.testing.assert_array_equal(same.predict(X, "lambda.min"), found.predict(X, "lambda.min"))
    assert same.support() == found.support() and same.to_frame().equals(found.to_frame())


def test_it_reads_paths_and_load_path_names_it(tmp_path):
    results()["cv"].path.save(tmp_path / "path.json")
    assert equal(fastreg.load_result(tmp_path / "path.json"), results()["cv"].path)
    results()["cv"].save(tmp_path / "cv.json")
    with pytest.raises(ValueError, match=r"holds a cross-validation, no path; in Python fastreg\.load_result reads it"):
        fastreg.load_path(tmp_path / "cv.json")


def damages():
    yield "cv", lambda document: document.pop("mean"), "lacks the entry 'mean'"
    yield "cv", lambda document: document["mean"].pop(), "do not fit together"
    yield "cv", lambda document: document.update(index_min=6), "do not fit together"
    yield "cv", lambda document: document.update(index_1se=1.5), "no whole number"
    yield "cv", lambda document: document.update(index_1se=-1), "do not fit together"
    yield "cv", lambda document: document.update(greater_is_better="no"), "neither true nor false"
    yield "cv", lambda document: document["fold_scores"][0].pop(), "is damaged"
    yield "cv", lambda document: document["test_folds"].pop(), "do not fit together"
    yield "cv", lambda document: document["fold_paths"].pop(), "do not fit together"
    yield "cv", lambda document: document["path"].update(format="fastreg table"), "not the format of a path"
    yield "cv", lambda document: document["path"]["gaps"].pop(), "do not fit together"
    yield "cv", lambda document: document.update(version=99), "version 99"
    yield "cv", lambda document: document.update(format="pickle"), "holds no fastreg path"
    yield "relaxed", lambda document: document.update(ridge="__import__('os')"), "is no number"
    yield "relaxed", lambda document: document["refit"]["alphas"].__setitem__(0, 9.0), "do not fit together"
    yield "table", lambda document: document["names"].pop(), "do not fit together"
    yield "table", lambda document: document["covariance"].pop(), "do not fit together"
    yield "table", lambda document: document.update(title=3), "is no text"


@pytest.mark.parametrize(("name", "damage", "message"), list(damages()))
def test_damaged_files_are_told(name, damage, message, tmp_path):
    file = tmp_path / "result.json"
    results()[name].save(file)
    document = json.loads(file.read_text())
    damaged = copy.deepcopy(document)
    damage(damaged)
    file.write_text(json.dumps(damaged))
    with pytest.raises(ValueError, match=message):
        fastreg.load_result(file)


def test_a_family_of_ones_own_is_refused(tmp_path):
    class Own(FAMILIES["binomial"]):
        name = "own"

    known = results()["labels"]
    found = replace(known, path=replace(known.path, family="own", family_class=Own))
    with pytest.raises(ValueError, match="cannot be saved as JSON; pickle it"):
        found.save(tmp_path / "own.json")
    assert list(tmp_path.iterdir()) == []
