"""What editors and type checkers know of fastreg is what there is at run time."""

import ast
import inspect
import json
import pydoc
import shutil
import subprocess
import sys
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn.linear_model
from grids import spread

import fastreg

PACKAGE = Path(fastreg.__file__).parent
ESTIMATORS = [name for name in fastreg._HOMES if hasattr(getattr(fastreg, name), "get_params")]


def test_the_stub_names_what_can_be_imported_and_its_home():
    homes = {}
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body[1:]:
        if isinstance(node, ast.ImportFrom):
            assert all(alias.asname == alias.name for alias in node.names)  # else they are not exported
            homes |= {alias.name: node.module.removeprefix("fastreg").removeprefix(".") for alias in node.names}
        else:
            homes[node.target.id] = None
    rooms = dict.fromkeys(fastreg._ROOMS, "")
    assert homes == {**fastreg._HOMES, **rooms, "__version__": None}
    assert set(fastreg.__all__) == set(homes) and dir(fastreg) == sorted(homes)
    assert (PACKAGE / "py.typed").exists()


CONSUMER = """
from typing import Any, assert_type
import numpy as np
import fastreg

X, y = np.eye(4), np.arange(4.0)
path = fastreg.fit_path(X, y, family="gaussian", n_alphas=3)
assert_type(path, fastreg.Path)
assert_type(path.alphas, np.ndarray)
assert_type(path.reasons, list[str])
assert_type(path.coef(0.1), tuple[np.ndarray, float])
assert_type(path.predict(X, 0.1), np.ndarray)
assert_type(path.refit(X, y, 0.1), fastreg.Path)
assert_type(fastreg.load_path("model.json"), fastreg.Path | fastreg.MultiPath)
assert_type(fastreg.fit_multi_path(X, X), fastreg.MultiPath)
assert_type(fastreg.ridge_loo(X, y), fastreg.RidgeLeaveOneOut)
assert_type(fastreg.cv_path(X, y, cv=3, family="gaussian", tol=1e-3, lower=[0.0]), fastreg.CVPath)
assert_type(fastreg.cv_path(X, y).alpha_1se, float)
assert_type(fastreg.relax_path(path, X, y), fastreg.RelaxedPath)
assert_type(fastreg.cv_relaxed(X, y), fastreg.CVRelaxed)
assert_type(fastreg.nested_cv_relaxed(X, y), fastreg.NestedCV)
assert_type(fastreg.information_criteria(path, X, y), fastreg.Criteria)
assert_type(fastreg.stability_selection(X, y), fastreg.StabilityPath)
assert_type(fastreg.adaptive_factor(X, y), np.ndarray)
assert_type(fastreg.table(path, X, y), fastreg.Table)
assert_type(fastreg.debiased(path, X, y, 0.1), fastreg.Table)
assert_type(fastreg.selective(path, X, y, 0.1, sigma=1.0), fastreg.Table)
assert_type(fastreg.knockoffs(X, y), fastreg.Knockoffs)
assert_type(fastreg.posterior(path, X, y), fastreg.Posterior)
assert_type(fastreg.posterior(path, X, y).draws, np.ndarray)
assert_type(fastreg.table(path, X, y).interval, np.ndarray)
assert_type(fastreg.convert_penalty({"alpha": 1.0}, "Ridge", "fit_path", y=y), dict[str, Any])
assert_type(fastreg.get_num_threads(), int)
assert_type(fastreg.warmup(), float)
assert_type(fastreg.datasets.load_nci60(), tuple[np.ndarray, np.ndarray, np.ndarray])
fastreg.plots.plot_path(path, x="norm").set_title("norm")
model = fastreg.Lasso(alpha=0.1)
assert_type(model.alpha, float)
assert_type(model.fit(X, y), fastreg.Lasso)
assert_type(model.coef_, np.ndarray)
assert_type(fastreg.LassoCV().fit(X, y).cv_path_, fastreg.CVPath)
assert_type(fastreg.RidgeCV().fit(X, y).predict(X), np.ndarray)
assert_type(fastreg.LogisticRegression(C=0.1).fit(X, y > 1).predict_proba(X), np.ndarray)
def callback(progress: fastreg.Progress) -> None: assert_type(progress.gap, float)
fastreg.fit_path(X, y, callback=callback)
"""
WRONG = {
    "fastreg.fit_path(X, y, familly='poisson')": "familly",
    "fastreg.fit_path(X, y, 'poisson')": "positional",
    "fastreg.cv_path(X, y, familly='poisson')": "familly",
    "fastreg.cv_path(X, y, trace=True)": "trace",
    "fastreg.cv_path(X, y, tol='small')": "tol",
    "fastreg.cv_path(X, y, 'poisson')": "positional",
    "fastreg.ridge_loo(X, y, alpha=0.1)": "alpha",
    "fastreg.Lasso(alhpa=0.1)": "alhpa",
    "fastreg.enet_path(X, y, toll=0.1)": "toll",
    "fastreg.no_such_name": "no_such_name",
    "path.alfas": "alfas",
    "fastreg.set_num_threads('two')": "Argument",
}


