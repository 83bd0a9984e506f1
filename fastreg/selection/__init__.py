"""Choosing a model: cross-validation of a path, and what is chosen from it."""
