"""`fastreg`, or `python -m fastreg`: the main job from a shell. A wrong input is one line on stderr and exit code 2."""

import argparse
import contextlib
import io
import os
import re
import sys

import fastreg
from fastreg.cli import spooling
from fastreg.cli.outputs import to_standard_output
from fastreg.cli.report import error_text
from fastreg.interface.naming import names_meant
from fastreg.objective.families import FAMILIES

DESCRIPTION = """\
Certified regularisation paths: lasso, elastic net, ridge, and their logistic, Poisson and gamma relatives.

  fastreg                               fit two paths on the bundled NCI60 gene data and draw path.png
  fastreg FILE --target COLUMN          fit a path on your own table, write coefficients.csv, draw path.png
  fastreg FILE --target COLUMN --cv 10 --save model.json
                                        choose the penalty by cross-validation and keep the model
  fastreg --load model.json --predict NEW
                                        predict the rows of another table with it
  fastreg FILE --target COLUMN --table table.csv
                                        fit without a penalty: standard errors, tests and intervals
  fastreg genes.bed --target pheno.tsv:height --covariates age,sex
                                        X in a file that may be larger than memory: .bed, .npy, .npz
  fastreg spool SOURCE x.npy            write Parquet, CSV, HDF5, zarr or Arrow as such a file, once
  fastreg warmup                        compile all usual kernels now (1 to 3 min); later fits start at once

python -m fastreg is the same command.
"""

