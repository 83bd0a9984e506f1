"""Thirty clinical columns, by name, through scikit-learn's tools. Needs pandas besides fastreg: pip install pandas.

StandardScaler and an L1 logistic regression in a Pipeline; AUC by cross-validation over C from 1e-3 to
1e2; the columns kept and dropped at the best C, by name; then SelectFromModel feeding a refit by L2,
whose folds never see their test rows.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastreg import LogisticRegression


def main():
    data = load_breast_cancer(as_frame=True)
    X, y = data.data, data.target
    lasso = make_pipeline(StandardScaler(), LogisticRegression(l1_ratio=1.0, solver="saga"))
    grid = {"logisticregression__C": np.logspace(-3, 2, 11)}
    search = GridSearchCV(lasso, grid, scoring="roc_auc", cv=5).fit(X, y)
    for C, auc in zip(grid["logisticregression__C"], search.cv_results_["mean_test_score"]):
        print(f"C = {C:8.3g}   AUC {auc:.4f}")
    best = search.best_params_["logisticregression__C"]
    coef = search.best_estimator_[-1].coef_.ravel()
    kept, dropped = X.columns[coef != 0], X.columns[coef == 0]
    print(f"best C = {best:.3g}, AUC {search.best_score_:.4f}")
    print(f"kept ({kept.size}): {', '.join(kept)}")
    print(f"dropped ({dropped.size}): {', '.join(dropped)}")
    assert search.best_score_ > 0.98 and 0 < kept.size < 30

    selector = SelectFromModel(LogisticRegression(l1_ratio=1.0, solver="saga", C=0.1), threshold=1e-10)
    refit = make_pipeline(StandardScaler(), selector, LogisticRegression(C=1.0))
    scores = cross_val_score(refit, X, y, scoring="roc_auc", cv=5)
    refit.set_output(transform="pandas").fit(X, y)
    names = refit[:-1].get_feature_names_out()
    print(f"select by L1, refit by L2: {names.size} columns, AUC {scores.mean():.4f} +- {scores.std():.4f}")
    assert scores.mean() > 0.98 and set(names) < set(X.columns)


if __name__ == "__main__":
    main()
