"""What is left of a fit that ends early: by Ctrl-C, by SIGTERM, or by an error in a callback."""

import _signal as _plain  # signal's own functions make enums of numbers, which takes a twentieth of a small fit
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM during a fit, with the results up to then.

    SIGTERM, by which schedulers end processes, counts as Ctrl-C in the main thread, unless the program has a handler of
    its own for it. The exception is then a SystemExit, too: what no `except` catches ends the process with the exit
    code 143, as SIGTERM does. A second SIGTERM ends the process at once.

    Parameters
    ----------
    message : str, default="interrupted"
        The message of the exception.
    path : Path, MultiPath or None, default=None
        The points that were done; where there are several fits, those on all rows. None if there was none yet.
    folds : sequence of Path or None, default=()
        The points of each fold, None for one without a point.
    finished : sequence, default=()
        Results that were complete: a CVPath for each l1_ratio that was done with, a CVRelaxed for each outer fold, the
        StabilityPath of the pairs done.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> def stop(progress):
    ...     raise KeyboardInterrupt  # as Ctrl-C does
    >>> try:
    ...     fastreg.fit_path(np.eye(4), np.arange(4.0), callback=stop)
    ... except fastreg.Interrupted as stopped:
    ...     print(stopped.path.alphas.size)
    1
    """

    path: Any
    folds: list[Any]
    finished: list[Any]

    def __init__(self, message: str = "interrupted", path: Any = None, folds: Any = (), finished: Any = ()):
        super().__init__(message)
        self.path, self.folds, self.finished = path, list(folds), list(finished)


class Terminated(Interrupted, SystemExit):
    """An Interrupted by SIGTERM. What does not catch it ends the process with a shell's exit code for this signal."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.code = 128 + signal.SIGTERM


def hold(error, **done):
    """Let an exception have what was done beside: `path`, `folds` or `finished`."""
    vars(error).update(done)


def ended_early(error, message, **done):
    """The exception to raise for one that has ended a fit: an Interrupted for Ctrl-C, else the same, which has what was
    done, too: `path`, `folds` or `finished`. `message` says how far the fit was."""
    if isinstance(error, KeyboardInterrupt):
        stop = Interrupted(f"interrupted {message}", **done)
        stop.__suppress_context__ = True
        return stop
    hold(error, **done)
    kept = [name for name, value in done.items() if value is not None and len(_listed(value))]
    if kept:
        error.add_note(f"fastreg ended {message}; this exception has what was done as {' and '.join(kept)}")
    return error


def _listed(value):
    return [each for each in value if each is not None] if isinstance(value, list | tuple) else [value]


@contextmanager
def interruptible() -> Iterator[None]:
    """Within this, Ctrl-C and SIGTERM raise an Interrupted, also where nothing has been fitted yet.

    SIGTERM does if it would end the process otherwise: a program may have its own handler, as web servers and Dask's
    workers do, which stays. Only the main thread can set one.
    """
    received: list[int] = []

    def interrupt(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        received.append(number)
        raise KeyboardInterrupt

    main, handler, handle = threading.current_thread() is threading.main_thread(), _plain.getsignal, _plain.signal
    if main and handler(signal.SIGTERM) == _plain.SIG_DFL:
        with suppress(ValueError):  # the main thread of a subinterpreter
            handle(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt as error:
        stop = error if isinstance(error, Interrupted) else Interrupted("interrupted before the first point")
        if received:
            stop = Terminated(*stop.args, stop.path, stop.folds, stop.finished)
        if stop is error:
            raise
        raise stop from None
    else:
        if received:  # what it raised was caught on the way
            raise Terminated("interrupted at the end of the fit")
    finally:
        if main and handler(signal.SIGTERM) is interrupt:
            handle(signal.SIGTERM, _plain.SIG_DFL)
