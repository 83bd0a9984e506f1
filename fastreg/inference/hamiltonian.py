"""A chain of draws from a posterior, by Hamiltonian dynamics in coordinates in which it is nearly a standard normal.

With unit = W / dispersion, the density of theta = (intercept about the centres, coefficients) is proportional to

    exp(-unit F(theta)),   F = sum_i w_i loss(y_i, eta_i) + sum_j (l1_j |b_j| + l2_j b_j^2 / 2)

and theta = mode + R z, with R R' the inverse of unit times the Hessian at the mode. A trajectory of leapfrog steps
lasts pi / 4 to 3 pi / 4, about a quarter of a period, by a new random number each time, so that none comes back to
where it began. It is accepted or not by Metropolis' rule, with which the posterior is the chain's distribution whatever
the step (Neal 2011). The step is tuned by dual averaging (Hoffman and Gelman 2014, section 3.2). At a kink of |b_j|
trajectories are less accurate and more of them are refused; the distribution stays the same.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from fastreg.numerics.arrays import copy_values
from fastreg.numerics.jit import inner_kernel, kernel
from fastreg.objective.families import sum_of_losses

ACCEPTED = 0.85  # share of trajectories that tuning aims at
FIRST_STEP = 0.5  # of a leapfrog, in standard deviations
PULL, DELAY, FADING = 0.05, 10.0, 0.75  # gamma, t_0 and kappa of dual averaging
QUARTER = 0.5 * math.pi  # of a period of the standard normal's dynamics
MOST = 1000  # leapfrog steps of one trajectory
LOST = 1000.0  # rise of the energy from which on a trajectory counts as divergent


class Target(NamedTuple):
    """The density: k parameters of n rows, without a copy of X."""

    design: Any
    family: Any
    columns: np.ndarray  # of X
    centre: np.ndarray  # of these columns
    base: np.ndarray  # (n,) eta where theta is zero
    l1: np.ndarray  # (k,)
    l2: np.ndarray  # (k,)
    mode: np.ndarray  # (k,)
    root: np.ndarray  # (k, k) R, Fortran-ordered
    unit: float
    lowest: float  # unit F at the mode
    first: int  # 1 with an intercept, else 0


class Chain(NamedTuple):
    """Where a chain is, where its trajectory is, and the state of its tuning; a kernel writes all of it."""

    z: np.ndarray  # (k,)
    theta: np.ndarray
    gradient: np.ndarray  # of the energy in z
    energy: np.ndarray  # (1,)
    z_ahead: np.ndarray  # (k,) of the trajectory
    theta_ahead: np.ndarray
    gradient_ahead: np.ndarray
    momentum: np.ndarray
    slope: np.ndarray  # (k,) of the energy in theta
    eta: np.ndarray  # (n,)
    residual: np.ndarray
    tuning: np.ndarray  # logarithm of the step, its average, mean shortfall of acceptance, number of trajectories
    counts: np.ndarray  # gradients, accepted probabilities, divergent trajectories


class Noise(NamedTuple):
    """The random numbers of some trajectories."""

    momenta: np.ndarray  # (m, k) standard normal
    uniforms: np.ndarray  # (m, 2)


def chain_at(target, z):
    """The Chain that begins at z."""
    n = target.base.size
    theta, gradient, z_ahead, theta_ahead, gradient_ahead, momentum, slope = np.empty((7, z.size))
    tuning = np.array([math.log(FIRST_STEP), 0.0, 0.0, 0.0])
    z_ahead[:] = z
    chain = Chain(
        z, theta, gradient, np.empty(1), z_ahead, theta_ahead, gradient_ahead, momentum, slope, np.empty(n),
        np.empty(n), tuning, np.zeros(3),
    )  # fmt: skip
    begin(target, chain)
    return chain


@kernel
def begin(target, chain):
    """Energy and gradient where the chain begins."""
    differentiate(target, chain)
    chain.energy[0] = energy_ahead(target, chain)
    copy_values(chain.theta_ahead, chain.theta)
    copy_values(chain.gradient_ahead, chain.gradient)


@kernel
def sample(target, chain, noise, draws, adapting):
    """Write a draw of theta for every row of the noise; tune the step while `adapting`."""
    for t in range(noise.momenta.shape[0]):
        copy_values(noise.momenta[t], chain.momentum)
        copy_values(chain.z, chain.z_ahead)
        copy_values(chain.gradient, chain.gradient_ahead)
        before, step = chain.energy[0] + half_square(chain.momentum), math.exp(chain.tuning[0])
        steps = int(min(math.ceil((0.5 + noise.uniforms[t, 0]) * QUARTER / step), MOST))
        for _ in range(steps):
            push(chain, 0.5 * step)
            for c in range(chain.z_ahead.size):
                chain.z_ahead[c] += step * chain.momentum[c]
            differentiate(target, chain)
            push(chain, 0.5 * step)
        energy = energy_ahead(target, chain)
        rise = energy + half_square(chain.momentum) - before
        probability = math.exp(min(-rise, 0.0)) if rise < LOST else 0.0  # 0 also where it is not a number
        if noise.uniforms[t, 1] < probability:
            copy_values(chain.z_ahead, chain.z)
            copy_values(chain.theta_ahead, chain.theta)
            copy_values(chain.gradient_ahead, chain.gradient)
            chain.energy[0] = energy
        copy_values(chain.theta, draws[t])
        chain.counts[0] += steps
        chain.counts[1] += probability
        if not rise < LOST:
            chain.counts[2] += 1.0
        if adapting:
            tune(chain.tuning, probability)


@inner_kernel
def push(chain, time):
    """momentum -= time gradient."""
    for c in range(chain.momentum.size):
        chain.momentum[c] -= time * chain.gradient_ahead[c]


@inner_kernel
def half_square(v):
    total = 0.0
    for c in range(v.size):
        total += v[c] * v[c]
    return 0.5 * total


@inner_kernel
def differentiate(target, chain):
    """Write theta, eta, residuals and the energy's gradient at z_ahead. Sums are in loops of their own: whether one
    beside stores is vectorised depends on where arrays lie in memory."""
    k, n, first = target.mode.size, target.base.size, target.first
    theta, slope, eta, residual = chain.theta_ahead, chain.slope, chain.eta, chain.residual
    copy_values(target.mode, theta)
    for c in range(k):
        for a in range(k):
            theta[a] += target.root[a, c] * chain.z_ahead[c]
    level = theta[0] if first else 0.0
    for m in range(target.columns.size):
        level -= target.centre[m] * theta[first + m]
    for i in range(n):
        eta[i] = target.base[i] + level
    for m in range(target.columns.size):
        target.design.column_add(target.columns[m], theta[first + m], eta)
    for i in range(n):
        residual[i], _ = target.family.derivatives(i, eta[i])
    total = 0.0
    for i in range(n):
        total += residual[i]
    if first:
        slope[0] = -target.unit * total
    for m in range(target.columns.size):
        b, a = theta[first + m], first + m
        loss = target.centre[m] * total - target.design.column_dot(target.columns[m], residual)
        kink = target.l1[a] if b > 0.0 else -target.l1[a] if b < 0.0 else 0.0
        slope[a] = target.unit * (loss + kink + target.l2[a] * b)
    for c in range(k):
        pull = 0.0
        for a in range(k):
            pull += target.root[a, c] * slope[a]
        chain.gradient_ahead[c] = pull


@inner_kernel
def energy_ahead(target, chain):
    """unit F at theta_ahead and eta, less its value at the mode."""
    value = sum_of_losses(target.family, chain.eta)
    for a in range(target.mode.size):
        b = chain.theta_ahead[a]
        value += target.l1[a] * abs(b) + 0.5 * target.l2[a] * b * b
    return target.unit * value - target.lowest


@inner_kernel
def tune(tuning, probability):
    """One round of dual averaging."""
    count = tuning[3] + 1.0
    share, weight = 1.0 / (count + DELAY), count**-FADING
    tuning[2] += share * (ACCEPTED - probability - tuning[2])
    tuning[0] = math.log(10.0 * FIRST_STEP) - math.sqrt(count) / PULL * tuning[2]
    tuning[1] += weight * (tuning[0] - tuning[1])
    tuning[3] = count
