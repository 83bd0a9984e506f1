"""Draw the pictures of the documents: python docs/pictures.py, seconds once kernels are compiled."""

import contextlib
import re
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_diabetes

import fastreg
from fastreg.datasets import load_nci60
from fastreg.plots import (
    plot_convergence,
    plot_cv,
    plot_draws,
    plot_effect,
    plot_estimates,
    plot_path,
    plot_probability,
    plot_stability,
    plot_table,
)

FOLDER = Path(__file__).parent


def new(columns=1, size=(8, 5)):
    """(figure, axes side by side), drawn without a window."""
    figure = Figure(figsize=(size[0] * columns, size[1]), layout="constrained")
    return figure, np.atleast_1d(figure.subplots(1, columns))


def front_page():
    """The README's first example, run as it stands there: it draws melanoma.png."""
    example = re.search(r"^```python\n(.*?)^```", (FOLDER.parent / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    with contextlib.chdir(FOLDER):
        exec(example[1], {"__name__": "example"})


def paths():
    """The NCI60 data: one gene by the others, and melanoma against the rest."""
    X, tissue, names = load_nci60()
    lasso = fastreg.fit_path(X[:, 1:], X[:, 0], feature_names=names[1:])
    logistic = fastreg.fit_path(X, (tissue == "MELANOMA").astype(float), family="binomial", feature_names=names)
    figure, (left, right) = new(2, (7, 5.2))
    plot_path(lasso, ax=left, title="Lasso: gene_1 by the other genes")
    plot_path(logistic, ax=right, title="Logistic lasso: is it melanoma?")
    figure.savefig(FOLDER / "path.png", dpi=120)
    figure, (left, right) = new(2, (7, 5.2))
    plot_path(logistic, ax=left, x="deviance", chosen=logistic.alphas[40])
    plot_path(logistic, ax=right, x="norm", chosen=logistic.alphas[40])
    figure.savefig(FOLDER / "path_axes.png", dpi=100)


def convergence():
    """A logistic lasso on the NCI60 data, four points to a gap of 1e-10."""
    X, tissue, _ = load_nci60()
    path = fastreg.fit_path(
        X, (tissue == "MELANOMA").astype(float), family="binomial", alphas=[0.1, 0.03, 0.01, 0.003], tol=1e-10,
        trace=True,
    )  # fmt: skip
    figure, (left, right) = new(2, (6.5, 4.2))
    plot_convergence(path, ax=left, title="Gap")
    plot_convergence(path, ax=right, y="objective", title="Objective")
    figure.savefig(FOLDER / "convergence.png", dpi=100)


def simulated():
    """300 rows of 10,000 columns, 30 of them with a coefficient; and two clouds of 40 points."""
    rng = np.random.default_rng(0)
    X, true = rng.standard_normal((300, 10_000)), np.zeros(10_000)
    true[rng.choice(10_000, 30, replace=False)] = rng.standard_normal(30)
    path = fastreg.fit_path(X, X @ true + rng.standard_normal(300))
    clouds = np.vstack([rng.normal((1.2, 0.8), 0.9, (40, 2)), rng.normal((-1.0, -1.0), 0.9, (40, 2))])
    label = np.repeat(["ill", "healthy"], 40)
    model = fastreg.LogisticRegression(C=1.0).fit(clouds, label)
    figure, (left, right) = new(2, (6.5, 4.6))
    plot_estimates(true, path.coef(path.alphas[60])[0], ax=left)
    names = ["first marker", "second marker"]
    plot_probability(lambda rows: model.predict_proba(rows)[:, 1], clouds, label, ax=right, feature_names=names)
    figure.savefig(FOLDER / "estimates_contours.png", dpi=100)


def choices():
    """Eight folds of the NCI60 data; and 120 rows of 400 columns, six of which have an effect."""
    X, _, _ = load_nci60()
    rng = np.random.default_rng(0)
    rows, true = rng.standard_normal((120, 400)), np.zeros(400)
    true[:6] = [1.0, -0.8, 0.7, -0.6, 0.5, 0.4]
    stability = fastreg.stability_selection(rows, rows @ true + rng.standard_normal(120))
    figure, (left, right) = new(2, (7, 4.6))
    plot_cv(fastreg.cv_path(X[:, 1:], X[:, 0], cv=8), ax=left)
    plot_stability(stability, ax=right)
    figure.savefig(FOLDER / "choices.png", dpi=100)


def tables():
    """scikit-learn's diabetes data, and rate ratios of simulated claims."""
    data = load_diabetes()
    path = fastreg.fit_path(data.data, data.target, alphas=[0.0], feature_names=data.feature_names)
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(2000) < 0.15, rng.gamma(4.0, 0.25, 2000), rng.random((2000, 2)) < 0.4]).astype(
        float
    )
    years = rng.uniform(0.1, 3.0, 2000)
    claims, offset = rng.poisson(years * np.exp(-2.0 + X @ [0.5, 0.3, 0.2, 0.0])), np.log(years)
    names = ["young driver", "power (100 kW)", "town", "garage"]
    rates = fastreg.fit_path(X, claims, family="poisson", alphas=[0.0], offset=offset, feature_names=names)
    figure, (left, right) = new(2, (6.5, 3.6))
    plot_table(fastreg.table(path, data.data, data.target), ax=left, title="Diabetes: progression")
    plot_table(fastreg.table(rates, X, claims, offset=offset), ax=right, ratios=True, title="Claims: rate ratios")
    figure.savefig(FOLDER / "tables.png", dpi=100)


def statements():
    """The tutorial's fits, run as they stand there: its two pictures, and the effects of two columns."""
    page, names = (FOLDER / "frame_to_statement.md").read_text(), {"__name__": "example"}
    insurance, study = re.split(r"^## ", page, flags=re.MULTILINE)[1:3]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # what the page itself draws
        run_blocks(insurance, names)
        tariff, policies, curve = names["found"], names["policies"], names["curve"]
        run_blocks(study, names)
    figure, (left, right) = new(2, (6.5, 3.6))
    plot_table(tariff, ax=left, ratios=True, title="Claims a year: rate ratios")
    plot_effect(tariff, policies, "region", ax=right, ratios=True)
    figure.savefig(FOLDER / "statement.png", dpi=100)
    figure, (left, right) = new(2, (6.5, 3.6))
    plot_effect(tariff, policies, "fuel", ax=left, ratios=True, title="Claims a year, by fuel")
    plot_effect(curve, policies, "age", ax=right, ratios=True, title="Claims a year, by age (a spline)")
    figure.savefig(FOLDER / "effects.png", dpi=100)
    axes = plot_draws(names["believed"], names=["age", "emergency"])
    axes[0, 0].figure.savefig(FOLDER / "draws.png", dpi=100)


def run_blocks(page, names):
    """Run the Python of a part of a page."""
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(block, names)


if __name__ == "__main__":
    for draw in (front_page, paths, convergence, simulated, choices, tables, statements):
        draw()
        print(f"drew {draw.__name__}")
