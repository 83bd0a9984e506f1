"""The commands: a demonstration on the bundled data, a fit of a table, and the use of a saved model."""

import math
import sys
import time
import warnings

import numpy as np

import fastreg
from fastreg.cli.features import encoding_of
from fastreg.cli.options import (
    check_fit,
    check_numbers,
    check_prediction,
    dialect_of,
    offset_of,
    offset_of_model,
    outputs_of,
    reading_of,
)
from fastreg.cli.report import (
    chosen_text,
    describe,
    error_text,
    noting,
    picture,
    reading_text,
    say,
    write_coefficients,
    write_predictions,
)
from fastreg.cli.statements import NO_PATH, alpha_of, statements, write_statements
from fastreg.cli.stored import (
    NewRows,
    check_stored,
    is_stored,
    kept_of,
    means_of,
    over_all_rows,
    read_new,
    read_stored,
)
from fastreg.cli.tables import classes, read_features, read_table, split_names
from fastreg.interface.agreement import reaches
from fastreg.interface.arguments import FitOptions, Grid, framed
from fastreg.interface.data_frames import named_columns
from fastreg.interface.writing import whole_file
from fastreg.objective.families import FAMILIES
from fastreg.paths.driver import alphas_to_fit

PICTURE = "path.png"  # unless another name is given


def main_job(options):
    """Two paths on the NCI60 data: a lasso for the expression of one gene, and a logistic lasso for melanoma."""
    from fastreg.datasets import load_nci60

    check_numbers(options)
    outputs = outputs_of(options)
    X, tissue, names = load_nci60()
    names = names.tolist()
    melanoma = (tissue == "MELANOMA").astype(float)
    say(f"NCI60: expression of {X.shape[1]:,} genes in {X.shape[0]} cancer cell lines (Ross et al. 2000).")
    asked = {"n_alphas": options.n_alphas, "tol": options.tol}
    say(f"\nLasso: {names[0]} explained by the other {X.shape[1] - 1:,} genes")
    _compile("gaussian")
    lasso = _fit(X[:, 1:], X[:, 0], "gaussian", asked | {"feature_names": names[1:]})
    say(f"\nLogistic lasso: is the tissue melanoma ({melanoma.sum():.0f} of {melanoma.size} cell lines)?")
    _compile("binomial")
    logistic = _fit(X, melanoma, "binomial", asked | {"feature_names": names})
    panels = [(lasso, f"Lasso: {names[0]} by the other genes"), (logistic, "Logistic lasso: is it melanoma?")]
    say(f"\n{_write_picture(_draw(panels, options, outputs), options, outputs)}")


def fit_table(options):
    """Fit a path to the user's table; on request cross-validate it, save it, and predict another table with it."""
    check_stored(options)
    check_fit(options)
    outputs, offset = outputs_of(options), offset_of(options)
    table, labels, about = _read(options, offset)
    say(f"{options.file}: {table.target.size:,} rows, {table.features.about}, {about}")
    for note in table.notes:
        say(f"Note: {note}.")
    new, alpha = None, alpha_of(options)
    if options.predict is not None:  # before the fit, so that a missing column is reported at once
        known = encoding_of(table.features) or table.features.names
        new = _new_rows(options, known, offset, options.dates)
    asked = _asked(table, alpha, options)
    _compile(options.family, options.l1_ratio, table.features.kernels)
    function = "cv_path" if options.cv is not None else "fit_path"
    fit = _fit(table.features.argument, table.target, options.family, asked, function)
    path = getattr(fit, "path", fit)
    if table.features.stored is not None:
        say(reading_text(options.file, table.features.stored))
    if options.cv is not None:
        select = options.select or "1se"
        alpha = fit.alpha_1se if select == "1se" else fit.alpha_min
        say(f"\n{fit.summary()}\n{chosen_text(path, alpha, f'Chosen (--select {select})')}")
    if alpha is not None:
        _check_alpha(alpha, path)
    kept = kept_of(table.features.stored, path)
    if new is not None and kept is not None:  # with the fit's means of unknown genotypes
        new = _new_rows(options, known, offset, None, means_of(kept, path), tell=False)
    mean = None if new is None else _mean(path, new, alpha)
    written, shown = statements(path, table, alpha, options)
    outputs.check()
    title = f"{table.name} ({options.family}, l1_ratio {options.l1_ratio:g})"
    if alpha == 0.0:
        title = f"{table.name} ({options.family}, no penalty)"
    panels = ([] if alpha == 0.0 else [(fit, title)]) + [(each, f"{title}: {word}") for each, word in shown]
    drawn = _draw(panels, options, outputs)

    count = write_coefficients(path, outputs.ready("--output"))  # all checks come before the first file
    listed = f"{count:,} feature{'s' * (count != 1)}"
    rows = f"{path.alphas.size} row{'s' * (path.alphas.size != 1)}"
    say(f"Wrote {options.output}: {rows}, one per alpha, with {listed}.")
    if options.save is not None:
        from fastreg.paths.storage import save_path

        about = {"target": table.name, "labels": labels, "alpha": alpha, "offset": None, "dates": options.dates}
        if offset is not None:
            about["offset"] = {"column": table.offset_name or offset.column, "is_exposure": offset.is_exposure}
        if kept is not None:
            about["genotypes"] = kept
        save_path(path, outputs.ready("--save"), about)
        say(f"Wrote {options.save}: the path{'' if alpha is None else f' and alpha = {alpha:.4g}'}.")
    write_statements(written, outputs)
    if new is not None:
        _write_mean(mean, alpha, labels, outputs, new.people)
    say(_write_picture(drawn, options, outputs))


