"""A path of X in a file, which is never loaded: how often the file is read, and how little memory that takes.

The file is written by blocks of columns, as larger data would be. It is small here; nothing below depends on that.
"""

import tempfile
from pathlib import Path

import numpy as np

import fastreg

N, P, BLOCK = 200, 20_000, 2_000


def write(path, rng):
    """Write X, (N, P) float32, by blocks of columns; returns y."""
    X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(N, P), fortran_order=True)
    for start in range(0, P, BLOCK):
        X[:, start : start + BLOCK] = rng.normal(size=(N, BLOCK))
    X.flush()
    return X[:, :10].sum(axis=1) + rng.normal(size=N)


def main():
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "columns.npy"
        y = write(path, rng)
        stored = fastreg.open(path)
        size = path.stat().st_size
        fit = fastreg.fit_path(stored, y)
        print(f"{stored.shape[0]:,} rows, {stored.shape[1]:,} columns, {size / 1e6:.0f} MB")
        print(f"{fit.alphas.size} points, up to {np.diff(fit.coefs.indptr).max()} columns in the model")
        print(f"the file was read {stored.reads} times, {stored.bytes_read / size:.1f} times with single columns")
        print(f"largest duality gap: {fit.gaps.max():.0e}")
        assert fit.converged and stored.reads <= 15

        with open(path, "r+b") as file:  # another process writes to the file
            file.seek(size - 1)
            file.write(b"\0")
        try:
            fastreg.fit_path(stored, y)
        except RuntimeError as error:
            print(f"\nthen: {str(error).replace(str(path), path.name)}")
        else:
            raise AssertionError("the change was not seen")


if __name__ == "__main__":
    main()
