"""The intercept is not penalised: a decision boundary that stays where it belongs, far from the origin.

Ten points x = 100, ..., 109, the first five of class 0, the others of class 1. By symmetry every logistic
ridge has its boundary -intercept / coef at 104.5, whatever C is. A solver that penalises the intercept as
if it were a coefficient (liblinear) is drawn towards the origin.
"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

import fastreg


def main():
    x = np.arange(100.0, 110.0)[:, None]
    y = np.repeat([0.0, 1.0], 5)
    print("        C   fastreg boundary   liblinear boundary")
    for C in 10.0 ** np.arange(-2, 6):
        alpha = 1 / (C * y.size)  # C sum_i loss_i + b^2 / 2, divided by C n
        path = fastreg.fit_path(x, y, family="binomial", l1_ratio=0.0, alphas=[alpha])
        coef, intercept = path.coef(alpha)
        boundary = -intercept / coef[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = LogisticRegression(C=C, solver="liblinear").fit(x, y)
        print(f"{C:9g} {boundary:18.6f} {-other.intercept_[0] / other.coef_[0, 0]:20.2f}")
        assert path.converged and abs(boundary - 104.5) < 5e-5  # six digits


if __name__ == "__main__":
    main()
