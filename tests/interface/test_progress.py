"""What a fit tells while it runs, what each point cost, and what is left of a fit that was stopped."""

import importlib
import io
import sys

import certified
import isolated
import numpy as np
import pytest
import scipy.sparse as sp
from grids import few

from fastreg import Interrupted, LogisticRegression, cv_path, fit_multi_path, fit_path
from fastreg.interface.progress import Bar, Progress, bar_text

SOLVERS = [
    ("gaussian", 1.0, "auto"),
    ("gaussian", 0.0, "auto"),
    ("binomial", 0.5, "auto"),
    ("binomial", 0.0, "newton"),
    ("gaussian", 1.0, "coordinate_descent"),
    ("poisson", 1.0, "proximal_gradient"),
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("family", "l1_ratio", "solver"), SOLVERS)
def test_a_callback_hears_of_every_point(family, l1_ratio, solver):
    X, y = certified.draw(family, n=40, p=8)
    heard = []
    options = {"family": family, "l1_ratio": l1_ratio, "solver": solver, "alphas": [0.3, 0.1, 0.05]}
    path = certified.fit(X, y, **options)
    same = fit_path(X, y, callback=heard.append, **options)
    np.testing.assert_array_equal(same.coefs.toarray(), path.coefs.toarray())
    assert [each.point for each in heard] == [1, 2, 3] and {each.n_points for each in heard} == {3}
    assert [each.alpha for each in heard] == path.alphas.tolist() and [each.gap for each in heard] == path.gaps.tolist()
    assert [each.support for each in heard] == path.n_nonzero.tolist()
    seconds = [each.seconds for each in heard]
    assert seconds == sorted(seconds) and seconds[0] > 0


@pytest.mark.parametrize("kind", [np.asarray, sp.csc_array])
@pytest.mark.parametrize(("family", "l1_ratio", "solver"), SOLVERS)
def test_the_trace_adds_up_to_the_work(family, l1_ratio, solver, kind):
    X, y = certified.draw(family, n=40, p=8)
    path = fit_path(kind(X), y, family=family, l1_ratio=l1_ratio, solver=solver, n_alphas=12)
    assert path.steps is None and all(values.shape == (12,) for values in path.trace.values())
    for name in ("columns_read", "sweeps", "iterations", "epochs", "pivots", "grams"):
        assert path.trace[name].sum() == path.work[name] and np.all(path.trace[name] >= 0)
    assert np.all(path.trace["seconds"] > 0) and path.trace["columns_read"][0] >= 8  # the first sweep is the first's


@pytest.mark.parametrize(("family", "l1_ratio", "solver"), SOLVERS)
def test_every_step_is_recorded_on_request(family, l1_ratio, solver):
    X, y = certified.draw(family, n=40, p=8)
    options = {"family": family, "l1_ratio": l1_ratio, "alphas": [0.1, 0.02], "tol": 1e-10}
    path = fit_path(X, y, solver=solver, trace=True, **options)
    steps = path.steps
    assert len({values.size for values in steps.values()}) == 1 and steps["point"].size >= 2
    assert np.all(np.diff(steps["point"]) >= 0) and np.all(np.diff(steps["seconds"]) >= 0)
    assert np.all(np.diff(steps["columns_read"]) >= 0)
    ends, differences = certified.objectives(path, X, y, **options), []
    for k, alpha in enumerate(path.alphas):
        own = steps["point"] == k + 1
        assert np.all(steps["alpha"][own] == alpha) and np.all(steps["loss"][own] <= steps["objective"][own])
        assert steps["support"][own][-1] == path.n_nonzero[k]
        differences.append(steps["objective"][own] - ends[k])
    constant = differences[0][-1]  # of the response alone, which naive.py leaves out of the loss of counts
    assert abs(constant) < 1e-9 or family == "poisson"
    for difference in differences:
        assert abs(difference[-1] - constant) < 1e-9 and np.all(difference >= constant - 1e-9)


