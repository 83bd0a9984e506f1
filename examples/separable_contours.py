"""Linearly separable classes at no, a small and a large penalty: contours of probability, reasons, warnings.

The penalty decides how soft the boundary is. Without one the probabilities become a cliff: the fit stops
there, says "separable" and warns; with any penalty it converges without a warning.
"""

import sys
import warnings

import numpy as np
from matplotlib.figure import Figure

import fastreg
from fastreg.plots import plot_probability


def main(picture="separable_contours.png"):
    rng = np.random.default_rng(1)
    X = np.vstack([rng.normal((1.5, 1.0), 0.5, size=(40, 2)), rng.normal((-1.5, -1.0), 0.5, size=(40, 2))])
    y = np.repeat([1.0, 0.0], 40)
    side = np.linspace(-4, 4, 161)
    plane = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])

    figure = Figure(figsize=(12, 4.2), layout="constrained")
    width = {}
    for ax, alpha in zip(figure.subplots(1, 3, sharey=True), (0.0, 1e-3, 1.0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            path = fastreg.fit_path(X, y, family="binomial", l1_ratio=0.0, alphas=[alpha])
        told = [warning.message for warning in caught if warning.category is fastreg.ConvergenceWarning]
        assert path.reasons == ["separable" if alpha == 0 else "converged"] and len(told) == (alpha == 0)
        probability = path.predict(plane, alpha).reshape(161, 161)
        assert np.all((path.predict(X, alpha) > 0.5) == (y > 0.5))
        width[alpha] = np.mean((probability > 0.1) & (probability < 0.9))
        soft = f"{100 * width[alpha]:.1f} % of the plane between 0.1 and 0.9"
        print(f"penalty {alpha:5g}: {path.reasons[0]}, {soft}")
        plot_probability(lambda rows: path.predict(rows, alpha), X, y, ax=ax, title=f"penalty {alpha:g}")  # noqa: B023
        ax.set_aspect("equal")
    figure.savefig(picture, dpi=120)
    assert width[0.0] < width[1e-3] < width[1.0]


if __name__ == "__main__":
    main(*sys.argv[1:])
