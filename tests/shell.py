"""The command line for tests: in a process of its own, as from a shell, or in this one, which is quicker."""

import contextlib
import csv
import io
import os
import subprocess
import sys

from isolated import LIMIT, ROOT

from fastreg.__main__ import main

GOOD = """\
a,b,c,y,label,w
1,2,3,1.5,no,1
2,1,0.5,2.5,yes,1
3,5,1,2,no,2
4,4,2,4,yes,0.5
5,6,0,5.5,yes,1
6,1,1,5,no,1
"""


def fastreg(*arguments, folder, block=None, standard_input=None, **environment):
    """Run the command line; `block` names a module that must look as if it were not installed."""
    command = [sys.executable, "-m", "fastreg", *arguments]
    if block:
        code = f"import sys, runpy; sys.modules[{block!r}] = None"
        code += "; runpy.run_module('fastreg', run_name='__main__')"
        command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT, env=environment, cwd=folder, input=standard_input
    )


def call(*arguments):
    """(exit code, what was printed, errors) of the command line in this process and folder."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), errors.getvalue()


def refused(*arguments):
    """The one line of a command that ends with code 2; nothing but it is told."""
    code, _, errors = call(*arguments)
    assert code == 2 and errors.count("\n") == 1 and errors.startswith("fastreg: "), (code, errors)
    return errors.removeprefix("fastreg: ").rstrip("\n")


def done(*arguments):
    """What a command prints that ends well."""
    code, out, errors = call(*arguments)
    assert code == 0, errors
    return out


def read_csv(file):
    with open(file, newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def predictions(file="predictions.csv"):
    """The numbers that a command predicted."""
    return [float(row["prediction"]) for row in read_csv(file)]