@few(2)
@pytest.mark.parametrize(
    ("family", "shape", "form"),
    [
        ("gaussian", (60, 9), "spectrum"),
        ("gaussian", (12, 30), "krylov"),
        ("binomial", (200, 25), "quasi-Newton"),
        ("poisson", (15, 40), "rows"),
    ],
)
def test_steps_and_refits_of_ridge_in_every_form(family, shape, form, monkeypatch):
    n, p = shape
    X, y = certified.draw(family, n=n, p=p)
    used = []
    homes = {
        "spectrum": "paths.ridge.ridge_spectrum",
        "krylov": "paths.ridge.RidgeKrylov",
        "quasi-Newton": "solvers.ridge.newton.QuasiNewton",
        "rows": "solvers.ridge.newton.RowSpace",
    }
    home, name = homes[form].rsplit(".", 1)
    make = getattr(importlib.import_module(f"fastreg.{home}"), name)
    monkeypatch.setattr(f"fastreg.{homes[form]}", lambda *args: used.append(form) or make(*args))
    if form == "krylov":
        monkeypatch.setattr("fastreg.paths.plan.LARGEST_FACTOR", 5)
    options = {"family": family, "l1_ratio": 0.0, "alphas": np.geomspace(1.0, 0.3, 4 if form == "krylov" else 12)}
    plain = certified.fit(X, y, **options)
    times_used = len(used)
    path = fit_path(X, y, trace=True, **options)
    assert times_used > 0
    np.testing.assert_array_equal(path.coefs.toarray(), plain.coefs.toarray())
    steps = path.steps
    assert np.array_equal(np.unique(steps["point"]), np.arange(1, path.alphas.size + 1))
    assert steps["point"].size == path.work["iterations"] and np.all(steps["support"] == p)
    ends = certified.objectives(path, X, y, **options)
    last = np.flatnonzero(np.diff(steps["point"], append=0))
    differences = steps["objective"][last] - ends
    np.testing.assert_allclose(differences, differences[0], atol=1e-6)  # poisson: a constant of the response
    used.clear()
    refitted = path.refit(X, y, [0.5, 0.4])
    certified.assert_certified(refitted, X, y, tol=1e-9, family=family, l1_ratio=0.0)
    assert form in ("spectrum", "quasi-Newton") or not used  # both of these begin at the null model


def test_an_interrupt_keeps_the_points_done():
    X, y = certified.draw("gaussian", n=40, p=8)

    def stop(progress):
        if progress.point == 4:
            raise KeyboardInterrupt

    whole = certified.fit(X, y, n_alphas=10)
    with pytest.raises(KeyboardInterrupt, match="after 4 of 10 points") as caught:
        fit_path(X, y, n_alphas=10, callback=stop)
    path = caught.value.path
    assert isinstance(caught.value, Interrupted)
    np.testing.assert_array_equal(path.alphas, whole.alphas[:4])
    np.testing.assert_array_equal(path.coefs.toarray(), whole.coefs.toarray()[:, :4])
    certified.assert_certified(path, X, y, tol=1e-6)
    assert all(values.shape == (4,) for values in path.trace.values())


