"""Anderson acceleration of Newton steps that share one Hessian.

While the signs of the solutions stay the same, the step f(b) of a model with a fixed matrix M = H + L2 is affine in b
near the optimum, where it is zero. From the last few points the combination is taken whose step would be shortest in
the metric of M:

    minimise over g  | f_k - dF g |_M,      b_new = b_k + f_k - (dB + dF) g,

with dB and dF the differences of b_k and f_k to those of up to two points before. It costs a few products of length
|W|, since M f is known from the correlations that the model ends with. After three points all are forgotten: the first
is then too far away for f to be affine. Source: Walker and Ni (2011), SIAM J. Numer. Anal. 49.
"""

import numpy as np

from fastreg._jit import kernel

DEPTH = 3
INDEPENDENT = 1e-10  # share of its square that must be left of the second difference beside the first


class Acceleration:
    """The last points of one model on one working set, and where they lead."""

    def __init__(self, size):
        self.count = 0
        self.signs = np.empty(size)
        self.points, self.steps, self.images = np.empty((DEPTH, size)), np.empty((DEPTH, size)), np.empty((DEPTH, size))

    def extrapolate(self, point, solution, image):
        """Move `solution` to a better coefficient vector, where there is one of the same signs.

        `point` is where the model was made, `image` is M (solution - point).
        """
        place = self.count % DEPTH
        self.points[place], self.steps[place], self.images[place] = point, solution - point, image
        kept = mix_points(self.points, self.steps, self.images, place, self.signs, solution)
        self.count = place + 1 if kept else self._restart(place)

    def _restart(self, place):
        """Begin with the present point, where signs have changed."""
        for history in (self.points, self.steps, self.images):
            history[0] = history[place]
        return 1


@kernel
def mix_points(points, steps, images, last, signs, solution):
    """Move `solution` by the best mix of points 0..last; False if its signs are not those of the points before."""
    same = last > 0
    for j in range(signs.size):
        sign = np.sign(solution[j])
        same = same and sign == signs[j]
        signs[j] = sign
    if not same:
        return False
    # Differences to one and two points before, and the normal equations of the mix in the metric of M.
    other = 0.0
    aa, ab, bb, a, b = 0.0, 0.0, 0.0, 0.0, 0.0
    first, second = last - 1, max(last - 2, 0)
    for j in range(signs.size):
        step_a, step_b = steps[last, j] - steps[first, j], steps[first, j] - steps[second, j]
        image_a, image_b = images[last, j] - images[first, j], images[first, j] - images[second, j]
        aa += step_a * image_a
        ab += step_a * image_b
        bb += step_b * image_b
        a += step_a * images[last, j]
        b += step_b * images[last, j]
    if aa <= 0.0:
        return True
    one, rest = a / aa, bb - ab * ab / aa
    if rest > INDEPENDENT * bb:
        other = (b - ab * one) / rest
        one -= other * ab / aa
    for j in range(signs.size):
        if np.sign(mixed(points, steps, first, second, last, one, other, solution, j)) != signs[j]:
            return True
    for j in range(signs.size):
        solution[j] = mixed(points, steps, first, second, last, one, other, solution, j)
    return True


@kernel
def mixed(points, steps, first, second, last, one, other, solution, j):
    """One coefficient of the mix; zeros stay zero."""
    if solution[j] == 0.0:
        return 0.0
    move_a = points[last, j] + steps[last, j] - points[first, j] - steps[first, j]
    move_b = points[first, j] + steps[first, j] - points[second, j] - steps[second, j]
    return solution[j] - one * move_a - other * move_b
