"""The command line as a user meets it: in a process of its own, in a folder of its own."""

import functools
import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from grids import spread
from isolated import LIMIT, ROOT
from shell import GOOD, fastreg, predictions, read_csv

import fastreg as package
from fastreg import fit_path, load_path, warmup
from fastreg.datasets import load_nci60

prepared = functools.cache(warmup)


@pytest.fixture(autouse=True)
def kernels(request):
    """Compile beforehand, so that no test finds the notice of a cold start on stderr; those that run by default do not
    look there."""
    if request.node.get_closest_marker("process"):
        prepared()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    return tmp_path


@pytest.mark.process
def test_the_main_job(tmp_path):
    done = fastreg(folder=tmp_path)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "6,830 genes in 64 cancer cell lines" in out and "melanoma (8 of 64" in out
    assert out.count("alpha   features   deviance explained       gap") == 2
    assert out.count("100 of 100 points certified") == 2 and out.count("passes over X") == 2
    assert out.rstrip().endswith("Drew path.png.")
    assert (tmp_path / "path.png").read_bytes().startswith(b"\x89PNG") and len(list(tmp_path.iterdir())) == 1
    X, tissue, names = load_nci60()
    path = fit_path(X, (tissue == "MELANOMA").astype(float), family="binomial")
    first = ", ".join(names[j] for j in path.entry_order()[:8])
    assert f"Entering first: {first}, ..." in out


@pytest.mark.process
def test_the_main_job_without_matplotlib(tmp_path):
    done = fastreg(folder=tmp_path, block="matplotlib")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("No picture: pictures need matplotlib: pip install 'fastreg-engine[plot]'")
    assert not list(tmp_path.iterdir())


