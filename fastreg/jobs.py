"""What the command line does: the main job, a fit of a table, a saved model put to use. Prints what came out."""

import os
import sys
import time
import warnings

import numpy as np

import fastreg
from fastreg.report import (
    check_picture,
    chosen_text,
    describe,
    save_picture,
    told,
    write_coefficients,
    write_predictions,
)
from fastreg.tables import classes, read_features, read_table, split_names

PREDICTIONS = "predictions.csv"  # unless another name is given


def main_job(options):
    """Two paths on the NCI60 data: least squares on one gene, and melanoma against the rest."""
    from fastreg.datasets import load_nci60

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


def fit_table(options):
    """A path on the user's table; on request cross-validated, kept, and used to predict another table."""
    _check(options)
    drop = [name for text in options.drop for name in split_names(text)]
    binomial = options.family == "binomial"
    table = read_table(options.file, options.target, options.weights, drop, text_target=binomial, groups=options.groups)
    y, about, labels = table.target, f"target {options.target!r}", None
    if binomial:
        y, coded = classes(y, options.target, options.positive)
        about += f": {coded}"
        labels = None if y is table.target else [_label(table.target[y == value][0]) for value in (0, 1)]
    elif np.all(y == y[0]):
        raise ValueError(f"column {options.target!r} is constant ({y[0]:g} in every row): there is nothing to explain")
    print(f"{options.file}: {y.size:,} rows, {len(table.names):,} features, {about}")
    for note in table.notes:
        print(f"Note: {note}.")
    new = None if options.predict is None else read_features(options.predict, table.names)  # wrong names tell at once
    asked = {
        "l1_ratio": options.l1_ratio, "standardize": options.standardize, "n_alphas": options.n_alphas,
        "tol": options.tol, "sample_weight": table.weights,
    }  # fmt: skip
    if options.cv is not None:
        asked |= {"cv": options.cv, "metric": options.metric or "deviance", "groups": table.groups}
    fit = _fit(table.X, y, options.family, table.names, asked, "cv_path" if options.cv is not None else "fit_path")
    path, alpha = getattr(fit, "path", fit), options.alpha
    if options.cv is not None:
        select = options.select or "1se"
        alpha = fit.alpha_1se if select == "1se" else fit.alpha_min
        print(f"\n{fit.summary()}\n{chosen_text(path, alpha, f'Chosen (--select {select})')}")
    count = write_coefficients(path, options.output)
    listed = f"{count:,} feature{'s' * (count != 1)}"
    print(f"Wrote {options.output}: {path.alphas.size} rows, one per alpha, with {listed}.")
    if options.save is not None:
        from fastreg.stored import save_path

        save_path(path, options.save, {"target": options.target, "labels": labels, "alpha": alpha})
        print(f"Wrote {options.save}: the path{'' if alpha is None else f' and alpha = {alpha:.4g}'}.")
    if new is not None:
        _predict(path, new, alpha, labels, options)
    print(_picture([fit], [f"{options.target} ({options.family}, l1_ratio {options.l1_ratio:g})"], options.plot))


def use_model(options):
    """A saved path: predictions of another table, or its summary; a picture only if one is asked for."""
    from fastreg.stored import path_of, read_document

    check_prediction(options)
    document = read_document(options.load)
    path, labels = path_of(document, options.load), document.get("labels")
    alpha = document.get("alpha") if options.alpha is None else options.alpha
    target = document.get("target")
    print(f"{options.load}: {'' if target is None else f'target {target!r}, '}{path!r}")
    if options.predict is None:
        print(path.summary())
        if alpha is not None:
            print(chosen_text(path, alpha, "Chosen"))
    else:
        names = path.feature_names or [f"x{j}" for j in range(path.coefs.shape[0])]
        _predict(path, read_features(options.predict, names), alpha, labels, options)
    if options.plot is not None:
        print(_picture([path], [str(target or options.load)], options.plot))


def _predict(path, X, alpha, labels, options):
    """Write the predictions of new rows at one alpha."""
    if alpha is None:
        raise ValueError("--predict needs one penalty: choose it by --cv 10 when fitting, or give it by --alpha")
    mean, file = path.predict(X, alpha), options.predictions or PREDICTIONS
    write_predictions(mean, labels, file)
    print(f"Wrote {file}: {mean.size:,} rows, predicted at alpha = {alpha:.4g}.")


def _label(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def _check(options):
    """What can be said before the table is read. What is written must not be what was read, nor each other."""
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
    check_prediction(options)
    written = {"--output": options.output, "--plot": options.plot or "path.png", "--save": options.save}
    if options.predict is not None:
        written["--predictions"] = options.predictions or PREDICTIONS
    check_places(written)
    if options.plot is not None:
        check_picture(options.plot)
    written = {name: file for name, file in written.items() if file is not None}
    places = {name: os.path.abspath(file) for name, file in written.items()}
    for table in (options.file, options.predict):
        if table is not None and os.path.abspath(table) in places.values():
            raise ValueError(f"{table} is a table to read; {' and '.join(written)} must name other files")
    for k, (name, place) in enumerate(places.items()):
        for other in list(places)[:k]:
            if places[other] == place:
                raise ValueError(f"{other} and {name} both name {written[name]}")


def check_prediction(options):
    """What asks for a prediction without one, and a penalty that no path has."""
    if options.predictions is not None and options.predict is None:
        raise ValueError("--predictions needs --predict NEW, the rows to predict")
    if options.alpha is not None and not 0.0 <= options.alpha < np.inf:
        raise ValueError(f"--alpha must be a penalty, 0 or more, got {options.alpha:g}")


def check_places(written):
    """That the folders of the files to write exist: told now, not when a long fit is done."""
    for name, file in written.items():
        folder = os.path.dirname(file or "")
        if folder and not os.path.isdir(folder):
            raise ValueError(f"{name} {file}: there is no folder {folder}")


def _fit(X, y, family, names, options, function="fit_path"):
    """Fit, print what came out, and return it. Compiling is timed apart: it happens once a machine."""
    from fastreg.warm import prepare

    compiling = prepare(family, l1_ratio=options.get("l1_ratio", 1.0))
    if compiling > 1.0:
        print(f"(compiled kernels for this machine in {compiling:.1f} s, once)")
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = getattr(fastreg, function)(X, y, family=family, verbose=sys.stderr.isatty(), **options)
    seconds = time.perf_counter() - begin
    path = getattr(fit, "path", fit)
    path.feature_names = names
    print(describe(path, seconds), flush=True)
    for warning in caught:
        print(f"Note: {warning.message}", file=sys.stderr)
    return fit


def _picture(fits, titles, file):
    """Draw the paths; returns a line on it. Only a picture that was asked for by name must succeed."""
    name = file or "path.png"
    try:
        save_picture(fits, titles, name)
    except (ImportError, OSError) as error:
        if file:
            raise
        return f"No picture: {told(error) if isinstance(error, OSError) else error}"
    return f"Drew {name}."
