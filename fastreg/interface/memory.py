"""How much memory may be used: for copies of columns and pages of files, and for copies of X, refused beyond it."""

import os
import re
from functools import cache
from pathlib import Path

UNITS = " KMGT"  # each is a thousand of the one before, or 1024 where an i follows
SHARE = 0.5  # of what is free when it is first asked for, which is left to others
UNKNOWN = 2**32  # bytes, where the system does not tell
GROUPS = {  # by the kind of a control group: its folder, the files of its limit and use, what its pages are called
    "": ("", "memory.max", "memory.current", ""),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
}


@cache
def allowance():
    """Bytes that a fit may use for copies of columns: FASTREG_MEMORY, such as 4GB, else half of what is free."""
    return _stated() or int(SHARE * free())


def room_for(size, what, remedy):
    """Raise MemoryError, before anything is copied, where `what` takes more bytes than there are."""
    there = _stated() or free()
    if size > there:
        raise MemoryError(f"{what} takes {shown(size)}, and {shown(there)} of memory may be used; {remedy}")


def shown(size):
    """A number of bytes for a message."""
    if size < 1e5:
        return f"{size / 1e3:.3g} kB"
    return f"{size / 1e9:.3g} GB" if size >= 1e8 else f"{size / 1e6:.3g} MB"


def free(root="/"):
    """Bytes of memory that are free: by the system, and by the limit of a container or job that this process is in."""
    return max(0, min([_free_in_system(Path(root)), *_free_in_groups(Path(root))]))


def _stated():
    """The bytes that FASTREG_MEMORY states, or None."""
    given = os.environ.get("FASTREG_MEMORY", "").strip()
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?", given.upper())
    if given and not (found and float(found[1])):
        raise ValueError(f"FASTREG_MEMORY is {given!r}; set it to bytes, or to a number with a unit, such as 4G")
    if not found:
        return None
    return int(float(found[1]) * (1024 if found[3] else 1000) ** UNITS.index(found[2] or " "))


def _free_in_system(root):
    """What can be used without swapping, or all memory where the system does not tell."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pages = "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ())
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if pages else UNKNOWN


def _free_in_groups(root):
    """What control groups, which limit containers and jobs, leave to this process and to the groups that it is in.

    Pages of files that a group has read count as used, but are given back when memory is needed.
    """
    try:
        lines = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return
    for _, kind, path in lines:
        if kind not in GROUPS:
            continue
        base, limit, used, stem = GROUPS[kind]
        top = root / "sys/fs/cgroup" / base
        own = top / path.strip("/")
        for folder in [own, *own.parents][: len(own.parts) - len(top.parts) + 1]:
            try:
                bound = (folder / limit).read_text().strip()
                pages = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                if bound != "max":
                    kept = sum(int(pages.get(stem + name, 0)) for name in ("inactive_file", "active_file"))
                    yield int(bound) - int((folder / used).read_text()) + kept
            except OSError:  # no such file: no limit here
                continue
