"""Folds of GLMs with many more rows than columns: their Newton steps are taken together and share products with X."""
