"""The command `fastreg`: tables and saved models in; coefficients, pictures, predictions out."""
