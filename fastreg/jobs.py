"""What the command line does: the main job, a fit of a table, a saved model put to use. Prints what came out."""

import math
import sys
import time

import numpy as np

import fastreg
from fastreg.outputs import Outputs
from fastreg.report import (
    check_picture,
    chosen_text,
    describe,
    noting,
    save_picture,
    say,
    told,
    write_coefficients,
    write_predictions,
)
from fastreg.table_files import Dialect, check_encoding
from fastreg.tables import Named, Offset, classes, read_features, read_table, split_names

PICTURE, PREDICTIONS = "path.png", "predictions.csv"  # unless another name is given
LOG_LINKS = ("poisson", "gamma")  # families to which an exposure applies


def main_job(options):
    """Two paths on the NCI60 data: least squares on one gene, and melanoma against the rest."""
    from fastreg.datasets import load_nci60

    outputs = _outputs(options)
    X, tissue, names = load_nci60()
    names = names.tolist()
    melanoma = (tissue == "MELANOMA").astype(float)
    say(f"NCI60: expression of {X.shape[1]:,} genes in {X.shape[0]} cancer cell lines (Ross et al. 2000).")
    asked = {"n_alphas": options.n_alphas, "tol": options.tol}
    say(f"\nLasso: {names[0]} explained by the other {X.shape[1] - 1:,} genes")
    lasso = _fit(X[:, 1:], X[:, 0], "gaussian", names[1:], asked)
    say(f"\nLogistic lasso: is the tissue melanoma ({melanoma.sum():.0f} of {melanoma.size} cell lines)?")
    logistic = _fit(X, melanoma, "binomial", names, asked)
    titles = [f"Lasso: {names[0]} by the other genes", "Logistic lasso: is it melanoma?"]
    say(f"\n{_picture([lasso, logistic], titles, options, outputs)}")


def fit_table(options):
    """A path on the user's table; on request cross-validated, kept, and used to predict another table."""
    _check(options)
    outputs, offset = _outputs(options), _offset(options)
    table, labels, about = _read(options, offset)
    say(f"{options.file}: {table.target.size:,} rows, {len(table.names):,} features, {about}")
    for note in table.notes:
        say(f"Note: {note}.")
    new = None
    if options.predict is not None:  # wrong names tell at once
        new = read_features(options.predict, table.names, offset, _dialect(options))
    asked = {
        "l1_ratio": options.l1_ratio, "standardize": options.standardize, "n_alphas": options.n_alphas,
        "tol": options.tol, "sample_weight": table.weights, "offset": table.offset,
    }  # fmt: skip
    if options.cv is not None:
        asked |= {"cv": options.cv, "metric": options.metric or "deviance", "groups": table.groups}
    function = "cv_path" if options.cv is not None else "fit_path"
    fit = _fit(table.X, table.target, options.family, table.names, asked, function)
    path, alpha = getattr(fit, "path", fit), options.alpha
    if options.cv is not None:
        select = options.select or "1se"
        alpha = fit.alpha_1se if select == "1se" else fit.alpha_min
        say(f"\n{fit.summary()}\n{chosen_text(path, alpha, f'Chosen (--select {select})')}")
    count = write_coefficients(path, outputs.ready("--output"))
    listed = f"{count:,} feature{'s' * (count != 1)}"
    say(f"Wrote {options.output}: {path.alphas.size} rows, one per alpha, with {listed}.")
    if options.save is not None:
        from fastreg.stored import save_path

        kept = {"target": options.target, "labels": labels, "alpha": alpha, "offset": None}
        if offset is not None:
            kept["offset"] = {"column": offset.column, "is_exposure": offset.is_exposure}
        save_path(path, outputs.ready("--save"), kept)
        say(f"Wrote {options.save}: the path{'' if alpha is None else f' and alpha = {alpha:.4g}'}.")
    if new is not None:
        _predict(path, new, alpha, labels, outputs)
    title = f"{options.target} ({options.family}, l1_ratio {options.l1_ratio:g})"
    say(_picture([fit], [title], options, outputs))


