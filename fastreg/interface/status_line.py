"""A line on stderr that is rewritten in place while something takes long."""

import sys


class StatusLine:
    """A line that shows one text after the other, each over the one before, also over that of another StatusLine."""

    shown = 0  # characters on the line now, of all objects together

    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream  # None where Python has no stderr

    @property
    def rewrites(self):
        """Whether a text can be overwritten: on a terminal or in a notebook, not in a file."""
        notebook = type(self.stream).__module__.startswith("ipykernel")
        return notebook or (self.stream is not None and self.stream.isatty())

    def show(self, text):
        """Show a text in place of the last; in a file, on a line of its own."""
        if self.rewrites:
            self._write("\r" + text.ljust(StatusLine.shown))
            StatusLine.shown = len(text)
        else:
            self._write(text + "\n")

    def wipe(self):
        """Empty the line, where it can be overwritten."""
        if StatusLine.shown and self.rewrites:
            self._write("\r" + " " * StatusLine.shown + "\r")
            StatusLine.shown = 0

    def _write(self, text):
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()
