"""The house rules that can be read off the sources: which way imports go, where Numba lives, how long a file is."""

import ast
import functools
import importlib
import json
import re
import sys
from pathlib import Path

import certified
import isolated
import numpy as np
import pytest
import scipy.sparse as sp

import fastreg
from fastreg import fit_path
from fastreg.numerics.jit import VERBS

PACKAGE = Path(fastreg.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 450
MOST_PARAMETERS = 12
MOST_WRITTEN_FROM_OUTSIDE = 34  # attributes of other objects
MOST_CONSTANTS = 10  # lines of numbers, in a thousand of the engine
LONGEST_CHAIN = 19  # modules, each of which imports the next

# From the ground up. A room imports from itself and from rooms before it.
ROOMS = [
    "interface", "numerics", "design", "objective", "solvers", "paths", "multi", "selection", "inference", "plots",
    "estimators", "datasets", "cli",
]  # fmt: skip
AT_THE_ROOT = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed", "testing.py"}  # and the rooms


@functools.cache
def module_of(path):
    """A file's dotted name below fastreg: "designs", "solvers.ridge.newton"; "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def text_of(path):
    return path.read_text()


@functools.cache
def tree_of(path):
    return ast.parse(text_of(path))


@functools.cache
def nodes_of(path):
    """All that a file's tree holds: tests walk it some ten times."""
    return list(ast.walk(tree_of(path)))


@functools.cache
def modules():
    return {module_of(path) for path in FILES}


@functools.cache
def imports(path, *, everywhere=False):
    """The modules of fastreg that a file imports at its top, or `everywhere`."""
    found, known = set(), modules()
    for node in nodes_of(path) if everywhere else tree_of(path).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "fastreg":
                name = name.removeprefix("fastreg").removeprefix(".")
                found.add(name if name in known else name.rpartition(".")[0])
    return found


def floor(module):
    room = module.split(".")[0]
    return ROOMS.index(room) if room in ROOMS else len(ROOMS)


def test_few_entries_lie_at_the_root():
    found = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert found == {*AT_THE_ROOT, *ROOMS} and len(ROOMS) <= 13


def test_imports_go_one_way():
    ways = [(module_of(path), other) for path in FILES for other in imports(path) - {""}]
    assert [f"{module} imports {other}" for module, other in ways if floor(other) > floor(module)] == []


def test_imports_have_no_circles():
    todo = {module_of(path): imports(path) for path in FILES}
    while todo:
        free = {module for module, needs in todo.items() if not needs & (todo.keys() - {module, ""})}
        assert free, f"in circles: {sorted(todo)}"
        todo = {module: needs for module, needs in todo.items() if module not in free}


def test_chains_of_imports_are_short():
    """How much has to be known, or loaded, before a module can be read. What serves types alone is not counted."""
    needs = {module_of(path): imports(path) - {""} for path in FILES}

    @functools.cache
    def chain(module):
        return (module, *max((chain(other) for other in needs[module]), key=len, default=()))

    longest = max((chain(module) for module in needs), key=len)
    assert len(longest) <= LONGEST_CHAIN, longest


def test_what_users_are_told_needs_nothing_of_the_engine():
    for path in sorted((PACKAGE / "interface").glob("*.py")):
        assert {floor(other) for other in imports(path, everywhere=True)} <= {0}, path.name


# Of the room `numerics`.
NUMBA = {"jit.py", "kernel_cache.py", "kernel_digest.py", "kernel_library.py", "compile_notice.py"}


def test_numba_lives_in_few_files():
    for path in FILES:
        nodes = nodes_of(path)
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        used = {name.split(".")[0] for name in names} & {"numba", "llvmlite"}
        assert not used or path.name in NUMBA, path.name
        words = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert not words & {"njit", "jit", "jitclass", "prange"} or path.name in NUMBA, path.name


def kernel_sources():
    """The modules that `kernel_digest` covers, with their trees."""
    covered = {module_of(path): path for path in FILES if "from fastreg.numerics.jit import" in text_of(path)}
    return {module: tree_of(path) for module, path in covered.items()}


def test_kernels_use_no_name_that_their_digest_does_not_cover():
    """Or an edit of it would leave old machine code in the cache."""
    sources = kernel_sources()
    assert len(sources) > 20
    for module, tree in sources.items():
        homes = {
            alias.asname or alias.name: node.module.removeprefix("fastreg").removeprefix(".")
            for node in tree.body if isinstance(node, ast.ImportFrom) and node.module.startswith("fastreg")
            for alias in node.names
        }  # fmt: skip
        compiled = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and is_compiled(node)]
        used = {name.id for function in compiled for name in ast.walk(function) if isinstance(name, ast.Name)}
        foreign = {name: homes[name] for name in used & homes.keys() if homes[name] not in {*sources, "numerics.jit"}}
        assert not foreign, (module, foreign)


