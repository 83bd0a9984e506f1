"""Checks of a command line's options, alone and together, before any table is read."""

import math
import os

from fastreg.cli.features import Reading
from fastreg.cli.outputs import Outputs
from fastreg.cli.report import check_picture
from fastreg.cli.statements import alpha_of, check_statements
from fastreg.cli.stored import files_beside, is_stored
from fastreg.cli.table_files import START, Dialect, check_encoding, refuse_model, separator_named
from fastreg.cli.tables import Offset, split_names
from fastreg.interface import validation as check
from fastreg.interface.encoding import MISSING

LOG_LINKS = ("poisson", "gamma")  # families to which an exposure applies
STANDARD_INPUTS = {"-", "/dev/stdin"}
PREDICTIONS = "predictions.csv"  # default file of predictions


def check_fit(options):
    """Raise ValueError for options of a fit that are missing or do not go together."""
    if options.target is None and os.path.isfile(options.file):
        with open(options.file, "rb") as opened:
            refuse_model(options.file, opened.read(START))
    if options.target is None and options.formula is None:
        raise ValueError(f"--target is missing: which column of {options.file} is to be explained?")
    for name in ("metric", "select", "groups"):
        if getattr(options, name) is not None and options.cv is None:
            raise ValueError(f"--{name} needs --cv, for example --cv 10")
    if options.alpha is not None and options.cv is not None:
        raise ValueError("--alpha and --cv both choose the penalty; give one of them")
    check_statements(options)
    if options.predict is not None and alpha_of(options) is None and options.cv is None:
        raise ValueError("--predict needs one penalty: choose it by --cv 10, or give it by --alpha")
    uses = (options.predict, options.save, options.table, options.posterior)
    if options.alpha is not None and uses == (None,) * len(uses):
        raise ValueError("--alpha is the penalty of --predict, --save, --table or --posterior; give one of them")
    if options.positive is not None and options.family != "binomial":
        raise ValueError("--positive is for --family binomial")
    if options.exposure is not None and options.family not in LOG_LINKS:
        raise ValueError(f"--exposure is for --family {' or '.join(LOG_LINKS)}; for {options.family} give an --offset")
    if options.cv is not None:
        check.check_count("--cv", options.cv, 2)
    check_numbers(options)
    check_prediction(options)
    reading_of(options)


def check_numbers(options):
    """Raise ParameterError where a number of a fit is out of its range."""
    check.check_number("--l1-ratio", options.l1_ratio, 0.0, 1.0)
    check.check_count("--n-alphas", options.n_alphas, 1)
    if options.alpha_min_ratio is not None:
        check.check_number("--alpha-min-ratio", options.alpha_min_ratio, 0.0, 1.0, low_open=True, high_open=True)
    check.check_number("--tol", options.tol, 0.0, math.inf, low_open=True, high_open=True)


def check_prediction(options):
    """Raise ValueError for options of predictions without --predict, an impossible --alpha, or options of reading."""
    if options.predictions is not None and options.predict is None:
        raise ValueError("--predictions needs --predict NEW, the rows to predict")
    if options.alpha is not None and not 0.0 <= options.alpha < math.inf:
        raise ValueError(f"--alpha must be a penalty, 0 or more, got {options.alpha:g}")
    if options.encoding is not None:
        check_encoding(options.encoding)
    dialect_of(options)
    if options.load is not None and options.predict is None:
        for name in ("covariates", "offset", "exposure", "encoding", "decimal", "separator", "dates"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} needs --predict NEW, the rows to predict")
    if options.load is not None and options.covariates is not None and not is_stored(options.predict):
        raise ValueError(f"--covariates is for X in a file such as genes.bed; in {options.predict} they are columns")
    if options.predict is not None and {options.predict, options.file} <= STANDARD_INPUTS:
        raise ValueError("FILE and --predict both read the standard input; name a file for one of them")


