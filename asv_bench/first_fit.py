#!/usr/bin/env python3
"""The table of docs/running.md: processor seconds of a process that finds no kernel on disk, and of the next one.

    pip install . && python asv_bench/first_fit.py    # some minutes

Every row has an empty folder of kernels of its own. Processor seconds, since other work on the machine hardly changes
them; imports are part of them, and shown in rows of their own.
"""

import os
import resource
import subprocess
import sys
import tempfile

DATA = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal((200, 1000))
y = X[:, :5].sum(axis=1) + rng.standard_normal(200)
"""
CALLS = {
    "fit_path": ("fit_path(X, y)", 'fit_path(X, y > 0, family="binomial")'),
    "cv_path": ("cv_path(X, y)",),
    "Lasso": ("Lasso(alpha=0.2).fit(X, y)",),
    "LogisticRegression": ("LogisticRegression(l1_ratio=1.0, C=0.1).fit(X, y > 0)",),
    "LassoCV": ("LassoCV().fit(X, y)",),
    "LogisticRegressionCV": (
        'LogisticRegressionCV(l1_ratios=(1.0,), scoring="accuracy", use_legacy_attributes=False).fit(X, y > 0)',
    ),
    "RidgeCV": ("RidgeCV().fit(X, y)",),
}
IMPORTS = ("import numba, numpy, scipy.sparse", "from fastreg import fit_path", "from fastreg import Lasso")
COMMANDS = ("python -m fastreg", "python -m fastreg warmup")


def rows():
    """(what is shown, arguments of python), one process each."""
    for line in IMPORTS:
        yield line, ["-c", line]
    for name, calls in CALLS.items():
        for call in calls:
            yield call, ["-c", f"{DATA}from fastreg import {name}\n{call}"]
    for command in COMMANDS:
        yield command, command.split()[1:]


def seconds(arguments, folder):
    """Processor seconds, user and system, of one process with its kernels in a folder."""
    environment = os.environ | {"FASTREG_CACHE_DIR": folder}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environment, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    print("| first call | first process | later ones |\n| --- | ---: | ---: |", flush=True)
    for name, arguments in rows():
        with tempfile.TemporaryDirectory() as folder:
            first, later = seconds(arguments, folder), seconds(arguments, folder)
        print(f"| `{name}` | {first:.1f} | {later:.1f} |", flush=True)


if __name__ == "__main__":
    main()
