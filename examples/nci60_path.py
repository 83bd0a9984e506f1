"""Which of 6,830 genes tell melanoma from other cancers? A logistic lasso path and its picture.

Every one of the 100 points carries a duality gap: a proof of how far it can be from the best. The columns
of X are read about seven times for the whole path.
"""

import sys

from matplotlib.figure import Figure

import fastreg
from fastreg.datasets import load_nci60


def main(picture="nci60_path.png"):
    expression, tissue, genes = load_nci60()
    melanoma = (tissue == "MELANOMA").astype(float)
    path = fastreg.fit_path(expression, melanoma, family="binomial", feature_names=genes)
    print(path, path.summary(), sep="\n")

    assert path.converged and path.gaps.max() <= path.tol
    middle = path.alphas[40]
    probability = path.predict(expression, middle)
    wrong = ((probability > 0.5) != (melanoma > 0.5)).sum()
    print(f"At alpha = {middle:.3g}: {len(path.support(middle))} genes, {wrong} of 64 lines on the wrong side.")
    print(f"The first to enter: {', '.join(path.entry_order()[:5])}.")
    assert wrong == 0 and len(path.support(middle)) < 20

    figure = Figure(figsize=(8, 5), layout="constrained")
    path.plot(ax=figure.subplots(), title="Melanoma against the other tissues: logistic lasso")
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:])
