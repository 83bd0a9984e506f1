"""Small real data that the main job, the README and the examples use."""

from importlib import resources

import numpy as np


def load_nci60():
    """Gene expression of the NCI60 cancer cell lines: (expression (64, 6830), tissue (64,), names (6830,)).

    Rows are cell lines, columns are genes; an entry is a log ratio of expression, none is missing.
    `tissue` holds the tissue of origin as text: "MELANOMA" (8 lines), "NSCLC" (9), "RENAL" (9), "BREAST"
    (7), "COLON" (7), "LEUKEMIA" (6), "OVARIAN" (6), "CNS" (5), "PROSTATE" (2), "UNKNOWN" (1), and four
    repeats of K562 and MCF7. The genes come without names, so they are called gene_1 to gene_6830 in the
    order of the columns.

    Public data of the NCI60 cell lines: D. T. Ross et al. (2000), Systematic variation in gene expression
    patterns in human cancer cell lines, Nature Genetics 24, 227-235; in the preparation of the Stanford
    group that T. Hastie, R. Tibshirani and J. Friedman use in The Elements of Statistical Learning (2009),
    section 14.3.8.
    """
    with resources.files(__name__).joinpath("nci60.npz").open("rb") as file, np.load(file) as stored:
        expression = np.asfortranarray(stored["expression"])  # the layout that fits use without a copy
        tissue = stored["tissue"]
    return expression, tissue, np.array([f"gene_{j + 1}" for j in range(expression.shape[1])])
