"""Numerical tools without regression: compiled kernels and their cache, threads, exp and log1p, Cholesky factors."""
