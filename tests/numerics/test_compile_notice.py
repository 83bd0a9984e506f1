"""What is told while kernels are compiled: a line that counts, rewritten on a terminal, two at most in a file."""

import io
import sys
from types import SimpleNamespace

import isolated
import pytest
from numba.core import event

from fastreg.interface.progress import Bar, Progress
from fastreg.numerics import compile_notice
from fastreg.numerics.compile_notice import CompileNotice

LINE = "fastreg: compiling kernels for this machine, {} so far"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def notice():
    """One that takes every function named "kernel" for a kernel, by a clock that the test moves."""
    notice = CompileNotice(lambda dispatcher: dispatcher == "kernel")
    notice.now = 0.0
    notice.clock = lambda: notice.now
    return notice


def starts(notice, name="kernel"):
    notice.on_start(SimpleNamespace(data={"dispatcher": name}))


def ends(notice, seconds, name="kernel"):
    notice.now += seconds
    notice.on_end(SimpleNamespace(data={"dispatcher": name}))


def compiles(notice, *seconds):
    """A kernel that calls others, which take so many seconds."""
    starts(notice)
    for each in seconds:
        starts(notice)
        ends(notice, each)
    ends(notice, 0.0)


def test_a_short_compile_is_silent(notice, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    compiles(notice, 0.3, 0.3)
    notice.now += 100.0  # in which nothing was compiled
    compiles(notice, 0.3)
    assert sys.stderr.getvalue() == "" and notice.count == 5


def test_a_terminal_has_one_line_that_counts_and_is_wiped(notice, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    compiles(notice, 0.5, 0.6, 0.01, 0.2)  # the third is too soon after the second
    first, second, *wiped = sys.stderr.getvalue().split("\r")[1:]
    assert (first, second) == (LINE.format(3) + " ...", LINE.format(5) + " ...")
    assert wiped == [" " * len(second), ""]
    compiles(notice, 0.5)  # what comes later begins with the line
    assert sys.stderr.getvalue().split("\r")[5] == LINE.format(6) + " ..."


def test_a_file_has_two_lines_at_most(notice, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    compiles(notice, *[0.5] * 100)
    compiles(notice, *[0.5] * 100)
    advised, last = sys.stderr.getvalue().splitlines()
    assert advised == LINE.format(3) + " (once; `fastreg warmup` does all) ..."
    assert last == LINE.format(21) + " ..." and notice.count == 202


def test_what_is_no_kernel_is_not_told(notice, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    starts(notice, "of another package")
    ends(notice, 10.0, "of another package")
    compiles(notice, 0.1)
    assert sys.stderr.getvalue() == "" and (notice.count, notice.depth) == (2, 0)


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_stderr_that_takes_nothing_stops_no_fit(notice, monkeypatch, stream):
    if stream == "closed":
        stream = Terminal()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    compiles(notice, 5.0, 20.0)
    assert notice.count == 3


def test_it_shares_its_line_with_the_bar_of_a_fit(notice, monkeypatch):
    """Whichever comes later writes over all of the other."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    bar = Bar()
    bar.show(Progress(3, 12, 0.01234, 3e-9, 4321, 5.0))
    notice.seconds = 2.0
    starts(notice)
    shown, over = sys.stderr.getvalue().split("\r")[1:]
    assert len(over) == len(shown) > len(over.rstrip())
    ends(notice, 1.0)
    bar.close()
    assert sys.stderr.getvalue().split("\r")[-1].strip() == ""


COMPILE = """
import sys
from fastreg.numerics import compile_notice
compile_notice.WAIT = 0.0
if {terminal}:
    sys.stderr.isatty = lambda: True
import numpy as np
from fastreg.objective.families import Gaussian, linearise
one = np.ones(3)
linearise(Gaussian(one, 0.5 * one), 3 * one, np.empty(3), np.empty(3))
"""


@pytest.mark.process
def test_a_first_fit_tells_and_a_second_does_not(tmp_path):
    """In a file; with the machinery of Numba."""
    place = {"FASTREG_CACHE_DIR": str(tmp_path), "NUMBA_CACHE_DIR": ""}
    told = isolated.run(COMPILE.format(terminal=False), **place).stderr
    assert told == LINE.format(1) + compile_notice.ADVICE + " ...\n"
    assert isolated.run(COMPILE.format(terminal=False), **place).stderr == ""


def test_numba_tells_of_what_it_compiles():
    """The name of the event is Numba's, and the notice is among those who hear it."""
    from fastreg.numerics.jit import NOTICE

    assert NOTICE in event._registered["numba:compile"]
