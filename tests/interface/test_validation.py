"""Every kind of hostile input: an error that names the bad place, or the answer of the clean array."""

import warnings
from decimal import Decimal
from fractions import Fraction

import certified
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from grids import pairwise

from fastreg import ConvergenceWarning, DataWarning, cv_path, fit_path
from fastreg.design.designs import as_design
from fastreg.interface import validation as check

ALPHAS = [0.2, 0.02]
X, Y = certified.draw("gaussian", n=20, p=5)
WHOLE = np.round(3 * X)  # the same numbers in every type
SPARSE = np.where(np.abs(X) > 0.7, X, 0.0)
CLASSES = (np.median(Y) < Y).astype(float)


def changed(array, place, value):
    out = np.array(array)
    out[place] = value
    return out


def csc(dense, index=np.int32):
    out = sp.csc_array(dense)
    out.indices, out.indptr = out.indices.astype(index), out.indptr.astype(index)
    return out


def assert_same(found, wanted, X, y, **options):
    """The same bits, from an input that only looks different, and certified."""
    assert np.array_equal(found.coefs.toarray(), wanted.coefs.toarray())
    assert np.array_equal(found.intercepts, wanted.intercepts)
    certified.assert_certified(found, X, y, tol=found.tol, **options)


def assert_refused(parts, *args, **options):
    """A ValueError whose message holds every part."""
    with pytest.raises(ValueError) as error:
        fit_path(*args, **options)
    for part in [parts] if isinstance(parts, str) else parts:
        assert part in str(error.value), str(error.value)


# What is refused: the message names the first bad place.


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        (({"a": [1.0]}, Y), {}, "X is not an array of numbers: got dict"),
        ((X, np.where(Y > 0, "yes", "no")), {"family": "binomial"}, "labels as they are go into cv_path"),
        ((X, np.sign(Y)), {"family": "binomial"}, "y must hold numbers in [0, 1] (classes coded 0 and 1, or prop"),
        ((X, Y), {"family": "gamma"}, "y must hold positive numbers for family 'gamma', but y["),
        ((X, Y), {"family": "multinomial"}, "is one of fit_multi_path's, for several classes"),
        ((X, Y), {"n_alphas": "ten"}, "n_alphas must be an integer of at least 1, got 'ten'"),
    ],
)
def test_a_stranger_understands_what_is_wrong(args, options, message):
    assert_refused(message, *args, **options)


def test_a_callback_must_be_a_function():
    for fit in (fit_path, cv_path):
        with pytest.raises(TypeError, match="callback must be a function of one argument"):
            fit(X, Y, callback=3)


def test_a_path_is_read_at_a_number_and_from_its_own_columns():
    frame = pd.DataFrame(X, columns=list("abcde"))
    path = fit_path(frame, Y, alphas=ALPHAS)
    for wrong in ("1se", [0.1, 0.05]):
        with pytest.raises(ValueError, match=r"alpha must be one number \('min' and '1se' are for what cv_path"):
            path.coef(wrong)
    with pytest.raises(ValueError, match=r"column 1 of X is 'c', but .* with 'b' there: pass X\[path.feature_names\]"):
        path.predict(frame[list("acbde")], 0.1)
    for same in (frame, X, pd.DataFrame(X)):  # names that are not strings are none
        np.testing.assert_allclose(path.predict(same, 0.1), path.predict(X, 0.1), atol=1e-14)


def test_warnings_name_the_line_that_called():
    """However deep within the call they are found."""
    tiny = changed(X, (slice(None), 1), 1e-310 * X[:, 1])
    for go in (lambda: fit_path(tiny, Y, alphas=ALPHAS), lambda: fit_path(X, Y[:, None], alphas=ALPHAS)):
        with pytest.warns(DataWarning) as caught:
            go()
        assert {each.filename for each in caught} == {__file__}


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("kind", [np.array, np.asfortranarray, sp.csc_array, sp.csr_matrix, sp.coo_array])
def test_not_finite_in_X(kind, value, word):
    bad = changed(changed(SPARSE, (17, 3), value), (4, 2), value)
    assert_refused(["X[4, 2]", f"is {word}"], kind(bad), Y)


