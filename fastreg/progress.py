"""What a long fit tells while it runs: to a callback, by a bar on stderr, or when it is stopped."""

import sys
from contextlib import contextmanager
from typing import Any, NamedTuple

WAIT, PAUSE, QUIET_PAUSE = 2.0, 0.1, 10.0  # seconds: before a bar shows, between two of its states, in a log file
WIDTH = 24  # characters of the bar itself


class Progress(NamedTuple):
    """A point of a path that has just been fitted, as `fit_path(callback=...)` receives it.

    Attributes
    ----------
    point : its number, from 1.
    n_points : how many there will be; an automatic logistic path may end sooner.
    alpha : its penalty.
    gap : its duality gap, relative to the null model's loss.
    support : how many coefficients are not zero.
    seconds : since the fit began.
    """

    point: int
    n_points: int
    alpha: float
    gap: float
    support: int
    seconds: float


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a fit. `path` holds the points done before it (a Path), or None if there was none yet."""

    def __init__(self, message: str = "interrupted", path: Any = None):
        super().__init__(message)
        self.path = path


@contextmanager
def interruptible():
    """Ctrl-C within is an Interrupted, also where nothing has been fitted yet."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted("interrupted before the first point") from None


class Bar:
    """One line on stderr, rewritten in place; nothing is shown of a fit that takes less than two seconds.

    In a file, where a line cannot be rewritten, a new one is added every ten seconds.
    """

    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream
        notebook = type(self.stream).__module__.startswith("ipykernel")
        self.rewrites = notebook or self.stream.isatty()
        self.next, self.width = WAIT, 0

    def show(self, progress):
        """Show where a fit stands, unless the last time was a moment ago."""
        if progress.seconds < self.next:
            return
        self.next = progress.seconds + (PAUSE if self.rewrites else QUIET_PAUSE)
        text = bar_text(progress)
        start, end = ("\r", "") if self.rewrites else ("", "\n")
        self.stream.write(start + text.ljust(self.width) + end)
        self.stream.flush()
        self.width = max(self.width, len(text))

    def close(self):
        """Wipe the line: what a fit has come to is told by its Path."""
        if self.width and self.rewrites:
            self.stream.write("\r" + " " * self.width + "\r")
            self.stream.flush()


def bar_text(progress):
    """The state of a fit in less than 80 characters."""
    full = round(WIDTH * progress.point / progress.n_points)
    return (
        f"{progress.point}/{progress.n_points} [{'#' * full}{'.' * (WIDTH - full)}] alpha {progress.alpha:.3g}, "
        f"{progress.support:,} in, gap {progress.gap:.0e}, {progress.seconds:.0f} s"
    )
