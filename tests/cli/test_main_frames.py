"""Categories, dates, gaps and identifiers on the command line: the numbers of the functions, told by line."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from grids import few
from shell import call, done, predictions, read_csv, refused

from fastreg import cv_path, fit_path, load_path, posterior, table
from fastreg.cli import quick_csv
from fastreg.cli.features import Reading
from fastreg.cli.table_files import Dialect, TableFile
from fastreg.cli.tables import read_table

FIT = ("t.csv", "--target", "y")


@pytest.fixture(autouse=True)
def frame(tmp_path, monkeypatch):
    """Sixty rows with an identifier, text, an ordered size, dates, truth values, and gaps; in t.csv."""
    monkeypatch.chdir(tmp_path)
    rng, n = np.random.default_rng(0), 60
    frame = pd.DataFrame(
        {
            "code": [f"K{k:03d}" for k in rng.permutation(n)],
            "area": rng.choice(["north", "south", "none"], n),
            "size": rng.choice(["S", "M", "L"], n),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "member": rng.random(n) < 0.5,
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(50, 10, n).round(1)),
        }
    )
    frame.loc[3, "area"] = None
    frame["y"] = np.exp(0.3 * frame["member"] + 0.5 * (frame["area"] == "north") + 0.2 * rng.normal(size=n)).round(6)
    frame.to_csv("t.csv", index=False)
    return frame


FULL = ("--categorical", "text", "--dates", "days", "--missing", "mean", "--unseen", "zero")


def by_function(frame, fit=fit_path, **options):
    """The same fit of the frame that pandas has."""
    own = {"categories": "text", "dates": "days", "missing": "mean", "unseen": "zero", "standardize": True}
    return fit(frame.drop(columns=["code", "y"]), frame["y"], **(own | options))


def test_the_coefficients_of_the_functions(frame):
    out = done(*FIT, *FULL)
    assert "60 rows, 5 features (2 of them categories with 6 levels), target 'y'" in out
    assert "Note: column 'code' is left out as an identifier (it differs in every row); --keep code keeps it." in out
    path, rows = by_function(frame), read_csv("coefficients.csv")
    assert {*list(rows[0])[6:]} <= {*path.feature_names} and "area[missing]" in path.feature_names
    for j, name in enumerate(path.feature_names):
        fitted = [float(row.get(name, 0.0)) for row in rows]
        np.testing.assert_allclose(fitted, path.coefs.toarray()[j], rtol=1e-6, atol=1e-7)


def test_a_model_keeps_what_was_decided(frame):
    done(*FIT, *FULL, "--cv", "4", "--save", "m.json")
    found, saved = by_function(frame, cv_path, cv=4), load_path("m.json")
    assert saved.encoding == found.path.encoding
    new = frame.tail(5).assign(area=["north", "west", None, "none", "south"], y=1.0)
    new.to_csv("new.csv", index=False)
    done("--load", "m.json", "--predict", "new.csv")
    alpha = json.loads(Path("m.json").read_text())["alpha"]
    assert alpha == pytest.approx(found.alpha_1se, rel=1e-9)
    predicted = predictions()
    np.testing.assert_allclose(predicted, found.path.predict(new, alpha), rtol=1e-6)


def test_ordered_levels(frame):
    done(*FIT, *FULL, "--ordered", "size=S,M,L", "--alpha", "0.01", "--save", "m.json")
    names = load_path("m.json").feature_names
    assert [name for name in names if name.startswith("size")] == ["size[>=M]", "size[>=L]"]
    typed = frame.assign(size=pd.Categorical(frame["size"], ["S", "M", "L"], ordered=True))
    path = by_function(typed, ordered="step")
    np.testing.assert_allclose(load_path("m.json").coefs.toarray(), path.coefs.toarray(), rtol=1e-5, atol=1e-7)
    row = frame.index[frame["size"] == "L"][0]
    told = refused(*FIT, *FULL, "--ordered", "size=S,M")
    assert told == f"column 'size' holds 'L' in line {row + 2}, which is not among the levels of --ordered size: S, M"
    assert "--ordered size: give step, or COLUMN=LEVEL" in refused(*FIT, "--ordered", "size")


def test_rules_for_gaps(frame):
    lacking = frame["age"].isna() | frame["area"].isna()
    out = done(*FIT, *FULL, "--missing", "drop", "--alpha", "0.01", "--save", "m.json")
    assert f"Note: {lacking.sum()} of 60 rows are left out, since they lack values (--missing drop)." in out
    path = by_function(frame[~lacking], missing="error")
    np.testing.assert_allclose(load_path("m.json").coefs.toarray(), path.coefs.toarray(), rtol=1e-5, atol=1e-7)
    told = refused(*FIT, "--categorical", "text", "--dates", "days", "--missing", "level")
    assert told.startswith("column") is False and "'age' (" in told and "choose a rule by --missing" in told
    done(*FIT, "--categorical", "text", "--dates", "days", "--missing", "level", "--missing", "age=mean")
    assert "--missing some: choose error, level, mean or drop" in refused(*FIT, "--missing", "some")
    assert refused(*FIT, "--missing", "Age=mean").startswith("--missing: there is no column 'Age'; did you mean 'age'?")


def test_what_waits_for_a_word(frame):
    assert refused(*FIT) == (
        f"column 'area' holds text: {frame['area'][0]!r} in line 2, and so do 'size', 'since'; take dates as days with "
        "--dates days, text as categories with --categorical text, or leave them out with --drop area,size,since"
    )
    for more in (("--categorical", "area,size"), ("--categorical", "text")):
        assert "column 'since' holds dates or times: '20" in refused(*FIT, *more)
    assert "3 columns have missing" not in refused(*FIT, *FULL[:4])
    assert "'age' (" in refused(*FIT, *FULL[:4]) and "--missing: mean, level or drop" in refused(*FIT, *FULL[:4])
    Path("t.csv").write_text("a,b,y\n" + "".join(f"{k % 3},{'x' if k == 9 else k % 4},{k % 5}\n" for k in range(20)))
    told = refused(*FIT, "--categorical", "text")  # one cell is no reason to make a column of numbers a category
    assert told.startswith("column 'b' holds both numbers and words: 'x' in line 11; take such columns as categories")
    done(*FIT, "--categorical", "b", "--alpha", "0.1", "--save", "m.json")
    assert load_path("m.json").feature_names == ["a", "b[0]", "b[1]", "b[2]", "b[3]", "b[x]"]
    Path("t.csv").write_text('a,y\n"1,5",1\n"2,5",2\n"3,5",4\n')
    assert "is it a decimal comma?" in refused(*FIT, "--categorical", "text")


def test_rows_to_predict_are_told_by_column_and_line(frame):
    done(*FIT, *FULL[:-2], "--alpha", "0.05", "--save", "m.json")
    load = ("--load", "m.json", "--predict", "new.csv")
    for column, value, message in [
        ("area", "west", "column 'area' holds 'west' in line 3, a level that the fit did not see; fit with --unseen"),
        ("size", "", "column 'size' has no value in line 3; fill it in or remove the row"),
        ("since", "soon", "column 'since' holds text: 'soon' in line 3; a feature of the model must be a date, as in"),
        ("age", "old", "column 'age' holds text: 'old' in line 3; a feature of the model must be numeric"),
    ]:
        new = frame.head(3).astype(object)
        new.loc[1, column] = value
        new.to_csv("new.csv", index=False)
        assert refused(*load).startswith(f"new.csv: {message}"), column


@few(2)
@pytest.mark.parametrize("name", ["id", "customer_id", "userId", "UUID", "Unnamed: 0"])
def test_columns_called_like_identifiers(name):
    rows = "".join(f"{k % 7},{k % 5},{k * k % 11}\n" for k in range(60))
    Path("t.csv").write_text(f"{name},b,y\n{rows}")
    assert f"Note: column {name!r} is left out as an identifier (by its name); --keep" in done(*FIT)
    assert "2 features" in done(*FIT, "--keep", name)
    done(*FIT, "--categorical", name, "--alpha", "0.1", "--save", "m.json")  # naming it is a word, too
    assert load_path("m.json").feature_names[0] == f"{name}[0]"


def test_numbers_that_are_no_identifiers():
    rng = np.random.default_rng(0)
    columns = {
        "row number": np.arange(1, 201), "population": rng.choice(10**7, 200, replace=False),
        "half": np.arange(200) / 2, "valid": rng.integers(0, 5, 200), "y": rng.normal(size=200),
    }  # fmt: skip
    pd.DataFrame(columns).to_csv("t.csv", index=False)
    assert read_table("t.csv", "y").features.names == ["population", "half", "valid"]
    assert read_table("t.csv", "y", reading=Reading(keep=("row number",))).features.names[0] == "row number"


def test_forms_of_dates(frame):
    german = frame[["since", "member", "y"]].assign(since=frame["since"].dt.strftime("%d.%m.%Y"))
    german.to_csv("t.csv", index=False)
    assert "holds text: " in refused(*FIT, "--dates", "days")
    done(*FIT, "--dates", "%d.%m.%Y", "--alpha", "0.01", "--predict", "t.csv", "--save", "m.json")
    path = fit_path(frame[["since", "member"]], frame["y"], dates="days", standardize=True)
    predicted = predictions()
    np.testing.assert_allclose(predicted, path.predict(frame[["since", "member"]], 0.01), rtol=1e-6)
    done("--load", "m.json", "--predict", "t.csv", "--predictions", "again.csv")  # the model knows the form
    assert Path("again.csv").read_text() == Path("predictions.csv").read_text()
    assert "--dates soon: give days" in refused(*FIT, "--dates", "soon")
    zones = ["2024-01-01T00:30:00+02:00", "2023-12-31 22:30", "2023-12-31T22:30:00Z"]
    Path("t.csv").write_text("when,y\n" + "".join(f"{when},{k}\n" for k, when in enumerate(zones)))
    (days,) = read_table("t.csv", "y", reading=Reading(dates="days")).features.X.columns
    assert {*days.to_pylist()} == {pd.Timestamp("2023-12-31 22:30").to_pydatetime()}


def test_types_of_parquet(frame):
    pyarrow = pytest.importorskip("pyarrow", exc_type=ImportError)
    from pyarrow import parquet

    typed = frame.assign(
        area=pd.Categorical(frame["area"]), size=pd.Categorical(frame["size"], ["S", "M", "L"], ordered=True)
    )
    parquet.write_table(pyarrow.Table.from_pandas(typed, preserve_index=False), "t.parquet")
    fit = ("t.parquet", "--target", "y", "--dates", "days", "--missing", "mean", "--alpha", "0.01", "--save", "m.json")
    done(*fit, "--ordered", "step")  # types of categories need no word
    path, saved = by_function(typed, ordered="step"), load_path("m.json")
    assert saved.feature_names == path.feature_names
    np.testing.assert_allclose(saved.coefs.toarray(), path.coefs.toarray(), rtol=1e-5, atol=1e-7)
    done("--load", "m.json", "--predict", "t.csv")  # from the one kind of file to the other
    predicted = predictions()
    np.testing.assert_allclose(predicted, path.predict(typed, 0.01), rtol=1e-6)


def test_types_of_polars(frame):
    pl = pytest.importorskip("polars")
    typed = pl.DataFrame(
        {
            "size": pl.Series(frame["size"].tolist(), dtype=pl.Enum(["S", "M", "L"])),
            "area": pl.Series(frame["area"].fillna("none").tolist(), dtype=pl.Categorical),
            "day": frame["since"].dt.date.tolist(),
            "at": [pd.Timestamp(f"2024-01-01 {k % 24}:30").time() for k in range(60)],
            "y": frame["y"].tolist(),
        }
    )
    typed.write_parquet("t.parquet")
    done("t.parquet", "--target", "y", "--dates", "days", "--ordered", "step", "--alpha", "0.01", "--save", "m.json")
    options = {"dates": "days", "ordered": "step", "standardize": True}
    path, saved = fit_path(typed.drop("y"), typed["y"], **options), load_path("m.json")
    assert saved.encoding == path.encoding
    np.testing.assert_allclose(saved.coefs.toarray(), path.coefs.toarray(), rtol=1e-9, atol=1e-12)


def test_a_model_of_python_predicts(frame):
    some = frame[["member", "y"]].assign(grade=np.arange(60) % 3)
    path = fit_path(some[["grade", "member"]], some["y"], categories=["grade"], alphas=[0.01])
    path.save("m.json")
    some.to_csv("new.csv", index=False)
    done("--load", "m.json", "--predict", "new.csv", "--alpha", "0.01")
    predicted = predictions()
    np.testing.assert_allclose(predicted, path.predict(some[["grade", "member"]], 0.01), rtol=1e-12)


def test_a_table_and_a_posterior(frame):
    some = ("--drop", "since,age,area,size,code", "--l1-ratio", "0")
    out = done("t.csv", "--target", "y", "--drop", "since,age,area,size,code", "--table", "table.csv")
    assert out.rstrip().endswith("Drew path.png.") and "1 of 1 point certified" in out
    X = frame[["member"]].astype(float)
    flat = fit_path(X, frame["y"], alphas=[0.0])
    by_name = {row["name"]: row for row in read_csv("table.csv")}
    wanted = table(flat, X, frame["y"])
    assert [*by_name] == wanted.names
    for column in ("estimate", "se", "statistic", "p_value", "lower", "upper"):
        found = [float(row[column]) for row in by_name.values()]
        np.testing.assert_allclose(found, getattr(wanted, column), rtol=1e-6)
    ask = (*FIT, *some, "--alpha", "0.1", "--posterior", "post.csv", "--draws", "draws.csv", "--n-draws", "20")
    out = done(*ask, "--chains", "2", "--seed", "1")
    assert "Wrote draws.csv: draws, 40 rows." in out and "Wrote post.csv: summary of the posterior, 2 rows." in out
    ridge = fit_path(X, frame["y"], l1_ratio=0.0, standardize=True)
    wanted = posterior(ridge, X, frame["y"], 0.1, draws=20, chains=2, seed=1)
    draws = np.array([list(map(float, row.values())) for row in read_csv("draws.csv")])
    np.testing.assert_allclose(draws[:, 2:], wanted.draws.reshape(40, 2), rtol=1e-6)
    done(*ask)  # replaces its own files
    Path("table.csv").write_text("mine")
    assert "--table table.csv: this file exists and does not hold a table of coefficients" in refused(
        *FIT, *some, "--table", "table.csv"
    )
    assert "--table is of a fit without a lasso part" in refused(*FIT, "--cv", "3", "--table", "t2.csv")
    alone = ("--alpha", "0", "--save", "m.json")
    assert "No picture: a fit without a penalty is no path; with --table" in done(*FIT, *some[:2], *alone)
    assert "is no path; with --table" in refused(*FIT, *some[:2], *alone, "--plot", "p.png")
    assert "--draws needs --posterior FILE" in refused(*FIT, "--draws", "d.csv")


def test_a_formula(frame):
    pytest.importorskip("formulaic")
    right = "area + np.sqrt(age) + C(grade) + member:size"
    frame = frame.assign(grade=np.arange(60) % 3)
    frame.to_csv("t.csv", index=False)
    ask = ("t.csv", "--formula", f"log(y) ~ {right}", "--missing", "mean", "--unseen", "zero", "--alpha", "0.01")
    out = done(*ask, "--predict", "t.csv", "--save", "m.json")
    assert "60 rows, 5 columns in the formula (3 of them categories with 9 levels), target 'log(y)'" in out
    options = {"missing": "mean", "unseen": "zero", "standardize": True}
    path, saved = fit_path(right, np.log(frame["y"]), data=frame, **options), load_path("m.json")
    assert saved.feature_names == path.feature_names
    np.testing.assert_allclose(saved.coefs.toarray(), path.coefs.toarray(), rtol=1e-6, atol=1e-8)
    predicted = predictions()
    np.testing.assert_allclose(predicted, path.predict(frame, 0.01), rtol=1e-6)
    new = frame[["grade", "area", "age", "member", "size"]].head(4).astype(object)
    new.loc[0, "area"], new.loc[1, "age"] = "west", None
    new.to_csv("new.csv", index=False)
    done("--load", "m.json", "--predict", "new.csv", "--predictions", "p.csv")
    predicted = predictions("p.csv")
    wanted = path.predict(new.astype({"grade": int, "age": float, "member": bool}), 0.01)
    np.testing.assert_allclose(predicted, wanted, rtol=1e-6)


def test_formulas_that_are_refused(frame):
    pytest.importorskip("formulaic")
    ask = ("t.csv", "--formula")
    assert refused(*ask, "y ~ agee") == "--formula: there is no column 'agee'; did you mean 'age' or 'area'?"
    assert "name no column to explain; write it left of ~" in refused(*ask, "age")
    assert "both name the column to explain" in refused(*FIT, "--formula", "y ~ age")
    assert "log(member) is -inf in line" in refused(*ask, "log(member) ~ size")
    assert "'age' (" in refused(*ask, "y ~ age + size")
    assert "another purpose here" in refused(*ask, "y ~ age + size", "--weights", "age")
    out = done(*ask, "y ~ .", "--dates", "days", "--missing", "mean")  # all but the identifier
    assert "5 columns in the formula" in out and "column 'code' is left out as an identifier" in out


TEXTS = {  # read by pyarrow where it would be wrong to, and by Python's reader there
    "plain": 'a,b\n1,x\n2,"y, z"\n\n3,"say ""hi"""\n',
    "blanks": "a,b\n 1 , x\n2,\n",
    "a mark inside": 'a,b\n1,x"y\n',
    "lines in cells": 'a,b\n1,"x\ny"\n2,z\n',
    "Windows": "a,b\r\n1,x\r\n2,y\r\n",
    "named separator": "sep=;\na;b\n1;x\n",
    "one column": "a\n1\n\n2\n",
    "no end of line": "a,b\n1,x",
}


