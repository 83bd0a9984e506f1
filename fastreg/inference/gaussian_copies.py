"""Knockoff copies of columns that are jointly Gaussian: rows that could be swapped with the columns' own.

For rows with mean 0 and correlations R, a copy X~ of X with joint covariance (R, R - S; R - S, R), S = diag(s), is

    X~ = X - X R^-1 S + N(0, V),     V = 2 S - S R^-1 S,     0 <= S <= 2 R

The larger s, the less a column resembles its copy. "equicorrelated": s = min(2 least eigenvalue of R, 1) for all.
"mvr" minimises the trace of the joint covariance's inverse, a multiple of sum_j 1 / s_j + trace (2 R - S)^-1, one s_j
at a time: with A = (2 R - S)^-1, a = A_jj and c = (A A)_jj, the best move of s_j is (1 - sqrt(c) s_j) / (a + sqrt(c)).

Candès, Fan, Janson and Lv (2018), Panning for gold, JRSS-B 80, 551-577; Spector and Janson (2022), Powerful knockoffs
via minimizing reconstructability, Annals of Statistics 50, 252-276.
"""

import numpy as np

from fastreg.numerics.threads import linalg

SHARE = 1.0 - 1e-8  # of the largest s, so that V keeps an inverse
SWEEPS, SETTLED = 100, 1e-8  # over all columns; largest move of s, at which they end


def equicorrelated(R):
    """s, the same for all columns."""
    least = float(np.linalg.eigvalsh(R)[0])
    return np.full(len(R), min(2.0 * least, 1.0) * SHARE)


def minimum_reconstructability(R):
    """s of "mvr"."""
    s = equicorrelated(R)
    for _ in range(SWEEPS):
        A, largest = np.linalg.inv(2.0 * R - np.diag(s)), 0.0
        for j in range(s.size):
            column = A[:, j].copy()
            root = float(np.linalg.norm(column))  # sqrt(c)
            move = (1.0 - root * s[j]) / (column[j] + root)
            s[j] += move
            A += (move / (1.0 - move * column[j])) * np.outer(column, column)
            largest = max(largest, abs(move))
        if largest <= SETTLED:
            break
    return s


METHODS = {"mvr": minimum_reconstructability, "equicorrelated": equicorrelated}


def copies(X, R, s, rng):
    """X~ of X (n, p), whose columns have mean 0 and variance 1."""
    solved = linalg().solve(R, np.diag(s), assume_a="pos")
    V = 2.0 * np.diag(s) - s[:, None] * solved
    values, vectors = np.linalg.eigh(0.5 * (V + V.T))
    noise = rng.normal(size=X.shape) * np.sqrt(np.maximum(values, 0.0))
    return X - X @ solved + noise @ vectors.T