EPILOG = """\
the table
  FILE is CSV (comma, semicolon or tab; column names in the first line), plain or packed by gzip, bzip2 or xz, or
  Parquet; - is the standard input. Text is UTF-8, or UTF-16 with its byte order mark; other encodings are named by
  --encoding, decimals such as 1,5 by --decimal comma, other separators by --separator.
  Every column but the target and those that --weights, --offset, --exposure, --groups and --drop name is a feature.
  Numbers, true and false (1 and 0) and categories of Parquet are taken as they are. Text, dates and cells without a
  value (empty, NA, NaN, null, ? and the like) wait for your word, as in the functions of Python:
      --categorical text        each column of text is a category, with a coefficient "column[level]" for each level
      --categorical area,zip    these are categories, whatever is in them; a column of numbers and words must be named
      --ordered size=S,M,L      a category by its steps: "size[>=M]" is what M adds to S, "size[>=L]" what L adds to M
      --dates days              dates such as 2024-03-31 are numbers of days since 1970; --dates %d.%m.%Y reads others
      --missing mean            numbers: the mean, and a column "age[missing]" that marks them; categories: a level
      --missing level, drop     a level "area[missing]" of categories; leave out the rows. --missing age=mean is a rule
                                for one column, and goes before that for all
      --unseen zero             a level that the fit did not see counts as none, in tables to predict; else an error
  Levels and means are those of the rows that are fitted, and go with the model. Identifiers are left out, which a note
  says: text and whole numbers that differ in every row, and columns called id, customer_id, uuid or index;
  --keep COLUMN keeps one.
  Numbers alone need nothing else; Parquet, text, dates and gaps need pyarrow: pip install 'fastreg-engine[table]'. With
  it large CSV files are read several times as fast.

X in a file
  FILE may hold X alone, and be larger than memory: genotypes of PLINK (.bed, with .bim and .fam beside it), a .npy
  array in Fortran order, an uncompressed .npz or a folder of sparse columns. It is read in order some ten times. Other
  data (Parquet, CSV, HDF5, zarr, Arrow) are written as such a file once: fastreg spool --help says how.
  The target is a column of a table: --target TABLE:COLUMN. --weights, --offset, --exposure and --groups name columns
  of the same table, or of another as TABLE:COLUMN. --covariates age,sex (or TABLE:age,sex) are columns of numbers that
  are fitted beside X, without a penalty.
  Rows of a table are those of X, in its order. For a .bed they belong to the people that its column IID names, or FID
  and IID, in any order; -9 in the target or a covariate is no value, as in PLINK. People without a row, and rows that
  lack a value, count with weight 0, of which notes tell. An unknown genotype is the variant's mean over all rows of the
  file, also where new people are predicted. Predictions name the people; those who lack a covariate have none.
      fastreg --load model.json --predict new.bed --covariates new.tsv:age,sex
  --checkpoint fit.npz keeps the points of a long fit. If it is ended, however suddenly, the same command goes on.

a formula
  --formula TEXT says which columns are fitted, and how, as in R: "claims ~ age + np.log(density) + area + C(zip) +
  age:area", or "~ ." with all other columns. What is left of ~ is a column or a function of one, such as log(price), in
  whose units predictions are. Text is a category there, C(zip) makes one of numbers. It needs formulaic:
  pip install 'fastreg-engine[formula,table]'.

what is fitted
  At each of a falling sequence of penalties alpha, the coefficients b and intercept that minimise
      average loss + alpha * sum_j ( R |b_j| + (1 - R) b_j^2 / 2 ),       R = --l1-ratio
  where the loss is half the family's deviance. Every point carries its duality gap: a bound on how far its
  objective can be from the best, relative to the loss of the model without features.

counts and exposure
  Claims of policies that ran for different times, cases in towns of different size: say so by --exposure COLUMN. The
  model is then one of the rate, target per unit of exposure; predictions are counts for the exposure of their rows.
  --weights with the exposure on counts is wrong: it changes the coefficients. Weights go with rates: a target that is
  count / exposure, with --weights exposure, has the likelihood of the count with --exposure.
  --offset COLUMN adds a column of your own to the linear predictor (--exposure adds the logarithm of its column).

what is written
  coefficients.csv: one row per alpha with the columns alpha, features (how many are in), deviance_explained,
  gap, reason, intercept, then one column for each feature that is ever in, in the order of entry. The reason is
  converged; max_iter or stalled (not certified: the steps were used up, or ended before that by rounding or for want of
  a finite optimum); or separable (two labels that the features tell apart: the path ends). Features
  that never enter are zero throughout and not listed; one called like a column before it, such as gap, is listed as
  "feature gap". Files are written whole or not at all. What fastreg wrote before is replaced by the same command; any
  other file only with --overwrite, and a file that is read never. The name - is the standard output.

statements about coefficients
  --table FILE is of a fit without a lasso part: standard errors, tests and 95% intervals, printed and written. Without
  --alpha and --cv there is no penalty, and each category is measured against its first level; with --l1-ratio 0 and
  --alpha or --cv it is that of the ridge. The picture shows the intervals. --posterior FILE is the summary of draws
  from the posterior whose mode is the fit, with the penalty as prior: of a lasso, too; --draws FILE keeps the draws.
  Here the scale of --weights matters: a weight of 2 is twice the precision.

choosing and predicting
  --cv K splits the rows at random into K folds, fits a path to the rows outside each, and scores the rows inside at
  every alpha. With --groups COLUMN rows of one label stay together, as those of one patient must if the model is to
  meet new patients. --select min takes the alpha of the best mean score; 1se, the default, the largest alpha (fewest
  features) that is within one standard error of it. Predictions are the mean response: for two labels the
  probability of class 1, and the label that is more likely. NEW needs the model's features by name, in any order,
  and the column of --exposure or --offset; other columns are passed over. model.json holds the whole path, so that
  --alpha can ask for another penalty, and the name of that column; with --load, --exposure or --offset name another.

examples
  fastreg houses.csv --target price
  fastreg patients.csv --target outcome --family binomial --drop name --plot path.pdf
  fastreg patients.csv --target outcome --family binomial --cv 10 --metric auc --predict new.csv
  fastreg claims.parquet --target claims --family poisson --exposure years --categorical text --cv 10 --save model.json
  fastreg visits.csv --target bought --family binomial --categorical text --dates days --missing mean --unseen zero
  fastreg verkauf.csv --target Preis --decimal comma --encoding cp1252 --dates %d.%m.%Y
  zcat houses.csv.gz | fastreg - --target price
"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, with the right option where a wrong one resembles it."""

    def error(self, message):
        unknown = re.match(r"unrecognized arguments: --([\w-]+)", message)
        names = [name[2:].replace("-", "_") for name in self._option_string_actions if name.startswith("--")]
        meant = names_meant(unknown[1], names) if unknown else []
        hint = f"; did you mean {' or '.join('--' + name.replace('_', '-') for name in meant)}?" if meant else ""
        self.exit(2, f"fastreg: {message}{hint} (see {self.prog} --help)\n")