@pytest.mark.parametrize("case", TEXTS)
def test_two_readers_give_the_same_cells(case, monkeypatch):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    Path("u.csv").write_bytes(TEXTS[case].encode())
    opened = TableFile("u.csv")
    slowly = [list(column) for column in next(opened.chunks(range(len(opened.header))))]
    monkeypatch.setattr(quick_csv, "SMALL", 0)
    for places in (range(len(slowly)), [len(slowly) - 1]):
        quickly = next(opened.chunks(places))
        assert all([str(cell) for cell in quickly[place]] == slowly[place] for place in places)
        assert not isinstance(quickly, dict) or list(quickly) == [*places]  # read are those that are asked for alone


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n1,"2\n', 'a,b\n"1"2,3\n', "a,b\n1,\0\n"])
def test_what_is_irregular_is_told_by_one_reader(text, monkeypatch):
    def told():
        with pytest.raises(ValueError) as caught:
            list(TableFile("u.csv").chunks(range(2)))
        return str(caught.value)

    Path("u.csv").write_text(text)
    slowly = told()
    monkeypatch.setattr(quick_csv, "SMALL", 0)
    assert told() == slowly


@pytest.mark.parametrize("cells", [["1", "2.5", "-3e2"], ["+1", " 2", "nan"], ["1", "x", ""], ["1_0", "2", "inf"]])
@pytest.mark.parametrize("comma", [False, True])
def test_two_readers_give_the_same_numbers(cells, comma, monkeypatch):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    dialect = Dialect(comma=comma, separator=";")
    Path("u.csv").write_text("a;y\n" + "".join(f"{cell};{k}\n" for k, cell in enumerate(cells)))

    def read():
        try:
            return read_table("u.csv", "y", dialect=dialect).features.X.tolist()
        except ValueError as error:
            return str(error)

    slowly = read()
    monkeypatch.setattr(quick_csv, "SMALL", 0)
    assert read() == slowly


