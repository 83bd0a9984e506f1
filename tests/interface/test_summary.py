"""Tables for people: text, HTML, and what a path shows of itself."""

import pickle

import certified
import numpy as np
import pytest
from grids import few

from fastreg import (
    cv_path,
    cv_relaxed,
    fit_multi_path,
    fit_path,
    information_criteria,
    nested_cv_relaxed,
    relax_path,
    ridge_loo,
    stability_selection,
)
from fastreg.interface.summary import Summary

TABLE = Summary(("alpha", "features", ""), [("0.5", "1,000", ""), ("0.25", "2", "not <certified>")])


def test_text():
    lines = str(TABLE).splitlines()
    assert lines == ["alpha   features", "  0.5      1,000", " 0.25          2   not <certified>"]
    assert repr(TABLE) == str(TABLE) and "\n".join(lines) == TABLE


def test_html():
    html = TABLE._repr_html_()
    assert html.count("<tr>") == 3 and html.count("<th") == 4 and "not &lt;certified&gt;" in html
    assert html.count("text-align: left") == 3 and "<thead>" in html


def test_copies():
    same = pickle.loads(pickle.dumps(TABLE))
    assert same == TABLE and same.rows == TABLE.rows and same.columns == TABLE.columns


@pytest.mark.parametrize("several", [False, True])
def test_a_path_shows_itself(several):
    X, y = certified.draw("gaussian", n=40, p=8)
    path = fit_multi_path(X, np.column_stack([y, X[:, 0]]), n_alphas=30) if several else fit_path(X, y, n_alphas=30)
    table = path.summary(rows=5)
    assert len(table.rows) == 5 and table.rows[0][:2] == (f"{path.alphas[0]:.4g}", "0")
    assert all(len(line) < 80 for line in table.splitlines())
    html, told = path._repr_html_(), repr(path)
    assert html.count("<tr>") == 13 and "30 of 30 points certified" in html and "8 columns" in html
    assert told.startswith(f"<fastreg.{type(path).__name__}: gaussian") and told.count("\n") == 2 and len(told) < 600
    assert ("2 responses" in told) == several


SHOWN = {
    "cross-validation": lambda X, y, path: cv_path(X, y, cv=3, n_alphas=8),
    "criteria": lambda X, y, path: information_criteria(path, X, y),
    "relaxed": lambda X, y, path: relax_path(path, X, y),
    "stability": lambda X, y, path: stability_selection(X, y, n_pairs=2),
    "leave-one-out": lambda X, y, path: ridge_loo(X, y, n_alphas=8),
    "relaxed, cross-validated": lambda X, y, path: cv_relaxed(X, y, cv=3, n_alphas=8, ridges=(0.0, 0.1)),
    "nested": lambda X, y, path: nested_cv_relaxed(X, y, outer=3, cv=3, n_alphas=8),
}


@few(2)
@pytest.mark.parametrize("kind", SHOWN)
def test_what_has_a_summary_shows_it_in_a_notebook(kind):
    X, y = certified.draw("gaussian", n=40, p=8)
    found = SHOWN[kind](X, y, fit_path(X, y, n_alphas=8))
    html, told = found._repr_html_(), repr(found)
    assert told.startswith(f"<fastreg.{type(found).__name__}: ") and told.endswith(">") and len(told) < 600
    assert told[1:40].splitlines()[0] in html and "<fastreg" not in html and "<pre>" in html
    assert all(line.replace("<-", "&lt;-") in html for line in found.summary().splitlines())


def test_criteria_say_what_they_choose():
    X, y = certified.draw("gaussian", n=40, p=8)
    criteria = information_criteria(fit_path(X, y, n_alphas=8), X, y)
    assert "8 points, 40 observations, 8 penalised columns" in repr(criteria)
    assert f"bic {criteria.alpha_best('bic'):.4g}" in repr(criteria)


def test_what_is_chosen_is_marked():
    X, y = certified.draw("gaussian", n=60, p=8)
    left_out = ridge_loo(X, y, n_alphas=40).summary(rows=5)
    lines = left_out.splitlines()
    assert 7 <= len(lines) <= 10 and all(len(line) < 110 for line in lines)
    assert [left_out.count(name) for name in ("<- min", "1se", "<- gcv")].count(0) <= 1  # min and gcv may be one point
    model = cv_relaxed(X, y, cv=3, n_alphas=40)
    choice = model.choice("min")
    (line,) = (line for line in model.summary(rows=3).splitlines() if "min" in line)
    assert line.split()[:5] == [
        f"{choice.alpha:.4g}", str(len(model.support("min"))), f"{choice.gamma:g}", f"{choice.ridge:g}",
        f"{choice.score:.5g}",
    ]  # fmt: skip


def test_a_table_of_outer_folds():
    X, y = certified.draw("gaussian", n=60, p=8)
    found = nested_cv_relaxed(X, y, outer=4, cv=3, n_alphas=8)
    lines = found.summary().splitlines()
    assert len(lines) == 6 and f"{found.mean:.5g}" in lines[0]
    for number, line in enumerate(lines[2:]):
        cells = line.split()
        assert cells[:3] == [str(number + 1), f"{found.scores[number]:.5g}", f"{found.choices[number].score:.5g}"]
