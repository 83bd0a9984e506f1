"""Calls: tasks on the workers of a Dask client, how they are waited for, and what is told where they fail."""

import asyncio
import pkgutil
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import count

import numpy as np

import fastreg

LARGE = 2**20  # bytes of arguments from which they are sent to all workers once, and not with each task
PAUSE = 0.5  # seconds between looks at whether scheduler and workers are there
ROUNDS = 4  # times that a call is begun whose blocks were lost with their workers
PATIENCE = 60.0  # seconds without any worker after which a call fails
RELEASE = "fastreg:__version__"


class Lost(Exception):
    """Blocks are gone that no worker can make again."""


class Calls:
    """The calls of one client: `trips` counts them, `sent` and `received` the bytes of arrays to and from workers."""

    def __init__(self, client):
        self.client = checked_client(client)
        self.trips = self.sent = self.received = 0

    def workers(self):
        """The addresses of the workers, in a fixed order; raises where one lacks this version of fastreg."""
        answers = self.reached(self.client.run, pkgutil.resolve_name, RELEASE, on_error="return")
        found = {worker: each for worker, each in answers.items() if not isinstance(each, OSError)}  # others have ended
        if not found:
            raise RuntimeError(
                f"the cluster at {self.address()} has no workers; start some, and wait for them by "
                "client.wait_for_workers(1)"
            )
        for worker, answer in sorted(found.items()):
            if isinstance(answer, BaseException):
                raise RuntimeError(
                    f"worker {worker} cannot import fastreg ({answer}); install fastreg {fastreg.__version__} on every "
                    "worker"
                )
            if answer != fastreg.__version__:
                raise RuntimeError(
                    f"worker {worker} has fastreg {answer}, and this process {fastreg.__version__}; install the same "
                    "version on both"
                )
        return sorted(found)

    def begin(self, function, *args, worker=None, pure=False):
        """The future of a function of arguments, preferably on a worker."""
        where = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
        return self.reached(self.client.submit, function, *args, pure=pure, **where)

    def run(self, function, blocks, *args, of_each=()):
        """function(block, *args) for every block, one task each; `of_each` are tuples of arguments of each block's own.

        Ctrl-C cancels the tasks.
        """
        self.trips += 1
        shared, big = list(args), [k for k, arg in enumerate(args) if bytes_of(arg) > LARGE]
        self.sent += len(blocks) * bytes_of(args) + bytes_of(of_each)
        for k in big:
            (shared[k],) = self.reached(self.client.scatter, [shared[k]], broadcast=True, hash=False)
        arguments = [[each] * len(blocks) for each in shared] + [list(each) for each in zip(*of_each)]
        results = self.wait(self.reached(self.client.map, function, blocks, *arguments, pure=False))
        self.received += sum(bytes_of(each) for each in results)
        return results

    def run_on(self, futures, renew, function, *args, which=None, of_each=()):
        """`run` on some of a list of futures, all of them unless their numbers are given by `which`. Those that were
        lost with a worker are replaced in the list by renew(their numbers), and the call begins again."""
        which = range(len(futures)) if which is None else which
        for left in range(ROUNDS, 0, -1):
            try:
                return self.run(function, [futures[k] for k in which], *args, of_each=of_each)
            except Lost as error:
                if left == 1:
                    raise RuntimeError(
                        f"workers of {self.address()} were lost {ROUNDS} times while one call ran ({error}); they may "
                        "lack memory for their blocks of X"
                    ) from None
                renew([k for k in which if futures[k].status in ("cancelled", "lost")])  # none, if arguments were lost

    def wait(self, futures):
        """The results of futures. Whatever ends this cancels the tasks."""
        loop = self.client.loop.asyncio_loop
        gathering = asyncio.run_coroutine_threadsafe(self.client.gather(futures, asynchronous=True), loop)
        try:
            return self._results(gathering)
        except BaseException:
            if self.client.status == "running":
                self.client.cancel(futures)
                with suppress(Exception):  # else Dask leaves exceptions behind that nobody takes, and asyncio prints
                    gathering.result(PAUSE)
            raise
        finally:
            gathering.cancel()

    def _results(self, gathering):
        idle = 0.0
        try:
            for _ in count():
                try:
                    return gathering.result(PAUSE)
                except TimeoutError:
                    if gathering.done():
                        return gathering.result()
                    idle = 0.0 if self._any_worker() else idle + PAUSE
                    if idle >= PATIENCE:
                        raise RuntimeError(
                            f"the cluster at {self.address()} has had no worker for {idle:.0f} s; start some, and fit "
                            "again"
                        ) from None
        except CancelledError as error:
            self._any_worker()
            raise Lost(str(error)) from None
        except ImportError as error:
            raise RuntimeError(
                f"a worker cannot import what this fit needs ({error}); install fastreg {fastreg.__version__} and its "
                "dependencies on every worker"
            ) from error
        except OSError as error:
            self._any_worker()
            raise error

    def _any_worker(self):
        """Whether there are workers; a RuntimeError where the scheduler is gone."""
        return bool(self.reached(self.client.nthreads))

    def reached(self, call, *args, **options):
        """A call of the client that needs the scheduler; a RuntimeError where that is gone."""
        if self.client.status == "running":
            try:
                return call(*args, **options)
            except (OSError, CancelledError) as error:
                cause = error
        else:
            cause = None
        raise RuntimeError(
            f"the scheduler at {self.address()} does not answer any more (client: {self.client.status}); connect a new "
            "Client, distribute X again and fit again"
        ) from cause

    def address(self):
        """Where the scheduler is."""
        scheduler = self.client.scheduler
        return scheduler.address if scheduler is not None else "an unknown address"


def checked_client(client):
    """A synchronous distributed.Client that is connected; else an error that says so."""
    try:
        from distributed import Client
    except ImportError:
        raise ImportError("a cluster needs dask and distributed: pip install 'fastreg-engine[dask]'") from None
    if not isinstance(client, Client):
        raise TypeError(
            f"client must be a distributed.Client, got a {type(client).__name__}; make one by Client(address)"
        )
    if client.asynchronous:
        raise TypeError(
            "client is asynchronous, and fits wait for results; pass Client(address), without asynchronous=True"
        )
    if client.status != "running":
        raise RuntimeError(f"the client is not connected (its status is {client.status!r}); make a new one")
    return client


def bytes_of(result):
    """The bytes of the arrays of a result."""
    if isinstance(result, tuple | list):
        return sum(map(bytes_of, result))
    return int(getattr(result, "nbytes", 0)) if isinstance(result, np.ndarray) else 0
