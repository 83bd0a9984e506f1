"""What a fresh process waits for: the import, and the first fit with compiled kernels in the cache and without."""

import os
import subprocess
import sys
import tempfile

FIT = """
import numpy as np
import scipy.sparse as sp
from fastreg import fit_path
rng = np.random.default_rng(0)
X, y = rng.standard_normal((50, 100)), rng.standard_normal(50)
fit_path({X}, {y}, family="{family}", n_alphas=10)
"""
FAMILIES, DESIGNS = {"gaussian": "y", "binomial": "(y > 0) * 1.0"}, {"dense": "X", "sparse": "sp.csc_array(X)"}


class Import:
    """The import beside the imports that it cannot avoid."""

    repeat = (3, 9, 20.0)

    def timeraw_fastreg(self):
        return "import fastreg"

    def timeraw_fit_path(self):
        return "from fastreg import fit_path"

    def timeraw_what_it_stands_on(self):
        return "import numba, numpy, scipy.sparse"


class FirstFit:
    """Import and first path of a process. Both kinds of cache live in a folder of their own and leave nothing."""

    params = (tuple(FAMILIES), tuple(DESIGNS))
    param_names = ("family", "design")
    timeout = 120
    folder = None

    def setup(self, family, design):
        self.code = FIT.format(X=DESIGNS[design], y=FAMILIES[family], family=family)
        if self.folder is None:
            self.folder = tempfile.TemporaryDirectory()
            environment = os.environ | {"FASTREG_CACHE_DIR": self.folder.name}
            subprocess.run([sys.executable, "-c", self.code], env=environment, check=True, capture_output=True)

    def timeraw_warm_cache(self, family, design):
        return self.code, f"import os; os.environ['FASTREG_CACHE_DIR'] = {self.folder.name!r}"

    def timeraw_empty_cache(self, family, design):
        return self.code, (
            "import os, tempfile; folder = tempfile.TemporaryDirectory(); os.environ['FASTREG_CACHE_DIR'] = folder.name"
        )

    timeraw_warm_cache.repeat = (3, 9, 10.0)
    timeraw_empty_cache.repeat = (1, 2, 10.0)
    timeraw_empty_cache.rounds = 1