def _asked(table, alpha, options):
    """The options of the function that fits, checked against the table."""
    asked = {
        "l1_ratio": options.l1_ratio, "standardize": options.standardize, "tol": options.tol,
        "sample_weight": table.weights, "offset": table.offset, **table.features.options,
    }  # fmt: skip
    if alpha == 0.0:
        return asked | {"alphas": [0.0], "checkpoint": options.checkpoint}
    if alpha is not None:
        _check_reach(table, asked, options)
    asked |= {"n_alphas": options.n_alphas, "alpha_min_ratio": options.alpha_min_ratio}
    asked |= {"checkpoint": options.checkpoint}
    if options.cv is not None:
        _check_folds(table, options)
        asked |= {"cv": options.cv, "metric": options.metric or "deviance", "groups": table.groups}
    return asked


def use_model(options):
    """Predict a table with a saved path, or print its summary; draw a picture only where one is asked for."""
    from fastreg.paths.storage import path_of, read_document

    check_prediction(options)
    outputs = outputs_of(options)
    document = read_document(options.load)
    path = path_of(document, options.load)
    if path.feature_names is not None:  # a user may have saved numbers as names; the names in a table are text
        path.feature_names = [str(name) for name in path.feature_names]
    alpha, labels = _kept(document, path, options.load)
    if options.alpha is not None:
        alpha = options.alpha
        _check_alpha(alpha, path)
    if options.predict is not None and alpha is None:
        raise ValueError(f"--predict needs one penalty, and {options.load} was saved without: give it by --alpha")
    target = document.get("target")
    say(f"{options.load}: {'' if target is None else f'target {target!r}, '}{path!r}")
    mean = new = None
    if options.predict is None:
        say(path.summary())
        if alpha is not None:
            say(chosen_text(path, alpha, "Chosen"))
    else:
        offset = offset_of_model(path, document.get("offset"), options)
        known = path.encoding or named_columns(path.feature_names, path.coefs.shape[0])
        dates = options.dates or document.get("dates")
        means = means_of(document.get("genotypes"), path, options.load)
        new = _new_rows(options, known, offset, dates, means)
        mean = _mean(path, new, alpha)
    outputs.check()
    drawn = None if options.plot is None else _draw([(path, str(target or options.load))], options, outputs)
    if new is not None:
        _write_mean(mean, alpha, labels, outputs, new.people)
    if drawn is not None:
        say(_write_picture(drawn, options, outputs))


def _read(options, offset):
    """(the table, whose target is coded as numbers; the labels of its two classes or None; a text about the target)."""
    drop, binomial = [name for text in options.drop for name in split_names(text)], options.family == "binomial"
    family = FAMILIES[options.family]
    refused = (lambda values: ~family.check(values), f"--family {family.name} needs {family.admits}")
    if is_stored(options.file):
        table = read_stored(options, offset, binomial, [refused], dialect_of(options))
    else:
        table = read_table(
            options.file, options.target, weights=options.weights, groups=options.groups, offset=offset, drop=drop,
            labels=binomial, limits=[refused], dialect=dialect_of(options), reading=reading_of(options),
            formula=options.formula,
        )  # fmt: skip
    y, about, labels = table.target, f"target {table.name!r}", None
    if binomial:
        table.target, coded = classes(y, table.name, table.place, options.positive)
        about += f": {coded}"
        labels = None if table.target is y else [_label(y[table.target == value][0]) for value in (0, 1)]
    _check_response(table, labels, family, options)
    if offset is not None:
        about += f", {offset.option.removeprefix('--')} {offset.column!r}"
    return over_all_rows(table), labels, about


def _check_response(table, labels, family, options):
    """A ValueError where all weights are zero, or where the response is constant over rows of positive weight."""
    counts, where = np.ones(table.target.size, dtype=bool), "every row"
    if table.weights is not None:
        counts, where = table.weights > 0.0, "every row of positive weight"
        if not counts.any():
            raise ValueError(f"column {options.weights!r} is 0 in every row; --weights needs a row of positive weight")
    y = table.target[counts]
    if family.degenerate(y) is None and (table.offset is not None or np.any(y != y[0])):
        return  # equal counts with different exposures are different rates
    value = f"{y[0]:g}" if labels is None else labels[int(y[0])]
    raise ValueError(f"column {table.name!r} is constant ({value} in {where}): there is nothing to explain")


def _check_folds(table, options):
    """A ValueError where there are more folds than rows, or than groups."""
    kind, there = "rows", table.target.size
    if options.groups is not None:
        kind, there = f"different labels in column {options.groups!r}", np.unique(table.groups).size
    if options.cv > there:
        raise ValueError(f"--cv {options.cv} needs at least {options.cv} {kind}, but {options.file} has {there}")


