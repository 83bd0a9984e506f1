"""Strategies that solve many points of a path together, and certify all of them by one read of X."""