@pytest.mark.process
def test_numbers_need_no_library_of_frames(tmp_path, frame):
    from shell import fastreg

    frame[["member", "y"]].to_csv("n.csv", index=False)
    code = call("n.csv", "--target", "y")[0]
    assert code == 0
    ended = fastreg("n.csv", "--target", "y", folder=tmp_path, block="pyarrow")
    assert ended.returncode == 0, ended.stderr
    ended = fastreg(*FIT, *FULL, folder=tmp_path, block="pyarrow")
    assert ended.returncode == 2 and "need pyarrow: pip install 'fastreg-engine[table]'" in ended.stderr


@pytest.mark.slow
def test_the_page_on_the_shell():
    """Its tables go through the command line without preparation, in the words of the page; test_stored.py and
    test_spooling.py have files of genotypes and columns."""
    text = (Path(__file__).parents[2] / "docs" / "shell.md").read_text()
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S):
        exec(block, {})
    first, *commands = re.findall(r"^fastreg (?!: )(.*)$", text, flags=re.M)
    told = " ".join(re.search(r"^```text\nfastreg: (.*?)^```", text, flags=re.M | re.S)[1].split())
    about_tables = [command for command in commands if not re.search("genes|new.bed|counts.h5", command)]
    assert refused(*first.split()) == told and len(about_tables) == 5
    for command in about_tables:
        done(*shlex.split(command))
    names = [row["name"] for row in read_csv("table.csv")]
    assert {"area[C]", "fuel[petrol]", "age"} <= {*names} and "policy" not in names