@pytest.fixture
def consumer(tmp_path):
    """(A file that uses every public name rightly and then some wrongly, the number of the first wrong line)."""
    names = "\n".join(f"fastreg.{name}" for name in fastreg.__all__)
    right = f"{CONSUMER}{names}\n"
    file = tmp_path / "consumer.py"
    file.write_text(right + "\n".join(WRONG) + "\n")
    return file, right.count("\n") + 1


def check_reports(reports, first):
    """Each wrong line is reported with its word, and no other line is."""
    wrong = {first + k: word for k, word in enumerate(WRONG.values())}
    assert [report for report in reports if report[0] not in wrong] == []
    for line, word in wrong.items():
        assert any(word in text for at, text in reports if at == line), (line, word, reports)


@pytest.mark.process
def test_mypy_knows_names_results_and_parameters(consumer, tmp_path):
    pytest.importorskip("mypy")
    file, first = consumer
    lines = errors_of(file, tmp_path)
    assert lines
    check_reports([(line, text) for line, kind, text in lines if kind == "error"], first)


def errors_of(file, tmp_path):
    """What mypy tells of a file that uses fastreg: (line, kind, text)."""
    settings = tmp_path / "mypy.ini"
    installed = PACKAGE.parent.name == "site-packages"  # where mypy looks by itself, and wants no other path to
    place = "" if installed else f"mypy_path = {PACKAGE.parent}\n"
    settings.write_text(f"[mypy]\nignore_missing_imports = true\n{place}cache_dir = {tmp_path}\n"
                        "[mypy-fastreg.*]\nfollow_imports = silent\n")  # fmt: skip
    command = [sys.executable, "-m", "mypy", "--config-file", settings, "--no-error-summary", "--hide-error-context"]
    done = subprocess.run([*command, file], capture_output=True, text=True, cwd=tmp_path)
    assert not done.stderr, done.stderr
    lines = [line.split(":", 3) for line in done.stdout.splitlines() if line.startswith(file.name)]
    return [(int(line), kind.strip(), text) for _, line, kind, text in lines]


