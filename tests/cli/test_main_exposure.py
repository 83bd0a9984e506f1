"""Offsets and exposures on the command line, and what docs/exposure.md says of them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from grids import few
from shell import call, done, predictions, read_csv, refused

from fastreg import cv_path, fit_path, load_path

FIT = ("t.csv", "--target", "claims", "--family", "poisson")
FULL = (*FIT, "--exposure", "years", "--alpha", "0.01")


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Claims that are proportional to years, which grow with the first feature. In t.csv; the columns by name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 400))
    years = np.round(np.exp(0.8 * x), 4)
    claims = rng.poisson(years * np.exp(0.3 * x))
    columns = {"x": x, "z": z, "years": years, "shift": np.log(years), "claims": claims.astype(float)}
    write("t.csv", columns)
    return columns


def write(name, columns):
    rows = [",".join(map(repr, row)) for row in np.column_stack(list(columns.values())).tolist()]
    Path(name).write_text("\n".join([",".join(columns), *rows]) + "\n")


def fitted(data, **options):
    X = np.column_stack([data["x"], data["z"]])
    return X, fit_path(X, data["claims"], family="poisson", standardize=True, offset=np.log(data["years"]), **options)


def test_an_exposure_is_the_offset_of_its_logarithm(data):
    out = done(*FIT, "--exposure", "years", "--drop", "shift")
    assert "2 features, target 'claims', exposure 'years'" in out
    _, path = fitted(data)
    for column, how in (("years", "--exposure"), ("shift", "--offset")):
        done(*FIT, how, column, "--drop", "shift" if column == "years" else "years")
        rows = read_csv("coefficients.csv")
        np.testing.assert_allclose([float(row["alpha"]) for row in rows], path.alphas, rtol=1e-12)
        for j, name in enumerate("xz"):
            np.testing.assert_allclose(
                [float(row[name]) for row in rows], path.coefs.toarray()[j], rtol=1e-9, atol=1e-12
            )
        np.testing.assert_allclose([float(row["intercept"]) for row in rows], path.intercepts, rtol=1e-9)


@few(1)
@pytest.mark.parametrize("how", ["--exposure years", "--offset shift"])
def test_a_model_remembers_its_column(data, how):
    option, column = how.split()
    other = "shift" if column == "years" else "years"
    fit = (*FIT, option, column, "--drop", other, "--alpha", "0.02")
    done(*fit, "--save", "m.json", "--predict", "t.csv")
    X, path = fitted(data)
    wanted = path.predict(X, 0.02, np.log(data["years"]))
    np.testing.assert_allclose(predictions("predictions.csv"), wanted, rtol=1e-9)
    assert load_path("m.json").has_offset
    done("--load", "m.json", "--predict", "t.csv", "--predictions", "q.csv")
    assert Path("q.csv").read_text() == Path("predictions.csv").read_text()

    without = {name: data[name] for name in data if name != column}
    write("new.csv", without)
    for command in ((*fit, "--save", "x.json", "--output", "x.csv"), ("--load", "m.json")):
        told = refused(*command, "--predict", "new.csv", "--predictions", "r.csv")
        assert told.startswith(f"new.csv lacks column {column!r}: the model was fitted with {how}, so its predictions ")
        assert ("a column of ones predicts for an exposure of 1" in told) == (option == "--exposure")
    assert not Path("r.csv").exists() and not Path("x.csv").exists()
    write("new.csv", without | {column: data[column]})  # the advice
    done("--load", "m.json", "--predict", "new.csv", "--predictions", "r.csv")
    assert Path("r.csv").read_text() == Path("q.csv").read_text()
    opposite = "--offset" if option == "--exposure" else "--exposure"
    told = refused("--load", "m.json", "--predict", "new.csv", "--predictions", "s.csv", opposite, column)
    assert told == (
        f"{opposite} {column}: the model of m.json was fitted with {how}; leave {opposite} out, or name the column of "
        "another"
    )
    write("new.csv", without | {"other": data[column]})
    done("--load", "m.json", "--predict", "new.csv", "--predictions", "r.csv", option, "other")
    assert Path("r.csv").read_text() == Path("q.csv").read_text()


def test_cross_validation_with_an_exposure(data):
    done(*FIT, "--exposure", "years", "--drop", "shift", "--cv", "4", "--save", "m.json", "--predict", "t.csv")
    X, _ = fitted(data)
    offset = np.log(data["years"])
    found = cv_path(X, data["claims"], family="poisson", standardize=True, offset=offset, cv=4)
    assert json.loads(Path("m.json").read_text())["alpha"] == pytest.approx(found.alpha_1se, rel=1e-12)
    np.testing.assert_allclose(predictions("predictions.csv"), found.predict(X, "1se", offset), rtol=1e-9)
    assert sum(predictions("predictions.csv")) == pytest.approx(data["claims"].sum(), rel=1e-6)


def test_a_gaussian_with_an_offset(data):
    done("t.csv", "--target", "claims", "--offset", "shift", "--drop", "years", "--alpha", "0.1", "--predict", "t.csv")
    X = np.column_stack([data["x"], data["z"]])
    path = fit_path(X, data["claims"], offset=data["shift"], standardize=True)
    np.testing.assert_allclose(predictions("predictions.csv"), path.predict(X, 0.1, data["shift"]), rtol=1e-9)


def test_a_model_of_another_hand(data):
    """Saved by Path.save, which knows of no column."""
    X, path = fitted(data)
    path.feature_names = ["x", "z"]
    path.save("m.json")
    load = ("--load", "m.json", "--predict", "t.csv", "--alpha", "0.02")
    assert "name the column of t.csv that holds it by --offset COLUMN, or by --exposure COLUMN" in refused(*load)
    done(*load, "--exposure", "years")
    np.testing.assert_allclose(predictions("predictions.csv"), path.predict(X, 0.02, data["shift"]), rtol=1e-9)
    assert "--exposure x: this column is a feature of the model" in refused(*load, "--exposure", "x")
    fit_path(X, data["claims"], family="poisson").save("plain.json")
    told = refused("--load", "plain.json", "--predict", "t.csv", "--alpha", "0.02", "--offset", "shift")
    assert told == "--offset shift: the model of plain.json was fitted without an offset"


ROWS = "e,x,y\n1,2,1\n{},3,0\n4,2,3\n3,1,2\n"
WRONG = {  # exposure in line 3, options, what is said
    "zero": ("0", ("--exposure", "e"), "column 'e' holds 0 in line 3, and --exposure must be positive, since"),
    "negative": ("-2", ("--exposure", "e"), "column 'e' holds -2 in line 3, and --exposure must be positive"),
    "missing": ("", ("--exposure", "e"), "column 'e' has no value in line 3; fill it in or remove the row"),
    "text": ("x", ("--exposure", "e"), "column 'e' holds text: 'x' in line 3; --exposure must be numeric"),
    "offset as text": ("x", ("--offset", "e"), "column 'e' holds text: 'x' in line 3; --offset must be numeric"),
    "infinite": ("inf", ("--exposure", "e"), "column 'e' holds inf in line 3; fill it in or remove the row"),
    "unknown": ("1", ("--exposure", "E"), "--exposure: there is no column 'E'; did you mean 'e'?"),
    "target": ("1", ("--exposure", "y"), "--target and --exposure both name column 'y'"),
    "weights": ("1", ("--exposure", "e", "--weights", "e"), "--weights and --exposure both name column 'e'"),
    "dropped": ("1", ("--offset", "e", "--drop", "e"), "--drop names column 'e', which is also --offset"),
    "both": ("1", ("--exposure", "e", "--offset", "x"), "--offset and --exposure both give the offset"),
    "identity link": ("1", ("--exposure", "e", "--family", "gaussian"), "--exposure is for --family poisson or gamma"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_exposures(case):
    value, options, message = WRONG[case]
    Path("bad.csv").write_text(ROWS.format(value))
    assert message in refused("bad.csv", "--target", "y", "--family", "poisson", *options)


def test_a_bad_row_of_the_table_to_predict():
    done(*FULL, "--drop", "shift", "--save", "m.json")
    Path("new.csv").write_text("x,z,years\n1,2,1\n1,2,0\n")
    told = refused("--load", "m.json", "--predict", "new.csv")
    assert (
        told
        == "new.csv: column 'years' holds 0 in line 3, and --exposure must be positive, since its logarithm is taken"
    )


def test_options_without_effect():
    assert "--exposure needs a table of your own" in refused("--exposure", "years")
    done(*FULL, "--drop", "shift", "--save", "m.json")
    assert refused("--load", "m.json", "--exposure", "years") == "--exposure needs --predict NEW, the rows to predict"


def test_equal_counts_of_different_exposures_are_something_to_explain():
    Path("c.csv").write_text("x,e,y\n1,1,1\n2,2,1\n3,5,1\n4,9,1\n")
    assert "column 'y' is constant" in refused("c.csv", "--target", "y", "--family", "poisson", "--drop", "e")
    done("c.csv", "--target", "y", "--family", "poisson", "--exposure", "e")


@pytest.mark.slow
def test_the_page_on_exposure(tmp_path):
    """Its commands run on its table, and give its numbers."""
    text = (Path(__file__).parents[2] / "docs" / "exposure.md").read_text()
    names = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S):
        exec(block, names)
    commands = re.findall(r"^fastreg (.*)$", text, flags=re.M)
    assert len(commands) == 2
    for command in commands:
        done(*command.split())
    assert np.isclose(sum(predictions("predictions.csv")), names["claims"].sum(), rtol=1e-4)
    assert load_path("model.json").has_offset and len(names["claims"]) == 20_000


def test_the_help_teaches_no_counts_weighted_by_exposure():
    _, text, _ = call("--help")
    assert "--exposure years" in text and "--weights exposure --l1-ratio" not in text
