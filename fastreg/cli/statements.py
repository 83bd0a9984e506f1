"""What is said about the coefficients of one fit: its table with standard errors, and draws from its posterior."""

import contextlib
import csv
from typing import Any

from fastreg.cli.report import noting, plain, say
from fastreg.interface import validation as check
from fastreg.interface.writing import whole_file

PENALISED = (
    "--table is of a fit without a lasso part, whose coefficients have no standard error: add --l1-ratio 0 (ridge), or "
    "leave out --alpha and --cv (no penalty); --posterior serves a lasso, too"
)

NO_PATH = "a fit without a penalty is no path; with --table FILE the picture shows its intervals"


def check_statements(options):
    """Raise ValueError for options about coefficients that do not go together."""
    if options.posterior is None:
        for name in ("draws", "n_draws", "chains", "seed"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name.replace('_', '-')} needs --posterior FILE, the summary to write")
    for name, least in (("n_draws", 0), ("chains", 1), ("seed", 0)):
        if getattr(options, name) is not None:
            check.check_count(f"--{name.replace('_', '-')}", getattr(options, name), least)
    if options.n_draws == 0 and options.draws is not None:
        raise ValueError("--n-draws 0 is the normal approximation, which has no draws; leave --draws out")
    if options.table is not None and options.l1_ratio > 0.0 and alpha_of(options) != 0.0:
        raise ValueError(PENALISED)
    if options.plot is not None and options.alpha == 0.0 and (options.table, options.posterior) == (None, None):
        raise ValueError(f"--plot {options.plot}: {NO_PATH}")


def alpha_of(options):
    """The penalty that is asked for: that of --alpha, or none for statements where no other is chosen; else None."""
    if options.alpha is None and options.cv is None and (options.table, options.posterior) != (None, None):
        return 0.0
    return options.alpha


def statements(path, table, alpha, options):
    """({option: rows of its file}, [what a picture shows of them]) of what is asked for, printed as it comes."""
    import fastreg
    from fastreg.inference.result import columns_of

    X, rows = table.features.X, {"sample_weight": table.weights, "offset": table.offset}
    written, shown = {}, list[tuple[Any, str]]()
    if options.table is not None:
        with noting(), advising(table):
            found = fastreg.table(path, X, table.target, alpha, **rows)
        say(f"\n{found!r}")
        shown.append((found, "estimates"))
        columns = columns_of(found)
        written["--table"] = [["name", *columns], *zip(found.names, *map(plain, columns.values()))]
    if options.posterior is not None:
        given = {"draws": options.n_draws, "chains": options.chains, "seed": options.seed}
        given = {name: value for name, value in given.items() if value is not None}
        with noting(), advising(table):
            posterior = fastreg.posterior(path, X, table.target, alpha, **given, **rows)
            summary = posterior.summary()
        say(f"\n{summary!r}")
        shown.append((summary, "posterior"))
        columns = summary.columns
        written["--posterior"] = [["name", *columns], *zip(summary.names, *map(plain, columns.values()))]
        if options.draws is not None:
            written["--draws"] = _draws(posterior)
    return written, shown


@contextlib.contextmanager
def advising(table):
    """Say how the command line does what the error of a function advises about its arguments."""
    try:
        yield
    except ValueError as error:
        drop = "--drop leaves columns out, and " if table.features.stored is None else ""
        own = f"{drop}--l1-ratio 0 with --alpha or --cv penalises them"
        raise ValueError(f"{error} ({own})" if "penalty_factor" in str(error) else str(error)) from error


def _draws(posterior):
    """Rows of a file of draws: the number of the chain and of the draw, and a value for each coefficient."""
    rows = [["chain", "draw", *posterior.names]]
    for chain, draws in enumerate(posterior.draws, start=1):
        rows += [[chain, k, *plain(values)] for k, values in enumerate(draws, start=1)]
    return rows


WHAT = {"--table": "table", "--posterior": "summary of the posterior", "--draws": "draws"}


def write_statements(written, outputs):
    """Write files, given by option as rows."""
    for option, rows in written.items():
        file = outputs.ready(option)
        with whole_file(file) as opened:
            csv.writer(opened).writerows(rows)
        say(f"Wrote {file}: {WHAT[option]}, {len(rows) - 1:,} rows.")
