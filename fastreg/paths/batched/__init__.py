"""Strategies that solve many points of a path together, and certify them by few reads of X."""
