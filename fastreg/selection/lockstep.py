"""Fits of one X side by side: each by whichever thread is free, their products with all of X made together.

A fit is a generator of requests (dual, columns), as PathSolver.steps has them. It runs until it wants all of X'dual;
when all do, the products are made at once. What a fit computes does not depend on those beside it, nor on threads.
"""

import threading

import numpy as np

from fastreg.threads import over_blocks

VECTORS = 10  # of length n that a fit works on for each pass over X, about


def in_lockstep(problems, generators, watch):
    """Run all generators until they have ended. Returns the number of sweeps."""
    fits = [Fit(problem, steps) for problem, steps in zip(problems, generators)]
    sweeps = 0
    while fits:
        side_by_side([fit.go_on for fit in fits], [fit.problem for fit in fits], problems[0], watch)
        fits = [fit for fit in fits if fit.dual is not None]
        if fits:
            products = sweep([fit.problem for fit in fits], [fit.dual for fit in fits])
            sweeps += 1
            for fit, fit.product in zip(fits, products):
                fit.dual = None
    return sweeps


class Fit:
    """One fit on its way, and the `dual` of which it waits for the product."""

    def __init__(self, problem, steps):
        self.problem, self.steps, self.product, self.dual = problem, steps, None, None

    def go_on(self):
        """Run until the fit wants a sweep or ends."""
        product, self.product = self.product, None
        try:
            while True:
                dual, columns = self.steps.send(product)
                if columns is None:
                    self.dual = dual
                    return
                self.problem.heed()
                product = self.problem.correlate_some(dual, columns)
        except StopIteration:
            pass


def sweep(problems, duals):
    """X'dual of each fit, with zeros at the columns that it leaves out."""
    products = problems[0].design.correlate_each(np.stack(duals))
    for problem, product in zip(problems, products):
        product[problem.left_out] = 0.0
        problem.work.sweeps += 1
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
    watch.catch_up()


def call_off(problems):
    for problem in problems:
        problem.called_off = True
