"""exp and log1p without branches or calls, so that loops over rows are vectorised: three to five times faster.

exp: with k the integer nearest to x / log 2 and r = x - k log 2, |r| <= log(2) / 2, exp(x) = 2^k exp(r). log 2 is
subtracted in two parts, of which the first has so few digits that its product with k is exact; exp(r) is a Taylor
polynomial of degree 13.

log1p: with w = 1 + x rounded, log(1 + x) = log(w) + (x - (w - 1)) / w to rounding, and with w = 2^k m, m within a
factor of sqrt(2) of one, log(w) = k log 2 + 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172: ten terms of its series.

Relative errors are at most 5e-16. Source: Cody and Waite (1980), Software Manual for the Elementary Functions.
"""

import math

from fastreg.numerics.jit import float_operation

LARGEST = 700.0  # largest |x| in exp, to which larger ones are clipped: exp(700) = 1e304
PER_LOG2 = 1.4426950408889634
LOG2, REST = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ROUNDER, ROUNDER_BITS = 1.5 * 2.0**52, 0x4338000000000000  # adding it rounds to an integer, in the lowest bits
TAYLOR = [1.0 / math.factorial(degree) for degree in range(13, 1, -1)]
ARTANH = [2.0 / power for power in range(19, 1, -2)]
EXPONENT_BITS, ONE, ROOT_HALF = 52, 0x3FF0000000000000, 0x3FE6A09E667F3BCD  # bits of a float64: 1 and sqrt(1/2)
AS_WRITTEN = ("contract",)


class Instructions:
    """LLVM instructions for float64 arithmetic that is not reordered."""

    def __init__(self, builder, number, integer):
        self.builder, self.number, self.integer = builder, number, integer

    def add(self, a, b):
        return self.builder.fadd(a, b, flags=AS_WRITTEN)

    def subtract(self, a, b):
        return self.builder.fsub(a, b, flags=AS_WRITTEN)

    def multiply(self, a, b):
        return self.builder.fmul(a, b, flags=AS_WRITTEN)

    def divide(self, a, b):
        return self.builder.fdiv(a, b, flags=AS_WRITTEN)

    def polynomial(self, x, coefficients):
        """The polynomial at x by Horner's rule, coefficients from the highest power down."""
        total = self.number(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.add(self.multiply(total, x), self.number(coefficient))
        return total

    def bits(self, x):
        return self.builder.bitcast(x, self.integer)

    def from_bits(self, bits):
        return self.builder.bitcast(bits, self.number)

    def shift_up(self, bits):
        return self.builder.shl(bits, self.integer(EXPONENT_BITS))


def exp(x):
    """e^x, with x clipped to [-700, 700]; NaN for NaN."""
    return math.exp(min(max(x, -LARGEST), LARGEST))


def log1p(x):
    """log(1 + x), for x > -1."""
    return math.log1p(x)


@float_operation(exp)
def _exp(builder, x, integer):
    do, number = Instructions(builder, x.type, integer), x.type
    x = builder.select(builder.fcmp_ordered("<", x, number(-LARGEST)), number(-LARGEST), x)
    x = builder.select(builder.fcmp_ordered(">", x, number(LARGEST)), number(LARGEST), x)
    holder = do.add(do.multiply(x, number(PER_LOG2)), number(ROUNDER))
    k = do.subtract(holder, number(ROUNDER))
    r = do.subtract(do.subtract(x, do.multiply(k, number(LOG2))), do.multiply(k, number(REST)))
    square = do.multiply(do.multiply(do.polynomial(r, TAYLOR), r), r)
    power = do.from_bits(builder.add(do.shift_up(do.bits(holder)), do.integer(ONE)))
    return do.multiply(do.add(do.add(square, r), number(1.0)), power)


@float_operation(log1p)
def _log1p(builder, x, integer):
    do, number = Instructions(builder, x.type, integer), x.type
    w = do.add(x, number(1.0))
    lost = do.divide(do.subtract(x, do.subtract(w, number(1.0))), w)
    exponent = builder.ashr(builder.sub(do.bits(w), do.integer(ROOT_HALF)), do.integer(EXPONENT_BITS))
    m = do.from_bits(builder.sub(do.bits(w), do.shift_up(exponent)))
    k = do.subtract(do.from_bits(builder.add(exponent, do.integer(ROUNDER_BITS))), number(ROUNDER))
    f = do.subtract(m, number(1.0))
    s = do.divide(f, do.add(f, number(2.0)))
    z = do.multiply(s, s)
    series = do.multiply(s, do.multiply(z, do.polynomial(z, ARTANH)))
    small = do.add(do.add(series, do.multiply(k, number(REST))), lost)
    return do.add(do.multiply(k, number(LOG2)), do.add(do.multiply(s, number(2.0)), small))
