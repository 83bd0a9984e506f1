"""`python -m fastreg`: the main job from a shell. A wrong input is one line on stderr and exit code 2."""

import argparse
import os
import sys
import time
import warnings

import numpy as np

import fastreg
from fastreg.families import FAMILIES

DESCRIPTION = """\
Certified regularisation paths: lasso, elastic net, ridge, and their logistic, Poisson and gamma relatives.

  python -m fastreg                       fit two paths on the bundled NCI60 gene data and draw path.png
  python -m fastreg FILE --target COLUMN  fit a path on your own table, write coefficients.csv, draw path.png
  python -m fastreg warmup                compile all usual kernels now (10 to 20 s); later fits start at once
"""

EPILOG = """\
the table
  FILE is CSV (comma, semicolon or tab; column names in the first line; UTF-8) or Parquet (needs pyarrow).
  Every column but the target, --weights and --drop is a feature and must be numeric, without missing values.

what is fitted
  At each of a falling sequence of penalties alpha, the coefficients b and intercept that minimise
      average loss + alpha * sum_j ( R |b_j| + (1 - R) b_j^2 / 2 ),       R = --l1-ratio
  where the loss is half the family's deviance. Every point carries its duality gap: a bound on how far its
  objective can be from the best, relative to the loss of the model without features.

what is written
  coefficients.csv: one row per alpha with the columns alpha, features (how many are in), deviance_explained,
  gap, reason, intercept, then one column for each feature that is ever in, in the order of entry. Features
  that never enter are zero throughout and not listed. Files of the same name are overwritten.

examples
  python -m fastreg houses.csv --target price
  python -m fastreg patients.csv --target outcome --family binomial --drop id,name --plot path.pdf
  python -m fastreg claims.parquet --target count --family poisson --weights exposure --l1-ratio 0.5
"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message):
        self.exit(2, f"fastreg: {message} (see python -m fastreg --help)\n")


def parser():
    """The command line's arguments."""
    out = Parser(
        prog="python -m fastreg",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    out.add_argument("file", nargs="?", metavar="FILE", help="CSV or Parquet file, or the word 'warmup'")
    out.add_argument("--target", metavar="COLUMN", help="the column to explain (required with FILE)")
    out.add_argument(
        "--family",
        choices=tuple(FAMILIES),
        default="gaussian",
        help="gaussian (default): any number. binomial: two labels (text or numbers), or "
        "proportions in [0, 1]. poisson: counts or rates, 0 or more. gamma: positive numbers",
    )
    out.add_argument(
        "--positive",
        metavar="LABEL",
        help="binomial: the label that is class 1 (default: the later of the two in order)",
    )
    out.add_argument("--weights", metavar="COLUMN", help="a column of row weights, 0 or more, of any scale")
    out.add_argument(
        "--drop",
        metavar="COL,COL",
        action="append",
        default=[],
        help="columns to leave out; may be given several times",
    )
    out.add_argument(
        "--l1-ratio",
        type=float,
        default=1.0,
        metavar="R",
        help="1 is the lasso (default), 0 is ridge, between them the elastic net",
    )
    out.add_argument(
        "--standardize",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure the penalty on columns of equal spread, so that units do not matter; "
        "coefficients come back in the file's units (default: yes)",
    )
    out.add_argument("--n-alphas", type=int, default=100, metavar="N", help="points on the path (default 100)")
    out.add_argument("--tol", type=float, default=1e-6, help="relative duality gap to reach (default 1e-6)")
    out.add_argument("--plot", metavar="FILE", help="picture to write: png, pdf or svg (default path.png)")
    out.add_argument(
        "--output",
        metavar="FILE",
        default="coefficients.csv",
        help="coefficients to write (default coefficients.csv)",
    )
    out.add_argument("--version", action="version", version=f"fastreg {fastreg.__version__}")
    return out


def main(arguments=None):
    """Run the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.file == "warmup":
            fastreg.warmup(verbose=True)
        elif options.file is None:
            _main_job(options)
        else:
            _fit_file(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("fastreg: interrupted", file=sys.stderr)
        return 130
    except MemoryError:
        return _fail("not enough memory for this table")
    except OSError as error:
        return _fail(_told(error))
    except (ValueError, ImportError) as error:
        return _fail(str(error))
    return 0


def _fail(message):
    print(f"fastreg: {' '.join(str(message).split())}", file=sys.stderr)
    return 2


def _told(error):
    """An OSError in a few words: which file, and why."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason[:1].lower()}{reason[1:]}" if error.filename else reason


def _main_job(options):
    """Two paths on the NCI60 data: least squares on one gene, and melanoma against the rest."""
    from fastreg.datasets import load_nci60

    default = parser().parse_args([])
    for name in ("target", "family", "positive", "weights", "drop", "l1_ratio", "standardize", "output"):
        if getattr(options, name) != getattr(default, name):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} needs a table of your own: python -m fastreg FILE --target COLUMN")
    X, tissue, names = load_nci60()
    names = names.tolist()
    melanoma = (tissue == "MELANOMA").astype(float)
    print(f"NCI60: expression of {X.shape[1]:,} genes in {X.shape[0]} cancer cell lines (Ross et al. 2000).")
    asked = {"n_alphas": options.n_alphas, "tol": options.tol}
    print(f"\nLasso: {names[0]} explained by the other {X.shape[1] - 1:,} genes")
    lasso = _fit(X[:, 1:], X[:, 0], "gaussian", names[1:], asked)
    print(f"\nLogistic lasso: is the tissue melanoma ({melanoma.sum():.0f} of {melanoma.size} cell lines)?")
    logistic = _fit(X, melanoma, "binomial", names, asked)
    titles = [f"Lasso: {names[0]} by the other genes", "Logistic lasso: is it melanoma?"]
    print(f"\n{_picture([lasso, logistic], titles, options.plot)}")