@pytest.mark.process
def test_pyright_knows_names_results_and_parameters(consumer, tmp_path):
    pyright = shutil.which("basedpyright") or shutil.which("pyright")
    if pyright is None:
        pytest.skip("needs pyright, or basedpyright, which brings its own node")
    file, first = consumer
    settings = {"include": [file.name], "extraPaths": [str(PACKAGE.parent)], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [pyright, "--outputjson", "--pythonpath", sys.executable, "--project", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    check_reports([(each["range"]["start"]["line"] + 1, each["message"]) for each in found], first)


PROTOCOLS = """
from typing import NamedTuple
import numpy as np
from fastreg.design.designs import DenseDesign, SparseDesign
from fastreg.design.protocol import Design
from fastreg.objective.families import Gaussian
from fastreg.objective.protocol import WrittenFamily
from fastreg.paths.batched.batches import Batches
from fastreg.paths.pointwise import Pointwise
from fastreg.paths.protocol import Strategy
from fastreg.solvers.active_set.active_set import ActiveSet
from fastreg.solvers.protocol import InnerSolver

class Shapeless(NamedTuple):
    columns: np.ndarray
    def correlate(self, v: np.ndarray) -> np.ndarray: return self.columns @ v

class Curved(Gaussian):
    def derivatives(self, i: int, eta: float, /) -> str: return ""

def storages(dense: DenseDesign, sparse: SparseDesign) -> list[Design]: return [dense, sparse]
def solvers() -> list[InnerSolver]: return [ActiveSet()]
def strategies(one: Pointwise, many: Batches) -> list[Strategy]: return [one, many]
def storage(X: Shapeless) -> Design: return X  # lacks most
def family(loss: Curved) -> WrittenFamily: return loss  # of a wrong type
def solver(strategy: Pointwise) -> InnerSolver: return strategy  # something else
"""


@pytest.mark.process
def test_mypy_tells_what_a_storage_a_family_or_a_solver_lacks(tmp_path):
    pytest.importorskip("mypy")
    file = tmp_path / "parts.py"
    file.write_text(PROTOCOLS)
    lines = PROTOCOLS.splitlines()
    found = {int(line) for line, kind, _ in errors_of(file, tmp_path) if kind == "error"}
    assert found == {k for k, line in enumerate(lines, start=1) if line.startswith("def") and "  # " in line}


@pytest.mark.parametrize("name", [name for name in fastreg._HOMES if name not in ("Progress", "Interrupted")])
def test_public_functions_and_methods_are_annotated(name):
    """Every parameter and return value of what fastreg defines."""
    thing = getattr(fastreg, name)
    callables = [thing]
    if isinstance(thing, type):
        parts = [inspect.getattr_static(thing, each) for each in dir(thing) if not each.startswith("_")]
        parts = [each.fget if isinstance(each, property) else each for each in parts]
        callables = [each for each in parts if inspect.isfunction(each) and each.__module__.startswith("fastreg")]
    for each in callables:
        signature = inspect.signature(each)
        bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
        assert not bare and signature.return_annotation is not signature.empty, (each.__qualname__, bare)


def annotated(kind):
    """The attributes that a class and its bases annotate."""
    return {name for base in kind.__mro__ for name in vars(base).get("__annotations__", {})}


@spread(5)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes_are_annotated_and_documented(name):
    kind = getattr(fastreg, name)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=30)
    y = np.column_stack([y, X[:, 1]]) if "MultiTask" in name else y > 0 if "Classifier" in name or "Log" in name else y
    y = np.exp(y) if "Poisson" in name or "Gamma" in name else y
    options = {"use_legacy_attributes": False, "l1_ratios": [1.0], "scoring": "accuracy", "Cs": 3}
    model = kind(**options) if name == "LogisticRegressionCV" else kind()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    fitted = {each for each in vars(model) if each.endswith("_") and not each.startswith("_")}
    assert fitted <= annotated(kind)
    absent = {each for each in annotated(kind) if each.endswith("_") and each[0] != "_"} - fitted
    inherited = (
        {"l1_ratio_", "n_iter_", "solver_"} if name in ("LassoCV", "MultiTaskLassoCV", "RidgeClassifierCV") else set()
    )
    of_frames = {"feature_names_in_", "coef_names_", "encoding_"}
    assert absent <= {*of_frames, "cv_results_"} | inherited
    section = inspect.getdoc(kind).split("Attributes\n----------\n")[1].split("\n\n")[0]
    documented = {line.split(" : ")[0] for line in section.splitlines() if not line.startswith(" ")}
    assert fitted | of_frames <= documented
    assert {each for each in documented if not hasattr(model, each)} <= {*of_frames, "cv_results_"}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_parameters_of_estimators_are_set_in_plain_constructors(name):
    kind = getattr(fastreg, name)
    marks = {each: object() for each in inspect.signature(kind).parameters}
    assert vars(kind(**marks)) == marks
    hints = typing.get_type_hints(kind.__init__)
    shared = typing.get_args(hints.pop("options"))[0].__annotations__
    assert {*hints, *shared} == {*marks, "return"}


@spread(5)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_box_of_a_notebook_has_tooltips_and_a_link(name):
    model = getattr(fastreg, name)()
    box, link = model._repr_html_(), model._get_doc_link()
    page = name if hasattr(sklearn.linear_model, name) else model._page
    assert link.endswith(f"sklearn.linear_model.{page}.html") and link in box
    if "param-doc-description" in box:  # since scikit-learn 1.8
        assert box.count('<span class="param-doc-description"') == len(model.get_params())
        assert "infinity leaves it out" in box  # fastreg's own words


@pytest.mark.parametrize("name", ["Lasso", "LogisticRegressionCV", "fit_path"])
def test_help_lists_parameters_in_words_that_people_read(name):
    text = pydoc.render_doc(getattr(fastreg, name), renderer=pydoc.plaintext)
    assert "penalty_factor: 'ArrayLike | dict[str, float] | None' = None" in text
    assert "penalty_factor : array-like of shape" in text
    assert name == "fit_path" or "dual_gap_ : float" in text