def parser():
    """The command line's arguments."""
    out = Parser(
        prog="fastreg",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = "CSV or Parquet file, - for stdin; X in a file such as genes.bed; or the word 'warmup'"
    out.add_argument("file", nargs="?", metavar="FILE", help=what)
    out.add_argument(
        "--target",
        metavar="[TABLE:]COLUMN",
        help="the column to explain (with FILE, unless a formula names it); of a table, where X is in a file",
    )
    out.add_argument(
        "--formula",
        metavar="TEXT",
        help="what is fitted, such as 'claims ~ age + np.log(density) + C(area)', in place of all columns",
    )
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
    out.add_argument(
        "--covariates",
        metavar="[TABLE:]COL,COL",
        help="with X in a file: columns of numbers of a table that are fitted beside X, without a penalty",
    )
    out.add_argument("--weights", metavar="COLUMN", help="a column of row weights, 0 or more, of any scale")
    out.add_argument(
        "--exposure",
        metavar="COLUMN",
        help="poisson and gamma: a column of positive numbers that the mean is proportional to, such as years insured",
    )
    out.add_argument("--offset", metavar="COLUMN", help="a column that is added to the linear predictor as it is")
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
    out.add_argument(
        "--alpha-min-ratio",
        type=float,
        metavar="Q",
        help="the last alpha of the path over the first (default 1e-4, or 1e-2 with more features than rows)",
    )
    out.add_argument("--tol", type=float, default=1e-6, help="relative duality gap to reach (default 1e-6)")
    _add_features(out.add_argument_group("features"))
    _add_choice(out.add_argument_group("choosing and predicting"))
    _add_statements(out.add_argument_group("statements about coefficients"))
    _add_files(out.add_argument_group("files"))
    out.add_argument("--version", action="version", version=f"fastreg {fastreg.__version__}")
    return out


def _add_features(out):
    """Add the arguments that say which columns are features, and how they are read."""
    several = {"action": "append", "default": []}
    out.add_argument("--drop", metavar="COL,COL", help="columns to leave out; may be given several times", **several)
    out.add_argument("--keep", metavar="COL,COL", help="features that are taken for identifiers otherwise", **several)
    out.add_argument(
        "--categorical",
        metavar="text|COL,COL",
        help="categories: all columns of text, or these columns, also of numbers",
        **several,
    )
    out.add_argument(
        "--ordered",
        metavar="step|COL=LEVEL,LEVEL",
        help="categories by their steps: those whose type in Parquet is ordered (step), or a column with its levels in "
        "order",
        **several,
    )
    out.add_argument(
        "--dates",
        metavar="days|FORM",
        help="dates as numbers of days: ISO 8601 (days), or by a form such as %%d.%%m.%%Y",
    )
    out.add_argument(
        "--missing",
        metavar="[COL=]WORD",
        help="what becomes of missing values, of all columns or of one: error (default), mean, level or drop",
        **several,
    )
    out.add_argument(
        "--unseen",
        choices=("error", "zero"),
        help="what becomes, in prediction, of levels that the fit did not see (default error)",
    )


def _add_statements(out):
    """Add the arguments that ask for a table of coefficients or their posterior."""
    out.add_argument(
        "--table",
        metavar="FILE",
        type=_place,
        help="coefficients with standard errors, tests and intervals to write, without a penalty or of a ridge",
    )
    out.add_argument(
        "--posterior", metavar="FILE", type=_place, help="summary of draws from the posterior of the fit to write"
    )
    out.add_argument("--draws", metavar="FILE", type=_place, help="the draws themselves, to write as CSV")
    out.add_argument(
        "--n-draws", type=int, metavar="N", help="draws of each chain (default 2000); 0 is the normal approximation"
    )
    out.add_argument("--chains", type=int, metavar="N", help="chains of draws (default 3)")
    out.add_argument("--seed", type=int, metavar="N", help="of the random numbers of draws (default 0)")


def _add_choice(out):
    """Add the arguments that choose a model of the path, predict with it and save it."""
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
    out.add_argument("--predict", metavar="NEW", help="file whose rows are to be predicted")
    out.add_argument(
        "--predictions",
        metavar="FILE",
        type=_place,
        help="predictions to write (default predictions.csv)",
    )
    out.add_argument(
        "--save", metavar="FILE", type=_place, help="model to write, as JSON: the path and the alpha that was chosen"
    )
    out.add_argument("--load", metavar="FILE", help="model written by --save, to predict with instead of fitting")


def _add_files(out):
    """Add the arguments about files: how tables are read, and what is written."""
    out.add_argument(
        "--encoding", metavar="NAME", help="of CSV that is not UTF-8, such as cp1252 (Windows, western Europe)"
    )
    out.add_argument(
        "--decimal", choices=("point", "comma"), help="what stands before decimals in CSV (default point): 1.5 or 1,5"
    )
    out.add_argument(
        "--separator",
        metavar="MARK",
        help="what sets the columns of CSV apart, such as '|' or space (default: comma, semicolon or tab, by the first "
        "lines)",
    )
    out.add_argument("--plot", metavar="FILE", type=_place, help="picture to write: png, pdf or svg (default path.png)")
    out.add_argument(
        "--output",
        metavar="FILE",
        type=_place,
        default="coefficients.csv",
        help="coefficients of the path to write (default coefficients.csv)",
    )
    out.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="file (.npz) that keeps the points while a fit runs: if that is ended, however suddenly, the same command "
        "goes on from there",
    )
    out.add_argument(
        "--overwrite", action="store_true", help="replace files of these names even if fastreg did not write them"
    )


