"""Makes nist.json: NIST's StRD linear regression sets with their certified coefficients.

    python tests/reference/make_nist.py FOLDER   (the folder data/nist of Debian's gretl-data; public domain)

The files carry both data and certified values. As a check the coefficients are computed here once more, from
the decimals of the data in rational arithmetic (the normal equations, solved exactly), and must agree to 14
digits.

A case's design has the columns x^1 .. x^degree of each x (degree > 1 has one x). `certified` are NIST's
printed coefficients, the intercept first if there is one. `exact` are the rational ones, rounded once to a
double. `digits_in_double` is how many digits survive if only the data and columns are rounded to doubles, all
else being exact (null: all): a solver that is handed such a matrix cannot promise more.
"""

import json
import re
import sys
from fractions import Fraction
from math import inf, log10
from pathlib import Path

HERE = Path(__file__).parent
DEGREES = {"Norris": 1, "Pontius": 2, "NoInt1": 1, "NoInt2": 1, "Filip": 10, "Longley": 1} | {
    f"Wampler{i}": 5 for i in range(1, 6)
}


def parse(text):
    """(rows of data, y first; certified coefficients) as NIST prints them."""
    lines = text.splitlines()
    first, last = re.search(r"Data\s+\(lines (\d+) to (\d+)\)", text).groups()
    rows = [line.split() for line in lines[int(first) - 1 : int(last)]]
    certified = re.findall(r"^\s+B\d+\s+([-+.\dE]+)\s+[-+.\dE]+\s*$", text, flags=re.M)
    return rows, certified


def least_squares(columns, y):
    """The exact solution of the normal equations, by Gauss-Jordan elimination of fractions."""
    A = [[dot(a, b) for b in columns] + [dot(a, y)] for a in columns]
    for k in range(len(A)):
        pivot = A[k][k]
        A[k] = [a / pivot for a in A[k]]
        for i in range(len(A)):
            if i != k and A[i][k]:
                A[i] = [a - A[i][k] * b for a, b in zip(A[i], A[k])]
    return [row[-1] for row in A]


def dot(a, b):
    return sum((u * v for u, v in zip(a, b)), Fraction(0))


def powers(x, degree, intercept):
    """Columns of the design, the intercept's first."""
    ones = [[Fraction(1)] * len(x[0])] if intercept else []
    return ones + [[value**k for value in column] for column in x for k in range(1, degree + 1)]


def digits(found, right):
    """The fewest correct digits of any coefficient."""
    error = max(abs((a - b) / b) for a, b in zip(found, right))
    return -log10(error) if error else inf


def make_case(name, text):
    rows, certified = parse(text)
    y, *x = ([row[i] for row in rows] for i in range(len(rows[0])))
    degree, intercept = DEGREES[name], not name.startswith("NoInt")
    target, columns = [Fraction(v) for v in y], [[Fraction(v) for v in column] for column in x]
    exact = least_squares(powers(columns, degree, intercept), target)
    assert len(certified) == len(exact)
    agreement = digits([Fraction(c) for c in certified], exact)
    assert agreement > 14 - 1e-9, (name, agreement)

    doubles = powers([[Fraction(float(v)) for v in column] for column in x], degree, intercept)
    rounded = [[Fraction(float(v)) for v in column] for column in doubles]
    in_double = digits(least_squares(rounded, [Fraction(float(v)) for v in y]), exact)
    print(f"{name:9} certified against exact {agreement:5.1f} digits, columns in double {in_double:5.1f}")
    return {
        "name": name,
        "intercept": intercept,
        "degree": degree,
        "y": [float(v) for v in y],
        "x": [[float(v) for v in column] for column in x],
        "certified": certified,
        "exact": [float(b) for b in exact],
        "digits_in_double": None if in_double == inf else round(in_double, 1),
    }


def main(folder):
    cases = [make_case(name, (Path(folder) / f"{name}.dat").read_text(encoding="latin-1")) for name in DEGREES]
    source = "NIST StRD, linear regression; certified: as printed there; exact: rational arithmetic on the data"
    lines = ['{"source": ' + json.dumps(source) + ', "cases": [', ",\n".join(map(json.dumps, cases)), "]}"]
    (HERE / "nist.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
