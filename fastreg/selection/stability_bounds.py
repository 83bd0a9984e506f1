"""Bounds on the expected number of features that stability selection selects falsely.

A half selects q features on average out of p, anywhere in the region of alphas; a feature is chosen if at least the
share t of all halves selects it. A feature counts as false if one half selects it with a probability of at most q/p,
as chance would. Then the expected number of false features that are chosen is at most

    none       q^2 / ((2 t - 1) p)        t > 1/2
    unimodal   C(t, B) q^2 / p,           C = 1 / (2 (2 t - 1 - 1/(2B)))       if t <= 3/4
                                          C = 4 (1 - t + 1/(2B)) / (1 + 1/B)   if t > 3/4

for B complementary pairs of halves: Shah and Samworth (2013), Variable selection with error control: another look at
stability selection, JRSS-B 75, 55-80, theorem 1 with equation 3 and theorem 2. "unimodal" asks in addition that the
share of pairs both of whose halves select a false feature have a unimodal distribution, q/p <= 1/sqrt(3), and t above
min(1/2 + (q/p)^2, 1/2 + 1/(2B) + 3/4 (q/p)^2). The first bound is that of Meinshausen and Buehlmann (2010), Stability
selection, JRSS-B 72, 417-473, theorem 1, which holds for the number of all noise features if they are exchangeable and
selection is no worse than guessing.

A region of alphas counts as one selection: a half selects what it selects anywhere in it. The largest probability over
the alphas, which must reach t, is at most the probability of that.
"""

import math

ASSUMPTIONS = ("none", "unimodal")


def error_bound(average, features, threshold, pairs, assumption):
    """Bound on the expected number of false features, or infinity where the theorem says nothing."""
    return _factor(average / features, threshold, pairs, assumption) * average**2 / features


def largest_selection(allowed, features, threshold, pairs, assumption):
    """The largest average number of features that one half may select for a bound of `allowed`."""
    low, high = 0.0, float(features)
    for _ in range(100):  # the bound rises with the average
        middle = 0.5 * (low + high)
        within = error_bound(middle, features, threshold, pairs, assumption) <= allowed
        low, high = (middle, high) if within else (low, middle)
    return low


def _factor(share, threshold, pairs, assumption):
    if assumption == "none":
        return 1.0 / (2.0 * threshold - 1.0)
    half = 1.0 / (2.0 * pairs)
    if share > 1.0 / math.sqrt(3.0) or threshold <= min(0.5 + share**2, 0.5 + half + 0.75 * share**2):
        return math.inf
    if threshold <= 0.75:
        return 1.0 / (2.0 * (2.0 * threshold - 1.0 - half))
    return 4.0 * (1.0 - threshold + half) / (1.0 + 2.0 * half)
