"""scikit-learn's linear models with fastreg's solvers: the same parameters and attributes, and a certificate."""
