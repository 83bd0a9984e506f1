"""A gamma regression from a formula and a data frame: mode, draws of three chains, summary (pip install formulaic).

Columns x_1 to x_m and a positive y are in a frame. The mode (MAP) has a certificate, the trace three chains of 2,000
draws with their diagnostics. The dispersion is drawn with the coefficients.
"""

import numpy as np
import pandas as pd

import fastreg

M = 6
TRUTH = np.array([0.5, -0.3, 0.0, 0.1, 0.0, 0.2])


def main():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, M)), columns=[f"x_{j}" for j in range(1, M + 1)])
    frame["y"] = rng.gamma(2.0, np.exp(1.0 + frame.to_numpy() @ TRUTH) / 2.0)

    formula = "y ~ " + " + ".join(f"x_{j}" for j in range(1, M + 1))
    fit = fastreg.posterior(
        formula, data=frame, family="gamma", prior_sd=10.0, dispersion="sample", draws=2000, chains=3, seed=0
    )
    print(fit, "\n")
    print("mode (MAP):", {name: round(value, 3) for name, value in fit.map.items()})
    print(f"its certificate: relative duality gap {fit.path.gaps[0]:.1e}")
    trace = fit.to_frame()  # a row a draw: chain, draw, a column for each coefficient, and the dispersion
    print(trace.groupby("chain").mean().drop(columns="draw").round(3), "\n")
    print("mean response of three new rows:", fit.predict(frame.drop(columns="y").head(3)).round(2))

    summary = fit.summary()
    assert fit.draws.shape == (3, 2000, M + 1) and summary.names == [*fit.map, "(dispersion)"]
    assert summary["r_hat"].max() < 1.01 and summary["ess_bulk"].min() > 2000
    assert np.all(np.abs(summary["mean"][1:-1] - TRUTH) < 4.0 * summary["sd"][1:-1])
    assert summary["hdi_3%"][-1] < 0.5 < summary["hdi_97%"][-1]  # made with a shape of 2
    assert fit.path.gaps[0] < 1e-9


if __name__ == "__main__":
    main()
