"""Which genes move with another one, whatever half of the cell lines is looked at? Stability selection on NCI60.

A lasso path on 64 lines names dozens of genes, and other lines would give others. Paths on random halves of the lines
tell which genes come back, and at most one false one is to be expected among those that are selected.
"""

import numpy as np

import fastreg
from fastreg.datasets import load_nci60


def main():
    expression, _, genes = load_nci60()
    target, rest = expression[:, 0], np.asfortranarray(expression[:, 1:])
    stability = fastreg.stability_selection(
        rest, target, threshold=0.75, expected_errors=1.0, n_pairs=50, feature_names=genes[1:]
    )
    print(stability, stability.summary(rows=8), sep="\n")

    once = stability.path.support(stability.alphas[-1])
    print(f"One path on all lines, down to the same alpha, names {len(once)} genes; stable: {stability.selected}.")
    assert stability.converged and stability.error_bound <= 1.0
    assert 1 <= len(stability.selected) < len(once)
    assert stability.largest.max() > 0.8


if __name__ == "__main__":
    main()
