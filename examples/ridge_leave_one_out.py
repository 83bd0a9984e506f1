"""Choose the penalty of a ridge fit by leave-one-out: 64 cell lines, 6,829 genes, and 64 x 100 refits never made.

The error of predicting each row from all others is exact for every penalty, from one factorisation of a 64 x 64 matrix.
"""

from importlib.resources import files
from time import perf_counter

import numpy as np

from fastreg import RidgeCV, ridge_loo

with files("fastreg").joinpath("datasets", "nci60.npz").open("rb") as file, np.load(file) as stored:
    X = stored["expression"]
y, X = X[:, 0].copy(), np.asfortranarray(X[:, 1:])

start = perf_counter()
found = ridge_loo(X, y, n_alphas=100, alpha_min_ratio=1e-4, keep_predictions=True)
seconds = perf_counter() - start

print(
    f"{y.size} x {X.shape[1]}, {found.alphas.size} alphas in {seconds:.2f} s, largest gap {found.path.gaps.max():.0e}\n"
)
print("     alpha   error by leave-one-out (*: one column is 2 % of the variance of y)        freedom")
for k in range(0, 100, 6):
    share = found.errors[k] / y.var()
    bar = "*" * round(50 * share)
    print(f"{found.alphas[k]:10.3g}   {bar:<58} {100 * share:5.1f} %  {found.degrees_of_freedom[k]:6.1f}")
print(f"\nleast error at alpha_min = {found.alpha_min:.3g}, within one standard error up to {found.alpha_1se:.3g}")

best = int(np.argmin(found.errors))
print(f"correlation of y with its leave-one-out predictions: {np.corrcoef(y, found.predictions[:, best])[0, 1]:.2f}")
worst = int(np.argmax(np.abs(y - found.predictions[:, best])))
print(f"worst predicted: row {worst}, y = {y[worst]:.2f} against {found.predictions[worst, best]:.2f}")

model = RidgeCV(alphas=found.alphas * y.size, rule="1se").fit(X, y)  # scikit-learn's alpha is n times as large
print(f"RidgeCV with the one-standard-error rule: alpha_ = {model.alpha_:.4g} = {y.size} x {model.alpha_ / y.size:.3g}")
