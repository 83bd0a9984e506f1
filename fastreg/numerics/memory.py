"""How much memory a fit may use for copies of columns."""

import os
import re
from functools import cache

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}  # bytes
SHARE = 0.5  # of what is free when it is first asked for, which is left to others


@cache
def allowance():
    """Bytes that a fit may use: FASTREG_MEMORY, such as 4G or 500MB, else half of what is free."""
    given = os.environ.get("FASTREG_MEMORY", "").strip()
    if not given:
        return int(SHARE * _free())
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", given.upper())
    if not found:
        raise ValueError(f"FASTREG_MEMORY is {given!r}; set it to bytes, or to a number with a unit, such as 4G")
    return int(float(found[1]) * UNITS[found[2]])


def _free():
    """Bytes of memory that are free, or all bytes where the system does not tell."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 2**32
