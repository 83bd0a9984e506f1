"""The default suite is quick: what starts processes is marked so, but for a few tests of what is promised first."""

import ast
from pathlib import Path

from kernels import RAN

TESTS = Path(__file__).parents[1]
STARTS = {"run", "Popen", "fastreg", "Process", "Pool", "start_processes", "check_output"}  # calls that start a process
JOBS = {"Parallel", "cross_val_score", "cross_val_predict", "cross_validate", "GridSearchCV"}  # those do, with n_jobs
MODULES = {"isolated", "subprocess", "shell", "multiprocessing"}  # where those come from

# What runs by default all the same: the front page from a shell, the cache of kernels, light imports, hostile input.
KEPT = {
    "cli/test_main.py::test_a_table_of_ones_own",
    "cli/test_main.py::test_the_main_job",
    "cli/test_writing.py::test_pipes",
    "cli/test_writing.py::test_standard_output_is_written_in_its_order",
    "estimators/test_estimators.py::test_import_of_fastreg_loads_neither_scikit_learn_nor_matplotlib",
    "interface/test_hostile.py::test_an_index_out_of_range_is_refused",
    "interface/test_hostile.py::test_an_unpenalised_column_that_separates_is_named",
    "numerics/test_cache.py::test_a_second_process_compiles_nothing",
    "numerics/test_compile_notice.py::test_a_first_fit_tells_and_a_second_does_not",
    "numerics/test_compiling_ahead.py::test_import_is_light",
    "project/test_architecture.py::test_public_names_exist_and_load_nothing_large",
    "project/test_docs.py::test_code_of_a_page_runs_from_top_to_bottom",
}


def starters(tree):
    """The functions of a test module that start a process, themselves or by another function of the module."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = {name for name, node in functions.items() if any(map(runs_jobs, ast.walk(node)))}
    if any(name.split(".")[0] in MODULES for name in imported(tree)):
        found |= {name for name, node in functions.items() if called(node) & STARTS}
    while more := {name for name, node in functions.items() if called(node) & found} - found:
        found |= more
    return found


def runs_jobs(node):
    """Whether it is a call by which joblib starts processes."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in JOBS
        and any(each.arg == "n_jobs" and getattr(each.value, "value", 2) != 1 for each in node.keywords)
    )


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def called(function):
    """The names of what a function calls, and of its fixtures."""
    names = {argument.arg for argument in function.args.args}
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            names.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return names


def marks(function):
    text = [ast.unparse(each) for each in function.decorator_list]
    return {each.removeprefix("pytest.mark.").partition("(")[0] for each in text if each.startswith("pytest.mark.")}


def unmarked(path):
    """The tests of a module that start a process and have no mark that says so."""
    text = path.read_text()
    if not any(word in text for word in MODULES | JOBS):  # most modules: parsing all takes seconds
        return
    tree = ast.parse(text)
    tests = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    }
    for name in starters(tree) & set(tests):
        if not marks(tests[name]) & {"process", "slow"}:
            yield f"{path.relative_to(TESTS).as_posix()}::{name}"


def test_tests_that_start_processes_are_marked():
    assert {name for path in TESTS.rglob("test_*.py") for name in unmarked(path)} <= KEPT


def test_tests_fit_nothing_when_they_are_collected(request):
    assert request.config.stash[RAN] == []
