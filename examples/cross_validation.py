"""How many genes does it take to tell melanoma from other cancers? Eight-fold cross-validation of a logistic lasso.

Every fold is fitted on its own training rows, from means to null model, and every one of its 100 points carries a
duality gap. The one-standard-error rule then takes the simplest model that does about as well as the best.
"""

import numpy as np

import fastreg
from fastreg.datasets import load_nci60


def main():
    expression, tissue, genes = load_nci60()
    melanoma = tissue == "MELANOMA"
    found = fastreg.cv_path(expression, melanoma, family="binomial", cv=8, keep_predictions=True, feature_names=genes)
    print(found, found.summary(), sep="\n")

    assert found.fold_gaps.max() <= found.path.tol
    held_out = found.predictions[:, found.index_min]
    right = np.mean((held_out > 0.5) == melanoma)
    chosen = found.support("1se")
    print(f"\n{len(chosen)} genes within one standard error of the best: {', '.join(chosen[:8])}, ...")
    print(f"At the best alpha {100 * right:.0f} % of the lines are told right by fits that never saw them.")
    assert found.alpha_1se >= found.alpha_min and len(chosen) <= len(found.support("min"))
    assert right > 0.89

    reads = found.work["passes"] + found.path.work["passes"]
    print(f"All nine paths together read the data {reads:.0f} times.")


if __name__ == "__main__":
    main()
