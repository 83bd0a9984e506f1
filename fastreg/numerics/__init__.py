"""What knows nothing of regression: compiled kernels and their cache, threads, exp and log1p, Cholesky factors."""
