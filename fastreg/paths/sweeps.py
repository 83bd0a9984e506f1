"""Several fits of one X that share its reads: products X'v of all fits are computed in one pass.

A fit is a generator of requests (vector, columns), as strategies are. It runs, on any free thread, until it requests
X'v for all columns. When all fits have, the products are computed together. Results depend neither on the other fits
nor on the number of threads.
"""

import threading

import numpy as np

from fastreg.numerics.threads import over_blocks

VECTORS = 10  # vectors of length n that a fit reads or writes for each pass over X, about


def share_sweeps(problems, generators, watch, products=()):
    """Run all generators until they have ended. Returns the number of sweeps.

    A request (vector, k) with a number k is for products[k], a function of several vectors. The lowest k is computed
    first, sweeps last, so that as many fits as possible share each.
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
    """A fit: whether it `waits` for a product of `vector`, and the number `wanted` of the product; None is a sweep."""

    def __init__(self, problem, steps):
        self.problem, self.steps, self.waits, self.vector = problem, steps, False, np.empty(0)
        self.wanted: int | None = None
        self.answer: np.ndarray | None = None

    def take(self, answer):
        """Set the product that the fit waits for."""
        self.answer, self.waits = answer, False

    def go_on(self):
        """Run until the fit requests a product that others may share, or ends."""
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
    """Compute X'r of null models for which it was not read together with the moments. Returns the number of passes."""
    waiting = [fit for fit in fits if not fit.problem.knows(fit.null.residual)]
    if not waiting:
        return 0
    products = sweep([fit.problem for fit in waiting], [fit.null.residual for fit in waiting])
    for fit, product in zip(waiting, products):
        fit.null.read(product)
    return 1


def sweep(problems, duals):
    """X'dual of each fit, (p,), or (p, K) for duals (K, n); zeros at columns that it leaves out."""
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

    The first exception ends the other tasks (Problem.call_off) and is raised once they have ended; their points are
    kept. An interrupt is raised in the calling thread alone, which may be waiting for others.
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
