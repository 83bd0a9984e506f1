"""A line on stderr while kernels are compiled, since a first fit would otherwise seem to hang."""

import contextlib
import time

from numba.core import event

from fastreg.interface.status_line import StatusLine

WAIT, PAUSE = 1.0, 0.1  # seconds of compiling before the first line, and between two updates of it
SECOND_LINE = 10.0  # seconds of compiling before the second and last line if stderr is a file
ADVICE = " (once; `fastreg warmup` does all)"


class CompileNotice(event.Listener):
    """Listens to Numba's compilations, and counts the functions for which `counts(dispatcher)` is true: kernels.

    The line is erased after each kernel, so that other output of the program starts on an empty line.
    """

    def __init__(self, counts):
        self.counts, self.clock = counts, time.perf_counter
        self.count, self.seconds, self.lines = 0, 0.0, 0  # kernels begun, seconds before `began`, lines written
        self.depth, self.began, self.next = 0, 0.0, 0.0  # nested kernels; start of the outermost; next update
        self.advice = ADVICE

    def on_start(self, event):
        if self.counts(event.data["dispatcher"]):
            if self.depth == 0:
                self.began = self.next = self.clock()
            self.depth += 1
            self.count += 1
            self._tell()

    def on_end(self, event):
        if self.counts(event.data["dispatcher"]):
            self.depth -= 1
            self._tell()
            if self.depth == 0:
                self.seconds += self.clock() - self.began
                with contextlib.suppress(OSError, ValueError):
                    StatusLine().wipe()

    def _tell(self):
        """Write the count. A closed stderr does not stop a fit."""
        now = self.clock()
        seconds = self.seconds + now - self.began
        if seconds < WAIT:
            return
        text = f"fastreg: compiling kernels for this machine, {self.count} so far"
        with contextlib.suppress(OSError, ValueError):
            line = StatusLine()
            if line.rewrites:
                if now >= self.next:
                    self.next = now + PAUSE
                    line.show(f"{text} ...")
            elif self.lines == 0 or (self.lines == 1 and seconds >= SECOND_LINE):
                self.lines += 1
                line.show(f"{text}{self.advice if self.lines == 1 else ''} ...")
