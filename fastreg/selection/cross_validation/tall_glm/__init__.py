"""Folds of GLMs with many more rows than columns: their Newton steps share products with X."""
