"""A wrong name is answered by the right one, and calls with right names are left as they are."""

import inspect
import pickle

import numpy as np
import pytest

import fastreg
from fastreg.interface.naming import ELSEWHERE, NOTES, PLACES, WORDS, explains_names

X, y = np.eye(4)[:, :2], np.arange(4.0)
PUBLIC = [name for name in fastreg._HOMES if not name.endswith("Warning")]


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("from fastreg import fit_pth", "cannot import name 'fit_pth' from 'fastreg'. Did you mean 'fit_path'?"),
        ("from fastreg import lasso", "Did you mean 'Lasso'?"),
        ("from fastreg import glmnet", "Did you mean 'fit_path'?"),
        ("from fastreg import TweedieRegressor", "Did you mean 'GeneralizedLinearModel'?"),
        ("from fastreg import no_such_name", "It has fit_path, lasso_path, "),
        ("from fastreg import cv", "Did you mean 'cv_path'?"),
        ("from fastreg import load_nci60", "cannot import name 'load_nci60' from 'fastreg'. It is in fastreg.datasets"),
        ("from fastreg import plot_path", "It is in fastreg.plots"),
        ("from fastreg import fit_path, no_such_name", "cannot import name 'no_such_name'"),
    ],
)
def test_an_import_of_a_wrong_name(statement, advice):
    with pytest.raises(ImportError) as caught:
        exec(statement)
    assert advice in str(caught.value)


def test_an_attribute_of_a_wrong_name():
    with pytest.raises(AttributeError, match=r"has no attribute 'fit_pth'. Did you mean 'fit_path'\?"):
        _ = fastreg.fit_pth
    assert not hasattr(fastreg, "fit_pth") and getattr(fastreg, "__wrapped__", None) is None


def test_modules_are_imported_as_ever():
    names = {}
    exec("from fastreg import paths, plots, datasets\nimport fastreg.paths.fit_path", names)
    assert names["paths"].fit_path.fit_path is fastreg.fit_path
    with pytest.raises(ModuleNotFoundError):
        exec("import fastreg.no_such_module")


F, E = fastreg.fit_path, fastreg
CALLS = [
    (F, {"familly": "poisson"}, "fit_path() got an unexpected keyword argument 'familly'. Did you mean 'family'?"),
    (F, {"alpha": 0.1}, "'alphas' (a list: alphas=[0.1]) or 'l1_ratio' (which glmnet calls alpha)?"),
    (F, {"C": 1.0}, "'alphas' (fastreg.convert_penalty translates)?"),
    (F, {"lambda_": 0.1}, "'alphas' (a list: alphas=[0.1])?"),
    (F, {"lam": 0.1}, "'alphas' (a list: alphas=[0.1])?"),
    (F, {"lambda": 0.1}, "'alphas' (a list: alphas=[0.1])?"),
    (F, {"weights": y}, "'sample_weight' (of rows) or 'penalty_factor' (of columns)?"),
    (F, {"nlambda": 10}, "Did you mean 'n_alphas'?"),
    (F, {"lambda.min.ratio": 0.1}, "Did you mean 'alpha_min_ratio'?"),
    (F, {"lower.limits": 0.0}, "Did you mean 'lower'?"),
    (F, {"penalty.factor": y}, "Did you mean 'penalty_factor'?"),
    (F, {"positive": True}, "Did you mean 'lower' (lower=0)?"),
    (F, {"exposure": y}, "'offset' (the logarithm: offset=np.log(exposure))?"),
    (F, {"thresh": 1e-7}, "Did you mean 'tol'?"),
    (F, {"maxit": 10}, "Did you mean 'max_iter'?"),
    (F, {"normalize": True}, "Did you mean 'standardize'?"),
    (F, {"L1_wt": 0.5}, "Did you mean 'l1_ratio'?"),
    (F, {"intercept": False}, "Did you mean 'fit_intercept'?"),
    (F, {"exclude": [1]}, "Did you mean 'penalty_factor' (infinity leaves a column out)?"),
    (F, {"scoring": "r2"}, ": scores of held-out rows are fastreg.cv_path's"),
    (E.Lasso, {"l1_ratio": 0.5}, ": shares of the l1 part are ElasticNet's"),
    (E.stability_selection, {"B": 50}, "Did you mean 'n_pairs'?"),
    (F, {"n_jobs": 2}, "fastreg.set_num_threads(n)"),
    (F, {"cv": 5}, "cross-validation is fastreg.cv_path's"),
    (F, {"nothing_of_the_kind": 5}, "; it takes X, y, family, l1_ratio, "),
    (E.fit_multi_path, {"nlambda": 10}, "Did you mean 'n_alphas'?"),
    (E.cv_path, {"nfolds": 5}, "Did you mean 'cv'?"),
    (E.cv_path, {"type.measure": "mse"}, "Did you mean 'metric'?"),
    (E.ridge_loo, {"lambda_": 0.1}, "Did you mean 'alphas'"),
    (E.cv_relaxed, {"gamma": 0.5}, "Did you mean 'gammas'?"),
    (E.nested_cv_relaxed, {"toll": 0.5}, "nested_cv_relaxed() got an unexpected keyword argument 'toll'. Did you mean"),
    (E.stability_selection, {"PFER": 1}, "Did you mean 'expected_errors'?"),
    (E.adaptive_factor, {"weights": y}, "'sample_weight' (of rows) or 'penalty_factor' (of columns)?"),
    (E.Lasso, {"lambda_": 0.1}, "Lasso() got an unexpected keyword argument 'lambda_'. Did you mean 'alpha'?"),
    (E.Lasso, {"C": 0.1}, "Did you mean 'alpha' (fastreg.convert_penalty translates)?"),
    (E.Lasso, {"sample_weight": y}, ": weights of rows are given to fit(X, y, sample_weight=...)"),
    (E.Lasso, {"weights": y}, "Did you mean 'penalty_factor' (of columns)?"),
    (E.Lasso, {"normalize": True}, "Did you mean 'standardize'?"),
    (E.Lasso, {"max_iters": 5}, "Did you mean 'max_iter'?"),
    (E.RidgeCV, {"lower": 0.0}, "ElasticNetCV(l1_ratio=0, alphas=..., lower="),
    (E.Ridge, {"offset": y}, ": offsets are given to fit(X, y, offset=...)"),
    (E.LogisticRegression, {"alpha": 0.1}, "'C' (fastreg.convert_penalty translates) or 'l1_ratio'"),
    (E.LogisticRegression, {"family": "poisson"}, "fastreg.fit_path(X, y, family=...)"),
    (E.LassoCV, {"n_alphas": 5}, "Did you mean 'alphas'?"),
    (E.RidgeCV, {"alpha": 5}, "Did you mean 'alphas'"),
    (E.LogisticRegressionCV, {"C": 5}, "Did you mean 'Cs'?"),
    (E.set_num_threads, {"n_threads": 5}, "Did you mean 'n'?"),
    (E.convert_penalty, {"weights": 5}, "'sample_weight' (of rows) or 'penalty_factor' (of columns)?"),
    (E.load_path, {"filename": "x"}, "Did you mean 'file'?"),
    (E.plots.plot_path, {"axes": None}, "Did you mean 'ax'?"),
    (E.Lasso().fit, {"weights": y}, "Lasso.fit() got an unexpected keyword argument 'weights'. Did you mean"),
    (E.Lasso().fit, {"x": X}, "Did you mean 'X'?"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "given", "advice"), CALLS, ids=[f"{c.__name__}-{next(iter(g))}" for c, g, _ in CALLS])