def use_model(options):
    """A saved path: predictions of another table, or its summary; a picture only if one is asked for."""
    from fastreg.stored import path_of, read_document

    _check_prediction(options)
    outputs = _outputs(options)
    document = read_document(options.load)
    path = path_of(document, options.load)
    if path.feature_names is not None:  # numbers, where a user has set such; those of a table are text
        path.feature_names = [str(name) for name in path.feature_names]
    alpha, labels = _kept(document, options.load)
    alpha = alpha if options.alpha is None else options.alpha
    target = document.get("target")
    say(f"{options.load}: {'' if target is None else f'target {target!r}, '}{path!r}")
    if options.predict is None:
        say(path.summary())
        if alpha is not None:
            say(chosen_text(path, alpha, "Chosen"))
    else:
        names = path.feature_names or [f"x{j}" for j in range(path.coefs.shape[0])]
        offset = _offset_of_model(path, document.get("offset"), options)
        _predict(path, read_features(options.predict, names, offset, _dialect(options)), alpha, labels, outputs)
    if options.plot is not None:
        say(_picture([path], [str(target or options.load)], options, outputs))


def _read(options, offset):
    """(the table, with y as target; labels of its two classes or None; words on what is fitted)."""
    drop, binomial = [name for text in options.drop for name in split_names(text)], options.family == "binomial"
    table = read_table(
        options.file, options.target, weights=options.weights, groups=options.groups, offset=offset, drop=drop,
        labels=binomial, dialect=_dialect(options),
    )  # fmt: skip
    y, about, labels = table.target, f"target {options.target!r}", None
    if binomial:
        table.target, coded = classes(y, options.target, options.positive)
        about += f": {coded}"
        labels = None if table.target is y else [_label(y[table.target == value][0]) for value in (0, 1)]
    elif offset is None and np.all(y == y[0]):
        raise ValueError(f"column {options.target!r} is constant ({y[0]:g} in every row): there is nothing to explain")
    if offset is not None:
        about += f", {offset.option.removeprefix('--')} {offset.column!r}"
    return table, labels, about


def _predict(path, new, alpha, labels, outputs):
    """Write the predictions of new rows, (X, offset), at one alpha."""
    if alpha is None:
        raise ValueError("--predict needs one penalty: choose it by --cv 10 when fitting, or give it by --alpha")
    with noting():
        mean = path.predict(new[0], alpha, new[1])
    file = outputs.ready("--predictions")
    write_predictions(mean, labels, file)
    say(f"Wrote {file}: {mean.size:,} rows, predicted at alpha = {alpha:.4g}.")


def _kept(document, file):
    """(alpha, the two labels) that --save has written beside a path, None where there is none."""
    alpha, labels = document.get("alpha"), document.get("labels")
    if alpha is not None and not (type(alpha) in (int, float) and 0.0 <= alpha < math.inf):
        raise ValueError(f"{file} is damaged: its entry 'alpha' is no penalty, a number of 0 or more")
    if labels is not None and not (type(labels) is list and [type(each) for each in labels] == [str, str]):
        raise ValueError(f"{file} is damaged: its entry 'labels' does not hold two labels")
    return alpha, labels


