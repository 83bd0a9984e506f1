"""plot_draws: densities and traces of draws from a posterior, chain by chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from fastreg.interface import validation as check
from fastreg.interface.naming import explains_names
from fastreg.interface.scalars import ParameterError
from fastreg.plots.axes import DASHES, NAME_SIZE, SHADES, matplotlib_module, must_be, short_name

ROW_HEIGHT = 1.35  # inches
POINTS = 200  # of a density
WIDE = 1.02  # of the height of the axes of densities, over that of the highest one


@explains_names
def plot_draws(
    posterior: Any,
    ax: Any = None,
    *,
    names: Sequence[str] | None = None,
    rows: int = 8,
    level: float = 0.94,
    title: str | None = None,
) -> Any:
    """Draw the density (left) and the trace (right) of the draws of each chain, a row a coefficient.

    Chains that agree have densities upon each other, and traces that look like one band without a trend. The bar below
    a density is the shortest interval that holds the share `level` of the draws of all chains, the point on it their
    mean. Each row says R-hat and the effective number of draws.

    Parameters
    ----------
    posterior : Posterior
        What `fastreg.posterior` returned, with draws.
    ax : ndarray of matplotlib.axes.Axes, default=None
        Axes to draw on, two for each coefficient, such as figure.subplots(3, 2); None is a new figure.
    names : sequence of str, default=None
        Which coefficients, or "(dispersion)" if it was drawn; None is the first `rows`.
    rows : int, default=8
        How many coefficients are drawn at most where `names` is None.
    level : float, default=0.94
        Probability of an interval.
    title : str, default=None
        Text above the picture.

    Returns
    -------
    ndarray of matplotlib.axes.Axes of shape (coefficients, 2)
        The axes. Save the picture with ax[0, 0].figure.savefig("draws.png").

    Raises
    ------
    ValueError
        Of a Laplace approximation, which has no draws, and for a name that the posterior lacks.
    ImportError
        Without matplotlib; it names the extra that brings it.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis 16, 667-718, for R-hat.

    Examples
    --------
    >>> import fastreg
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.2]
    >>> found = fastreg.posterior(fastreg.fit_path(X, y, alphas=[0.0]), X, y, draws=200)
    >>> fastreg.plots.plot_draws(found, names=["x0"])[0, 1].get_xlabel()
    'draw'
    """
    must_be("posterior", posterior, "Posterior", "draws", "names", "summary")
    if not posterior.draws.size:
        raise ValueError("draws=0 holds no draws to show; plot_table(posterior.summary()) shows the approximation")
    known, everything = posterior._everything()
    places = _places(known, names, check.check_count("rows", rows, 1))
    drawn = replace(posterior, names=[known[j] for j in places], draws=everything[:, :, places], dispersions=None)
    summary = drawn.summary(level)  # of those alone, since its diagnostics take long
    axes = _axes(ax, len(places))
    for j, (density, trace) in enumerate(axes):
        draws = drawn.draws[:, :, j]
        _densities(density, draws, summary["mean"][j], summary.interval[j])
        density.set_title(short_name(drawn.names, j), loc="left", fontsize=NAME_SIZE + 1, parse_math=False)
        for chain, values in enumerate(draws):
            trace.plot(
                values, color=SHADES[chain % len(SHADES)], linewidth=0.5, alpha=0.6, rasterized=True, zorder=2 + chain
            )
        trace.set_xlim(0, draws.shape[1] - 1)
        agreement = f"R-hat {summary['r_hat'][j]:.3f}, {summary['ess_bulk'][j]:,.0f} effective draws"
        trace.set_title(agreement, loc="right", fontsize=NAME_SIZE)
        for each in (density, trace):
            each.tick_params(labelsize=NAME_SIZE)
        density.locator_params(axis="x", nbins=5)
        trace.locator_params(axis="y", nbins=4)
    axes[-1, 0].set_xlabel(f"coefficient; bar: {100 * level:g} % interval", fontsize=NAME_SIZE + 1)
    axes[-1, 1].set_xlabel("draw", fontsize=NAME_SIZE + 1)
    if title:
        axes[0, 0].figure.suptitle(title)
    return axes


def _places(known, names, rows):
    """Numbers of the coefficients that are drawn."""
    if names is None:
        return list(range(min(rows, len(known))))
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in known:
            raise ParameterError(f"names holds {name!r}, and the posterior has {', '.join(map(repr, known[:6]))}, ...")
    return [known.index(name) for name in names]


def _axes(ax, count):
    """`ax` as an array (count, 2), or the axes of a new figure."""
    if ax is None:
        figure = matplotlib_module("matplotlib.pyplot").figure(
            figsize=(8, 0.7 + ROW_HEIGHT * count), layout="constrained"
        )
        return figure.subplots(count, 2, squeeze=False, width_ratios=(2, 3))
    given = np.array(ax, dtype=object)
    if given.size != 2 * count or not all(hasattr(each, "plot") for each in given.flat):
        raise ParameterError(
            f"ax of plot_draws must be an array of {2 * count} axes, two for each of {count} coefficients: pass "
            f"figure.subplots({count}, 2), or None for a new figure"
        )
    return given.reshape(count, 2)


def _densities(ax, draws, mean, interval):
    """The density of each chain, and below them mean and interval of all."""
    low, high = np.quantile(draws, [0.001, 0.999])
    margin = 0.05 * (high - low)
    grid = np.linspace(low - margin, high + margin, POINTS)
    heights = [stats.gaussian_kde(values)(grid) if np.ptp(values) > 0.0 else np.zeros(POINTS) for values in draws]
    for chain, height in enumerate(heights):
        ax.plot(
            grid, height, color=SHADES[chain % len(SHADES)], linestyle=DASHES[chain % len(DASHES)], linewidth=1.2,
            zorder=2 + chain,
        )  # fmt: skip
    top = max(float(np.max(heights)), 1e-300)
    ax.hlines(-0.1 * top, *interval, color="black", linewidth=2.2)
    ax.plot([mean], [-0.1 * top], "o", color="white", markeredgecolor="black", markersize=5)
    if grid[0] < 0.0 < grid[-1]:
        ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=1)
    ax.set_ylim(-0.2 * top, WIDE * top)
    ax.set_xlim(grid[0], grid[-1])
    ax.set_yticks([])
