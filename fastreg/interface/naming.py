"""Errors for a wrong name, of an argument or of something to import, say which name is right."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Explained = TypeVar("Explained", bound=Callable[..., Any])

# Names that other libraries have for a parameter, and other spellings. Dots are underscores here; case is ignored.
WORDS = {
    "alphas": "lambda lambdas lam lams lambd lmda lambda_path lmda_path reg_path reg alpha c cs penalty strength s",
    "alpha": "lambda lambdas lam lambd lmda reg reg_lambda alphas c penalty strength regularization s",
    "C": "lambda lam lambd lmda reg alpha alphas cs strength regularization",
    "Cs": "lambda lambdas lam lambd lmda alpha alphas c n_alphas nlambda n_lambdas",
    "l1_ratio": "l1ratio l1_wt l1_ratios mixing mixture rho alpha l1",
    "l1_ratios": "l1_ratio l1ratio l1_wt mixing mixture",
    "n_alphas": "nlambda n_lambda n_lambdas nalphas num_alphas n_lambdas lmda_path_size path_length",
    "alpha_min_ratio": "lambda_min_ratio lmda_min_ratio min_ratio min_alpha_ratio eps",
    "eps": "lambda_min_ratio min_ratio alpha_min_ratio",
    "sample_weight": "weights weight w sample_weights obs_weights case_weights freq_weights var_weights",
    "penalty": "p2 regularizer regulariser prior",
    "penalty_factor": "penalty_factors penalty_weights penalty_weight feature_weights p1 weights penalty exclude",
    "offset": "offsets exposure base_margin log_exposure",
    "lower": "lower_limits lower_limit lower_bounds lower_bound lb min_coef bounds constraints positive nonneg",
    "upper": "upper_limits upper_limit upper_bounds upper_bound ub max_coef bounds constraints",
    "positive": "nonneg non_negative nonnegative lower lower_limits",
    "fit_intercept": "intercept add_intercept has_intercept bias",
    "standardize": "standardise standardization normalize normalise scale scale_predictors",
    "family": "distribution dist loss link objective model glm datafit",
    "tol": "thresh threshold tolerance epsilon eps gap rtol gradient_tol gtol convergence_tol",
    "max_iter": "maxit max_iters maxiter max_epochs n_iter iterations n_iterations max_steps iter_max",
    "solver": "method algorithm optimizer algo",
    "verbose": "verbosity progress progress_bar disp display trace_it",
    "callback": "callbacks on_point hook",
    "checkpoint": "resume restart checkpoint_path checkpoint_file restore",
    "cv": "nfolds n_folds folds fold k n_splits foldid splits splitter nfold",
    "groups": "group cluster clusters blocks",
    "metric": "type_measure scoring scorer score measure criterion loss",
    "scoring": "metric type_measure scorer measure",
    "selection": "rule choose",
    "rule": "selection choose",
    "random_state": "seed rng random_seed",
    "class_weight": "class_weights",
    "n_pairs": "b n_subsamples n_bootstrap n_resamples n_halves",
    "threshold": "cutoff pi_thr pi",
    "expected_errors": "pfer ev max_errors",
    "gammas": "gamma blend",
    "ridges": "ridge lambda2 alpha2",
    "gamma": "blend",
    "pilot": "init initial first_stage",
    "power": "exponent",
    "X": "x features newx new_x exog formula",
    "data": "df frame dataset table",
    "y": "target response labels endog",
    "Y": "y target targets responses labels",
    "names": "feature_names columns",
    "feature_names": "names columns labels",
    "level": "conf_level conf_int confidence coverage",
    "covariance": "cov_type vcov cov robust vce sandwich",
    "dispersion": "scale phi sigma2 deviance_scale",
    "information": "hessian fisher",
    "sigma": "noise_sd sd std error_sd",
    "draws": "n_draws num_samples n_samples samples iter n_iter",
    "chains": "n_chains num_chains",
    "seed": "random_seed random_state rng",
    "prior_sd": "prior_scale tau prior sigma scale priors",
    "fdr": "q fdr_level false_discovery_rate",
    "ax": "axes axis",
    "n": "n_threads num_threads threads n_jobs",
    "file": "path filename fname filepath",
}
# Names that other libraries have for a value, in the same way.
VALUES = {
    "gaussian": "normal gauss linear identity least_squares ls ols squared square squared_error squared_loss mse l2 "
    "quadratic regression mgaussian",
    "binomial": "logistic logit bernoulli binary classification log_loss logloss logisticregression cross_entropy",
    "multinomial": "softmax categorical multiclass multi_class logistic logit classification cross_entropy log_loss",
    "mgaussian": "multi_task multitask",
    "poisson": "count counts log_linear loglinear",
    "newton": "irls newton_raphson",
    "coordinate_descent": "cd coordinatedescent coord shooting cyclic",
    "proximal_gradient": "pgd proximal ista fista gradient gradient_descent prox",
    "auto": "default automatic best",
    "deviance": "log_loss logloss cross_entropy nll log_likelihood",
    "mse": "mean_squared_error squared_error l2 gaussian",
    "mae": "mean_absolute_error absolute_error l1",
    "misclassification": "class error error_rate zero_one zero_one_loss misclass",
    "auc": "roc_auc auroc roc",
    "min": "best alpha_min lambda_min minimum",
    "1se": "one_se onese alpha_1se lambda_1se 1_se one_standard_error",
    "elasticnet": "elastic_net enet",
    "l1": "lasso",
    "l2": "ridge",
    "balanced": "balance auto",
    "norm": "l1 l1_norm",
    "alpha": "lambda lambdas alphas log_alpha log_lambda",
    "deviance_ratio": "dev",
}
# Notes beside the right name, by (right name, wrong name).
NOTES = {
    ("alphas", "alpha"): "a list: alphas=[0.1]",
    ("alphas", "lambda"): "a list: alphas=[0.1]",
    ("alphas", "c"): "fastreg.convert_penalty translates",
    ("alpha", "c"): "fastreg.convert_penalty translates",
    ("C", "alpha"): "fastreg.convert_penalty translates",
    ("C", "lambda"): "fastreg.convert_penalty translates",
    ("l1_ratio", "alpha"): "which glmnet calls alpha",
    ("sample_weight", "weights"): "of rows",
    ("penalty_factor", "weights"): "of columns",
    ("penalty_factor", "exclude"): "infinity leaves a column out",
    (
        "penalty_factor",
        "penalty",
    ): "factors of columns; fastreg.fit_path and fastreg.cv_path take a penalty of one's own",
    ("penalty", "p2"): "an object whose rates(p) are the l1 and the l2 rates of p columns",
    ("offset", "exposure"): "the logarithm: offset=np.log(exposure)",
    ("lower", "positive"): "lower=0",
    ("lower", "nonneg"): "lower=0",
    ("alpha_min_ratio", "eps"): "the last alpha over the first",
    ("tol", "eps"): "the duality gap that certifies",
}
BOUNDS = (
    "bounds are parameters of Lasso, ElasticNet, Ridge and LogisticRegression, and of fastreg.fit_path; for a ridge "
    "chosen by cross-validation, of ElasticNetCV(l1_ratio=0, alphas=..., lower=..., upper=...)"
)
# Advice about parameters that other functions or classes have, by their names there.
ELSEWHERE = {
    "sample_weight": "weights of rows are given to fit(X, y, sample_weight=...)",
    "offset": "offsets are given to fit(X, y, offset=...), and to predict and score",
    "lower": BOUNDS,
    "upper": BOUNDS,
    "standardize": "scale the columns first (sklearn.preprocessing.StandardScaler), or use "
    "fastreg.fit_path(X, y, standardize=True)",
    "cv": "cross-validation is fastreg.cv_path's, and that of the classes whose names end in CV",
    "metric": "scores of held-out rows are fastreg.cv_path's",
    "l1_ratio": "shares of the l1 part are ElasticNet's and those of the functions",
    "family": "other families: GeneralizedLinearModel(family=...), or fastreg.fit_path(X, y, family=...)",
    "n_jobs": "threads are set for the whole process: fastreg.set_num_threads(n)",
}
THREADS = "n_threads num_threads nthreads threads njobs n_jobs parallel ncores"
# Names that other libraries have for what can be imported.
PLACES = {
    "fit_path": "glmnet grpnet gaussian_net glm_path lars_path fit path SparseLogisticRegression",
    "cv_path": "cv cv_glmnet cvglmnet cv_grpnet cross_validate cross_val",
    "GeneralizedLinearModel": "GeneralizedLinearRegressor TweedieRegressor GeneralizedLinearEstimator GLM",
    "GeneralizedLinearModelCV": "GeneralizedLinearRegressorCV GLMCV",
    "fit_multi_path": "multinomial mgaussian multi_path",
    "Ridge": "LinearRegression OLS RidgeRegression",
    "LogisticRegression": "Logit LogitNet SGDClassifier",
    "ElasticNet": "ElasticNetRegressor GLMElasticNet",
    "Lasso": "LassoLars WeightedLasso AdaptiveLasso",
    "LassoCV": "LassoLarsCV",
    "information_criteria": "LassoLarsIC aic bic ebic",
    "relax_path": "relaxed_lasso relax",
    "stability_selection": "StabilitySelection RandomizedLasso stabsel",
    "ridge_loo": "loo leave_one_out",
    "load_path": "load read_path",
    "load_result": "load read_result",
    "debiased": "debiased_lasso DebiasedLasso desparsified lasso_proj hdi despars",
    "knockoffs": "knockoff knockoff_filter KnockoffFilter model_x_knockoffs fdr",
    "posterior": "bayes bayesian stan_glm brm bambi mcmc sample nuts hmc BayesianRidge laplace_approximation",
    "selective": "fixedLassoInf selectiveInference post_selection selective_inference",
    "table": "coef_table summary_glm conf_int confint vcov standard_errors wald_test",
    "set_num_threads": "n_threads set_threads",
}


def explains_names(thing: Explained) -> Explained:
    """Decorate a function, or a class with its public methods, so that an error about a wrong name says which is right.

    A call that Python accepts costs less than a microsecond more; signature and docstring stay what they are.
    """
    if isinstance(thing, type):
        for name, method in list(vars(thing).items()):
            if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_")):
                setattr(thing, name, explains_names(method))
        return thing

    @functools.wraps(thing)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return thing(*args, **kwargs)
        except TypeError:
            fault = _fault(thing, args, kwargs)
            if fault is None:
                raise
        raise TypeError(fault)

    return call  # type: ignore[return-value]


def answer(word: str, names: list[str]) -> str:
    """The end of a message about an argument that does not exist: the name that was probably meant, or all names."""
    meant = names_meant(word, names)
    if meant:
        notes = [NOTES.get((name, _key(word))) for name in meant]
        meant_names = [f"{name!r} ({note})" if note else repr(name) for name, note in zip(meant, notes)]
        return f". Did you mean {' or '.join(meant_names)}?"
    if _key(word) in THREADS.split():
        return f": {ELSEWHERE['n_jobs']}"
    for name, place in ELSEWHERE.items():
        if name not in names and (word == name or _key(word) in WORDS.get(name, "").split()):
            return f": {place}"
    return f"; it takes {', '.join(names)}" if names else "; it takes none"


def names_meant(word: str, names: list[str], words: dict[str, str] = WORDS) -> list[str]:
    """The names that a word may mean: of the same spelling, or by their names elsewhere, else the most similar one."""
    key = _key(word)
    alike = [name for name in names if _key(name).replace("_", "") == key.replace("_", "")]
    other = [name for name in words if name in names and key in words[name].lower().split()]
    if alike or other:
        return list(dict.fromkeys(alike + other))
    keys = {_key(name): name for name in names}
    return [keys[near] for near in difflib.get_close_matches(key, keys, n=1, cutoff=0.7)]


def meant(word: Any, options: Iterable[str]) -> str:
    """The end of a message about a value that is none of the options: which of them was probably meant."""
    found = names_meant(word, list(options), VALUES) if isinstance(word, str) else []
    return f". Did you mean {' or '.join(map(repr, found))}?" if found else ""


def missing_name(name: str, names: list[str]) -> str:
    """The end of a message about a name that a package does not have."""
    meant = names_meant(name, names, PLACES)
    if meant:
        return f". Did you mean {' or '.join(map(repr, meant))}?"
    return f". It has {', '.join(each for each in names if not each.startswith('_'))}"


def _key(word: str) -> str:
    """A word in lower case, with underscores for dots and hyphens."""
    key = word.lower().replace(".", "_").replace("-", "_").strip("_")
    return "lambda" if key in ("lam", "lambd", "lmda") else key


def _fault(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The message about a wrong name or a wrong number of arguments in a call, or None."""
    parameters = list(inspect.signature(function).parameters.values())
    said = function.__name__
    if parameters and parameters[0].name == "self":
        said = type(args[0]).__name__ + ("" if said == "__init__" else f".{said}")
        parameters, args = parameters[1:], args[1:]
    kinds = {each.kind for each in parameters}
    names = [each.name for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    unknown = [word for word in kwargs if word not in names]
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        return f"{said}() got an unexpected keyword argument {unknown[0]!r}{answer(unknown[0], names)}"
    first = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    if len(args) > len(first) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        rest = [name for name in names if name not in first]
        order = f" ({', '.join(first)})" if first else ""
        advice = f"; give the others by name, as {rest[0]}=..." if rest else ""
        count = f"{len(first)} argument{'s' * (len(first) != 1)}"
        return f"{said}() takes {count} by position{order} but {len(args)} were given{advice}"
    return None
