"""Sparse text: which words say that a docstring comes from scipy.stats? Thousands of columns, kept sparse.

The data are the docstrings of SciPy itself, so nothing is downloaded. Half of them choose alpha, a
quarter that no fit has seen gives the accuracy.
"""

import importlib
import inspect

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

import fastreg

MODULES = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
)


def docstrings():
    """(texts, whether each is from scipy.stats), each object once."""
    texts = {}
    for name in MODULES:
        module = importlib.import_module(f"scipy.{name}")
        for key in module.__all__:
            text = inspect.getdoc(getattr(module, key, None)) or ""
            if len(text) > 200:
                texts.setdefault(text, name == "stats")
    return list(texts), np.array(list(texts.values()), dtype=float)


def main():
    texts, is_stats = docstrings()
    # The package's and the modules' own names would give the answer away.
    words = TfidfVectorizer(min_df=3, sublinear_tf=True, token_pattern=r"[a-z]{3,}", stop_words=["scipy", *MODULES])
    X = words.fit_transform(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    train, choose, test = np.split(order, [len(texts) // 2, 3 * len(texts) // 4])
    share = X.nnz / np.prod(X.shape)
    print(f"{X.shape[0]} docstrings, {X.shape[1]} words, {100 * share:.1f} % of the entries stored")

    path = fastreg.fit_path(X[train], is_stats[train], family="binomial", feature_names=words.get_feature_names_out())
    accuracy = [np.mean((path.predict(X[choose], alpha) > 0.5) == is_stats[choose]) for alpha in path.alphas]
    alpha = path.alphas[int(np.argmax(accuracy))]
    hit = np.mean((path.predict(X[test], alpha) > 0.5) == is_stats[test])
    base = max(is_stats[test].mean(), 1 - is_stats[test].mean())
    coef, _ = path.coef(alpha)
    strongest = np.argsort(coef)
    print(path)
    print(f"alpha = {alpha:.4g}: {np.count_nonzero(coef)} words are in")
    print(f"accuracy {hit:.3f} on texts that no fit has seen ({base:.3f} by guessing)")
    print("speak for stats:    ", ", ".join(path.feature_names[j] for j in strongest[:-9:-1]))
    print("speak against stats:", ", ".join(path.feature_names[j] for j in strongest[:8]))
    assert np.all(path.gaps <= path.tol)
    assert hit > base + 0.05 and 0 < np.count_nonzero(coef) < X.shape[1] / 5


if __name__ == "__main__":
    main()