def _check_reach(table, asked, options):
    """A ValueError for an --alpha below the end of the path that is to be fitted."""
    X, words, y = framed(table.features.argument, asked, y=table.target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit will repeat them
        grid = Grid(n_alphas=options.n_alphas, alpha_min_ratio=options.alpha_min_ratio)
        alphas = alphas_to_fit(X, y, FitOptions(family=options.family, **words), grid)
    if not reaches(alphas, options.alpha):
        # half of the ratio that is needed, so that rounding to one digit stays below it
        advice = f"--alpha-min-ratio {options.alpha / alphas[0] / 2:.0e} lets the path go further down"
        advice += " (and --n-alphas 2 or more)" * (alphas.size == 1)
        raise ValueError(_beyond(options.alpha, alphas, advice))


def _check_alpha(alpha, path):
    """A ValueError for an alpha below the end of a fitted path."""
    if not reaches(path.alphas, alpha):
        advice = "a path fitted with a smaller --alpha-min-ratio goes further down"
        if path.reasons[-1] == "separable":
            advice = "the classes are separable, so that the path stops there"
        raise ValueError(_beyond(alpha, path.alphas, advice))


def _beyond(alpha, alphas, advice):
    """The message for an --alpha below the end of a path; the number that it advises is rounded upwards."""
    end = float(f"{alphas[-1]:.3e}")
    if end < alphas[-1]:
        end = float(f"{alphas[-1] * (1.0 + 1e-3):.3e}")
    return f"--alpha {alpha:g} lies below the end of the path: give {end:.4g} or more; {advice}"


def _new_rows(options, known, offset, dates, means=None, tell=True):
    """The rows of --predict, for a model that is `known` by its encoding or its features' names."""
    if not is_stored(options.predict):
        return NewRows(*read_features(options.predict, known, offset, dialect_of(options), dates))
    new, notes = read_new(options, known, offset, means, dialect_of(options))
    for note in notes if tell else ():
        say(f"Note: {note}.")
    return new


def _mean(path, new, alpha):
    """Predictions at one alpha for NewRows; NaN for those that lack a value."""
    with noting():
        mean = path.predict(new.X, alpha, new.offset)
    if new.complete is not None:
        mean[~new.complete] = np.nan
    return mean


def _write_mean(mean, alpha, labels, outputs, people):
    """Write predictions."""
    file = outputs.ready("--predictions")
    write_predictions(mean, labels, file, people)
    say(f"Wrote {file}: {mean.size:,} rows, predicted at alpha = {alpha:.4g}.")


def _kept(document, path, file):
    """(alpha, the two labels) that --save stored with a path, each None where there is none."""
    alpha, labels = document.get("alpha"), document.get("labels")
    if alpha is not None and not (type(alpha) in (int, float) and 0.0 <= alpha < math.inf):
        raise ValueError(f"{file} is damaged: its entry 'alpha' is no penalty, a number of 0 or more")
    if alpha is not None and not reaches(path.alphas, alpha):
        raise ValueError(f"{file} is damaged: its entry 'alpha' lies below the end of its path")
    if labels is not None and not (type(labels) is list and [type(each) for each in labels] == [str, str]):
        raise ValueError(f"{file} is damaged: its entry 'labels' does not hold two labels")
    return alpha, labels


def _label(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _compile(family, l1_ratio=1.0, design="dense"):
    """Compile the kernels that a fit needs, and report the time apart from the fit's: it is spent once per machine."""
    from fastreg.cli.warmup import prepare

    compiling = prepare(family, design, l1_ratio)
    if compiling > 1.0:
        say(f"(compiled kernels for this machine in {compiling:.1f} s, once)")


def _fit(X, y, family, options, function="fit_path"):
    """Fit, print a description of the path, and return the result."""
    begin = time.perf_counter()
    with noting():
        fit = getattr(fastreg, function)(X, y, family=family, verbose=sys.stderr.isatty(), **options)
        seconds = time.perf_counter() - begin
        path = getattr(fit, "path", fit)
        say(describe(path, seconds))
    return fit


def _draw(panels, options, outputs):
    """(content of the picture's file, "") or (None, why there is none); an error where --plot asked for it."""
    if not panels:
        return None, NO_PATH
    try:
        if options.plot is None:
            outputs.add("--plot", PICTURE, "a picture")
        with noting():
            return picture(panels, options.plot or PICTURE), ""
    except (ImportError, OSError, ValueError) as error:
        if options.plot is not None:
            raise
        return None, error_text(error)


def _write_picture(drawn, options, outputs):
    """Write the picture that `_draw` returned; returns a line about it."""
    content, why = drawn
    if content is None:
        return f"No picture: {why}"
    try:
        file = outputs.ready("--plot")
        with whole_file(file, "wb") as opened:
            opened.write(content)
    except (OSError, ValueError) as error:
        if options.plot is not None:
            raise
        return f"No picture: {error_text(error)}"
    return f"Drew {file}."