def _label(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _dialect(options):
    return Dialect(options.encoding, options.decimal == "comma")


def _offset(options):
    """The Offset that the command line names, or None."""
    if options.offset is not None and options.exposure is not None:
        raise ValueError("--offset and --exposure both give the offset; name one of them")
    if options.exposure is not None:
        return Offset(options.exposure, True)
    return None if options.offset is None else Offset(options.offset, False)


def _offset_of_model(path, stored, options):
    """The Offset with which a saved path was fitted; --offset or --exposure name its column anew."""
    given = _offset(options)
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


def _check(options):
    """What can be said of a fit's options before the table is read."""
    if options.target is None:
        raise ValueError(f"--target is missing: which column of {options.file} is to be explained?")
    for name in ("metric", "select", "groups"):
        if getattr(options, name) is not None and options.cv is None:
            raise ValueError(f"--{name} needs --cv, for example --cv 10")
    if options.alpha is not None and options.cv is not None:
        raise ValueError("--alpha and --cv both choose the penalty; give one of them")
    if options.predict is not None and options.alpha is None and options.cv is None:
        raise ValueError("--predict needs one penalty: choose it by --cv 10, or give it by --alpha")
    if options.alpha is not None and options.predict is None and options.save is None:
        raise ValueError("--alpha is the penalty of --predict or --save; give one of them")
    if options.positive is not None and options.family != "binomial":
        raise ValueError("--positive is for --family binomial")
    if options.exposure is not None and options.family not in LOG_LINKS:
        raise ValueError(f"--exposure is for --family {' or '.join(LOG_LINKS)}; for {options.family} give an --offset")
    _check_prediction(options)


def _check_prediction(options):
    """What asks for a prediction without one, a penalty that no path has, and how tables are read."""
    if options.predictions is not None and options.predict is None:
        raise ValueError("--predictions needs --predict NEW, the rows to predict")
    if options.alpha is not None and not 0.0 <= options.alpha < math.inf:
        raise ValueError(f"--alpha must be a penalty, 0 or more, got {options.alpha:g}")
    if options.encoding is not None:
        check_encoding(options.encoding)
    if options.load is not None and options.predict is None:
        for name in ("offset", "exposure", "encoding", "decimal"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} needs --predict NEW, the rows to predict")
    if options.predict is not None and {options.predict, options.file} <= STANDARD_INPUTS:
        raise ValueError("FILE and --predict both read the standard input; name a file for one of them")


STANDARD_INPUTS = {"-", "/dev/stdin"}


def _outputs(options):
    """What a command writes, checked before anything is read: told now, not when a long fit is done."""
    read = {"the table to fit": options.file, "the table to predict": options.predict, "the model": options.load}
    outputs = Outputs({what: file for what, file in read.items() if file is not None}, options.overwrite)
    if options.file is not None:
        outputs.add("--output", options.output, "coefficients")
    if options.plot is not None:
        check_picture(options.plot)
        outputs.add("--plot", options.plot, "a picture")
    if options.save is not None:
        outputs.add("--save", options.save, "a model")
    if options.predict is not None:
        outputs.add("--predictions", options.predictions or PREDICTIONS, "predictions")
    return outputs


def _fit(X, y, family, names, options, function="fit_path"):
    """Fit, print what came out, and return it. Compiling is timed apart: it happens once a machine."""
    from fastreg.warm import prepare

    compiling = prepare(family, l1_ratio=options.get("l1_ratio", 1.0))
    if compiling > 1.0:
        say(f"(compiled kernels for this machine in {compiling:.1f} s, once)")
    begin = time.perf_counter()
    with noting():
        fit = getattr(fastreg, function)(Named(X, names), y, family=family, verbose=sys.stderr.isatty(), **options)
        seconds = time.perf_counter() - begin
        path = getattr(fit, "path", fit)
        say(describe(path, seconds))
    return fit


def _picture(fits, titles, options, outputs):
    """Draw the paths; returns a line on it. Only a picture that was asked for by name must succeed."""
    if options.plot is None:
        try:
            outputs.add("--plot", PICTURE, "a picture")
        except (ValueError, OSError) as error:
            return f"No picture: {told(error)}"
    file = outputs.ready("--plot")
    try:
        with noting():
            save_picture(fits, titles, file)
    except (ImportError, OSError) as error:
        if options.plot is not None:
            raise
        return f"No picture: {told(error)}"
    return f"Drew {file}."