KERNELS = {"kernel", "inner_kernel", "inlined_kernel", "allocating_kernel", "float_operation"}  # decorators


def is_compiled(function):
    """Whether a function is a kernel, or a verb, which kernels may call."""
    words = {node.id for each in function.decorator_list for node in ast.walk(each) if isinstance(node, ast.Name)}
    return bool(words & KERNELS) or function.name in VERBS


def test_verbs_are_methods_of_classes_that_the_digest_covers():
    importlib.import_module("fastreg.paths.fit_path")
    assert len(VERBS) > 5
    covered = kernel_sources()
    for path in FILES:
        for node in nodes_of(path) if module_of(path) not in covered else ():
            if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "NamedTuple" for base in node.bases):
                assert not VERBS & {each.name for each in node.body if isinstance(each, ast.FunctionDef)}, node.name


def test_lapack_is_reached_by_way_of_threads():
    """Which holds it to one thread, so that results do not depend on the number of its threads."""
    words = ("import scipy.linalg", "from scipy.linalg", "from scipy import linalg")
    assert {path.name for path in FILES if any(word in text_of(path) for word in words)} == {"threads.py"}


def test_few_files_ask_what_is_sparse():
    asking = {path.name for path in FILES if "issparse" in text_of(path)}
    assert asking <= {"designs.py", "validation.py"}


DECIDING = {"paths.plan", "solvers.choice"}  # before a fit runs, and while it does
VERDICT = re.compile(r"(^|_)(pays?|suits?|affords?|affordable|worth|cheaper)(_|$)")  # of a function: which way is taken
PRICE = re.compile(r"in the time|multiplications|operations|reads of X|passes")  # of a constant: what a way costs


def numeric_constants(tree):
    """The lines of a module that assign numbers to names in capitals; `range` numbers what has no value of its own."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and holds_numbers(node.value):
            names = [each.id for each in ast.walk(node.targets[0]) if isinstance(each, ast.Name)]
            if all(map(str.isupper, names)):
                yield node.lineno


def holds_numbers(node):
    """Whether this is a number, or several of them."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    parts = {ast.UnaryOp: "operand", ast.BinOp: "left", ast.Tuple: "elts", ast.Dict: "values"}.get(type(node))
    parts = getattr(node, parts) if parts else []
    parts = parts if isinstance(parts, list) else [parts]
    return bool(parts) and all(holds_numbers(each) for each in parts)


def test_two_modules_decide_which_method_runs():
    """Whoever wants to know what runs when reads these: all verdicts are given there, at prices that stand beside them.

    What calls of BLAS and LAPACK and reads of memory cost in a room that knows nothing of methods stays in that room.
    """
    rooms, deciding = ("objective", "solvers", "paths", "multi", "selection"), set()
    for path in FILES:
        if module_of(path).split(".")[0] in rooms:
            lines = text_of(path).splitlines()
            names = [each.name for each in nodes_of(path) if isinstance(each, ast.FunctionDef)]
            comments = [lines[line - 1].partition("#")[2] for line in numeric_constants(tree_of(path))]
            if any(VERDICT.search(name) for name in names) or any(PRICE.search(comment) for comment in comments):
                deciding.add(module_of(path))
    assert deciding == DECIDING


ENGINE = ("numerics", "design", "objective", "solvers", "paths", "multi", "selection")
EXACT = {"numerics.exp_log"}  # whose numbers follow from what a float64 is


def test_few_numbers_steer_the_engine_and_each_has_its_unit():
    """A number of one meaning is written once; where a neighbour of it does as well, it is not written at all."""
    count = length = 0
    for path in FILES:
        if module_of(path).split(".")[0] in ENGINE:
            lines = text_of(path).splitlines()
            length += len(lines)
            for line in numeric_constants(tree_of(path)) if module_of(path) not in EXACT else ():
                count += 1
                assert "#" in lines[line - 1] or lines[line - 2].startswith("#"), (module_of(path), lines[line - 1])
    assert 1000 * count <= MOST_CONSTANTS * length, (count, length)


WAY = """
import json, sys, warnings
import numpy as np
import fastreg

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(30, 60)))
y = X[:, 0] + rng.normal(size=30)
calls = {
    "fit_path": lambda: fastreg.fit_path(X, y),
    "Lasso": lambda: fastreg.Lasso(alpha=0.1).fit(X, y),
    "cv_path": lambda: fastreg.cv_path(X, y),
}
counts = {}
for name, call in calls.items():
    call()  # so that modules are loaded
    seen = set()

    def enter(frame, event, argument):
        code = frame.f_code
        inside = code.co_filename.startswith(fastreg.__path__[0])
        if event == "call" and inside and not code.co_name.endswith(("comp>", "genexpr>")):
            seen.add((code.co_filename, code.co_qualname))

    sys.setprofile(enter)
    call()
    sys.setprofile(None)
    counts[name] = [len({file for file, _ in seen}), len(seen)]
print(json.dumps(counts))
"""
LONGEST_WAYS = {"fit_path": (41, 272), "Lasso": (38, 216), "cv_path": (53, 349)}  # files and functions


