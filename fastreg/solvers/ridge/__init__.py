"""Problems without an l1 part: Newton steps, L-BFGS, and factorisations or Krylov bases for many alphas."""
