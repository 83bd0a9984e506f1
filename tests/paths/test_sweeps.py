"""Fits side by side: the same bits for any number of threads, whoever watches hears in one, and all stop together."""

import signal
import threading
import time
from functools import partial
from types import SimpleNamespace

import certified
import isolated
import numpy as np
import pytest
from grids import few

import fastreg
from fastreg import Interrupted, cv_path, stability_selection
from fastreg.interface.progress import Watch
from fastreg.numerics import threads
from fastreg.objective.problem import CalledOff
from fastreg.paths.sweeps import side_by_side

CASES = {
    "blocks": ("gaussian", (40, 90), {}),
    "points": ("gaussian", (60, 12), {"l1_ratio": 0.5, "penalty_factor": np.arange(12.0)}),
    "descent": ("gaussian", (60, 12), {"solver": "coordinate_descent"}),
    "tall": ("gaussian", (12_000, 20), {}),
    "newton": ("binomial", (40, 90), {}),
}


@pytest.fixture(autouse=True)
def three_threads_whatever_the_size(monkeypatch):
    monkeypatch.setattr(threads, "SHARED", 1)
    fastreg.set_num_threads(3)
    yield
    fastreg.set_num_threads(None)


def draw(case):
    family, (n, p), options = CASES[case]
    X, y = certified.draw(family, n=n, p=p)
    return X, y, {"family": family, "cv": 4, "n_alphas": 8, "alpha_min_ratio": 0.05} | options


@few(2)
@pytest.mark.parametrize("case", CASES)
def test_folds_have_the_same_bits_for_any_number_of_threads(case):
    X, y, options = draw(case)
    shared = cv_path(X, y, keep_predictions=True, **options)
    fastreg.set_num_threads(1)
    alone = cv_path(X, y, keep_predictions=True, **options)
    for f, (one, other) in enumerate(zip(shared.fold_paths, alone.fold_paths)):
        np.testing.assert_array_equal(one.coefs.toarray(), other.coefs.toarray())
        np.testing.assert_array_equal(one.gaps, other.gaps)
        train = shared.test_folds != f
        own = {key: options[key] for key in ("family", "l1_ratio", "penalty_factor") if key in options}
        certified.assert_certified(one, X[train], y[train], tol=1e-6, **own)
    np.testing.assert_array_equal(shared.predictions, alone.predictions)
    assert shared.work == alone.work


def test_halves_have_the_same_bits_for_any_number_of_threads():
    X, y = certified.draw("binomial", n=60, p=30)
    options = {"family": "binomial", "n_pairs": 4, "n_alphas": 20, "expected_errors": 3.0}
    shared = stability_selection(X, y, **options)
    fastreg.set_num_threads(1)
    alone = stability_selection(X, y, **options)
    np.testing.assert_array_equal(shared.counts.toarray(), alone.counts.toarray())
    np.testing.assert_array_equal(shared.gaps, alone.gaps)


@few(2)
@pytest.mark.parametrize("case", CASES)
def test_a_callback_hears_of_every_point_in_the_thread_that_fits(case):
    X, y, options = draw(case)
    heard, where = [], set()

    def callback(progress):
        heard.append(progress)
        where.add(threading.get_ident())

    cv_path(X, y, callback=callback, **options)
    assert where == {threading.get_ident()}
    assert [each.point for each in heard] == list(range(1, 5 * 8 + 1))
    for stage in {each.stage for each in heard}:
        assert [each.alpha for each in heard if each.stage == stage] == sorted(
            (each.alpha for each in heard if each.stage == stage), reverse=True
        )


@few(2)
@pytest.mark.parametrize("case", CASES)
def test_an_interrupt_keeps_what_every_thread_had_done(case):
    X, y, options = draw(case)

    def stop(progress):
        if progress.point >= 8 + 20:
            raise KeyboardInterrupt

    whole = cv_path(X, y, **options)
    with pytest.raises(Interrupted, match="of folds") as caught:
        cv_path(X, y, callback=stop, **options)
    paths = caught.value.folds
    assert sum(0 if path is None else path.alphas.size for path in paths) >= (20 if case != "tall" else 8)
    own = {key: options[key] for key in ("family", "l1_ratio", "penalty_factor") if key in options}
    for fold, path in enumerate(paths):
        if path is not None:
            train = whole.test_folds != fold
            certified.assert_certified(path, X[train], y[train], tol=1e-6, **own)


class Stub(SimpleNamespace):
    """A problem that can be called off, as fastreg.objective.problem.Problem can."""

    called_off = False

    def call_off(self):
        self.called_off = True

    def stop_if_interrupted(self):
        if self.called_off:
            raise CalledOff


def work_until_called_off(problem, ended):
    try:
        give_up = time.monotonic() + isolated.LIMIT
        while time.monotonic() < give_up:
            problem.stop_if_interrupted()
            time.sleep(0.001)
    except CalledOff:
        ended.append(True)
        raise


@pytest.fixture
def interrupts_heeded():
    """A process that was begun in the background may have been told to ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signal can be sent to one thread here")
def test_an_interrupt_of_a_thread_that_waits_calls_the_others_off(interrupts_heeded):
    begun, ended, problems = threading.Event(), [], [Stub(), Stub()]

    def task(problem):
        if threading.current_thread() is threading.main_thread():  # which then has nothing to do but wait
            assert begun.wait(isolated.LIMIT)
            return
        begun.set()
        time.sleep(0.05)  # until it waits; if it does not yet, the outcome is the same
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        work_until_called_off(problem, ended)

    with pytest.raises(KeyboardInterrupt):
        side_by_side([partial(task, each) for each in problems], problems, Stub(stored=10, n=10), Watch())
    assert ended == [True]


def test_the_first_error_calls_the_others_off_and_is_raised():
    begun, ended, problems = threading.Barrier(3), [], [Stub(), Stub(), Stub()]

    def fails():
        begun.wait(isolated.LIMIT)
        raise ArithmeticError("of the first")

    def goes_on(problem):
        begun.wait(isolated.LIMIT)
        work_until_called_off(problem, ended)

    tasks = [lambda: goes_on(problems[0]), fails, lambda: goes_on(problems[2])]
    with pytest.raises(ArithmeticError, match="of the first"):
        side_by_side(tasks, problems, Stub(stored=10, n=10), Watch())
    assert ended == [True, True]
