"""`python -m fastreg`: the main job from a shell. A wrong input is one line on stderr and exit code 2."""

import argparse
import os
import sys

import fastreg
from fastreg.families import FAMILIES
from fastreg.report import told

DESCRIPTION = """\
Certified regularisation paths: lasso, elastic net, ridge, and their logistic, Poisson and gamma relatives.

  python -m fastreg                       fit two paths on the bundled NCI60 gene data and draw path.png
  python -m fastreg FILE --target COLUMN  fit a path on your own table, write coefficients.csv, draw path.png
  python -m fastreg FILE --target COLUMN --cv 10 --save model.json
                                          choose the penalty by cross-validation and keep the model
  python -m fastreg --load model.json --predict NEW
                                          predict the rows of another table with it
  python -m fastreg warmup                compile all usual kernels now (1 to 3 min); later fits start at once
"""

EPILOG = """\
the table
  FILE is CSV (comma, semicolon or tab; column names in the first line; UTF-8) or Parquet (needs pyarrow).
  Every column but the target, --weights, --groups and --drop is a feature and must be numeric, without missing values.

what is fitted
  At each of a falling sequence of penalties alpha, the coefficients b and intercept that minimise
      average loss + alpha * sum_j ( R |b_j| + (1 - R) b_j^2 / 2 ),       R = --l1-ratio
  where the loss is half the family's deviance. Every point carries its duality gap: a bound on how far its
  objective can be from the best, relative to the loss of the model without features.

what is written
  coefficients.csv: one row per alpha with the columns alpha, features (how many are in), deviance_explained,
  gap, reason, intercept, then one column for each feature that is ever in, in the order of entry. Features
  that never enter are zero throughout and not listed. Files of the same name are overwritten.

choosing and predicting
  --cv K splits the rows at random into K folds, fits a path to the rows outside each, and scores the rows inside at
  every alpha. With --groups COLUMN rows of one label stay together, as those of one patient must if the model is to
  meet new patients. --select min takes the alpha of the best mean score; 1se, the default, the largest alpha (fewest
  features) that is within one standard error of it. Predictions are the mean response: for two labels the
  probability of class 1, and the label that is more likely. NEW needs the model's features by name, in any order;
  other columns are passed over. model.json holds the whole path, so that --alpha can ask for another penalty.

examples
  python -m fastreg houses.csv --target price
  python -m fastreg patients.csv --target outcome --family binomial --drop id,name --plot path.pdf
  python -m fastreg patients.csv --target outcome --family binomial --cv 10 --metric auc --predict new.csv
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
    _add_choice(out)
    out.add_argument("--plot", metavar="FILE", help="picture to write: png, pdf or svg (default path.png)")
    out.add_argument(
        "--output",
        metavar="FILE",
        default="coefficients.csv",
        help="coefficients to write (default coefficients.csv)",
    )
    out.add_argument("--version", action="version", version=f"fastreg {fastreg.__version__}")
    return out


def _add_choice(out):
    """The arguments that choose one model of the path, predict with it and keep it."""
    out.add_argument("--cv", type=int, metavar="K", help="choose alpha by cross-validation with K folds, such as 10")
    out.add_argument(
        "--groups",
        metavar="COLUMN",
        help="a column of labels, such as a patient or a site: --cv keeps the rows of one label in one fold",
    )
    out.add_argument(
        "--metric",
        metavar="NAME",
        help="what --cv scores: deviance (default), mse, mae, misclassification or auc, or a scorer of scikit-learn's",
    )
    out.add_argument(
        "--select",
        choices=("1se", "min"),
        help="which alpha --cv chooses: the best (min), or the largest within a standard error of it (1se, default)",
    )
    out.add_argument(
        "--alpha", type=float, metavar="A", help="the penalty to predict with, instead of choosing by --cv"
    )
    out.add_argument("--predict", metavar="NEW", help="CSV or Parquet file whose rows are to be predicted")
    out.add_argument(
        "--predictions",
        metavar="FILE",
        help="predictions to write (default predictions.csv)",
    )
    out.add_argument("--save", metavar="FILE", help="model to write, as JSON: the path and the alpha that was chosen")
    out.add_argument("--load", metavar="FILE", help="model written by --save, to predict with instead of fitting")


def main(arguments=None):
    """Run the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.file == "warmup":
            fastreg.warmup(verbose=True)
        elif options.load is not None:
            from fastreg.jobs import use_model

            _refuse(
                options,
                ("file", *FITTING, "cv", "groups", "metric", "select", "save"),
                "is for fitting; with --load nothing is fitted",
            )
            use_model(options)
        elif options.file is None:
            from fastreg.jobs import main_job

            _refuse(options, (*FITTING, *CHOOSING), "needs a table of your own: python -m fastreg FILE --target COLUMN")
            main_job(options)
        else:
            from fastreg.jobs import fit_table

            fit_table(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("fastreg: interrupted", file=sys.stderr)
        return 130
    except MemoryError:
        return _fail("not enough memory for this table")
    except OSError as error:
        return _fail(told(error))
    except (ValueError, ImportError) as error:
        return _fail(str(error))
    return 0


FITTING = ("target", "family", "positive", "weights", "drop", "l1_ratio", "standardize", "output")
CHOOSING = ("cv", "groups", "metric", "select", "alpha", "predict", "predictions", "save")


def _refuse(options, names, reason):
    """A ValueError for the first of some options that has been given."""
    default = parser().parse_args([])
    for name in names:
        if getattr(options, name) != getattr(default, name):
            raise ValueError(f"{'FILE' if name == 'file' else '--' + name.replace('_', '-')} {reason}")


def _fail(message):
    print(f"fastreg: {' '.join(str(message).split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
