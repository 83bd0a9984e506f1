"""Files of genotypes for tests, written in plain NumPy from the format's description."""

from pathlib import Path

import numpy as np

CODES = {2: 0b00, 1: 0b10, 0: 0b11, -1: 0b01}  # by copies of the first allele; -1 is unknown


def write_bed(path, copies, third=1):
    """Write `copies` (people, variants), 0 to 2 or -1, as .bed, .bim and .fam; `third` is the header's third byte."""
    path, (n, p) = Path(path), copies.shape
    codes = np.zeros((p, -(-n // 4) * 4), dtype=np.uint8)
    for number, code in CODES.items():
        codes[:, :n][number == copies.T] = code
    path.write_bytes(
        bytes([0x6C, 0x1B, third]) + (codes.reshape(p, -1, 4) << [0, 2, 4, 6]).sum(axis=2).astype("u1").tobytes()
    )
    path.with_suffix(".fam").write_text("".join(f"F{i} I{i} 0 0 0 -9\n" for i in range(n)))
    path.with_suffix(".bim").write_text("".join(f"1\trs{j}\t0\t{100 * j}\tA\tC\n" for j in range(p)))
    return path


def draw_copies(n, p, seed=0, missing=0.03):
    """Genotypes of frequencies from rare to common, with some unknown."""
    rng = np.random.default_rng(seed)
    copies = rng.binomial(2, rng.beta(0.5, 1.0, size=p), size=(n, p))
    copies[rng.random((n, p)) < missing] = -1
    return copies


def imputed(copies, means=None):
    """X (n, p), with unknown genotypes replaced by the mean of each column's known ones."""
    X = np.where(copies < 0, np.nan, copies)
    means = np.array([np.nanmean(x) if np.any(x >= 0) else 0.0 for x in X.T]) if means is None else means
    return np.asfortranarray(np.where(copies < 0, means, X))
