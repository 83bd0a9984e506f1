"""Tables for people: text, HTML, and what a path shows of itself."""

import pickle

import certified

from fastreg import fit_path
from fastreg.summary import Summary

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


def test_a_path_shows_itself():
    X, y = certified.draw("gaussian", n=40, p=8)
    path = fit_path(X, y, n_alphas=30)
    table = path.summary(rows=5)
    assert len(table.rows) == 5 and table.rows[0][:2] == (f"{path.alphas[0]:.4g}", "0")
    assert all(len(line) < 80 for line in table.splitlines())
    html = path._repr_html_()
    assert html.count("<tr>") == 13 and "30 of 30 points certified" in html and "8 columns" in html
