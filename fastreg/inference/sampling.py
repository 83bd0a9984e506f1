"""Chains side by side in threads, each with random numbers of its own, so that their number changes no bit."""

import threading
from typing import NamedTuple

import numpy as np

from fastreg.inference.hamiltonian import Noise, begin, chain_at, sample
from fastreg.numerics.threads import SHARED, over_blocks

TUNED = 500  # trajectories that tune the step and are forgotten
CALL = 2**26  # multiplications of one kernel call, about 0.1 s, unless a single trajectory has more
STEPS = 4  # leapfrogs of a usual trajectory
EXPONENTIAL = 20  # multiplications in the time that a row's loss takes


class Sampled(NamedTuple):
    """What some chains drew."""

    draws: np.ndarray  # (chains, draws, k) of theta
    acceptance: np.ndarray  # (chains,) mean probability with which a trajectory was accepted
    steps: np.ndarray  # (chains,) size of a leapfrog
    gradients: int  # of all chains, tuning included
    divergent: int  # trajectories after tuning
    dispersions: np.ndarray | None = None  # (chains, draws), where the dispersion is drawn, too


class Stopped(Exception):
    """Another chain has failed, or was interrupted."""


def sample_chains(target, count, chains, seed, dispersion=None):
    """Sampled, from the Laplace approximation on; with a `Dispersion` that is drawn in turn with the coefficients."""
    drawn = np.empty((chains, 0 if dispersion is None else count))
    k, out = target.mode.size, np.empty((chains, count, target.mode.size))
    seeds = np.random.SeedSequence(seed).spawn(chains)
    work = STEPS * (2 * target.design.stored_in(target.columns) + 2 * k * k + EXPONENTIAL * target.base.size)
    size, stop, failures = max(1, CALL // work), threading.Event(), []
    found: list[tuple[float, ...]] = [()] * chains

    def run(start, end):
        for c in range(start, end):
            try:
                rng = np.random.default_rng(seeds[c])
                kind = Plain(target) if dispersion is None else InTurn(target, dispersion, drawn[c], rng)
                found[c] = _one_chain(kind, out[c], rng, size, stop)
            except BaseException as error:
                failures.append(error)
                stop.set()
                raise

    try:
        over_blocks(run, range(chains + 1), max(work * count, SHARED))
    except BaseException as error:
        stop.set()
        raise (failures[0] if failures else error) from None
    acceptance, steps, gradients, divergent = np.array(found).T
    return Sampled(out, acceptance, steps, int(gradients.sum()), int(divergent.sum()), drawn if drawn.size else None)


class Plain:
    """Trajectories under one dispersion."""

    def __init__(self, target):
        self.target = target

    def trajectories(self, chain, noise, out, start, adapting):
        sample(self.target, chain, noise, out, adapting)


class InTurn:
    """Trajectories in turn with draws of the dispersion, of which Gaussian priors do not depend."""

    def __init__(self, target, dispersion, drawn, rng):
        self.target, self.dispersion, self.drawn, self.rng = target, dispersion, drawn, rng
        self.total, self.precision = target.unit * np.exp(dispersion.centre), target.unit * target.l2
        self.logarithm = dispersion.first(rng)

    def trajectories(self, chain, noise, out, start, adapting):
        for t in range(len(out)):
            unit = self.total * np.exp(-self.logarithm)
            target = self.target._replace(unit=float(unit), l2=self.precision / unit)
            chain.z_ahead[:] = chain.z
            begin(target, chain)
            sample(target, chain, Noise(noise.momenta[t : t + 1], noise.uniforms[t : t + 1]), out[t : t + 1], adapting)
            loss = (chain.energy[0] + target.lowest) / unit - 0.5 * float(target.l2 @ chain.theta**2)
            self.logarithm = self.dispersion.drawn(self.logarithm, self.total * loss, self.rng)
            if not adapting:
                self.drawn[start + t] = np.exp(self.logarithm)


def _one_chain(kind, out, rng, size, stop):
    """Fill `out` (draws, k); (acceptance, step, gradients, divergent trajectories)."""
    k = kind.target.mode.size
    chain = chain_at(kind.target, rng.standard_normal(k))
    _fill(kind, chain, np.empty((TUNED, k)), rng, size, stop, True)
    tuned = float(chain.counts[0])
    chain.tuning[0] = chain.tuning[1]
    chain.counts[:] = 0.0
    _fill(kind, chain, out, rng, size, stop, False)
    gradients, probabilities, divergent = chain.counts
    return probabilities / max(len(out), 1), np.exp(chain.tuning[0]), tuned + gradients, divergent


def _fill(kind, chain, out, rng, size, stop, adapting):
    for start in range(0, len(out), size):
        if stop.is_set():
            raise Stopped
        part = out[start : start + size]
        noise = Noise(rng.standard_normal(part.shape), rng.random((len(part), 2)))
        kind.trajectories(chain, noise, part, start, adapting)
