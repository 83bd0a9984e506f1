"""feature_names names the columns of arrays and sparse matrices in every function; wrong names are refused."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from grids import few

import fastreg
from fastreg.interface.agreement import check_columns

NAMES = ["age", "dose", "weight", "sex"]
rng = np.random.default_rng(5)
X = rng.normal(size=(60, 4))
Y = X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=60)
GRID = {"alphas": [0.3, 0.05]}


@pytest.mark.parametrize("make", [np.asarray, sp.csc_array, pd.DataFrame, np.ndarray.tolist])
def test_columns_are_called_by_the_names_given(make):
    path = fastreg.fit_path(make(X), Y, feature_names=pd.Index(NAMES), **GRID)
    plain = fastreg.fit_path(sp.csc_array(X) if make is sp.csc_array else X, Y, **GRID)  # sums as of the same storage
    assert path.feature_names == NAMES and plain.feature_names is None
    assert path.support(0.3) == ["age", "dose"] and path.entry_order()[:2] == [
        NAMES[j] for j in plain.entry_order()[:2]
    ]
    np.testing.assert_array_equal(path.coefs.toarray(), plain.coefs.toarray())
    assert set(path.to_frame()["name"]) <= {"(intercept)", *NAMES}


def calls():
    cv = {"cv": 3, **GRID}
    yield lambda **own: fastreg.fit_multi_path(X, np.c_[Y, X[:, 2]], **own, **GRID)
    yield lambda **own: fastreg.cv_path(X, Y, **own, **cv)
    yield lambda **own: fastreg.cv_path(X, np.digitize(Y, [-0.5, 0.5]), family="multinomial", **own, **cv)
    yield lambda **own: fastreg.cv_relaxed(X, Y, **own, **cv)
    yield lambda **own: fastreg.cv_relaxed(X, Y, pilot="ridge", **own, **cv)
    yield lambda **own: fastreg.nested_cv_relaxed(X, Y, outer=2, **own, **cv).models[0]
    yield lambda **own: fastreg.stability_selection(X, Y, n_pairs=3, expected_errors=4.0, **own, **GRID)
    yield lambda **own: fastreg.ridge_loo(X, Y, **own, **GRID).path
    yield lambda **own: fastreg.relax_path(fastreg.fit_path(X, Y, **own, **GRID), X, Y)
    yield lambda **own: fastreg.fit_path(X, Y, **own, **GRID).refit(X, Y, 0.1)


@few(3)
@pytest.mark.parametrize("call", list(calls()))
def test_every_function_keeps_them(call):
    assert call(feature_names=NAMES).feature_names == NAMES


def test_knockoffs_and_adaptive_factors_know_them():
    assert fastreg.knockoffs(X, Y, alpha=0.1, feature_names=NAMES).names == NAMES
    labelled = pd.Series(np.ones(4), index=NAMES[::-1])
    with pytest.raises(ValueError, match="penalty_factor is labelled by the columns of X in another order"):
        fastreg.adaptive_factor(X, Y, feature_names=NAMES, penalty_factor=labelled)


def test_all_functions_that_fit_a_matrix_take_them():
    """Those that build on a path have its names; scikit-learn's lasso_path and enet_path return arrays without.
    `distribute` and `sum_rows` fit nothing."""
    functions = [getattr(fastreg, name) for name in fastreg.__all__]
    takers = [each for each in functions if inspect.isfunction(each) and "X" in inspect.signature(each).parameters]
    without = {
        each.__name__ for each in takers if not {"feature_names", "path"} & inspect.signature(each).parameters.keys()
    }
    assert len(takers) >= 12 and without == {"lasso_path", "enet_path", "distribute", "sum_rows"}


def test_predictions_compare_them_with_those_of_a_frame():
    path = fastreg.fit_path(X, Y, feature_names=NAMES, **GRID)
    frame = pd.DataFrame(X, columns=NAMES)
    np.testing.assert_allclose(path.predict(frame, 0.1), path.predict(X, 0.1), rtol=1e-12)
    with pytest.raises(ValueError, match="column 0 of X is 'sex'"):
        check_columns(path, frame[NAMES[::-1]], 4)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (NAMES[:3], "holds 3 names, but X has 4 columns; give a name for each"),
        (["a", "b", "a", "c"], r"feature_names\[2\] is 'a', as is feature_names\[0\]; make them differ"),
        (["a", 1, "b", "c"], r"feature_names\[1\] is 1, which is not text; pass it as a str"),
        ("abcd", "must be a list of the names of X's columns, got 'abcd'"),
        (4, "must be a list of the names of X's columns, got 4"),
    ],
)
@pytest.mark.parametrize("function", [fastreg.fit_path, fastreg.cv_path, fastreg.knockoffs])
def test_wrong_names_are_refused(function, names, message):
    with pytest.raises(ValueError, match=message):
        function(X, Y, feature_names=names)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_a_frame_has_its_own(library):
    frame = library(dict(zip(NAMES, X.T)))
    assert fastreg.fit_path(frame, Y, feature_names=NAMES, **GRID).feature_names == NAMES
    message = r"feature_names\[1\] is 'length', but column 1 of X is called 'dose'; leave feature_names out"
    with pytest.raises(ValueError, match=message):
        fastreg.fit_path(frame, Y, feature_names=["age", "length", "weight", "sex"])


def test_x_of_another_shape_is_answered_as_without_names():
    with pytest.raises(ValueError, match="X must have two dimensions"):
        fastreg.fit_path(X[:, 0], Y, feature_names=NAMES)
