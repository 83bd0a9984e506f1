"""What the command line refuses: in the words of the user's files, and before anything is written."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from grids import few
from shell import GOOD, call, done, read_csv, refused

from fastreg import ConvergenceWarning, fit_path
from fastreg.cli import outputs
from fastreg.cli.table_files import Dialect
from fastreg.cli.tables import near_names, read_table, split_names

FIT = ("good.csv", "--target", "y", "--drop", "label")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(GOOD)
    return tmp_path


def told_before_a_fit(*arguments):
    """The one line of a command that has fitted nothing and written nothing."""
    before = set(os.listdir())
    code, out, errors = call(*arguments)
    assert code == 2 and errors.count("\n") == 1 and "Took " not in out and set(os.listdir()) == before, errors
    return errors.removeprefix("fastreg: ").rstrip("\n")


# --- penalties


@few(1)
@pytest.mark.parametrize(
    "more",
    [(), ("--l1-ratio", "0.5"), ("--l1-ratio", "0"), ("--weights", "w"), ("--n-alphas", "7"), ("--no-standardize",)],
)
def test_an_alpha_below_the_path_is_refused_before_the_fit_and_the_advice_works(more):
    ask = (*FIT, *more, "--predict", "good.csv", "--save", "m.json", "--alpha")
    told = told_before_a_fit(*ask, "1e-12")
    found = re.fullmatch(r"--alpha 1e-12 lies below the end of the path: give (\S+) or more; (--\S+ \S+) lets.*", told)
    done(*ask, found[1])
    assert json.loads(Path("m.json").read_text())["alpha"] == float(found[1])
    end = json.loads(Path("m.json").read_text())["alphas"][-1]
    assert end <= float(found[1]) <= 1.002 * end
    for number in (repr(end), str(end * 10)):
        done(*ask, number)
    told_before_a_fit(*ask, repr(end * 0.999))
    start, advice = told.split("; ")[0], "a path fitted with a smaller --alpha-min-ratio goes further down"
    for predict in ((), ("--predict", "no such table")):
        assert refused("--load", "m.json", "--alpha", "1e-12", *predict) == f"{start}; {advice}"
    done(*ask, "1e-12", *found[2].split())
    assert json.loads(Path("m.json").read_text())["alphas"][-1] <= 1e-12
    done(*ask, "0")
    assert json.loads(Path("m.json").read_text())["alphas"] == [0.0]


def test_an_alpha_below_the_end_of_separable_classes_is_refused_before_anything_is_written():
    Path("apart.csv").write_text("x,y\n" + "".join(f"{k},{int(k > 9)}\n" for k in range(20)))
    ask = ("apart.csv", "--target", "y", "--family", "binomial", "--save", "m.json", "--alpha")
    with pytest.warns(ConvergenceWarning):
        full = fit_path(np.arange(20.0)[:, None], np.arange(20) > 9, family="binomial", standardize=True)
    below = (full.alphas[-1] + full.alpha_max * 1e-4) / 2  # of the automatic grid, but where the path has stopped
    assert full.reasons[-1] == "separable" and below < full.alphas[-1]
    before = set(os.listdir())
    code, out, errors = call(*ask, repr(float(below)))
    last = errors.splitlines()[-1]
    assert code == 2 and "certified" in out and set(os.listdir()) == before
    found = re.search(r"lies below the end of the path: give (\S+) or more; the classes are separable, so that", last)
    done(*ask, found[1])


def test_nothing_is_written_if_something_else_cannot_be(monkeypatch):
    """What is found out after a fit: a place that has been taken meanwhile, a picture that cannot be drawn."""
    from fastreg.cli import commands

    draw = commands.picture

    def spoil(*arguments):
        raise ValueError("no such colour")

    def fit_and_take(*arguments, **options):
        Path("m.json").write_text("mine")
        return fit(*arguments, **options)

    fit = commands._fit
    ask = (*FIT, "--alpha", "0.1", "--predict", "good.csv", "--save", "m.json", "--plot", "p.png")
    monkeypatch.setattr(commands, "picture", spoil)
    assert "no such colour" in refused(*ask)
    assert os.listdir() == ["good.csv"]
    monkeypatch.setattr(commands, "picture", draw)
    monkeypatch.setattr(commands, "_fit", fit_and_take)
    assert "--save m.json: this file exists" in refused(*ask)
    assert set(os.listdir()) == {"good.csv", "m.json"} and Path("m.json").read_text() == "mine"


NUMBERS = {
    "--l1-ratio must be in [0, 1], got 1.5": ("--l1-ratio", "1.5"),
    "--l1-ratio must be in [0, 1], got nan": ("--l1-ratio", "nan"),
    "--n-alphas must be an integer of at least 1, got 0": ("--n-alphas", "0"),
    "--tol must be in (0, inf), got 0": ("--tol", "0"),
    "--alpha-min-ratio must be in (0, 1), got 1": ("--alpha-min-ratio", "1"),
    "--cv must be an integer of at least 2, got 1": ("--cv", "1"),
    "--separator ab: name one letter, such as '|', or comma, semicolon, tab or space": ("--separator", "ab"),
}


@pytest.mark.parametrize("message", NUMBERS)
def test_numbers_out_of_range_are_told_before_the_table_is_read(message):
    told = told_before_a_fit("no such table.csv", "--target", "y", *NUMBERS[message])
    assert told.startswith(message)
    if NUMBERS[message][0] in ("--n-alphas", "--tol"):
        assert told_before_a_fit(*NUMBERS[message]).startswith(message)


def test_a_stored_alpha_that_its_path_does_not_reach():
    done(*FIT, "--alpha", "0.1", "--save", "m.json")
    document = json.loads(Path("m.json").read_text())
    Path("m.json").write_text(json.dumps(document | {"alpha": 1e-12}))
    assert "'alpha' lies below the end of its path" in refused("--load", "m.json", "--predict", "good.csv")


# --- values of the target, weights, offset, exposure

VALUES = {  # family, target in line 4, other options, what is said
    "counts": (
        "poisson",
        "-1",
        (),
        "column 'y' holds -1 in line 4, and --family poisson needs numbers that are not neg",
    ),
    "sizes": ("gamma", "0", (), "column 'y' holds 0 in line 2, and --family gamma needs positive numbers"),
    "large": (
        "gaussian",
        "1e200",
        (),
        "column 'y' holds 1e+200 in line 4, and its square is beyond the range of numbers",
    ),
    "infinite": ("gaussian", "inf", (), "column 'y' holds inf in line 4"),
    "weights": (
        "gaussian",
        "1",
        ("--weights", "neg"),
        "column 'neg' holds -2 in line 3, and --weights must not be neg",
    ),
    "no weight": ("gaussian", "1", ("--weights", "zero"), "column 'zero' is 0 in every row; --weights needs a row"),
    "offset": ("gaussian", "1", ("--offset", "huge"), "column 'huge' holds 1e+160 in line 2, and its square is beyond"),
    "exposure": ("poisson", "1", ("--exposure", "neg"), "column 'neg' holds -2 in line 3, and --exposure must be pos"),
    "third label": (
        "binomial",
        "2",
        (),
        "holds 3 different values (0, 1, 2), the third of them first in line 4; --family",
    ),
    "third word": (
        "binomial",
        "maybe",
        (),
        "(0, 1, maybe), the third of them first in line 4; --family binomial needs",
    ),
    "no proportion": (
        "binomial",
        "1.5",
        (),
        "column 'y' holds 1.5 in line 4, and --family binomial needs two labels, or",
    ),
    "of the rows that count": (
        "binomial",
        "1",
        ("--weights", "last"),
        "is constant (1 in every row of positive weight)",
    ),
    "no counts": ("poisson", "1", ("--weights", "first"), "column 'y' is constant (0 in every row of positive weight)"),
}


@pytest.mark.parametrize("case", VALUES)
@pytest.mark.parametrize("more", [(), ("--cv", "2")])
def test_values_are_told_by_column_and_line(case, more):
    family, value, options, message = VALUES[case]
    columns = "x,neg,zero,huge,last,first"
    rows = ["1,1,0,1e160,0,1,0", "2,-2,0,1,1,0,1", f"4,1,0,1,1,0,{value}", "3,1,0,1,0,1,0"]
    Path("t.csv").write_text("\n".join([f"{columns},y", *rows]))
    used = {options[1]} if options else set()
    drop = ",".join(name for name in columns.split(",")[1:] if name not in used)
    told = told_before_a_fit("t.csv", "--target", "y", "--family", family, "--drop", drop, *options, *more)
    assert message in told and not re.search(r"\by\[|sample_weight|offset\[", told), told


# --- files that are something else


def test_a_model_in_the_place_of_a_table_and_the_other_way_round():
    done(*FIT, "--alpha", "0.1", "--save", "m.json")
    for command in (("m.json", "--target", "y"), (*FIT, "--alpha", "0.1", "--predict", "m.json"),
                    ("--load", "m.json", "--predict", "m.json")):  # fmt: skip
        told = told_before_a_fit(*command)
        assert told == "m.json is a model that fastreg saved, not a table: --load m.json reads it"
    assert told_before_a_fit("m.json") == told
    for name in ("good.csv", "coefficients.csv"):
        told = told_before_a_fit("--load", name)
        assert told.startswith(f"{name} is not a JSON file: ") and "--save from a shell" in told
    assert told_before_a_fit("--load", ".") == ".: is a directory"
    Path("other.json").write_text("{}")
    assert "--save from a shell" in told_before_a_fit("--load", "other.json")


OTHERS = {"is a picture": b"\x89PNG\r\n\x1a\n", "is a PDF": b"%PDF-1.7", "is a web page": b"<!doctype html>\n<p>a,b\n"}


@pytest.mark.parametrize("message", OTHERS)
def test_files_of_other_kinds(message):
    Path("t").write_bytes(OTHERS[message])
    assert told_before_a_fit("t", "--target", "y").startswith(f"t {message}")


def test_a_ragged_line_says_how_many_and_what_to_do():
    def told(text, *options):
        Path("t.csv").write_text(text)
        return told_before_a_fit("t.csv", "--target", "y", *options)

    many = told('a,b,y\n1,2,3\n"x,y",2,3\n1,2,3,4,5\n')
    assert many.startswith(
        "t.csv, line 4: 5 values, but there are 3 column names; a cell that holds a comma must stand"
    )
    assert "in double quotes" in many and "--separator names another mark" in many
    few = told("a;b;y\n1;2;3\n1;2\n")
    assert few.startswith(
        "t.csv, line 3: 2 values, but there are 3 column names; write a semicolon for each empty cell"
    )
    assert '"1,5" with --decimal comma' in told("a,y\n1,5,2,5\n", "--decimal", "comma")
    Path("t.csv").write_text('a,y\n"1,5","2,5"\n"3,0","1,0"\n')  # the advice
    done("t.csv", "--target", "y", "--decimal", "comma")
    assert "or by what --separator names" in told("a|c|y\n1|2|3\n4|5.5|6\n")
    done("t.csv", "--target", "y", "--separator", "|")


@few(2)
@pytest.mark.parametrize(
    "named, mark", [("|", "|"), ("space", " "), ("tab", "\t"), (";", ";"), ("comma", ","), ("\\t", "\t")]
)
def test_separators_by_name(named, mark):
    Path("t.csv").write_text(f"a{mark}b{mark}y\n1{mark}2{mark}3\n4{mark}0{mark}6\n2{mark}1{mark}1\n")
    assert "3 rows, 2 features" in done(
        "t.csv", "--target", "y", "--separator", named, "--alpha", "0.1", "--save", "m.json"
    )
    done("--load", "m.json", "--predict", "t.csv", "--separator", named)
    assert len(read_csv("predictions.csv")) == 3
    assert refused("--load", "m.json", "--separator", named) == "--separator needs --predict NEW, the rows to predict"


NUMBERS_WITH_SIGNS = ["5%", "$5", "5 \u20ac", "\u22125", "\u00a3-5", "-5%"]


@pytest.mark.parametrize("cell", NUMBERS_WITH_SIGNS)
def test_signs_beside_numbers(cell):
    Path("t.csv").write_text(f"a,y\n{cell},1\n3,2\n", encoding="utf-8")
    told = told_before_a_fit("t.csv", "--target", "y")
    assert f"'{cell}' in line 2 (write the number alone, without a sign of currency or percent" in told


def test_a_line_that_ends_in_a_separator():
    Path("t.csv").write_text("a,y\n1,2,\n2,4,\n3,3,\n")
    told = told_before_a_fit("t.csv", "--target", "y")
    assert "3 values, but there are 2 column names; the line ends in a comma: take it away, or name a column" in told
    Path("t.csv").write_text("a,y,rest\n1,2,\n2,4,\n3,3,\n")  # the advice
    done("t.csv", "--target", "y", "--drop", "rest")


def test_places_that_can_hold_no_file():
    Path("loop").symlink_to("loop")
    for place, reason in {
        "x" * 300: "file name too long",
        "loop": "too many levels of symbolic links",
        "new/": "this is a folder; name a file",
        "good.csv/x": "there is no folder good.csv",
    }.items():
        assert told_before_a_fit(*FIT, "--output", place) == f"--output {place}: {reason}"
    for option, command in {
        "FILE": ("", "--target", "y"),
        "--load": ("--load", ""),
        "--predict": (*FIT, "--alpha", "1", "--predict", ""),
    }.items():
        assert told_before_a_fit(*command) == f"{option} names no file"


def test_more_folds_than_rows_or_groups():
    Path("t.csv").write_text("a,y,g\n1,2,u\n2,4,v\n3,3,u\n5,1,v\n")
    fit = ("t.csv", "--target", "y", "--cv")
    assert told_before_a_fit(*fit, "5", "--drop", "g") == "--cv 5 needs at least 5 rows, but t.csv has 4"
    told = told_before_a_fit(*fit, "3", "--groups", "g")
    assert told == "--cv 3 needs at least 3 different labels in column 'g', but t.csv has 2"


@pytest.mark.parametrize(
    "wrong, right", [("--familly", "--family"), ("--lambda", "--alpha"), ("--nfolds", "--cv"), ("--taget", "--target")]
)
def test_options_that_are_nearly_right(wrong, right):
    told = told_before_a_fit(*FIT, wrong, "x")
    assert f"unrecognized arguments: {wrong} x; did you mean {right}" in told


# --- names


def test_names_that_are_nearly_right():
    Path("t.csv").write_text("Lot Size,b,y,kind\n1,2,3,no\n2,3,5,yes\n4,4,1,no\n")
    for wrong, right in {"Y": "y", " y": "y", "y ": "y", "lot_size": "Lot Size", "lot  size": "Lot Size",
                         "LOT SIZE": "Lot Size", "lotsize": "Lot Size", "Lot Sise": "Lot Size"}.items():  # fmt: skip
        for option in ("--target", "--weights", "--offset", "--drop"):
            target = () if option == "--target" else ("--target", "kind")
            if option == "--drop" and wrong.strip() == right:
                continue  # blanks beside the commas of a list
            told = told_before_a_fit("t.csv", *target, option, wrong)
            assert f"{option}: there is no column {wrong!r}; did you mean {right!r}?" in told
    labels = ("t.csv", "--target", "kind", "--family", "binomial", "--positive", "Yes")
    assert told_before_a_fit(*labels).endswith("the labels of column 'kind' are 'no' and 'yes'; did you mean 'yes'?")
    done("t.csv", "--target", "y", "--drop", "kind", "--alpha", "1", "--save", "m.json")
    Path("new.csv").write_text("lot size,B\n1,2\n")
    told = told_before_a_fit("--load", "m.json", "--predict", "new.csv")
    assert "lacks 2 of the model's 2 features: Lot Size, b. " in told
    assert "new.csv has 'lot size' for 'Lot Size', 'B' for 'b': names must be the same" in told
    Path("new.csv").write_text("zzz,qqq\n1,2\n")
    assert told_before_a_fit("--load", "m.json", "--predict", "new.csv").endswith("features: Lot Size, b")


def test_a_name_that_is_exactly_alike_comes_before_one_that_is_near():
    assert near_names("price", ["prices", "PRICE", "prize"]) == ["PRICE"]
    assert near_names("%", ["#", "$"]) == []


def test_names_of_parquet_that_end_in_blanks(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", exc_type=ImportError)
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"a": [1.0, 2.0], " t ": ["u", "v"], "y": [1.0, 3.0]}), "t.parquet")
    told = refused("t.parquet", "--target", "y")
    advice = re.search(r"--drop '(.*)'$", told)[1]
    assert read_table("t.parquet", "y", drop=split_names(advice)).features.names == ["a"]
    assert "did you mean ' t '?" in refused("t.parquet", "--target", "t")


# --- outputs that are one file


def test_names_that_a_folder_takes_for_one(folder, monkeypatch):
    """On Linux they are two files; on a folder that knows no case one, which is simulated."""
    pairs = [("out.csv", "OUT.csv"), ("gr\u00f6\u00dfe", "gro\u0308\u00dfe"), ("sub/x", "./sub/X")]
    Path("sub").mkdir()
    ask = (*FIT, "--n-alphas", "3", "--alpha", "0.5")
    exists = os.path.exists
    for first, second in pairs:
        with monkeypatch.context() as patched:
            patched.setattr(os.path, "exists", lambda file: exists(file) or blind(file))
            told = refused(*ask, "--output", first, "--save", second)
            assert told == f"--output and --save both name {second}, which is {first} here"
        assert sorted(os.listdir()) == ["good.csv", "sub"] and os.listdir("sub") == []
    if outputs._one_name(str(folder), "a", "A"):
        return
    done(*ask, "--output", "out.csv", "--save", "OUT.csv")
    assert Path("out.csv").read_text().startswith("alpha,") and Path("OUT.csv").read_text().startswith("{")
    assert sorted(os.listdir()) == ["OUT.csv", "good.csv", "out.csv", "path.png", "sub"]


def blind(file):
    """Whether a folder that knows neither case nor the composition of letters would find a file."""
    parent, name = os.path.split(file)
    return any(outputs._spelled_alike(other) == outputs._spelled_alike(name) for other in os.listdir(parent or "."))


def test_the_default_names_are_compared_alike(monkeypatch):
    monkeypatch.setattr(outputs, "_one_name", lambda *arguments: True)
    out = done(*FIT, "--n-alphas", "3", "--output", "PATH.PNG")
    assert out.endswith("No picture: --output and --plot both name path.png, which is PATH.PNG here\n")
    assert Path("PATH.PNG").read_text().startswith("alpha,")


def test_a_separator_that_the_file_names_itself_is_no_row():
    Path("t.csv").write_text("sep=|\na|y\n1|2\n")
    for dialect in (Dialect(), Dialect(separator="|")):
        assert read_table("t.csv", "y", dialect=dialect).features.names == ["a"]
