"""fastreg spool from a shell: what is written, what is refused, and how a command that was ended goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from genotype_files import draw_copies, imputed, write_bed
from isolated import LIMIT, ROOT
from shell import call, done, read_csv, refused

import fastreg as package
from fastreg.cli.spooling import _with_options

X = np.random.default_rng(0).integers(-5, 6, (61, 23))
NAMES = [f"c{j}" for j in range(23)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parquet(file="t.parquet"):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {name: X[:, j].astype("i1") for j, name in enumerate(NAMES)}
    parquet.write_table(pyarrow.table(columns | {"city": ["Oslo"] * 61, "y": X[:, 3] + 0.5}), file)


def test_columns_of_a_table_are_written_and_fitted_with_another_as_target():
    parquet()
    out = done("spool", "t.parquet", "x.npy", "--drop", "city,y")
    assert out.startswith("Wrote x.npy: 61 rows, 23 columns, 1.53 kB, in ")
    assert np.array_equal(np.load("x.npy"), X) and np.load("x.npy").dtype == np.int8
    done("x.npy", "--target", "t.parquet:y", "--n-alphas", "5")
    assert float(read_csv("coefficients.csv")[-1]["c3"]) == pytest.approx(1.0, abs=1e-3)
    done("spool", "t.parquet", "x.npy", "--columns", "c2,c1", "--dtype", "float32", "--overwrite")
    assert np.array_equal(np.load("x.npy"), X[:, [2, 1]]) and json.loads(Path("x.npy.names.json").read_text()) == [
        "c2",
        "c1",
    ]


def test_arrays_by_rows_of_hdf5_and_sparse_ones():
    np.save("rows.npy", X)
    Path("t.csv").write_text("y\n1\n")
    message = refused("rows.npy", "--target", "t.csv:y")
    assert "write it by columns once, fastreg spool " in message  # as a command, not as a call
    done("spool", "rows.npy", "columns.npy", "--dtype", "int8")
    assert np.array_equal(np.load("columns.npy"), X)
    sp.save_npz("s.npz", sp.csr_array(X))
    done("spool", "s.npz", "s")
    assert np.array_equal(package.open("s").copied(np.arange(23)).toarray(), X)
    h5py = pytest.importorskip("h5py")
    with h5py.File("x.h5", "w") as file:
        file["raw/counts"], file["scaled"], file["y"] = X.astype("i2"), X / 2, X[:, 0]
    message = "x.h5 holds 2 arrays; name one by --dataset, of 'raw/counts', 'scaled'"
    assert refused("spool", "x.h5", "x.npy") == message
    done("spool", "x.h5", "x.npy", "--dataset", "/raw/counts")
    assert np.array_equal(np.load("x.npy"), X) and np.load("x.npy").dtype == np.int16


WRONG = {
    "text": (("t.parquet", "x.npy"), "column 'city' of the source is of type string, not of numbers; leave"),
    "no such column": (("t.parquet", "x.npy", "--drop", "town"), "--drop names 'town', which the source lacks"),
    "both": (("t.parquet", "x.npy", "--drop", "y", "--columns", "c1"), "--columns and --drop both choose columns"),
    "absent": (("absent.csv", "x.npy"), "there is no file 'absent.csv' to spool"),
    "kind": (("t.xyz", "x.npy"), "t.xyz is of a kind that spool does not read; it reads .npy, "),
    "place": (("t.parquet", "no/x.npy", "--drop", "city"), "there is no folder no to write x.npy into"),
    "name": (("t.parquet", "x.dat"), "path must be that of a file, and end in '.npy', got 'x.dat'"),
    "exists": (("t.parquet", "there.npy"), "there.npy exists; pass --overwrite to replace it, or choose another path"),
    "value": (("half.csv", "x.npy", "--dtype", "int8"), "source[0, 0] ('a') is 0.5, which int8 cannot hold exactly"),
    "gap": (("half.csv", "x.npy"), "column 'b' of the source, row 1, is missing (NaN); fill such values, or"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused_is_one_line_about_options(case, folder):
    parquet()
    Path("t.xyz").write_text("")
    Path("there.npy").write_text("")
    Path("half.csv").write_text("a,b\n0.5,1\n1,\n")
    before = sorted(each.name for each in folder.iterdir())
    arguments, message = WRONG[case]
    assert refused("spool", *arguments).startswith(message)
    assert sorted(each.name for each in folder.iterdir()) == before


def test_parameters_of_the_function_become_options():
    for message, words in {
        "pass overwrite=True to": "pass --overwrite to",
        "drop names 'a'": "--drop names 'a'",
        "pass missing='mean' and dtype='float32'": "pass --missing mean and --dtype float32",
        "a drop of water": "a drop of water",
    }.items():
        assert _with_options(message) == words


def test_gaps_take_means_of_which_a_note_tells(capsys):
    Path("half.csv").write_text("a;b\n0.5;1\n1;\n")
    pytest.importorskip("pyarrow")
    code, _, errors = call("spool", "half.csv", "x.npy", "--missing", "mean")
    assert code == 0 and errors.startswith("Note: missing='mean' put means in the place of 1 values")
    assert np.array_equal(np.load("x.npy"), [[0.5, 1], [1, 1]])


SCRIPT = """
import os, sys
from {module} import {kind}
from fastreg.__main__ import main

