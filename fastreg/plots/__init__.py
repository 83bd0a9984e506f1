"""Pictures of fits, by matplotlib's conventions: each function draws on `ax` or a new figure, and returns the axes.

matplotlib is imported when a picture is drawn. Every picture can be read when printed without colour.
"""

from fastreg.plots.contours import plot_probability
from fastreg.plots.convergence import plot_convergence
from fastreg.plots.curves import plot_cv
from fastreg.plots.draws import plot_draws
from fastreg.plots.effects import plot_effect
from fastreg.plots.estimates import plot_estimates
from fastreg.plots.paths import plot_path
from fastreg.plots.stability import plot_stability
from fastreg.plots.tables import plot_table

__all__ = [
    "plot_convergence", "plot_cv", "plot_draws", "plot_effect", "plot_estimates", "plot_path", "plot_probability",
    "plot_stability", "plot_table",
]  # fmt: skip
