"""Fits of one X side by side: each by whichever thread is free, their products with all of X made together.

A fit is a generator of requests (dual, columns), as strategies have them. It runs until it wants all of X'dual;
when all do, the products are made at once. What a fit computes does not depend on those beside it, nor on threads.
"""

import threading

import numpy as np

from fastreg.numerics.threads import over_blocks

VECTORS = 10  # of length n that a fit works on for each pass over X, about


def share_sweeps(problems, generators, watch, products=()):
    """Run all generators until they have ended. Returns the number of sweeps.

    A request (vector, k) with a number k is for one of the `products`, functions of several vectors. What comes first
    among them is made first, sweeps last, so that as many fits as can be share each.
    """
    fits = [Fit(problem, steps) for problem, steps in zip(problems, generators)]
    sweeps = 0
    while fits:
        ready = [fit.go_on for fit in fits if not fit.waits]
        side_by_side(ready, [fit.problem for fit in fits], problems[0], watch)
        fits = [fit for fit in fits if fit.waits]
        if not fits:
            break
        kind = min((fit.wanted for fit in fits if fit.wanted is not None), default=None)
        served = [fit for fit in fits if fit.wanted == kind]
        if kind is None:
            answers = sweep([fit.problem for fit in served], [fit.vector for fit in served])
            sweeps += 1
        else:
            answers = products[kind](np.stack([fit.vector for fit in served]))
        for fit, answer in zip(served, answers):
            fit.take(answer)
    return sweeps


class Fit:
    """One fit on its way: whether it `waits` for a product of `vector`, and which one is `wanted`: None is a sweep."""

    def __init__(self, problem, steps):
        self.problem, self.steps, self.waits, self.vector = problem, steps, False, np.empty(0)
        self.wanted: int | None = None
        self.answer: np.ndarray | None = None

    def take(self, answer):
        """Be given the product."""
        self.answer, self.waits = answer, False

    def go_on(self):
        """Run until the fit wants a product that others may share, or ends."""
        answer, self.answer = self.answer, None
        try:
            while True:
                vector, wanted = self.steps.send(answer)
                if not isinstance(wanted, np.ndarray):
                    self.waits, self.vector, self.wanted = True, vector, wanted
                    return
                self.problem.stop_if_interrupted()
                answer = self.problem.correlate_some(vector, wanted)
        except StopIteration:
            pass


def share_null_sweep(fits):
    """Make X'r of the null models of all fits, in one read."""
    products = sweep([fit.problem for fit in fits], [fit.null.residual for fit in fits])
    for fit, product in zip(fits, products):
        fit.null.read(product)


def sweep(problems, duals):
    """X'dual of each fit, with zeros at the columns that it leaves out; of duals (K, n) the products are (p, K)."""
    counts = [1 if dual.ndim == 1 else len(dual) for dual in duals]
    rows = problems[0].design.correlate_each(np.vstack(duals))
    products = [
        part[0] if dual.ndim == 1 else np.ascontiguousarray(part.T)
        for dual, part in zip(duals, np.split(rows, np.cumsum(counts[:-1])))
    ]
    for problem, product in zip(problems, products):
        product[problem.left_out] = 0.0
        problem.work.add(sweeps=1)
    return products


def side_by_side(tasks, problems, whole, watch):
    """Call every task, each for one of the problems; by several threads if the `whole` problem is large enough.

    The first exception calls off the other tasks, and is raised when they have ended: what they had done stands. An
    interrupt reaches the calling thread alone, which may be the one that waits.
    """
    failures, under_way = [], [threading.Lock() for _ in tasks]

    def call(start, stop):
        for task, lock in zip(tasks[start:stop], under_way[start:stop]):
            try:
                with lock:
                    task()
            except BaseException as error:
                failures.append(error)
                call_off(problems)
                raise

    try:
        over_blocks(call, range(len(tasks) + 1), whole.stored + VECTORS * whole.n)
    except BaseException as error:
        first = failures[0] if failures else error
        call_off(problems)
        for lock in under_way:
            lock.acquire()
        raise first from None
    watch.deliver()


def call_off(problems):
    for problem in problems:
        problem.call_off()