def test_a_wrong_argument(call, given, advice):
    with pytest.raises(TypeError) as caught:
        call(X, y, **given) if "fit" in call.__name__ or "cv" in call.__name__ else call(**given)
    assert advice in str(caught.value)


@pytest.mark.parametrize("function", [fastreg.lasso_path, fastreg.enet_path])
def test_a_wrong_argument_of_scikit_learns_paths(function):
    with pytest.raises(ValueError, match=r"Unexpected parameters in params: toll. Did you mean 'tol'\?"):
        function(X, y, toll=1e-3)
    with pytest.raises(ValueError, match=r"Unexpected parameters in params: thresh. Did you mean 'tol'\?"):
        function(X, y, thresh=1e-3)


def test_too_many_arguments_by_position():
    message = (
        r"fit_path\(\) takes 2 arguments by position \(X, y\) but 3 were given; give the others by name, as family="
    )
    with pytest.raises(TypeError, match=message):
        fastreg.fit_path(X, y, "poisson")
    with pytest.raises(TypeError, match=r"Lasso\(\) takes 1 argument by position \(alpha\) but 2 were given"):
        fastreg.Lasso(1.0, False)


def test_errors_from_within_and_missing_arguments_stay_what_they_are():
    with pytest.raises(TypeError, match="X is None: pass X and y, or a formula"):
        fastreg.fit_path()
    with pytest.raises(TypeError, match="callback must be a function"):
        fastreg.fit_path(X, y, callback=1)


def test_signature_docstring_and_identity_stay():
    @explains_names
    def plain(a, *, b: int = 2) -> int:
        """Add."""
        return a + b

    assert plain(1, b=3) == 4 and plain.__doc__ == "Add." and plain.__module__ == __name__
    assert str(inspect.signature(plain)) == "(a, *, b: int = 2) -> int"
    assert pickle.loads(pickle.dumps(fastreg.fit_path)) is fastreg.fit_path
    assert list(inspect.signature(fastreg.Lasso).parameters)[:2] == ["alpha", "fit_intercept"]


def test_every_public_function_and_class_answers():
    """Whatever its parameters are, one that none is like is answered by what it takes, or where to turn."""
    for name in PUBLIC:
        thing = getattr(fastreg, name)
        if name in ("Progress", "Interrupted", "lasso_path", "enet_path"):
            continue
        with pytest.raises(TypeError) as caught:
            thing(quite_another=1)
        assert "got an unexpected keyword argument 'quite_another'; it takes " in str(caught.value), name


def test_the_tables_lead_somewhere():
    parameters = {"Y", "names", "feature_names"}
    for name in PUBLIC:
        parameters |= set(inspect.signature(getattr(fastreg, name)).parameters)
    for room in (fastreg.plots,):
        parameters |= {each for name in room.__all__ for each in inspect.signature(getattr(room, name)).parameters}
    assert set(WORDS) <= parameters
    assert {name for name, _ in NOTES} <= set(WORDS)
    assert set(PLACES) <= set(fastreg.__all__)
    assert set(ELSEWHERE) - {"n_jobs"} <= set(WORDS)


def test_methods_of_results_answer():
    path = fastreg.fit_path(X, y, alphas=[0.5, 0.1])
    with pytest.raises(
        TypeError, match=r"Path.coef\(\) got an unexpected keyword argument 'lambda_'. Did you mean 'alph"
    ):
        path.coef(lambda_=0.1)
    with pytest.raises(
        TypeError, match=r"Path.predict\(\) got an unexpected keyword argument 'newx'. Did you mean 'X'"
    ):
        path.predict(newx=X, s=0.1)
    with pytest.raises(TypeError, match=r"Path.refit\(\) .* keyword argument 'thresh'. Did you mean 'tol'"):
        path.refit(X, y, 0.2, thresh=1e-3)
    assert path.coef(alpha=0.1)[0].shape == (2,)