def reading_of(options):
    """The Reading of features that the command line asks for. Raises ValueError for words that have no meaning."""
    categories = [name for text in options.categorical for name in split_names(text)]
    stepped = "step" in options.ordered
    ordered = [text.partition("=") for text in options.ordered if text != "step"]
    for name, mark, levels in ordered:
        if not mark or len(split_names(levels)) < 2:
            raise ValueError(f"--ordered {name}{mark}{levels}: give step, or COLUMN=LEVEL,LEVEL,... from low to high")
    missing = "error"
    missing_of: dict[str, str] = {}
    for text in options.missing:
        name, mark, word = text.rpartition("=")
        if word not in MISSING:
            raise ValueError(f"--missing {text}: choose {', '.join(MISSING[:-1])} or {MISSING[-1]}, or COLUMN=WORD")
        if mark:
            missing_of |= dict.fromkeys(split_names(name), word)
        else:
            missing = word
    if options.dates is not None and options.dates != "days" and "%" not in options.dates:
        raise ValueError(
            f"--dates {options.dates}: give days, for dates such as 2024-03-31, or a form such as %d.%m.%Y"
        )
    return Reading(
        "text" in categories, tuple(name for name in categories if name != "text"),
        {name: tuple(split_names(levels)) for name, _, levels in ordered}, stepped, options.dates, missing, missing_of,
        options.unseen or "error", tuple(name for text in options.keep for name in split_names(text)),
    )  # fmt: skip


def dialect_of(options):
    separator = None if options.separator is None else separator_named(options.separator)
    return Dialect(options.encoding, options.decimal == "comma", separator)


def offset_of(options):
    """The Offset that the command line names, or None."""
    if options.offset is not None and options.exposure is not None:
        raise ValueError("--offset and --exposure both give the offset; name one of them")
    if options.exposure is not None:
        return Offset(options.exposure, True)
    return None if options.offset is None else Offset(options.offset, False)


def offset_of_model(path, stored, options):
    """The Offset of a saved path, or the one that --offset or --exposure name in its place."""
    given = offset_of(options)
    if given is None and "offset" in getattr(path.encoding, "of_rows", ()):  # of a formula
        return None
    if not path.has_offset:
        if given is not None:
            raise ValueError(f"{given.option} {given.column}: the model of {options.load} was fitted without an offset")
        return None
    if given is not None:
        if stored is not None and stored == {"column": given.column, "is_exposure": not given.is_exposure}:
            option = Offset(given.column, not given.is_exposure).option
            raise ValueError(
                f"{given.option} {given.column}: the model of {options.load} was fitted with {option} {given.column}; "
                f"leave {given.option} out, or name the column of another"
            )
        return given
    if stored is None:  # saved by Path.save, which knows no column
        raise ValueError(
            f"the model of {options.load} was fitted with an offset: name the column of {options.predict} that holds "
            "it by --offset COLUMN, or by --exposure COLUMN where its logarithm is the offset"
        )
    try:
        return Offset(str(stored["column"]), bool(stored["is_exposure"]))
    except (KeyError, TypeError):
        raise ValueError(f"{options.load} is damaged: its entry 'offset' names no column") from None


def outputs_of(options):
    """The files that a command writes, checked now so that no long fit ends in an error of writing."""
    for option, file in (("FILE", options.file), ("--predict", options.predict), ("--load", options.load)):
        if file == "":
            raise ValueError(f"{option} names no file")
    read = {"the table to fit": options.file, "the table to predict": options.predict, "the model": options.load}
    read = {what: file for what, file in read.items() if file is not None}
    outputs = Outputs(read | files_beside(options), options.overwrite)
    if options.file is not None:
        outputs.add("--output", options.output, "coefficients")
    if options.plot is not None:
        check_picture(options.plot)
        outputs.add("--plot", options.plot, "a picture")
    for option, file, what in (
        ("--save", options.save, "a model"),
        ("--table", options.table, "a table of coefficients"),
        ("--posterior", options.posterior, "a summary of a posterior"),
        ("--draws", options.draws, "draws"),
        ("--checkpoint", options.checkpoint, "a checkpoint"),
    ):
        if file is not None:
            outputs.add(option, file, what)
    if options.predict is not None:
        outputs.add("--predictions", options.predictions or PREDICTIONS, "predictions")
    return outputs
