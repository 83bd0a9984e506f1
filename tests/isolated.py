"""Scripts in a fresh Python, with a limit against hangs: for inputs that make other libraries hang or crash."""

import os
import subprocess
import sys
from pathlib import Path

import fastreg

ROOT = Path(fastreg.__file__).parents[1]
LIMIT = 1800  # seconds: against hangs alone, so far beyond what compiling takes on the slowest machine


def run(script, *, root=ROOT, check=True, **environment):
    """Run a script and return the finished process; with `check`, it must have ended well."""
    paths = os.pathsep.join([str(root), str(Path(__file__).parent)])
    process = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=root,
    )
    assert not check or process.returncode == 0, process.stderr
    return process
