"""Chains side by side in threads, each with random numbers of its own, so that their number changes no bit."""

import threading
from typing import NamedTuple

import numpy as np

from fastreg.inference.hamiltonian import Noise, chain_at, sample
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


class Stopped(Exception):
    """Another chain has failed, or was interrupted."""


def sample_chains(target, count, chains, seed):
    """Sampled, from the Laplace approximation on."""
    k, out = target.mode.size, np.empty((chains, count, target.mode.size))
    seeds = np.random.SeedSequence(seed).spawn(chains)
    work = STEPS * (2 * target.design.stored_in(target.columns) + 2 * k * k + EXPONENTIAL * target.base.size)
    size, stop, failures = max(1, CALL // work), threading.Event(), []
    found: list[tuple[float, ...]] = [()] * chains

    def run(start, end):
        for c in range(start, end):
            try:
                found[c] = _one_chain(target, out[c], np.random.default_rng(seeds[c]), size, stop)
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
    return Sampled(out, acceptance, steps, int(gradients.sum()), int(divergent.sum()))


def _one_chain(target, out, rng, size, stop):
    """Fill `out` (draws, k); (acceptance, step, gradients, divergent trajectories)."""
    chain = chain_at(target, rng.standard_normal(target.mode.size))
    forgotten = np.empty((TUNED, target.mode.size))
    _fill(target, chain, forgotten, rng, size, stop, True)
    tuned = float(chain.counts[0])
    chain.tuning[0] = chain.tuning[1]
    chain.counts[:] = 0.0
    _fill(target, chain, out, rng, size, stop, False)
    gradients, probabilities, divergent = chain.counts
    return probabilities / max(len(out), 1), np.exp(chain.tuning[0]), tuned + gradients, divergent


def _fill(target, chain, out, rng, size, stop, adapting):
    for start in range(0, len(out), size):
        if stop.is_set():
            raise Stopped
        part = out[start : start + size]
        noise = Noise(rng.standard_normal(part.shape), rng.random((len(part), 2)))
        sample(target, chain, noise, part, adapting)
