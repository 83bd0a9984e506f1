"""Quadratic models solved exactly by pivots on an active set: by primal-dual steps, or by a homotopy."""
