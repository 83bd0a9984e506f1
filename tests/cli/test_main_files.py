"""Files of the command line: nothing that it reads or did not write is lost, and what it writes is whole."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from grids import few
from isolated import LIMIT, ROOT
from shell import GOOD, call, done, fastreg, read_csv, refused

import fastreg as package
from fastreg import fit_path
from fastreg.cli.report import write_coefficients, write_predictions

FIT = ("good.csv", "--target", "y", "--drop", "label", "--n-alphas", "3")
OUTPUTS = {"--output": "coefficients.csv", "--plot": "path.png", "--save": "model.json"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(GOOD)
    return tmp_path


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def saved(name="m.json"):
    done(*FIT, "--alpha", "0.1", "--save", name)


EVERYTHING = (*FIT, "--alpha", "0.1", "--save", "m.json", "--predict", "new.csv", "--predictions", "p.csv")


@few(1)
@pytest.mark.parametrize("picture", ["p.png", "p.pdf", "p.svg", "p.PNG", "p"])
def test_the_same_command_twice(folder, picture):
    Path("new.csv").write_text("a,b,c,w\n1,2,3,4\n")
    for _ in range(2):
        done(*EVERYTHING, "--plot", picture, "--output", "c.csv")
        assert set(content(folder)) == {"good.csv", "new.csv", "c.csv", "m.json", "p.csv", picture}
    for _ in range(2):
        done("--load", "m.json", "--predict", "new.csv", "--plot", picture)


def test_labels_of_any_kind_are_known_again():
    for labels in (["n", "y"], ['"n"', 'a, "b"\nc'], None):
        Path("p.csv").unlink(missing_ok=True)
        write_predictions(np.array([0.25, 0.75]), labels, "p.csv")
        saved()
        done("--load", "m.json", "--predict", "good.csv", "--predictions", "p.csv")


THEIRS = {  # what may lie where a command writes
    "words": b"my notes\n",
    "a table": b"row,prediction,comment\n1,2,mine\n",
    "a table that begins alike": b"alpha,features\n1,2\n",
    "another object": b'{"format": "mine"}\n',
    "a picture": b"\x89PNG\r\n\x1a\n of my own",
    "binary": bytes(range(256)),
}


@few(2)
@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("option", ["--output", "--plot", "--save", "--predictions"])
def test_a_file_that_fastreg_did_not_write_stays(option, theirs):
    Path("theirs").write_bytes(THEIRS[theirs])
    predicting = ("--predict", "good.csv") if option == "--predictions" else ()
    command = (*FIT, "--alpha", "0.1", "--save", "m.json", *predicting, option, "theirs")
    told = refused(*command)
    assert re.fullmatch(rf"{option} theirs: this file exists and does not hold .* that fastreg wrote; .*", told)
    assert f"name another file by {option}, or add --overwrite" in told
    assert Path("theirs").read_bytes() == THEIRS[theirs] and not Path("coefficients.csv").exists()
    done(*command, "--overwrite")
    assert Path("theirs").read_bytes() != THEIRS[theirs]


def test_one_kind_of_fastregs_files_is_not_lost_to_another():
    saved()
    done(*FIT)
    done("--load", "m.json", "--predict", "good.csv")
    files = ("coefficients.csv", "path.png", "m.json", "predictions.csv")
    before = content(Path())
    command = (*FIT, "--alpha", "0.1", "--predict", "good.csv", "--output", "new.csv")
    for option, own in zip(("--output", "--plot", "--save", "--predictions"), files):
        for other in files:
            if other != own and not (option == "--plot" and other.endswith(".csv")):
                told = refused(*command, *(() if option == "--save" else ("--save", "new.json")), option, other)
                assert "does not hold" in told or "ends in .png, .pdf or .svg" in told
    assert content(Path()) == before


def test_an_empty_file_is_replaced():
    Path("empty").touch()  # as mktemp leaves it
    done(*FIT, "--alpha", "0.1", "--save", "empty")
    assert json.loads(Path("empty").read_text())["target"] == "y"


def test_a_picture_that_nobody_asked_for_gives_way():
    Path("path.png").write_bytes(b"mine")
    told = done(*FIT).splitlines()[-1]
    assert told.startswith("No picture: --plot path.png: this file exists and does not hold a picture that fastreg")
    assert Path("path.png").read_bytes() == b"mine"


@few(2)
@pytest.mark.parametrize("name", ["good.csv", "./good.csv", "link.csv", "hard.csv", "sub/../good.csv", "sub/link.csv"])
def test_no_input_is_written_over(folder, name):
    saved()
    Path("sub").mkdir()
    Path("link.csv").symlink_to("good.csv")
    Path("sub/link.csv").symlink_to(folder / "good.csv")
    os.link("good.csv", "hard.csv")
    before = content(folder)
    for read in ("good.csv", "link.csv"):
        fit = (read, *FIT[1:], "--alpha", "0.1")
        load = ("--load", "m.json", "--predict", read)
        for command in (
            (*fit, "--save", "x", "--output", name),
            (*fit, "--save", name),
            (*fit, "--predict", "hard.csv", "--predictions", name),
            (*load, "--predictions", name),
        ):
            for force in ((), ("--overwrite",)):  # which is for files that are not read
                assert "which is read; name another file" in refused(*command, *force)
        if read != name:
            assert f"the same file as {read}, " in refused(*load, "--predictions", name)
    assert content(folder) == before


def test_the_model_that_is_read_stays(folder):
    saved()
    saved("m.png")
    Path("link").symlink_to("m.json")
    before = content(folder)
    for name in ("m.json", "link"):
        told = refused("--load", "m.json", "--predict", "good.csv", "--predictions", name, "--overwrite")
        assert "the model, which is read" in told
    assert "the model, which is read" in refused("--load", "m.png", "--plot", "m.png", "--overwrite")
    assert "the table to predict, which is read" in refused(
        *FIT, "--alpha", "1", "--predict", "m.json", "--save", "m.json"
    )
    assert content(folder) == before
    done("--load", "m.json", "--predict", "good.csv")
    again = ("--load", "m.json", "--predict", "predictions.csv")  # the name that is written unless told otherwise
    assert "--predictions predictions.csv: this is the table to predict, which is read" in refused(*again)


@pytest.mark.process
def test_the_standard_input_is_an_input(folder):
    command = f"{sys.executable} -m fastreg - --target y --drop label --output good.csv --overwrite < good.csv"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, timeout=LIMIT)
    assert "the same file as the standard input, the table to fit, which is read" in ended.stderr
    assert Path("good.csv").read_text() == GOOD


def test_outputs_must_differ():
    Path("x").touch()
    Path("link").symlink_to("x")
    os.link("x", "hard")
    for name in ("x", "./x", "link", "hard"):
        told = refused(*FIT, "--alpha", "1", "--output", "x", "--save", name)
        assert told == f"--output and --save both name {name}" + (", which is x here" if name != "x" else "")
    told = refused(*FIT, "--alpha", "1", "--output", "new", "--save", "./new")
    assert told == "--output and --save both name ./new, which is new here"
    assert done(*FIT, "--output", "path.png").endswith("No picture: --output and --plot both name path.png\n")


def test_places_that_hold_no_file():
    Path("d").mkdir()
    assert refused(*FIT, "--output", "d") == "--output d: this is a folder; name a file"
    assert refused(*FIT, "--output", "") == "--output names no file"
    assert refused(*FIT, "--alpha", "1", "--save", "no/m") == "--save no/m: there is no folder no"
    assert "a picture ends in .png, .pdf or .svg, not in .jpg" in refused(*FIT, "--plot", "p.jpg")


def test_places_that_must_not_be_written(folder, monkeypatch):
    """Told before anything is fitted. What root may do is no matter here: access is refused by hand."""
    done(*FIT, "--output", "fixed.csv")
    Path("sub").mkdir()
    monkeypatch.setattr(os, "access", lambda place, kind: not str(place).endswith(("sub", "fixed.csv")))
    before = content(folder)
    for option, name, place in (
        ("--output", "fixed.csv", folder / "fixed.csv"),
        ("--output", "sub/new.csv", folder / "sub"),
        ("--plot", "sub/p.png", folder / "sub"),
    ):
        code, out, errors = call(*FIT, option, name)
        assert (code, out, errors) == (2, "", f"fastreg: {place}: permission denied\n")
    assert content(folder) == before


def test_a_link_stays_and_its_file_is_replaced():
    Path("sub").mkdir()
    Path("m.json").symlink_to("sub/real.json")
    saved()
    saved()
    assert Path("m.json").is_symlink() and package.load_path("sub/real.json").n_nonzero.size == 3


@pytest.mark.process
def test_results_to_standard_output(folder):
    for name in ("-", "/dev/stdout"):
        ended = fastreg(*FIT, "--output", name, folder=folder)
        rows = list(csv.reader(ended.stdout.splitlines()))
        assert len(rows) == 4 and rows[0][:2] == ["alpha", "features"]
        assert "3 of 3 points certified" in ended.stderr and ended.returncode == 0
    ended = fastreg(*FIT, "--output", "/dev/null", folder=folder)
    assert "3 of 3 points certified" in ended.stdout and ended.stderr == ""
    assert not Path("-").exists() and not Path("coefficients.csv").exists()


@pytest.mark.process
def test_the_standard_input_is_read(folder):
    done(*FIT)
    wanted = Path("coefficients.csv").read_text()
    for name in ("-", "/dev/stdin"):
        Path("coefficients.csv").unlink()
        ended = fastreg(name, *FIT[1:], folder=folder, standard_input=GOOD)
        assert ended.returncode == 0 and Path("coefficients.csv").read_text() == wanted
        both = refused(name, *FIT[1:], "--alpha", "1", "--predict", name)
        assert both == "FILE and --predict both read the standard input; name a file for one of them"


@pytest.mark.process
def test_files_are_written_though_the_reader_of_the_pipe_has_gone(folder):
    command = f"{sys.executable} -m fastreg {' '.join(FIT)} --alpha 0.1 --save m.json | head -n 1"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, timeout=LIMIT)
    assert ended.stderr == "" and ended.stdout.count("\n") == 1
    assert {"coefficients.csv", "path.png", "m.json"} <= set(content(folder))


@pytest.mark.process
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_has_closed(folder, closed):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for file, code in (("good.csv", 0), ("-", 0 if closed in (">&-", "2>&-") else 2)):
        command = f"{sys.executable} -m fastreg {file} {' '.join(FIT[1:])} --output {code}.csv {closed}"
        ended = subprocess.run(
            command, shell=True, capture_output=True, text=True, env=environment, timeout=LIMIT, input=GOOD
        )
        assert (ended.returncode, Path(f"{code}.csv").exists()) == (code, code == 0), ended.stderr
        assert "Traceback" not in ended.stderr
        if code == 2 and "2>" not in closed:
            assert ended.stderr == "fastreg: the standard input is empty\n"
        Path(f"{code}.csv").unlink(missing_ok=True)
    assert {"good.csv", "path.png"} == set(content(folder))


NAMES = ["alpha", "gap", "reason", "features", "intercept", "deviance_explained", "feature gap", "größe 日本"]


def table_of(names):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, len(names)))
    y = X @ np.arange(1, len(names) + 1.0)
    Path("t.csv").write_text(
        ",".join([*names, "y"])
        + "\n"
        + "\n".join(",".join(map(repr, row)) for row in np.column_stack([X, y]).tolist()),
        encoding="utf-8",
    )
    return X, y


def test_features_called_like_columns_of_the_coefficients():
    X, y = table_of(NAMES)
    done("t.csv", "--target", "y")
    with open("coefficients.csv", encoding="utf-8", newline="") as opened:
        header = next(csv.reader(opened))
    assert len(set(header)) == len(header) == 6 + len(NAMES)
    path = fit_path(X, y, standardize=True)
    rows = read_csv("coefficients.csv")
    np.testing.assert_allclose([float(row["intercept"]) for row in rows], path.intercepts, rtol=1e-9, atol=1e-12)
    for j, name in enumerate(NAMES):
        listed = {"gap": "feature feature gap"}.get(name, f"feature {name}" if j < 6 else name)
        fitted = path.coefs.toarray()[j]
        np.testing.assert_allclose([float(row[listed]) for row in rows], fitted, rtol=1e-9, atol=1e-12)
    done("t.csv", "--target", "y")  # and the file is known again


def test_coefficients_without_a_feature():
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert write_coefficients(fit_path(X, X[:, 0], alphas=[10.0]), "coefficients.csv") == 0
    done(*FIT)


@pytest.mark.process
@pytest.mark.parametrize("console", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_console_without_the_letters(folder, console):
    table_of(NAMES)
    ended = fastreg("t.csv", "--target", "y", "--alpha", "0.5", "--save", "m.json", folder=folder, **console)
    assert ended.returncode == 0, ended.stderr
    assert {"coefficients.csv", "path.png", "m.json"} <= set(content(folder))
    assert package.load_path("m.json").feature_names == NAMES
    again = fastreg("--load", "m.json", folder=folder, **console)
    assert again.returncode == 0 and ("gr\\xf6\\xdfe" in again.stdout or "größe" in again.stdout)


def test_how_a_table_is_written(folder):
    Path("de.csv").write_bytes("Größe;Stadt;Preis\r\n1,5;Köln;2\r\n2,5;Bonn;2,5\r\n3;Ulm;4,25\r\n".encode("cp1252"))
    fit = [
        "de.csv",
        "--target",
        "Preis",
        "--n-alphas",
        "3",
        "--alpha",
        "0.1",
        "--predict",
        "de.csv",
        "--save",
        "m.json",
    ]
    for message, advice in {
        "name its encoding, for example --encoding cp1252": ("--encoding", "cp1252"),
        "then add --decimal comma": ("--decimal", "comma"),
        "or leave it out with --drop Stadt": ("--drop", "Stadt"),
    }.items():
        assert message in refused(*fit)
        fit += advice
    done(*fit)
    assert package.load_path("m.json").feature_names == ["Größe"]
    load = ("--load", "m.json", "--predict", "de.csv", "--predictions", "q.csv")
    assert "--encoding cp1252" in refused(*load)
    done(*load, "--encoding", "cp1252", "--decimal", "comma")
    assert Path("q.csv").read_text() == Path("predictions.csv").read_text()
    assert refused(*fit, "--encoding", "cp99") == (
        "--encoding cp99: there is no such encoding; utf-8, cp1252 and utf-16 are some"
    )


def test_options_that_would_have_no_effect():
    saved()
    assert "--decimal needs --predict NEW" in refused("--load", "m.json", "--decimal", "comma")
    assert "--encoding needs a table of your own" in refused("--encoding", "cp1252")
    assert refused("warmup", "--target", "y") == "--target has no meaning for warmup"
    for option in (("--tol", "1e-3"), ("--n-alphas", "5"), ("--l1-ratio", "0.5"), ("--no-standardize",)):
        name = option[0].replace("--no-", "--")
        assert refused("--load", "m.json", *option) == f"{name} is for fitting; with --load nothing is fitted"
        assert refused("warmup", *option) == f"{name} has no meaning for warmup"
    assert refused(*FIT, "--positive", "yes") == "--positive is for --family binomial"


def test_notes_come_once():
    Path("apart.csv").write_text("x,y\n1,0\n2,0\n3,1\n4,1\n")
    code, _, errors = call(
        "apart.csv", "--target", "y", "--family", "binomial", "--alpha", "0.2", "--predict", "apart.csv"
    )
    assert code == 0 and errors.count("the path stops at") == 1


def test_notes_name_columns():
    rows = "".join(f"{k % 7},{k % 5}e-320,{k % 3 + 0.5 * (k % 7)}\n" for k in range(30))
    Path("t.csv").write_text("a,tiny,y\n" + rows)
    for more in ((), ("--cv", "3", "--metric", "neg_mean_absolute_error")):
        code, _, errors = call("t.csv", "--target", "y", *more)
        assert code == 0 and errors.count("'tiny'") == errors.count("Note: ") == 1


@few(3)
@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("alpha", "x"),
        ("alpha", -1),
        ("alpha", [1.0]),
        ("alpha", True),
        ("labels", ["p"]),
        ("labels", 3),
        ("family", ["x"]),
        ("l1_ratio", "x"),
        ("l1_ratio", None),
        ("feature_names", 3),
        ("reasons", None),
        ("work", []),
        ("alphas", ["x", 1, 0]),
    ],
)
def test_a_damaged_model_is_said_to_be_damaged(entry, value):
    saved()
    document = json.loads(Path("m.json").read_text())
    Path("m.json").write_text(json.dumps(document | {entry: value}))
    told = refused("--load", "m.json", "--predict", "good.csv")
    assert told.startswith("m.json is damaged: ") and (entry not in ("alpha", "labels") or repr(entry) in told)
    Path("m.json").write_text("[" * 100_000)
    assert refused("--load", "m.json").startswith("m.json is not a JSON file: ")


def test_a_model_whose_features_are_called_by_numbers():
    path = fit_path(np.arange(12.0).reshape(6, 2) ** 0.5, np.arange(6.0), alphas=[0.5, 0.1])
    path.save("plain.json")
    path.feature_names = [1, 2]
    path.save("m.json")
    Path("new.csv").write_text("2,1\n0.5,3\n")
    assert "of the model's 2 features: x0, x1" in refused(
        "--load", "plain.json", "--predict", "new.csv", "--alpha", "0.1"
    )
    done("--load", "m.json", "--alpha", "0.1")
    done("--load", "m.json", "--alpha", "0.1", "--predict", "new.csv")
    (row,) = read_csv("predictions.csv")
    assert float(row["prediction"]) == pytest.approx(path.predict(np.array([[3.0, 0.5]]), 0.1)[0], rel=1e-12)


def test_a_command_that_was_ended_goes_on_from_its_checkpoint(monkeypatch):
    fit, ended = package.fit_path, []

    def end(*args, **options):
        def stop(progress):
            ended.append(progress.point)
            if len(ended) == 2:
                raise KeyboardInterrupt

        return fit(*args, **options, callback=stop)

    monkeypatch.setattr(package, "fit_path", end)
    code, _, errors = call(*FIT, "--checkpoint", "fit.npz")
    assert code == 130 and errors == "fastreg: interrupted; the same command goes on from fit.npz\n"
    assert not Path("coefficients.csv").exists()
    done(*FIT, "--checkpoint", "fit.npz")
    assert ended == [1, 2, 2, 3]
    assert "is of another fit: y differs" in refused("good.csv", "--target", "a", *FIT[3:], "--checkpoint", "fit.npz")
    assert "--checkpoint good.csv: this is the table to fit" in refused(*FIT, "--checkpoint", "good.csv")
    Path("notes.txt").write_text("mine")
    assert "does not hold a checkpoint that fastreg wrote" in refused(*FIT, "--checkpoint", "notes.txt")
    assert "--checkpoint is for fitting" in refused("--load", "m.json", "--checkpoint", "fit.npz")
    done(*FIT, "--cv", "2", "--checkpoint", "folds.npz")
    done(*FIT, "--cv", "2", "--checkpoint", "folds.npz")