usual, calls = {kind}.{method}, []

def ending(self, *arguments):
    usual(self, *arguments)
    calls.append(arguments)
    if len(calls) == 2:
        os.kill(os.getpid(), {number})

{kind}.{method} = ending
sys.exit(main({arguments}))
"""


def ended(*arguments, number, **place):
    """(exit code, errors) of a command that gets a signal when it has called a method twice."""
    script = SCRIPT.format(arguments=list(arguments), number=int(number), **place)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=LIMIT
    )
    return done.returncode, done.stderr


SIGNALS = {"killed": signal.SIGKILL, "Ctrl-C": signal.SIGINT}


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("how", SIGNALS)
def test_a_spool_that_was_ended_goes_on(how, folder):
    rows = np.lib.format.open_memmap("rows.npy", "w+", np.int64, (200, 150_000))  # 240 MB, of which none is on the disk
    rows[:, ::1000] = np.arange(200)[:, None] % 100
    rows.flush()
    command = ("spool", "rows.npy", "x.npy", "--dtype", "int8")
    code, errors = ended(
        *command, module="fastreg.design.spool.part", kind="Part", method="finished", number=SIGNALS[how]
    )
    assert code == (130 if how == "Ctrl-C" else -signal.SIGKILL)
    if how == "Ctrl-C":
        message = "fastreg: interrupted; x.npy.part holds what is done, and the same call goes on from there\n"
        assert errors == message.replace("x.npy.part", str(Path("x.npy.part")))
    assert sorted(each.name for each in folder.iterdir()) == ["rows.npy", "x.npy.part"]
    written = len(json.loads(Path("x.npy.part/record.json").read_text())["done"]["blocks"])
    assert written == (2 if how == "Ctrl-C" else 1)  # a record is written each five seconds, and at the end
    done(*command)
    assert np.array_equal(np.load("x.npy", mmap_mode="r"), rows)
    assert sorted(each.name for each in folder.iterdir()) == ["rows.npy", "x.npy"]


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("how", SIGNALS)
def test_a_fit_of_genotypes_and_covariates_that_was_ended_goes_on(how):
    n, p = 200, 1500
    copies, rng = draw_copies(n, p, seed=1), np.random.default_rng(0)
    write_bed("genes.bed", copies)
    age, values = rng.normal(50.0, 10.0, n), imputed(copies[:, :60])
    height = values @ rng.normal(size=60) + 0.05 * age + rng.normal(size=n)
    lines = [f"I{i},{height[i]:.17g},{age[i]:.17g}" for i in range(n)]
    Path("pheno.csv").write_text("\n".join(["IID,height,age", *lines]))
    fit = ("genes.bed", "--target", "pheno.csv:height", "--covariates", "age", "--cv", "5", "--checkpoint", "fit.npz")
    code, errors = ended(*fit, module="fastreg.paths.checkpoint", kind="Checkpoint", method="keep", number=SIGNALS[how])
    assert code == (130 if how == "Ctrl-C" else -signal.SIGKILL) and not Path("coefficients.csv").exists()
    if how == "Ctrl-C":
        assert errors.endswith("fastreg: interrupted; the same command goes on from fit.npz\n")
    done(*fit)
    again = read_csv("coefficients.csv")
    assert {row["reason"] for row in again} == {"converged"}
    done(*fit[:-2], "--output", "whole.csv")
    whole = read_csv("whole.csv")
    assert [row["alpha"] for row in again] == [row["alpha"] for row in whole]
    for one, other in zip(again, whole):
        for name in {*one} & {*other} - {"reason", "gap"}:
            assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-6, abs=1e-8)
