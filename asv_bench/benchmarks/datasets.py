"""The problems that benchmarks and the speed table share: generated from a seed, and the bundled nci60."""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
import scipy.sparse as sp

SIGNAL_TO_NOISE = 5.0


@dataclass(frozen=True)
class Problem:
    """A path to fit: `alphas` fall from alpha_max to alpha_max * depth."""

    X: object  # (n, p) float64 in Fortran order, or CSC
    y: np.ndarray
    family: str = "gaussian"
    l1_ratio: float = 1.0
    depth: float = 0.01
    n_alphas: int = 100
    intercept: bool = True

    @cached_property
    def alphas(self):
        correlation = np.abs(self.X.T @ (self.y - self.y.mean())).max() / self.y.size
        return correlation / max(self.l1_ratio, 1e-3) * np.geomspace(1.0, self.depth, self.n_alphas)

    @property
    def options(self):
        """What fit_path is told of this problem, besides its alphas."""
        return {"X": self.X, "y": self.y, "family": self.family, "l1_ratio": self.l1_ratio}


def respond(eta, family, rng):
    """A response of the family whose linear predictor is eta, brought to a fixed spread."""
    if family == "gaussian":
        return eta + rng.standard_normal(eta.size) * eta.std() / np.sqrt(SIGNAL_TO_NOISE)
    eta = (eta - eta.mean()) / eta.std()
    if family == "binomial":
        return (rng.random(eta.size) < 1.0 / (1.0 + np.exp(-2.0 * eta))).astype(float)
    return rng.poisson(np.exp(0.5 * eta + 0.5)).astype(float)


def dense(n, p, family="gaussian", correlation=0.5, active=50, seed=0, **options):
    """Columns in a chain, each correlated with the one before; `active` of them have an effect."""
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.standard_normal((p, n)).T)
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1.0 - correlation**2) * X[:, j]
    support = rng.choice(p, min(active, p), replace=False)
    y = respond(X[:, support] @ rng.standard_normal(support.size), family, rng)
    return Problem(X, y, family, **options)


def sparse(n, p, family="gaussian", density=1e-3, active=100, seed=0, **options):
    """Column counts that fall like a power law and rows of length one, as texts have."""
    rng = np.random.default_rng(seed)
    stored, popularity = int(n * p * density), np.arange(1, p + 1) ** -0.9
    columns = np.searchsorted(np.cumsum(popularity / popularity.sum())[:-1], rng.random(stored))
    X = sp.csr_array((rng.gamma(2.0, 1.0, stored), (rng.integers(0, n, stored), columns)), shape=(n, p))
    lengths = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    X.data /= np.repeat(lengths, np.diff(X.indptr))
    X = sp.csc_matrix(X.tocsc())  # a matrix: some peers take no sparse arrays
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    X.sort_indices()
    support = rng.choice(np.argsort(-np.diff(X.indptr))[: 10 * active], active, replace=False)
    return Problem(X, respond(X[:, support] @ (5.0 * rng.standard_normal(active)), family, rng), family, **options)


def nci60(family="gaussian", **options):
    """64 cell lines x 6,830 genes: the first gene on the others, or melanoma against the other tissues."""
    with files("fastreg").joinpath("datasets", "nci60.npz").open("rb") as file, np.load(file) as stored:
        X, tissue = np.asfortranarray(stored["expression"]), stored["tissue"]
    if family == "binomial":
        return Problem(X, (tissue == "MELANOMA").astype(float), family, **options)
    return Problem(np.asfortranarray(X[:, 1:]), X[:, 0].copy(), family, **options)


PROBLEMS = {
    "nci60": lambda: nci60(),
    "nci60 logistic": lambda: nci60("binomial"),
    "nci60 elastic net": lambda: nci60(l1_ratio=0.5),
    "small": lambda: dense(100, 10, active=5),
    "wide": lambda: dense(200, 20_000),
    "wide logistic": lambda: dense(200, 20_000, "binomial", depth=0.03),
    "wide elastic net": lambda: dense(200, 20_000, l1_ratio=0.5),
    "wide poisson": lambda: dense(200, 20_000, "poisson", depth=0.05),
    "wide correlated": lambda: dense(500, 10_000, correlation=0.95),
    "tall": lambda: dense(20_000, 500),
    "tall logistic": lambda: dense(20_000, 500, "binomial"),
    "sparse": lambda: sparse(20_000, 100_000, depth=1e-3),
    "sparse logistic": lambda: sparse(20_000, 100_000, "binomial"),
}


def from_files(names):
    """X.npz (SciPy sparse) or X.npy, y.npy, and if not gaussian the family, between commas: "X.npz,y.npy,binomial"."""
    X, y, family = [*names.split(","), "gaussian"][:3]
    X = sp.csc_matrix(sp.load_npz(X)) if X.endswith(".npz") else np.asfortranarray(np.load(X))
    return Problem(X.astype(float), np.load(y).astype(float), family)


@cache
def load(name):
    """A problem by its name, or from files."""
    return PROBLEMS[name]() if name in PROBLEMS else from_files(name)