def _fit_file(options):
    """A path on the user's table."""
    from fastreg.report import write_coefficients
    from fastreg.tables import classes, read_table, split_names

    if options.target is None:
        raise ValueError(f"--target is missing: which column of {options.file} is to be explained?")
    _check_outputs(options)
    drop = [name for text in options.drop for name in split_names(text)]
    binomial = options.family == "binomial"
    table = read_table(options.file, options.target, options.weights, drop, text_target=binomial)
    y, told = table.target, f"target {options.target!r}"
    if binomial:
        y, coded = classes(y, options.target, options.positive)
        told += f": {coded}"
    elif np.all(y == y[0]):
        raise ValueError(f"column {options.target!r} is constant ({y[0]:g} in every row): there is nothing to explain")
    print(f"{options.file}: {y.size:,} rows, {len(table.names):,} features, {told}")
    for note in table.notes:
        print(f"Note: {note}.")
    path = _fit(
        table.X, y, options.family, table.names,
        {
            "l1_ratio": options.l1_ratio, "standardize": options.standardize, "n_alphas": options.n_alphas,
            "tol": options.tol, "sample_weight": table.weights,
        },
    )  # fmt: skip
    count = write_coefficients(path, options.output)
    listed = f"{count:,} feature{'s' * (count != 1)}"
    print(f"Wrote {options.output}: {path.alphas.size} rows, one per alpha, with {listed}.")
    title = f"{options.target} ({options.family}, l1_ratio {options.l1_ratio:g})"
    print(_picture([path], [title], options.plot))


def _check_outputs(options):
    """What is written must not be what was read, nor each other."""
    outputs = [os.path.abspath(options.output), os.path.abspath(options.plot or "path.png")]
    if os.path.abspath(options.file) in outputs:
        raise ValueError(f"{options.file} is the table to read; --output and --plot must name other files")
    if outputs[0] == outputs[1]:
        raise ValueError(f"--output and --plot both name {options.output}")


def _fit(X, y, family, names, options):
    """Fit, print what came out, and return the path. Compiling is timed apart: it happens once a machine."""
    from fastreg.report import describe
    from fastreg.warm import prepare

    compiling = prepare(family, l1_ratio=options.get("l1_ratio", 1.0))
    if compiling > 1.0:
        print(f"(compiled kernels for this machine in {compiling:.1f} s, once)")
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = fastreg.fit_path(X, y, family=family, **options)
    seconds = time.perf_counter() - begin
    path.feature_names = names
    print(describe(path, seconds), flush=True)
    for warning in caught:
        print(f"Note: {warning.message}", file=sys.stderr)
    return path


def _picture(paths, titles, file):
    """Draw the paths; returns a line on it. Only a picture that was asked for by name must succeed."""
    from fastreg.report import save_picture

    name = file or "path.png"
    try:
        save_picture(paths, titles, name)
    except (ImportError, OSError) as error:
        if file:
            raise
        return f"No picture: {_told(error) if isinstance(error, OSError) else error}"
    return f"Drew {name}."


if __name__ == "__main__":
    raise SystemExit(main())
