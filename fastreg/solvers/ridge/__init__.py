"""Problems without an l1 part, in the form that suits their size: columns, rows, L-BFGS, Krylov, all alphas at once."""