def _place(name):
    """The name of a file to write: - is the standard output."""
    return "/dev/stdout" if name == "-" else name


def main(arguments=None):
    """Run the command line; returns the exit code."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):  # a name that the console has no letters for must not end a job
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["spool"]:
        options, run = spooling.parser(Parser).parse_args(arguments[1:]), spooling.spool_file
    else:
        options, run = parser().parse_args(arguments), _run
    written = [getattr(options, name, None) for name in WRITTEN]
    aside = contextlib.redirect_stdout(sys.stderr) if any(map(to_standard_output, written)) else None
    try:
        with aside or contextlib.nullcontext():
            run(options)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt as stop:
        notes = [*getattr(stop, "__notes__", ())]
        if getattr(options, "checkpoint", None):
            notes.append(f"the same command goes on from {options.checkpoint}")
        print("; ".join(["fastreg: interrupted", *notes]), file=sys.stderr)
        return stop.code if isinstance(stop, SystemExit) else 130
    except MemoryError as error:
        return _fail(error if type(error) is MemoryError and error.args else "not enough memory for these data")
    except RuntimeError as error:
        if type(error) is not RuntimeError:  # its subclasses are faults of the program
            raise
        return _fail(error)  # a file that is changed while it is read
    except (OSError, ValueError, ImportError) as error:
        return _fail(error_text(error))
    return 0


def _open_streams():
    """Open the null device for standard streams that are closed, as under some schedulers: Python has None for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in the order of their descriptors
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open until the process ends


def _run(options):
    """Run the command that the options ask for."""
    if options.file == "warmup":
        every = (*FITTING, *FEATURES, *STATEMENTS, *GRID, *CHOOSING, *READING, "plot", "load")
        _refuse(options, every, "has no meaning for warmup")
        fastreg.warmup(verbose=True)
    elif options.load is not None:
        from fastreg.cli.commands import use_model

        fitting = ("file", *FITTING, *FEATURES, *STATEMENTS, *GRID, "cv", "groups", "metric", "select", "save")
        _refuse(options, fitting, "is for fitting; with --load nothing is fitted")
        use_model(options)
    elif options.file is None:
        from fastreg.cli.commands import main_job

        needs = "needs a table of your own: fastreg FILE --target COLUMN"
        _refuse(options, (*FITTING, *FEATURES, *STATEMENTS, *CHOOSING, *READING), needs)
        main_job(options)
    else:
        from fastreg.cli.commands import fit_table

        fit_table(options)


FITTING = (
    "target", "formula", "family", "positive", "weights", "l1_ratio", "standardize", "alpha_min_ratio", "output",
    "checkpoint",
)  # fmt: skip
FEATURES = ("drop", "keep", "categorical", "ordered", "missing", "unseen")
STATEMENTS = ("table", "posterior", "draws", "n_draws", "chains", "seed")
GRID = ("n_alphas", "tol")
CHOOSING = ("cv", "groups", "metric", "select", "alpha", "predict", "predictions", "save")
READING = ("covariates", "offset", "exposure", "encoding", "decimal", "separator", "dates")
WRITTEN = ("output", "plot", "save", "predictions", "table", "posterior", "draws")  # options that name a file to write


def _refuse(options, names, reason):
    """Raise ValueError if any of the options `names` has been given."""
    default = parser().parse_args([])
    for name in names:
        if getattr(options, name) != getattr(default, name):
            raise ValueError(f"{'FILE' if name == 'file' else '--' + name.replace('_', '-')} {reason}")


def _fail(message):
    line = " ".join(line.strip() for line in str(message).splitlines())
    line = re.sub(r"fastreg\.spool\('?(.*?)'?, '(.*?)'\)", r"fastreg spool \1 \2", line)
    print(f"fastreg: {line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
