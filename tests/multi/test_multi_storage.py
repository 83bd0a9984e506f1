"""Paths of several responses as JSON files."""

import json

import naive_multi as naive
import numpy as np
import pytest
from certified_multi import draw
from grids import few

import fastreg
from fastreg import fit_multi_path, load_path
from fastreg.interface.arguments import FitOptions, Grid
from fastreg.multi.driver import solve_classes


def assert_same(one, other):
    for name, value in vars(one).items():
        theirs = getattr(other, name)
        if name == "coefs":
            assert all(a.format == "csc" and np.array_equal(a.toarray(), b.toarray()) for a, b in zip(theirs, value))
        elif isinstance(value, dict):
            assert list(value) == list(theirs) and all(np.array_equal(value[each], theirs[each]) for each in value)
        else:
            assert np.array_equal(theirs, value), name


@few(2)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "multinomial"])
def test_a_saved_path_is_the_path(family, l1_ratio, tmp_path):
    X, Y = draw(family, p=6)
    options = {"penalty_factor": [0.0, 1, 1, 2, 1, np.inf], "sample_weight": np.linspace(1, 2, 40), "trace": True}
    path = fit_multi_path(X, Y, family=family, l1_ratio=l1_ratio, n_alphas=5, **options)
    path.feature_names = [f"naïve {j}" for j in range(6)]
    path.save(tmp_path / "path.json")
    same = load_path(tmp_path / "path.json")
    assert isinstance(same, fastreg.MultiPath)
    assert_same(path, same)
    np.testing.assert_array_equal(same.predict(X, path.alphas[2]), path.predict(X, path.alphas[2]))
    document = json.loads((tmp_path / "path.json").read_text())
    assert document["fastreg"] == fastreg.__version__ and document["penalty_factor"][-1] == "inf"


LABELS = {
    "text": np.array(["ash", "birch", "cedar"]),
    "objects": np.array(["ash", "birch", "çedar"], dtype=object),
    "integers": np.array([-1, 0, 7]),
    "floats": np.array([0.0, 1.0, 2.5]),
    "flags": np.array([False, True]),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_come_back_as_they_were(labels, tmp_path):
    X, y = draw("multinomial", K=labels.size)
    path = fit_multi_path(X, labels[y], family="multinomial", n_alphas=2)
    path.save(tmp_path / "path.json")
    classes = load_path(tmp_path / "path.json").classes
    assert classes.tolist() == labels.tolist() and classes.dtype.kind in {labels.dtype.kind, "U"}


def test_infinite_intercepts_come_back(tmp_path):
    X, y = draw("multinomial")
    options = FitOptions("multinomial", sample_weight=np.where(y == 1, 0.0, 1.0))
    path = solve_classes(X, y, options, Grid([0.1]))
    path.save(tmp_path / "path.json")
    same = load_path(tmp_path / "path.json")
    assert same.intercepts[1, 0] == -np.inf
    assert_same(path, same)


def test_labels_that_json_has_not_are_refused(tmp_path):
    X, y = draw("multinomial")
    path = fit_multi_path(X, y, family="multinomial", n_alphas=2)
    path.classes = np.array([b"a", b"b", b"c"])
    with pytest.raises(ValueError, match=r"cannot be saved as JSON.*pickle"):
        path.save(tmp_path / "path.json")
    path.classes = np.array([1, "b", True], dtype=object)
    with pytest.raises(ValueError, match=r"cannot be saved as JSON.*pickle"):
        path.save(tmp_path / "path.json")
    assert not (tmp_path / "path.json").exists()


DAMAGE = {
    "is not a JSON file": lambda text: text[:-20],
    "holds no fastreg path": lambda text: text.replace("of several responses", "of many"),
    "is of version 99": lambda text: text.replace('"version": 1', '"version": 99'),
    "lacks the entry 'grouped'": lambda text: text.replace('"grouped"', '"group"'),
    "is damaged: its entries": lambda text: text.replace('"alphas": [', '"alphas": [7.0, '),
    "is damaged: its entries do": lambda text: text.replace('"intercepts": [', '"intercepts": [[0.0, 0.0, 0.0], '),
    "is damaged": lambda text: text.replace('"shape": [10', '"shape": [1'),
    "is damaged: classes": lambda text: text.replace('"classes": [0', '"classes": ["a"'),
    "damaged: .* neither": lambda text: text.replace('"grouped": false', '"grouped": 0'),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_a_damaged_file_is_refused(message, tmp_path):
    X, y = draw("multinomial")
    file = tmp_path / "p.json"
    fit_multi_path(X, y, family="multinomial", n_alphas=3).save(file)
    damaged = DAMAGE[message](file.read_text())
    assert damaged != file.read_text()
    file.write_text(damaged)
    with pytest.raises(ValueError, match=message):
        load_path(file)


def test_the_command_line_says_what_such_a_file_is(tmp_path):
    from fastreg.cli.table_files import refuse_model
    from fastreg.paths.storage import read_document

    X, Y = draw("gaussian")
    file = tmp_path / "p.json"
    fit_multi_path(X, Y, n_alphas=3).save(file)
    with pytest.raises(ValueError, match=r"several responses.*load_path"):
        read_document(file)
    with pytest.raises(ValueError, match=r"is a model that fastreg saved, not a table: in Python fastreg.load_path"):
        refuse_model(file, file.read_bytes()[:60])


def test_predictions_of_a_loaded_path_are_certified(tmp_path):
    X, y = draw("multinomial")
    path = fit_multi_path(X, y, family="multinomial", alphas=[0.05], tol=1e-9)
    path.save(tmp_path / "p.json")
    coef, intercepts = load_path(tmp_path / "p.json").point(0)
    gap = naive.duality_gap(X, y, coef, intercepts, 0.05, family="multinomial")
    assert gap <= 1.001e-9 * path.work["null_loss"]