@pytest.mark.process
def test_the_main_job_where_the_picture_cannot_be_written(tmp_path):
    (tmp_path / "path.png").mkdir()  # stands for a folder without write permission, which root would not notice
    done = fastreg(folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().splitlines()[-1] == "No picture: --plot path.png: this is a folder; name a file"


@pytest.mark.process
def test_a_table_of_ones_own(folder):
    options = ("--drop", "label", "--weights", "w", "--l1-ratio", "0.5")
    done = fastreg("good.csv", "--target", "y", *options, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "good.csv: 6 rows, 3 features, target 'y'" in done.stdout and "Drew path.png" in done.stdout
    rows = read_csv(folder / "coefficients.csv")
    table = np.array([line.split(",")[:4] for line in GOOD.splitlines()[1:]], dtype=float)
    weight = [1, 1, 2, 0.5, 1, 1]
    path = fit_path(table[:, :3], table[:, 3], l1_ratio=0.5, standardize=True, sample_weight=weight)
    assert list(rows[0])[:6] == ["alpha", "features", "deviance_explained", "gap", "reason", "intercept"]
    assert sorted(list(rows[0])[6:]) == ["a", "b", "c"] and len(rows) == 100
    np.testing.assert_array_equal([float(row["alpha"]) for row in rows], path.alphas)
    fitted = np.array([[float(row[name]) for name in "abc"] for row in rows]).T
    np.testing.assert_allclose(fitted, path.coefs.toarray(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([float(row["intercept"]) for row in rows], path.intercepts, rtol=1e-9)
    assert {row["reason"] for row in rows} == {"converged"}


@pytest.mark.process
def test_labels_become_classes(folder):
    options = ["good.csv", "--target", "label", "--family", "binomial", "--n-alphas", "3"]
    options += ["--plot", "p.svg", "--output", "o.csv"]
    done = fastreg(*options, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "class 1 is 'yes' (3 rows), class 0 is 'no' (3 rows)" in done.stdout
    other = fastreg(*options, "--positive", "no", folder=folder)
    assert "class 1 is 'no' (3 rows)" in other.stdout
    assert (folder / "p.svg").exists() and len(read_csv(folder / "o.csv")) <= 3


@pytest.mark.process
def test_separable_classes_are_told_in_one_line(folder):
    (folder / "apart.csv").write_text("x,y\n1,0\n2,0\n3,1\n4,1\n")
    done = fastreg("apart.csv", "--target", "y", "--family", "binomial", folder=folder)
    assert done.returncode == 0
    assert done.stderr.startswith("Note: the path stops at alpha=") and done.stderr.count("\n") == 1


Y = ("--target", "y")
LABELS = (*Y, "--family", "binomial")
WRONG = {  # content of bad.csv, arguments, what the message says ("|" separates alternatives)
    "no target": (GOOD, (), "--target is missing"),
    "unknown target": (GOOD, ("--target", "lable"), "no column 'lable'; did you mean 'label'?"),
    "unknown, nothing near": (GOOD, ("--target", "zzzzzz"), "the columns are a, b, c, y, label, w"),
    "unknown drop": (GOOD, (*Y, "--drop", "labell"), "--drop: there is no column 'labell'"),
    "negative weights": (
        "a,y,w\n1,2,1\n2,3,-0.5\n",
        (*Y, "--weights", "w"),
        "column 'w' holds -0.5 in line 3, and --weights must not be negative",
    ),
    "unknown weights": (GOOD, (*Y, "--weights", "W"), "--weights: there is no column 'W'; did you mean 'w'?"),
    "target dropped": (GOOD, (*Y, "--drop", "y,label"), "--drop names column 'y', which is also --target"),
    "text column": (
        GOOD,
        Y,
        "'label' holds text: 'no' in line 2; take columns of text as categories with --categorical text, or",
    ),
    "text target": (GOOD, ("--target", "label"), "'no' in line 2; the target must be numeric"),
    "two text columns": (
        "a,s t,u,y\n1,p,q,2\n2,r,s,3\n",
        Y,
        "and so does 'u'; take columns of text as categories with --categorical text, or leave them out with",
    ),
    "empty": ("", Y, "bad.csv is empty"),
    "blank": ("\n\n \n", Y, "bad.csv is empty"),
    "names only": ("a,y\n", Y, "has column names but no rows"),
    "no names": ("1,2\n3,4\n", Y, "the first line must hold the columns' names"),
    "ragged": ("a,y\n1,2\n3\n", Y, "line 3: 1 value, but there are 2 column names; write a comma for each empty cell"),
    "missing": ("a,y\n1,2\n,3\n", Y, "column 'a' has no value in line 3"),
    "NA": ("a,y\n1,2\n2,3\nNA,3\n", Y, "column 'a' has no value in line 4"),
    "missing target": ("a,y\n1,2\n2,nan\n", Y, "column 'y' has no value in line 3"),
    "infinite": ("a,y\n1,2\ninf,3\n", Y, "column 'a' holds inf in line 3"),
    "constant target": ("a,y\n1,2\n2,2\n", Y, "column 'y' is constant (2 in every row)"),
    "one class": ("a,y\n1,n\n2,n\n", LABELS, "holds one class only ('n')"),
    "three labels": ("a,y\n1,n\n2,m\n3,o\n", LABELS, "holds 3 different values (m, n, o)"),
    "wrong positive": (
        "a,y\n1,n\n2,m\n",
        (*LABELS, "--positive", "x"),
        "labels of column 'y' are 'm' and 'n'",
    ),
    "negative counts": (
        "a,y\n1,2\n2,-1\n",
        (*Y, "--family", "poisson"),
        "column 'y' holds -1 in line 3, and --family poisson needs numbers that are not negative",
    ),
    "same name twice": ("a,a,y\n1,2,3\n", Y, "columns 1 and 2 are both called 'a'"),
    "no features": ("y\n1\n2\n", Y, "no column is left to fit on besides the target"),
    "decimal comma": ("a;y\n1,5;2\n2;3\n", Y, "'1,5' in line 2 (is it a decimal comma? then add --decimal comma)"),
    "l1_ratio": ("a,y\n1,2\n2,3\n", (*Y, "--l1-ratio", "2"), "--l1-ratio must be in [0, 1], got 2"),
    "not a number": (GOOD, (*Y, "--n-alphas", "two"), "invalid int value: 'two'"),
    "family": (GOOD, (*Y, "--family", "poissn"), "invalid choice: 'poissn'"),
    "overwriting": (GOOD, (*Y, "--output", "bad.csv"), "--output bad.csv: this is the table to fit, which is read"),
    "both outputs": (GOOD, (*Y, "--output", "p.png", "--plot", "p.png"), "both name p.png"),
    "binary": (b"\x89\xff\x00\x01", Y, "is not a text file in UTF-8"),
    "spreadsheet": (b"PK\x03\x04rest", Y, "looks like a spreadsheet or an archive"),
    "bad Parquet": (b"PAR1xx", Y, "bad.csv cannot be read as Parquet|pyarrow"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_input_is_one_line_and_code_2(case, tmp_path, capfd, monkeypatch):
    from fastreg.__main__ import main

    content, arguments, message = WRONG[case]
    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        code = main(["bad.csv", *arguments])
    except SystemExit as end:
        code = end.code
    error = capfd.readouterr().err
    assert code == 2 and error.count("\n") == 1 and error.startswith("fastreg: ")
    assert any(part in error for part in message.split("|")), error


@pytest.mark.process
def test_errors_of_the_surroundings(folder):
    fit = ("good.csv", "--target", "y", "--drop", "label")
    columns = "name a CSV or Parquet file, or write it into a file of columns once: fastreg spool FOLDER x.npy"
    for arguments, message in [
        (("nofile.csv", "--target", "y"), "nofile.csv: no such file or directory"),
        ((".", "--target", "y"), f". is a folder; {columns}"),
        (("--target", "y"), "--target needs a table of your own: fastreg FILE --target COLUMN"),
        ((*fit, "--output", "no/where.csv"), "--output no/where.csv: there is no folder no"),
        ((*fit, "--plot", "no/where.png"), "--plot no/where.png: there is no folder no"),
        ((*fit, "--save", "no/m.json"), "--save no/m.json: there is no folder no"),
        ((*fit, "--plot", "p.xyz"), "--plot p.xyz: a picture ends in .png, .pdf or .svg, not in .xyz"),
    ]:
        done = fastreg(*arguments, folder=folder)
        assert done.stdout == ""  # told before anything is fitted
        assert done.returncode == 2 and done.stderr == f"fastreg: {message}\n"


@pytest.mark.process
def test_a_picture_asked_for_by_name_needs_matplotlib(folder):
    done = fastreg("good.csv", "--target", "y", "--drop", "label", "--plot", "p.png", folder=folder, block="matplotlib")
    assert done.returncode == 2
    assert done.stderr == "fastreg: pictures need matplotlib: pip install 'fastreg-engine[plot]'\n"
    assert done.stdout == "" and not (folder / "coefficients.csv").exists()  # told before anything is fitted


CHOOSE = ("good.csv", "--target", "label", "--family", "binomial", "--drop", "y", "--l1-ratio", "0.5")


@pytest.mark.process
def test_predicting_and_keeping_a_model(folder):
    (folder / "new.csv").write_text("c;extra;w;a;b\n1;?;1;2;3\n0.5;text;2;5;5\n")  # other order, separator, columns
    options = (*CHOOSE, "--alpha", "0.05", "--predict", "new.csv", "--save", "model.json")
    done = fastreg(*options, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "Wrote model.json: the path and alpha = 0.05." in done.stdout
    assert "Wrote predictions.csv: 2 rows, predicted at alpha = 0.05." in done.stdout
    path = load_path(folder / "model.json")
    assert path.feature_names == ["a", "b", "c", "w"]
    mean = path.predict(np.array([[2, 3, 1, 1], [5, 5, 0.5, 2]]), 0.05)
    rows = read_csv(folder / "predictions.csv")
    assert list(rows[0]) == ["row", "probability of yes", "prediction"]
    np.testing.assert_allclose([float(row["probability of yes"]) for row in rows], mean, rtol=1e-14)
    assert [row["prediction"] for row in rows] == ["yes" if value > 0.5 else "no" for value in mean]
    again = fastreg(
        "--load", "model.json", "--predict", "new.csv", "--predictions", "p.csv", "--plot", "p.png", folder=folder
    )
    assert again.returncode == 0, again.stderr
    assert (folder / "p.csv").read_text() == (folder / "predictions.csv").read_text()
    assert "model.json: target 'label', <fastreg.Path: binomial" in again.stdout and "Drew p.png." in again.stdout
    told = fastreg("--load", "model.json", folder=folder)
    assert "Chosen: alpha = 0.05, " in told.stdout and "deviance explained" in told.stdout
    other = fastreg(
        "--load", "model.json", "--predict", "new.csv", "--alpha", "0.2", "--predictions", "q.csv", folder=folder
    )
    assert "predicted at alpha = 0.2" in other.stdout
    np.testing.assert_allclose(
        [float(row["probability of yes"]) for row in read_csv(folder / "q.csv")],
        path.predict(np.array([[2, 3, 1, 1], [5, 5, 0.5, 2]]), 0.2),
    )


@pytest.mark.process
def test_predictions_of_numbers(folder):
    fit = ("good.csv", "--target", "y", "--drop", "label", "--alpha", "0.1", "--predict", "good.csv")
    done = fastreg(*fit, "--predictions", "good.csv", folder=folder)
    assert (
        done.stderr == "fastreg: --predictions good.csv: this is the table to fit, which is read; name another file\n"
    )
    done = fastreg(*fit, folder=folder)
    assert done.returncode == 0, done.stderr
    rows = read_csv(folder / "predictions.csv")
    assert list(rows[0]) == ["row", "prediction"] and [row["row"] for row in rows] == list("123456")


@pytest.mark.process
def test_cross_validation(folder):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    y = X[:, 0] - X[:, 1] + 0.5 * rng.normal(size=60)
    table = np.column_stack([X, y])
    text = "\n".join(",".join(map(repr, row.tolist())) for row in table)
    (folder / "t.csv").write_text("a,b,c,d,e,y\n" + text)
    options = ("t.csv", "--target", "y", "--cv", "5", "--metric", "mse", "--save", "m.json", "--predict", "t.csv")
    found = {}
    for select in ("min", "1se"):
        done = fastreg(*options, "--select", select, folder=folder)
        assert done.returncode == 0, done.stderr
        cv = package.cv_path(X, y, cv=5, metric="mse", standardize=True)
        found[select] = alpha = cv.alpha_min if select == "min" else cv.alpha_1se
        assert f"Chosen (--select {select}): alpha = {alpha:.4g}, " in done.stdout and "  a  +" in done.stdout
        predicted = predictions(folder / "predictions.csv")
        np.testing.assert_allclose(predicted, cv.path.predict(X, alpha), rtol=1e-9)
    assert found["min"] < found["1se"]
    assert "m.json" in fastreg("--load", "m.json", "--predict", "t.csv", folder=folder).stdout


@pytest.mark.process
def test_groups_stay_together(folder):
    rng = np.random.default_rng(0)
    groups = np.repeat([f"site {k}" for k in range(12)], 5)
    X = rng.normal(size=(60, 3))
    y = X[:, 0] + np.repeat(rng.normal(size=12), 5)
    lines = [
        ",".join([*map(repr, row.tolist()), group, repr(value)]) for row, group, value in zip(X, groups, y.tolist())
    ]
    (folder / "g.csv").write_text("a,b,c,site,y\n" + "\n".join(lines))
    done = fastreg("g.csv", "--target", "y", "--cv", "4", "--groups", "site", "--select", "min", folder=folder)
    assert done.returncode == 0, done.stderr
    cv = package.cv_path(X, y, cv=4, groups=groups, standardize=True)
    assert "3 features" in done.stdout and f"Chosen (--select min): alpha = {cv.alpha_min:.4g}, " in done.stdout
    assert cv.alpha_min != package.cv_path(X, y, cv=4, standardize=True).alpha_min


WRONG_USE = {
    "--groups needs --cv, for example --cv 10": (*CHOOSE, "--groups", "w"),
    "--target and --groups both name column 'label'": (*CHOOSE, "--cv", "3", "--groups", "label"),
    "--groups: there is no column 'W'; did you mean 'w'?": (*CHOOSE, "--cv", "3", "--groups", "W"),
    "--predict needs one penalty: choose it by --cv 10, or give it by --alpha": (*CHOOSE, "--predict", "new.csv"),
    "--metric needs --cv, for example --cv 10": (*CHOOSE, "--metric", "auc"),
    "--select needs --cv, for example --cv 10": (*CHOOSE, "--select", "min"),
    "--alpha and --cv both choose the penalty; give one of them": (*CHOOSE, "--cv", "3", "--alpha", "1"),
    "bare.csv lacks 3 of the model's 4 features: a, b, c": (*CHOOSE, "--alpha", "1", "--predict", "bare.csv"),
    "holed.csv: no such file or directory": (*CHOOSE, "--alpha", "1", "--predict", "holed.csv"),
    "na.csv: column 'w' has no value in line 2; fill it in": (*CHOOSE, "--alpha", "1", "--predict", "na.csv"),
    "--save and --predictions both name m": (*CHOOSE, "--alpha", "1", "--predict", "new.csv", "--save", "m",
                                             "--predictions", "m"),
    "--target is for fitting; with --load nothing is fitted": ("--load", "good.csv", "--target", "y"),
    "FILE is for fitting; with --load nothing is fitted": ("good.csv", "--load", "good.csv"),
    "--alpha must be a penalty, 0 or more, got -1": (*CHOOSE, "--alpha", "-1", "--predict", "new.csv"),
    "--alpha must be a penalty, 0 or more, got nan": ("--load", "good.csv", "--alpha", "nan"),
    "--alpha is the penalty of --predict, --save, --table or --posterior; give one of them": (*CHOOSE, "--alpha", "1"),
    "--predictions needs --predict NEW, the rows to predict": (*CHOOSE, "--cv", "3", "--predictions", "q.csv"),
    "good.csv is not a JSON file": ("--load", "good.csv"),
    "nothing.json: no such file or directory": ("--load", "nothing.json"),
    "--predict needs a table of your own": ("--predict", "new.csv"),
    "--alpha 1e-09 lies below the end of the path: give ": (*CHOOSE, "--alpha", "1e-9", "--predict", "new.csv"),
}  # fmt: skip


@spread(7)
@pytest.mark.parametrize("message", WRONG_USE)
def test_a_wrong_use_is_one_line_and_code_2(message, folder, capfd, monkeypatch):
    from fastreg.__main__ import main

    monkeypatch.chdir(folder)
    Path("new.csv").write_text("c,a,b,w\n1,2,3,4\n")
    Path("bare.csv").write_text("w,z\n1,2\n")
    Path("na.csv").write_text("c,a,b,w\n1,2,3,\n")
    code = main(list(WRONG_USE[message]))
    lines = capfd.readouterr().err.splitlines()
    (error,) = (line for line in lines if "compiling kernels" not in line)  # which the first fit of a process may do
    assert code == 2 and error.startswith("fastreg: ") and message in error


@pytest.mark.process
def test_help_and_version(tmp_path):
    done = fastreg("--help", folder=tmp_path)
    assert done.returncode == 0 and "what is written" in done.stdout and "examples" in done.stdout
    assert all(len(line) <= 120 for line in done.stdout.splitlines())
    assert fastreg("--version", folder=tmp_path).stdout.startswith("fastreg 0.")


@pytest.mark.process
def test_warmup_command(tmp_path):
    done = fastreg("warmup", folder=tmp_path)
    assert done.returncode == 0 and "in all; kernels are kept in" in done.stdout


@pytest.mark.process
def test_a_closed_pipe_is_no_error(folder):
    command = f"{sys.executable} -m fastreg good.csv --target y --drop label | head -n 1"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=environment, cwd=folder, timeout=LIMIT
    )
    assert done.stderr == ""


@pytest.mark.process
def test_neither_pandas_nor_scikit_learn_is_needed(folder):
    for module in ("pandas", "sklearn"):
        done = fastreg("good.csv", "--target", "y", "--drop", "label", "--n-alphas", "3", folder=folder, block=module)
        assert done.returncode == 0, done.stderr


def test_the_command_is_the_module():
    from fastreg.__main__ import main

    project = Path(__file__).parents[2] / "pyproject.toml"
    scripts = tomllib.loads(project.read_text())["project"]["scripts"]
    module, function = scripts["fastreg"].split(":")
    assert getattr(importlib.import_module(module), function) is main