@pytest.mark.process
def test_the_way_of_a_fit_is_short():
    """How many files and functions a small dense lasso enters, kernels among them. A comprehension is no function:
    newer Pythons run it in place."""
    found = json.loads(isolated.run(WAY, NUMBA_DISABLE_JIT="1").stdout)
    for name, (files, functions) in LONGEST_WAYS.items():
        assert found[name][0] <= files and found[name][1] <= functions, (name, found[name])


def test_objects_are_written_by_their_own_class():
    """What an object is can then be read in one place; others ask a method of it, or give values to its constructor.

    Entries of arrays are not counted, nor what is Numba's own. What is left is mostly scikit-learn's.
    """
    found = []
    for path in FILES:
        if path.name in NUMBA:
            continue
        for node in nodes_of(path):
            if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                parts = [each for target in targets for each in getattr(target, "elts", [target])]
                written = [ast.unparse(each) for each in parts if isinstance(each, ast.Attribute)]
                found += [
                    f"{module_of(path)}: {each}" for each in written if not re.fullmatch(r"(self|cls)\.\w+", each)
                ]
    assert len(found) <= MOST_WRITTEN_FROM_OUTSIDE, found


def test_no_file_is_long():
    lengths = {module_of(path): len(text_of(path).splitlines()) for path in FILES}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_only_public_functions_have_many_parameters():
    """What users give is bundled at once, by interface.arguments; an estimator's parameters are its constructor's."""
    many = {}
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef) and node.name not in {*fastreg.__all__, "__init__"}:
                count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
                if count > MOST_PARAMETERS:
                    many[f"{module_of(path)}.{node.name}"] = count
    assert many == {}


def test_no_room_for_odds_and_ends():
    names = {part for path in FILES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert not names & {"utils", "base", "common", "helpers", "registry", "config", "misc"}


def test_public_names_exist_and_load_nothing_large():
    for name in fastreg.__all__:
        assert getattr(fastreg, name) is not None
    assert set(fastreg.__all__) <= set(dir(fastreg))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fastreg.nothing
    isolated.run(
        """
import sys, fastreg
assert not {"numba", "sklearn", "matplotlib", "pandas", "polars", "pyarrow", "narwhals", "scipy"} & set(sys.modules)
import numpy as np
fastreg.fit_path(np.eye(4), np.arange(4.0), alphas=[0.1])
assert not {"sklearn", "matplotlib", "pandas", "polars", "pyarrow", "narwhals"} & set(sys.modules)
"""
    )


def signatures():
    """How many signatures of each kernel this process has compiled or loaded."""
    counts = {}
    for path in FILES:
        name = "fastreg." + module_of(path) if module_of(path) else "fastreg"
        for word, thing in vars(sys.modules.get(name, object)).items() if name in sys.modules else ():
            if hasattr(thing, "signatures") and hasattr(thing, "py_func"):
                counts[f"{thing.__module__}.{word}"] = len(thing.signatures)
                literal = [each for each in thing.signatures if "Literal[int]" in str(each)]
                assert not literal, (word, "has a signature of its own for a number; pass np.int64 of it", literal)
    return counts


def test_kernels_do_not_multiply_with_kinds_of_input():
    """Order, writability, type of number and sparse format are settled at the border: one signature serves all."""
    if not hasattr(importlib.import_module("fastreg.objective.families").linearise, "signatures"):
        pytest.skip("Numba is switched off")
    X, y = certified.draw("binomial", n=30, p=6)
    whole, counts = np.round(2 * X), {"family": "binomial", "alphas": [0.1, 0.05]}
    fixed, offset = X.copy(), np.zeros(30)
    fixed.flags.writeable = False
    solvers = ["auto", "coordinate_descent", "proximal_gradient"]
    for solver in solvers:
        for first in (X, sp.csc_array(X)):
            fit_path(first, y, solver=solver, **counts)
    before = signatures()
    assert sum(before.values()) > 10
    weight = np.arange(1, 31)
    kinds = [
        np.asfortranarray(X), fixed, np.asfortranarray(X)[::-1], X[:, ::2], whole.astype(int), X > 0, X.tolist(),
        X.astype(np.float32), X.astype(">f8"), sp.csr_array(X), sp.coo_matrix(X), sp.csc_array(whole.astype(int)),
    ]  # fmt: skip
    for solver in solvers:
        for kind in kinds:
            target = y.astype(int) if isinstance(kind, np.ndarray) else y
            fit_path(kind, target, solver=solver, sample_weight=weight, offset=offset, **counts)
    assert signatures() == before
