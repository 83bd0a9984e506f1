"""Cross-validation: folds, their fits side by side, scores, and the choice of alpha."""
