"""Why a point ended: "max_iter" where that was reached, "stalled" where steps ended before it, and the advice for each.

A relative gap of 1e-20 is below what float64 can certify for a lasso, so that steps end for rounding.
"""

import warnings

import certified
import matplotlib.pyplot as plt
import numpy as np
import pytest

import fastreg
from fastreg.interface.reasons import reason_for, remedy_for
from fastreg.plots import plot_path

X, Y = certified.draw("gaussian", n=60, p=8)
CLASSES = (np.median(Y) < Y).astype(float)
CLASSES[:6] = 1.0 - CLASSES[:6]  # so that no columns tell them apart
STALLS = {"alphas": [0.1, 0.01], "tol": 1e-20}
# One Newton step is far from enough.
SHORT = {"family": "binomial", "alphas": [0.02, 0.001], "tol": 1e-12, "max_iter": 1}
MORE = "raise max_iter"
NO_MORE = "stopped before max_iter, by rounding or since no finite optimum exists: .* more iterations do not help"


def told(fit):
    """(result, the text of its ConvergenceWarnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fit()
    return result, " | ".join(str(each.message) for each in caught if issubclass(each.category, Warning))


def test_reasons_tell_what_ended_the_steps():
    assert reason_for(1e-7, 1e-6, 5, 1000) == reason_for(1e-6, 1e-6, 1000, 1000) == "converged"
    assert reason_for(1e-5, 1e-6, 1000, 1000) == reason_for(np.inf, 1e-6, 1001, 1000) == "max_iter"
    assert reason_for(1e-5, 1e-6, 999, 1000) == reason_for(np.nan, 1e-6, 0, 1000) == "stalled"


def test_remedies_name_more_iterations_only_where_they_help():
    assert remedy_for(["converged", "max_iter"]) == "raise max_iter, loosen tol or keep to larger alphas"
    stalled, both = remedy_for(["stalled", "converged"]), remedy_for(["stalled", "max_iter", "stalled"])
    assert MORE not in stalled and "more iterations do not help" in stalled
    assert both.startswith("where max_iter was reached raise it") and "2 of them stopped before max_iter" in both


def test_a_path_that_rounding_stops_is_stalled():
    path, words = told(lambda: fastreg.fit_path(X, Y, **STALLS))
    assert path.reasons == ["stalled", "stalled"] and not path.converged and path.gaps.max() < 1e-12
    assert path.n_iters.max() < 1000
    assert "2 of 2 points are not certified" in words and MORE not in words
    with pytest.warns(fastreg.ConvergenceWarning, match=NO_MORE):
        fastreg.fit_path(X, Y, **STALLS)
    again, words = told(lambda: fastreg.fit_path(X, Y, **STALLS | {"tol": 1e-12}))  # as advised
    assert again.converged and words == ""


def test_a_path_that_reaches_max_iter_says_so():
    path, words = told(lambda: fastreg.fit_path(X, CLASSES, **SHORT))
    assert path.reasons == ["max_iter", "max_iter"] and MORE in words and "stopped before" not in words
    again, words = told(lambda: fastreg.fit_path(X, CLASSES, **SHORT | {"max_iter": 100}))
    assert again.converged and words == ""


def test_counts_without_a_finite_optimum_are_stalled_and_larger_alphas_help():
    """No count where an indicator is one: its coefficient runs away at alpha = 0, and nowhere else."""
    rng = np.random.default_rng(0)
    Z = np.column_stack([rng.random(200) < 0.3, rng.normal(size=(200, 3))]).astype(float)
    counts = rng.poisson(np.exp(0.3 * Z[:, 1] + 0.5)) * (Z[:, 0] == 0.0)
    path, words = told(lambda: fastreg.fit_path(Z, counts, family="poisson", alphas=[0.01, 0.0]))
    assert path.reasons == ["converged", "stalled"] and path.n_iters[1] < 1000
    assert "or since no finite optimum exists: keep to larger alphas" in words and MORE not in words
    short, words = told(lambda: fastreg.fit_path(Z, counts, family="poisson", alphas=[0.0], max_iter=2))
    assert short.reasons == ["max_iter"] and MORE in words


def test_paths_of_several_responses_tell_the_same():
    responses = np.column_stack([Y, X[:, 1] + Y[::-1]])
    stalled, words = told(lambda: fastreg.fit_multi_path(X, responses, **STALLS))
    assert set(stalled.reasons) == {"stalled"} and MORE not in words and "more iterations do not help" in words
    labels = np.digitize(Y, np.quantile(Y, [0.3, 0.7]))
    labels[:6] = [0, 1, 2, 2, 1, 0]
    short, words = told(lambda: fastreg.fit_multi_path(X, labels, **SHORT | {"family": "multinomial"}))
    assert "max_iter" in short.reasons and "stalled" not in short.reasons and MORE in words


def test_a_saved_path_keeps_the_reason(tmp_path):
    path, _ = told(lambda: fastreg.fit_path(X, Y, **STALLS))
    path.save(tmp_path / "path.json")
    loaded = fastreg.load_path(tmp_path / "path.json")
    assert loaded.reasons == ["stalled", "stalled"] and not loaded.converged
    assert "stalled" in loaded.summary() and loaded.summary() == path.summary()


def test_pictures_mark_stalled_points():
    path, _ = told(lambda: fastreg.fit_path(X, Y, **STALLS))
    ax = plot_path(path)
    marked = [line for line in ax.lines if line.get_label() == "not certified"]
    assert len(marked) == 1 and marked[0].get_xdata().size == 2
    plt.close("all")


SEVERAL = {
    "cv_path": lambda y, **options: fastreg.cv_path(X, y, cv=3, **options),
    "cv_relaxed": lambda y, **options: fastreg.cv_relaxed(X, y, cv=3, ridges=[0.1], **options),
    "stability_selection": lambda y, **options: fastreg.stability_selection(
        X, y, n_pairs=2, expected_errors=5.0, **options
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_folds_halves_and_refits_tell_the_same(name):
    found, words = told(lambda: SEVERAL[name](Y, alphas=[0.3, 0.2], tol=1e-20))
    assert "fits" in words and "more iterations do not help" in words and MORE not in words
    if name == "cv_path":
        assert all("stalled" in fold.reasons and "max_iter" not in fold.reasons for fold in found.fold_paths)
    elif name == "cv_relaxed":
        assert found.fold_reasons.shape == found.fold_gaps.shape == (3, 2, 2)
        assert "stalled" in found.fold_reasons and "max_iter" not in found.fold_reasons
    else:
        assert found.reasons.shape == found.gaps.shape and "stalled" in found.reasons
        np.testing.assert_array_equal(found.reasons == "converged", found.gaps <= found.tol)
    _, words = told(lambda: SEVERAL[name](CLASSES, **SHORT | {"alphas": [0.1, 0.07]}))
    assert MORE in words and "more iterations do not help" not in words


def test_refits_on_supports_tell_the_same():
    path = fastreg.fit_path(X, CLASSES, family="binomial", alphas=[0.05, 0.02])
    relaxed, words = told(lambda: fastreg.relax_path(path, X, CLASSES, ridge=0.01, tol=1e-30))
    stalled = [reason for reason in relaxed.refit.reasons if reason != "converged"]
    assert set(stalled) <= {"stalled"} and (not stalled or "more iterations do not help" in words)
    relaxed, words = told(lambda: fastreg.relax_path(path, X, CLASSES, ridge=0.01, tol=1e-14, max_iter=1))
    assert "max_iter" in relaxed.refit.reasons and MORE in words


def test_estimators_tell_the_same():
    _, words = told(lambda: fastreg.Lasso(alpha=0.01, tol=1e-20).fit(X, Y))
    assert "did not converge. Steps stopped before max_iter" in words and "increase the number" not in words
    _, words = told(lambda: fastreg.LogisticRegression(tol=1e-14, max_iter=1).fit(X, CLASSES))
    assert "increase the number of iterations" in words
    _, words = told(lambda: fastreg.LassoCV(cv=3, alphas=[0.1, 0.05], tol=1e-20).fit(X, Y))
    assert "fits did not converge" in words and "Steps stopped before max_iter" in words and MORE not in words.lower()


def test_a_pilot_that_stalls_is_told_what_helps():
    with pytest.raises(ValueError, match=r"not certified \('stalled', .*choose a larger pilot_alpha or loosen tol"):
        fastreg.adaptive_factor(X, Y, pilot="lasso", pilot_alpha=0.01, tol=1e-20)
