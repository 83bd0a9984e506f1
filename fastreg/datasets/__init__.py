"""The bundled data set, which the demonstration of the command line, the README and the examples use."""

from importlib import resources

import numpy as np

__all__ = ["load_nci60"]


def load_nci60() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gene expression of the NCI60 cancer cell lines.

    `tissue` is "MELANOMA" (8 lines), "NSCLC" (9), "RENAL" (9), "BREAST" (7), "COLON" (7), "LEUKEMIA" (6), "OVARIAN"
    (6), "CNS" (5), "PROSTATE" (2), "UNKNOWN" (1), or one of four repeats of K562 and MCF7. The genes come without
    names, so they are called gene_1 to gene_6830 in the order of the columns.

    Returns
    -------
    expression : ndarray of shape (64, 6830)
        A log ratio of expression for each cell line and gene; none is missing.
    tissue : ndarray of shape (64,)
        The tissue of origin as text.
    names : ndarray of shape (6830,)
        Names of the genes.

    References
    ----------
    Public data of the NCI60 cell lines: D. T. Ross et al. (2000), Systematic variation in gene expression patterns
    in human cancer cell lines, Nature Genetics 24, 227-235; in the preparation of the Stanford group that T.
    Hastie, R. Tibshirani and J. Friedman use in The Elements of Statistical Learning (2009), section 14.3.8.

    Examples
    --------
    >>> from fastreg.datasets import load_nci60
    >>> expression, tissue, names = load_nci60()
    >>> expression.shape, str(names[0])
    ((64, 6830), 'gene_1')
    """
    with resources.files(__name__).joinpath("nci60.npz").open("rb") as file, np.load(file) as stored:
        expression = np.asfortranarray(stored["expression"])  # the layout that fits use without a copy
        tissue = stored["tissue"]
    return expression, tissue, np.array([f"gene_{j + 1}" for j in range(expression.shape[1])])
