"""Diagnostics of chains of draws: rank-normalised split R-hat, bulk and tail effective sample sizes, HDI.

Of draws (chains, draws) of one quantity, as Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis
16, 667-718, define them, with the autocorrelations of Geyer (1992), Statistical Science 7, 473-483.
"""

import numpy as np
from scipy import fft, special, stats

TAIL = 0.05  # share of the draws in either tail
FEWEST = 4  # draws of a chain; with fewer there is no diagnostic


def split(draws):
    """Each chain as two: its first and its last half, without the middle draw of an odd number."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, draws.shape[1] - half :]])


def normal_scores(draws):
    """Draws replaced by the normal quantiles of their ranks among all (Blom 1958)."""
    ranks = stats.rankdata(draws).reshape(draws.shape)
    return special.ndtri((ranks - 0.375) / (draws.size + 0.25))


def ess(draws):
    """Effective sample size for the mean, of chains as they are."""
    chains, count = draws.shape
    if count < FEWEST or not np.all(np.isfinite(draws)):
        return np.nan
    if np.ptp(draws) < np.finfo(float).resolution:
        return float(draws.size)
    covariance = _autocovariance(draws).mean(axis=0)
    within = covariance[0] * count / (count - 1.0)
    total = covariance[0] + (draws.mean(axis=1).var(ddof=1) if chains > 1 else 0.0)
    rho = 1.0 - (within - covariance) / total
    rho[0] = 1.0
    last = 1  # of Geyer's positive sequence: pairs of neighbours whose sum is above zero
    while last < count - 3 and rho[last - 1] + rho[last] > 0.0:
        last += 2
    last -= 2
    pairs = rho[: last + 1].reshape(-1, 2).sum(axis=1)
    time = -1.0 + 2.0 * np.minimum.accumulate(pairs).sum() + max(rho[last + 1], 0.0)
    return float(draws.size / max(time, 1.0 / np.log10(draws.size)))


def _autocovariance(draws):
    """Of every chain at every lag, by Fourier transforms."""
    count = draws.shape[1]
    length = fft.next_fast_len(2 * count, real=True)
    spectrum = fft.rfft(draws - draws.mean(axis=1, keepdims=True), length, axis=1)
    return fft.irfft(np.abs(spectrum) ** 2, length, axis=1)[:, :count] / count


def ess_bulk(draws):
    """Effective sample size of the bulk: for the mean of the normal scores of split chains."""
    return ess(normal_scores(split(draws)))


def ess_tail(draws):
    """The smaller effective sample size of both tails' probabilities."""
    low, high = np.quantile(draws, [TAIL, 1.0 - TAIL])
    return min(ess(split(draws <= low).astype(float)), ess(split(draws <= high).astype(float)))


def r_hat(draws):
    """The larger one of R-hat of location and of scale: split, rank-normalised, and the latter folded."""
    if draws.shape[1] < FEWEST:
        return np.nan
    halves = split(draws)
    return max(_ratio(normal_scores(halves)), _ratio(normal_scores(np.abs(halves - np.median(halves)))))


def _ratio(draws):
    """The square root of the variance of all chains together over that within chains."""
    count = draws.shape[1]
    within = draws.var(axis=1, ddof=1).mean()
    between = draws.mean(axis=1).var(ddof=1)
    return float(np.sqrt((count - 1.0) / count + between / within)) if within > 0.0 else np.nan


def highest_density(draws, share):
    """Ends of the shortest interval that holds so large a share of the draws."""
    ordered = np.sort(draws, axis=None)
    inside = int(share * ordered.size)
    start = int(np.argmin(ordered[inside:] - ordered[: ordered.size - inside]))
    return float(ordered[start]), float(ordered[start + inside])
