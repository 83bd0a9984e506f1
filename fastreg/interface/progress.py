"""What a long fit reports while it runs: to a callback, and by a bar on stderr."""

import threading
import time
from collections import deque
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

from fastreg.interface.status_line import StatusLine

WAIT, PAUSE, QUIET_PAUSE = (
    2.0,
    0.1,
    10.0,
)  # seconds before a bar shows, between its updates, and between those in a file
WIDTH = 24  # characters of the bar itself


class Progress(NamedTuple):
    """A point of a path that has just been fitted, as `fit_path(callback=...)` receives it.

    Parameters
    ----------
    point : int
        Its number, from 1.
    n_points : int
        How many there will be; an automatic logistic path may end sooner.
    alpha : float
        Its penalty.
    gap : float
        Its duality gap, relative to the null model's loss.
    support : int
        How many coefficients are not zero.
    seconds : float
        Seconds since the fit began.
    stage : str, default=""
        Where there are several fits, which of them: "all rows", "fold 3 of 10", "half 7 of 100". Points are then
        counted over all of them.
    so_far : callable, default=None
        What `path` calls.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import fit_path
    >>> path = fit_path(np.eye(4), np.arange(4.0), n_alphas=2, callback=lambda progress: print(progress.point))
    1
    2
    """

    point: int
    n_points: int
    alpha: float
    gap: float
    support: int
    seconds: float
    stage: str = ""
    so_far: Callable[[], Any] | None = None

    def path(self) -> Any:
        """The points of this fit up to now, as a path of its own, to look at or to save.

        Returns
        -------
        Path, MultiPath or None
            Of several fits the path of the one that `stage` names. None where a fit has none to show before its end.

        Examples
        --------
        >>> import numpy as np
        >>> from fastreg import fit_path
        >>> path = fit_path(np.eye(4), np.arange(4.0), n_alphas=2, callback=lambda p: print(p.path().alphas.size))
        1
        2
        """
        return None if self.so_far is None else self.so_far()


def listener(callback):
    """The callback itself, or None; a TypeError where it cannot be called."""
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of one argument, a fastreg.Progress, got {callback!r}")
    return callback


class Watch:
    """The progress of several fits, on one bar and to one callback.

    Both are called in the thread that made the Watch alone: what other threads report waits until that thread reports
    a point itself or calls `deliver`.
    """

    def __init__(self, verbose=False, callback=None, checkpoint=None):
        self.checkpoint = checkpoint  # a paths.checkpoint.Checkpoint
        self.bar, self.callback, self.begin = Bar() if verbose else None, listener(callback), time.perf_counter()
        self.total, self.prefix, self.thread = 0, "", threading.get_ident()
        self.done: dict[str, int] = {}  # points, by stage
        self.waiting: deque[tuple[str, Progress, float]] = deque()

    def expect(self, points):
        """Set how many points there will be in all, unless it is set already."""
        self.total = self.total or points

    def within(self, prefix, wanted=True):
        """The same Watch for a part of the fits, whose stages get `prefix` if it is `wanted`."""
        part = copy(self)
        part.prefix = f"{self.prefix}{prefix}, " if wanted else self.prefix
        return part

    def callback_for(self, stage):
        """A callback for the points of the fit called `stage`; None if there is neither bar nor callback."""
        if self.bar is None and self.callback is None:
            return None
        return lambda progress: self.report(self.prefix + stage, progress)

    def part_for(self, stage):
        """The part of the checkpoint for the fit called `stage`; None if there is no checkpoint."""
        return None if self.checkpoint is None else self.checkpoint.part(self.prefix + stage)

    def report(self, stage, progress):
        """Take the progress of one fit, and show it now or when the Watch's own thread delivers it."""
        self.waiting.append((stage, progress, time.perf_counter() - self.begin))
        self.deliver()

    def deliver(self):
        """Show what has been reported, if this is the thread that made the Watch."""
        while self.waiting and threading.get_ident() == self.thread:
            self._pass_on(*self.waiting.popleft())

    def _pass_on(self, stage, progress, seconds):
        """Show the progress of one fit, with points counted over all fits."""
        self.done[stage] = progress.point
        done = sum(self.done.values())
        here = progress._replace(point=done, n_points=max(self.total, done), seconds=seconds, stage=stage)
        if self.bar is not None:
            self.bar.show(here)
        if self.callback is not None:
            self.callback(here)

    def close(self):
        """Remove the bar. To be called when the fits end, also after an error."""
        if self.bar is not None:
            self.bar.close()


class Bar:
    """One line on stderr, rewritten in place; nothing is shown of a fit that takes less than two seconds.

    In a file, where a line cannot be rewritten, a new one is added every ten seconds.
    """

    def __init__(self, stream=None):
        self.line, self.next = StatusLine(stream), WAIT

    def show(self, progress):
        """Show the progress of a fit, unless the line was updated a moment ago."""
        self.write(progress.seconds, lambda: bar_text(progress))

    def write(self, seconds, text):
        """Show what `text()` returns some seconds after the beginning, unless the line was updated a moment ago."""
        if seconds < self.next:
            return
        self.next = seconds + (PAUSE if self.line.rewrites else QUIET_PAUSE)
        self.line.show(text())

    def close(self):
        """Wipe the line."""
        self.line.wipe()


def bar_text(progress):
    """The state of a fit in less than 80 characters."""
    full = round(WIDTH * progress.point / progress.n_points)
    stage = f"{progress.stage}, " if progress.stage else ""
    return (
        f"{progress.point}/{progress.n_points} [{'#' * full}{'.' * (WIDTH - full)}] {stage}alpha {progress.alpha:.3g}, "
        f"{progress.support:,} in, gap {progress.gap:.0e}, {progress.seconds:.0f} s"
    )