def test_not_finite_in_a_named_column():
    frame = pd.DataFrame(changed(X, (6, 1), np.nan), columns=["age", "blood pressure", "c", "d", "e"])
    assert_refused(["X[6, 1]", "'blood pressure'", "NaN"], frame, Y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite_in_vectors(value):
    bad = changed(np.ones(20), [7, 12], value)
    for name in ("sample_weight", "offset"):
        assert_refused(f"{name}[7]", X, Y, **{name: bad})
    assert_refused("y[7]", X, bad)
    assert_refused("penalty_factor[3]", X, Y, penalty_factor=[1, 1, 1, np.nan, 1])


@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
def test_no_rows_no_columns(kind):
    assert_refused("no rows", kind(np.empty((0, 3))), np.empty(0))
    assert_refused("no columns", kind(np.empty((3, 0))), np.ones(3))


def test_shapes():
    assert_refused(["y has 19", "20 rows"], X, Y[:-1])
    assert_refused("two dimensions", X[:, 0], Y)
    assert_refused("two dimensions", X[None], Y)
    assert_refused("y must be a vector", X, np.column_stack([Y, Y]))
    assert_refused("sample_weight has 3", X, Y, sample_weight=np.ones(3))
    assert_refused("offset has 3", X, Y, offset=np.ones(3))
    assert_refused("penalty_factor has shape (4,)", X, Y, penalty_factor=np.ones(4))
    assert_refused("y is None", X, None)
    assert_refused("X is not a rectangular array", [[1.0, 2.0], [1.0]], [1.0, 2.0])


def test_types_that_are_not_numbers():
    assert_refused("X is complex", X.astype(complex), Y)
    assert_refused("X is complex", sp.csc_array(X.astype(complex)), Y)
    assert_refused("y is complex", X, Y.astype(complex))
    assert_refused(["X must be numeric", "<U"], X.astype(str), Y)
    assert_refused("X must be numeric", X.astype("datetime64[s]"), Y)
    assert_refused(["y must be numeric", "'yes'"], X, np.full(20, "yes"))
    assert_refused(["X[2, 1]", "'wet'"], changed(X.astype(object), (2, 1), "wet"), Y)
    assert_refused(["X[2, 1]", "NaN"], changed(X.astype(object), (2, 1), None), Y)
    assert_refused(["y[5]", "'wet'"], X, changed(Y.astype(object), 5, "wet"))


def test_text_in_a_frame_names_the_column():
    frame = pd.DataFrame(X, columns=["a", "b", "town", "d", "e"]).astype({"town": object})
    frame.loc[3, "town"] = "Lyon"
    assert_refused(["X[3, 2]", "'town'", "'Lyon'"], frame, Y)


def test_masked_arrays_and_matrices():
    assert_refused("X is a masked array", np.ma.masked_array(X, X > 1), Y)
    assert_refused("y is a masked array", X, np.ma.masked_array(Y, Y > 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        assert_refused("X is an np.matrix", np.asmatrix(X), Y)
    assert_refused("y is sparse", X, sp.csc_array(Y[:, None]))


def test_a_column_as_y_is_used_with_a_warning():
    with pytest.warns(DataWarning, match=r"y is a column of shape \(20, 1\)"):
        path = fit_path(X, Y[:, None], alphas=ALPHAS)
    assert_same(path, certified.fit(X, Y, alphas=ALPHAS), X, Y)


def test_weights():
    assert_refused(["sample_weight[4] = -0.5", "negative"], X, Y, sample_weight=changed(np.ones(20), 4, -0.5))
    assert_refused("sample_weight is zero everywhere", X, Y, sample_weight=np.zeros(20))
    weight = np.arange(1.0, 21)
    wanted = certified.fit(X, Y, alphas=ALPHAS, sample_weight=weight)
    for scale in (2.0**-1000, 2.0**995):  # about 1e-301 and 1e299
        found = certified.fit(X, Y, alphas=ALPHAS, sample_weight=scale * weight)
        assert_same(found, wanted, X, Y, sample_weight=weight)
    wide = np.where(np.arange(20) % 2, 1e300, 1e290)
    certified.fit(X, Y, alphas=ALPHAS, sample_weight=wide)
    assert_refused(["sample_weight", "complex"], X, Y, sample_weight=1j)
    one = fit_path(X, Y, alphas=ALPHAS, sample_weight=Decimal(2))
    assert np.array_equal(one.coefs.toarray(), fit_path(X, Y, alphas=ALPHAS).coefs.toarray())
    one = fit_path(X, Y, alphas=ALPHAS, sample_weight=2.0)
    assert_same(one, certified.fit(X, Y, alphas=ALPHAS), X, Y)


def test_responses_outside_their_family():
    assert_refused(["in [0, 1]", "y[3] = 2"], X, changed(CLASSES, 3, 2.0), family="binomial")
    assert_refused("y[0] = -1", X, 2 * CLASSES - 1 - 2 * (np.arange(20) == 0) * CLASSES, family="binomial")
    assert_refused("y[3] = -2", X, changed(np.ones(20), 3, -2.0), family="poisson")
    assert_refused("y[3] = 0", X, changed(np.ones(20), 3, 0.0), family="gamma")
    assert_refused("zero everywhere", X, np.zeros(20), family="poisson")


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_class_only(value):
    assert_refused(["one class only", f"{value:g}"], X, np.full(20, value), family="binomial")
    y = np.r_[1.0 - value, np.full(19, value)]  # the other class has no weight
    weight = np.r_[0.0, np.ones(19)]
    assert_refused("one class only", X, y, family="binomial", sample_weight=weight)


@pytest.mark.parametrize(
    ("name", "values", "parts"),
    [
        ("l1_ratio", [-0.1, 1.1, np.nan, "1", None, True], "[0, 1]"),
        ("tol", [0.0, -1e-3, np.nan, np.inf, "tight"], "(0, inf)"),
        ("max_iter", [0, -1, 10.5, "many", True], "at least 1"),
        ("n_alphas", [0, -5, 2.5, None], "at least 1"),
        ("alpha_min_ratio", [0.0, 1.0, -0.1, np.nan], "(0, 1)"),
        ("fit_intercept", [1, "yes", None], "True or False"),
        ("standardize", [0, "no"], "True or False"),
        ("solver", ["fast", None, 3], "'coordinate_descent'"),
        ("family", ["logit", None, 3], "gaussian"),
    ],
)
def test_parameters_out_of_range(name, values, parts):
    for value in values:
        assert_refused([name, repr(value), parts], X, Y, **{name: value})


def test_alphas_out_of_range():
    assert_refused(["alphas[1] = -0.1"], X, Y, alphas=[1.0, -0.1])
    assert_refused("alphas[1] = nan", X, Y, alphas=[1.0, np.nan])
    assert_refused("alphas[0] = inf", X, Y, alphas=[np.inf, 1.0])
    assert_refused("non-empty", X, Y, alphas=[])
    assert_refused(["alphas must decrease", "alphas[0] = 0.1 < alphas[1] = 0.2"], X, Y, alphas=[0.1, 0.2])
    assert_refused("alphas must be a non-empty vector", X, Y, alphas=[[0.2, 0.1]])
    assert_refused("alphas", X, Y, alphas=["small"])


def test_a_single_alpha_is_a_path_of_one():
    assert_same(certified.fit(X, Y, alphas=0.2), certified.fit(X, Y, alphas=[0.2]), X, Y)


# What is accepted: the answer of the clean array, bit by bit where the numbers are the same.


@pytest.mark.parametrize("kind", ["int8", "int64", "uint16", "float16", "float32", "longdouble", ">f8", "object"])
def test_types_of_numbers(kind):
    whole = np.abs(WHOLE) if kind.startswith("u") else WHOLE
    wanted = certified.fit(whole, np.round(Y), alphas=ALPHAS)
    y = np.round(np.abs(Y) if kind.startswith("u") else Y)
    if kind.startswith("u"):
        wanted = certified.fit(whole, y, alphas=ALPHAS)
    assert_same(fit_path(whole.astype(kind), y.astype(kind), alphas=ALPHAS), wanted, whole, y)


def test_booleans_lists_and_objects():
    flags = X > 0.2
    wanted = certified.fit(flags.astype(float), Y, alphas=ALPHAS)
    assert_same(fit_path(flags, Y, alphas=ALPHAS), wanted, flags, Y)
    wanted = certified.fit(X, Y, alphas=ALPHAS)
    assert_same(fit_path(X.tolist(), Y.tolist(), alphas=ALPHAS), wanted, X, Y)
    assert_same(fit_path(tuple(map(tuple, X)), tuple(Y), alphas=tuple(ALPHAS)), wanted, X, Y)
    mixed = WHOLE.astype(int).astype(object)
    mixed[0] = [Fraction(int(v)) for v in WHOLE[0]]
    mixed[1] = [Decimal(int(v)) for v in WHOLE[1]]
    mixed[2] = [bool(v) for v in WHOLE[2] > 0]
    clean = changed(WHOLE, 2, WHOLE[2] > 0)
    assert_same(fit_path(mixed, Y, alphas=ALPHAS), certified.fit(clean, Y, alphas=ALPHAS), clean, Y)


def test_layouts_in_memory():
    wanted = certified.fit(X, Y, alphas=ALPHAS)
    padded = np.zeros((40, 15))
    padded[::2, ::3] = X
    turned = X[::-1, ::-1].copy()
    wide = np.zeros(61, dtype="V8,f8")["f1"]
    wide = wide[:40:2]
    wide[:] = Y
    fixed = X.copy()
    fixed.flags.writeable = False
    packed = np.zeros(20 * 5 * 8 + 1, dtype=np.uint8)[1:].view(np.float64).reshape(20, 5)
    packed[:] = X  # not aligned
    for same in (np.asfortranarray(X), padded[::2, ::3], turned[::-1, ::-1], fixed, packed):
        assert_same(fit_path(same, Y, alphas=ALPHAS), wanted, X, Y)
    assert_same(fit_path(X, wide, alphas=ALPHAS), wanted, X, Y)


def test_frames_and_series():
    frame = pd.DataFrame(X, columns=list("abcde"), index=np.arange(20)[::-1])
    path = fit_path(frame, pd.Series(Y), alphas=ALPHAS, sample_weight=pd.Series(np.ones(20)))
    assert_same(path, certified.fit(X, Y, alphas=ALPHAS), X, Y)
    assert path.feature_names == list("abcde")
    nullable = frame.convert_dtypes()
    assert_same(fit_path(nullable, Y, alphas=ALPHAS), certified.fit(X, Y, alphas=ALPHAS), X, Y)
    mixed = pd.DataFrame({"a": X[:, 0], "b": np.arange(20), "c": X[:, 2] > 0})
    clean = mixed.to_numpy(dtype=float)
    assert_same(fit_path(mixed, Y, alphas=ALPHAS), certified.fit(clean, Y, alphas=ALPHAS), clean, Y)
    nullable.loc[4, "c"] = pd.NA
    assert_refused(["X[15, 2]", "'c'"], nullable, Y)


@pytest.mark.parametrize("kind", ["csc", "csr", "coo", "bsr", "dok", "lil", "dia"])
@pytest.mark.parametrize("interface", ["array", "matrix"])
def test_sparse_formats(kind, interface):
    wanted = certified.fit(csc(SPARSE), Y, alphas=ALPHAS)
    same = getattr(sp, f"{kind}_{interface}")(SPARSE)
    assert_same(fit_path(same, Y, alphas=ALPHAS), wanted, SPARSE, Y)


def test_sparse_types_of_numbers():
    for kind in (np.float32, np.int8, bool):
        clean = SPARSE.astype(kind).astype(float)
        wanted = certified.fit(csc(clean), Y, alphas=ALPHAS)
        assert_same(fit_path(csc(SPARSE.astype(kind)), Y, alphas=ALPHAS), wanted, clean, Y)


def test_sparse_unsorted_and_read_only():
    wanted = certified.fit(csc(SPARSE), Y, alphas=ALPHAS)
    clean = csc(SPARSE)
    order = np.concatenate([np.arange(a, b)[::-1] for a, b in zip(clean.indptr[:-1], clean.indptr[1:])])
    unsorted = sp.csc_array((clean.data[order], clean.indices[order], clean.indptr), shape=(20, 5))
    before = unsorted.indices.copy()
    assert_same(fit_path(unsorted, Y, alphas=ALPHAS), wanted, SPARSE, Y)
    assert np.array_equal(unsorted.indices, before)
    for part in (clean.data, clean.indices, clean.indptr):
        part.flags.writeable = False
    assert_same(fit_path(clean, Y, alphas=ALPHAS), wanted, SPARSE, Y)


def test_the_callers_objects_stay_as_they_are():
    frame = pd.DataFrame(X.copy(), columns=list("abcde"))
    weight, offset, factor, alphas = (
        np.arange(20.0),
        0.1 * Y,
        np.array([1, 0, 2, np.inf, 1.0]),
        np.array(ALPHAS),
    )
    inputs = [X.copy(), np.asfortranarray(X), csc(SPARSE), sp.csr_array(SPARSE), sp.coo_array(SPARSE), frame]
    for given in inputs:
        copy, y = given.copy(), Y.copy()
        vectors = [weight, offset, factor, alphas, y]
        before = [v.copy() for v in vectors]
        fit_path(given, y, alphas=alphas, sample_weight=weight, offset=offset, penalty_factor=factor)
        assert np.array_equal(certified.dense(given), certified.dense(copy))
        assert all(np.array_equal(v, old) and v.flags.writeable for v, old in zip(vectors, before))
        assert type(given) is type(copy)


def test_nothing_is_copied_that_is_right():
    fortran = np.asfortranarray(X)
    assert np.shares_memory(as_design(check.check_design(fortran)).columns, fortran)
    assert fortran.flags.writeable
    for index in (np.int32, np.int64):
        clean = csc(SPARSE, index)
        design = as_design(check.check_design(clean))
        for part in ("data", "indices", "indptr"):
            assert np.shares_memory(getattr(design, part), getattr(clean, part))
            assert getattr(clean, part).flags.writeable


# Small and degenerate problems.


def test_one_row():
    path = fit_path(X[:1], Y[:1], alphas=ALPHAS)
    assert path.coefs.nnz == 0 and path.converged
    assert np.allclose(path.intercepts, Y[0], rtol=1e-15)
    path = certified.fit(X[:1], Y[:1], alphas=ALPHAS, fit_intercept=False)
    assert path.coefs[:, [1]].nnz == 1


@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
def test_one_column(kind):
    one = X[:, :1]
    path = certified.fit(kind(one), Y, alphas=[0.1])
    centred = one[:, 0] - one.mean()
    c = centred @ Y / 20
    wanted = np.sign(c) * max(abs(c) - 0.1, 0) / (centred @ centred / 20)
    assert np.isclose(path.coefs[0, 0], wanted, rtol=1e-10)


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1e100, -1e-100])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_constant_response(value, l1_ratio):
    path = fit_path(X, np.full(20, value), l1_ratio=l1_ratio, n_alphas=5)
    assert path.converged
    assert np.allclose(path.coefs.toarray(), 0, atol=1e-12 * abs(value))
    assert np.allclose(path.intercepts, value, rtol=1e-12, atol=0)


@pairwise
@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_constant_zero_and_duplicate_columns(family, l1_ratio, kind):
    clean, y = certified.draw(family, n=20, p=3)
    odd = np.column_stack([np.full(20, 0.1), clean[:, 0], np.zeros(20), clean, np.full(20, 1e9)])
    path = certified.fit(kind(odd), y, family=family, l1_ratio=l1_ratio, alphas=ALPHAS)
    assert path.coefs[[0, 2, 6]].nnz == 0


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_a_constant_column_serves_where_no_intercept_does(l1_ratio):
    odd = np.column_stack([np.ones(20), np.zeros(20), X])
    path = certified.fit(odd, Y + 2, alphas=ALPHAS, l1_ratio=l1_ratio, fit_intercept=False)
    assert path.coefs[0, 1] > 0.5 and path.coefs[1, 1] == 0


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", [np.array, sp.csc_array])
def test_tiny_values_count_as_constant_with_a_warning(kind, fit_intercept):
    tiny = changed(SPARSE, (slice(None), 1), 1e-310 * SPARSE[:, 1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = fit_path(kind(tiny), Y, alphas=ALPHAS, fit_intercept=fit_intercept)
    assert path.coefs[[1]].nnz == 0
    with np.errstate(over="ignore"):
        certified.assert_certified(path, tiny, Y, tol=1e-6, fit_intercept=fit_intercept)
    assert [w.category for w in caught] == [DataWarning] and "column 1" in str(caught[0].message)


def test_a_point_that_is_not_certified_is_named_in_one_warning():
    wide, y = certified.draw("binomial", n=30, p=60)
    with pytest.warns(ConvergenceWarning, match=r"points are not certified.*tol is 1e-13") as caught:
        path = fit_path(wide, y, family="binomial", alphas=[0.05, 0.02], tol=1e-13, max_iter=1)
    assert len(caught) == 1 and "max_iter" in path.reasons