def test_an_interrupt_before_the_first_point(monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    for place in ("paths.pointwise.Pointwise.advance", "paths.batched.batches.Batches.advance"):
        monkeypatch.setattr(f"fastreg.{place}", stop)
    for family in ("gaussian", "poisson"):
        with pytest.raises(Interrupted, match="after 0 of 5 points") as caught:
            fit_path(np.eye(4), np.arange(4.0), family=family, n_alphas=5)
        assert caught.value.path is None


def test_an_interrupt_while_the_data_are_read(monkeypatch):
    def stop(X):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastreg.interface.validation.check_design", stop)
    with pytest.raises(Interrupted, match="before the first point") as caught:
        fit_path(np.eye(4), np.arange(4.0), n_alphas=5)
    assert caught.value.path is None


def test_an_error_in_a_callback_ends_the_fit_and_has_its_points():
    def fail(progress):
        if progress.point == 3:
            raise ZeroDivisionError("of my own") from ValueError("its cause")

    X, y = certified.draw("gaussian", n=40, p=8)
    with pytest.raises(ZeroDivisionError, match="of my own") as caught:
        fit_path(X, y, n_alphas=10, callback=fail)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__notes__ == ["fastreg ended after 3 of 10 points; this exception has what was done as path"]
    certified.assert_certified(caught.value.path, X, y, tol=1e-6)
    for family, target in (("multinomial", np.arange(40) % 3), ("gaussian", np.column_stack([y, -y]))):
        with pytest.raises(ZeroDivisionError) as caught:
            fit_multi_path(X, target, family=family, n_alphas=10, callback=fail)
        assert caught.value.path.alphas.size == 3
    with pytest.raises(ZeroDivisionError) as caught:
        cv_path(X, y, cv=3, n_alphas=10, callback=lambda progress: 1 / (progress.point - 15))
    assert caught.value.path.alphas.size == 10 and len(caught.value.folds) == 3
    assert 0 < sum(fold.alphas.size for fold in caught.value.folds if fold is not None) < 30


@pytest.mark.parametrize(("family", "l1_ratio", "solver"), SOLVERS)
def test_a_callback_may_look_at_the_points_so_far(family, l1_ratio, solver):
    X, y = certified.draw(family, n=40, p=8)
    seen, options = [], {"family": family, "l1_ratio": l1_ratio, "solver": solver, "alphas": [0.3, 0.1, 0.05]}
    whole = fit_path(X, y, callback=lambda progress: seen.append((progress, progress.path())), **options)
    for progress, path in seen:
        k = progress.point
        np.testing.assert_array_equal(path.coefs.toarray(), whole.coefs.toarray()[:, :k])
        assert path.trace["seconds"].size == k and path.alphas.tolist() == whole.alphas[:k].tolist()
        assert progress.path().alphas.size == k  # later, too


def test_a_callback_may_look_at_the_points_of_each_fold():
    X, y = certified.draw("gaussian", n=60, p=8)
    last = {}
    for target, family in ((y, "gaussian"), (np.arange(60) % 3, "multinomial")):
        cv_path(X, target, family=family, cv=3, n_alphas=5, callback=lambda p: last.update({p.stage: p.path()}))
        assert set(last) == {"all rows", *(f"fold {k} of 3" for k in (1, 2, 3))}
        assert {path.alphas.size for path in last.values()} == {5}


TERMINATED = """
import os, signal, sys
import numpy as np
import fastreg

rng = np.random.default_rng(0)
X, y = rng.normal(size=(30, 60)), rng.normal(size=30)

def end(progress):
    if progress.point == 4:
        os.kill(os.getpid(), signal.SIGTERM)

calls = {
    "path": lambda: fastreg.fit_path(X, y, callback=end),
    "folds": lambda: fastreg.cv_path(X, y, cv=3, callback=end),
    "halves": lambda: fastreg.stability_selection(X, y, n_pairs=2, callback=end),
}
if sys.argv[-1] == "own":
    heard = []
    signal.signal(signal.SIGTERM, lambda *args: heard.append(args))
    for call in calls.values():
        call()
    assert len(heard) == 3
else:
    for call in calls.values():
        try:
            call()
        except fastreg.Interrupted as stop:
            assert stop.path.alphas.size == 4 or stop.path is None, stop.path
        else:
            raise AssertionError("it went on")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    fastreg.fit_path(X, y, callback=end)
    print("not reached")
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_signal_to_terminate_is_an_interrupt():
    process = isolated.run(TERMINATED, check=False)
    assert process.returncode == 143 and process.stdout == "" and process.stderr.count("Traceback") == 0


@pytest.mark.process
def test_a_handler_of_the_program_itself_stays():
    isolated.run(f"import sys; sys.argv.append('own')\n{TERMINATED}")


def state(seconds, point=3):
    return Progress(point, 12, 0.01234, 3e-9, 4321, seconds)


def test_the_text_of_a_bar():
    assert bar_text(state(7.4)) == "3/12 [######..................] alpha 0.0123, 4,321 in, gap 3e-09, 7 s"
    assert len(bar_text(Progress(100_000, 100_000, 1.23e-10, 1e-16, 10_000_000, 99_999.0))) < 110


def test_a_bar_waits_rewrites_its_line_and_wipes_it():
    stream = Terminal()
    bar = Bar(stream)
    bar.show(state(1.99))
    assert stream.getvalue() == ""
    bar.show(state(2.0))
    bar.show(state(2.05))  # too soon after the last
    bar.show(state(2.2, point=4))
    first, second = stream.getvalue().split("\r")[1:]
    assert first.startswith("3/12") and second.startswith("4/12") and "\n" not in stream.getvalue()
    bar.close()
    assert stream.getvalue().endswith("\r" + " " * len(second) + "\r")


def test_a_bar_in_a_file_adds_lines():
    stream = io.StringIO()
    bar = Bar(stream)
    for seconds in (1.0, 2.5, 5.0, 13.0):
        bar.show(state(seconds))
    bar.close()
    assert [line.split(", ")[-1] for line in stream.getvalue().splitlines()] == ["2 s", "13 s"]


def test_verbose_is_silent_on_a_short_fit_and_shows_a_long_one(monkeypatch, capsys):
    X, y = certified.draw("binomial", n=40, p=8)
    fit_path(X, y, family="binomial")  # compile first, which is told on stderr
    capsys.readouterr()
    monkeypatch.setattr("fastreg.interface.progress.WAIT", np.inf)
    fit_path(X, y, family="binomial", verbose=1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("fastreg.interface.progress.WAIT", 0.0)
    monkeypatch.setattr("fastreg.interface.progress.QUIET_PAUSE", 0.0)
    path = fit_path(X, y, family="binomial", verbose=1, n_alphas=10)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 10 and any(line.startswith("10/10 [########") for line in lines)
    np.testing.assert_array_equal(path.gaps, fit_path(X, y, family="binomial", n_alphas=10).gaps)


@pytest.mark.parametrize("classes", [2, 3])
def test_verbose_shows_the_steps_of_a_single_fit(classes, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    y = np.digitize(X[:, 0] + rng.normal(size=60), [0.0, 0.7][: classes - 1])
    LogisticRegression(C=0.3, l1_ratio=1.0).fit(X, y)  # compile first, which is told on stderr
    capsys.readouterr()
    monkeypatch.setattr("fastreg.interface.progress.WAIT", np.inf)
    silent = LogisticRegression(C=0.3, l1_ratio=1.0, verbose=1).fit(X, y)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("fastreg.interface.progress.WAIT", 0.0)
    monkeypatch.setattr("fastreg.interface.progress.QUIET_PAUSE", 0.0)
    shown = LogisticRegression(C=0.3, l1_ratio=1.0, verbose=1).fit(X, y)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 0 and all(line.startswith("1/1 [########") and " in, gap " in line for line in lines)
    np.testing.assert_array_equal(shown.coef_, silent.coef_)
    assert shown.dual_gap_ <= 1e-6


def test_many_rows_are_traced_refitted_and_stopped_alike():
    """Through one Gram matrix of all columns (fastreg.objective.gram_reduction): the same services."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(4000, 60)) + 1.0)
    y = X[:, :5].sum(axis=1) + rng.normal(size=4000)
    heard = []
    path = fit_path(X, y, trace=True, callback=heard.append)
    assert path.work["passes"] < 4 and path.trace["columns_read"].sum() == path.work["columns_read"]
    assert len(heard) == 100 and path.fit_intercept and path.steps["point"][-1] == 100
    alpha = np.sqrt(path.alphas[20] * path.alphas[21])
    certified.assert_certified(path.refit(X, y, [alpha, 0.5 * alpha]), X, y, tol=1e-9)

    def stop(progress):
        if progress.point == 7:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="after 7 of 100 points") as caught:
        fit_path(X, y, callback=stop)
    certified.assert_certified(caught.value.path, X, y, tol=1e-6)
