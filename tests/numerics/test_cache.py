"""The kernels' cache on disk: never an old kernel, healed when damaged, shared, and not needed.

Every script runs in its own process on a copy of the package, so that sources and caches can be changed.
"""

import functools
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import isolated
import pytest
from grids import spread

import fastreg
from fastreg.numerics import kernel_cache, kernel_digest
from fastreg.numerics.kernel_cache import FOLDER, KEPT_TEXTS, MARK, cache_directories
from fastreg.numerics.kernel_digest import kernel_sources, syntax_digest, text_digest

PACKAGE = Path(fastreg.__file__).parent
SMALL = """
import numpy as np
from fastreg.objective.families import Gaussian, linearise
from fastreg.solvers.coordinate_descent import gram_epochs
one, residual, coef = np.ones(3), np.empty(3), np.zeros(1)
linearise(Gaussian(one, 0.5 * one), 3 * one, residual, np.empty(3))
gram_epochs(np.ones((1, 1)), (np.full(1, 0.25), np.zeros(1), -np.ones(1), np.ones(1)), coef, np.ones(1), 1, 0.0, False)
print(residual.sum(), coef[0])
"""
ANSWER = "-3.0 0.75\n"
FIT = """
import numpy as np, scipy.sparse as sp
from fastreg import fit_path
rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3))
for family, y in ("gaussian", X[:, 0] + rng.normal(size=12)), ("binomial", np.arange(12) % 2):
    for kind in (np.array, sp.csc_array):
        path = fit_path(kind(X), y, family=family, alphas=[0.2, 0.05], tol=1e-10)
        assert path.converged
        print(path.coefs.toarray().ravel().tolist())
"""
COUNT = """
from fastreg.numerics import kernel_cache
compiled = []
kernel_cache.KernelCache.save_overload = lambda self, sig, data: compiled.append(self._stem())
"""


@pytest.fixture
def house(tmp_path):
    """A folder with a copy of the package's sources and no cache."""
    root = tmp_path / "house"
    shutil.copytree(PACKAGE, root / "fastreg", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return root


@pytest.fixture
def warm_house(house):
    """With the kernels that this test run has compiled: they are named by the sources, not by their place."""
    used = cache_directories()[0]
    if used is not None and used.is_dir():
        shutil.copytree(used, house / "cache" / FOLDER / used.name)
    return house


@pytest.fixture(scope="module")
def small_kernels(tmp_path_factory):
    """A folder with what SMALL needs."""
    folder = tmp_path_factory.mktemp("kernels")
    assert isolated.run(SMALL, FASTREG_CACHE_DIR=str(folder), NUMBA_CACHE_DIR="").stdout == ANSWER
    return folder


@pytest.fixture
def small_house(house, small_kernels):
    """With the kernels that SMALL needs, and no others."""
    shutil.copytree(small_kernels, house / "cache")
    return house


def run(house, script=SMALL, **environment):
    """A script on the copy, which keeps its kernels in house/cache unless told otherwise."""
    places = {"FASTREG_CACHE_DIR": str(house / "cache"), "NUMBA_CACHE_DIR": ""}
    return isolated.run(script, root=house, **places | environment)


def kernels(folder):
    """Every stored kernel and its time of writing."""
    return {path: path.stat().st_mtime_ns for path in sorted(Path(folder).rglob("*.kernel"))}


def edit(house, name, old, new):
    """Replace a text, or what a pattern finds, that is there once."""
    path, old = house / "fastreg" / name, old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
    text, count = old.subn(lambda found: new, path.read_text())
    assert count == 1, (name, old, count)
    path.write_text(text)


@pytest.mark.slow
def test_an_edit_of_a_callee_is_seen(small_house):
    """A verb of a family, and a kernel called across files: their callers are left as they were."""
    edit(small_house, "objective/families.py", "return self.weight[i] * (self.y[i] - eta), self.weight[i]",
         "return 10.0 * self.weight[i] * (self.y[i] - eta), self.weight[i]")  # fmt: skip
    assert run(small_house).stdout == "-30.0 0.75\n"
    edit(small_house, "objective/penalties.py", "return value - threshold", "return value - 2.0 * threshold")
    assert run(small_house).stdout == "-30.0 0.5\n"


@pytest.mark.process
def test_an_edit_of_a_module_without_kernels_compiles_nothing(small_house):
    stored = kernels(small_house / "cache")
    edit(small_house, "interface/summary.py", "from html import escape", "from html import escape  # a comment")
    assert run(small_house).stdout == ANSWER
    assert kernels(small_house / "cache") == stored


HEAD = "def soft_threshold(value, threshold):\n"
DOCUMENTED = re.compile(re.escape(HEAD) + r' +"""[^"]*"""\n')
WORDS = "objective/penalties.py", DOCUMENTED, HEAD + '    """Other words."""\n'  # an edit of a docstring


@pytest.mark.process
def test_an_edit_of_a_docstring_compiles_nothing(small_house):
    """The kernels that the text before has left are loaded, and they are right."""
    stored = kernels(small_house / "cache")
    for name in "objective/penalties.py", "solvers/coordinate_descent.py", "numerics/jit.py":
        path = small_house / "fastreg" / name
        path.write_text("# A comment moves all lines.\n\n\n" + path.read_text())
    edit(small_house, *WORDS)
    assert run(small_house, COUNT + SMALL + "assert compiled == [], compiled").stdout == ANSWER
    assert kernels(small_house / "cache") == stored


@pytest.mark.process
def test_a_text_is_parsed_once(small_house):
    """A file beside the kernels keeps what was found, of so many texts; what is no such file stays."""
    once = "import ast\nwalk, count = ast.walk, []\nast.walk = lambda tree: count.append(tree) or walk(tree)\n"
    ask = once + ASK + "; print(len(count))"
    place, parsed = run(small_house, ask).stdout.split()
    assert parsed == "0"  # the fits of SMALL have left it
    edit(small_house, *WORDS)
    again, parsed = run(small_house, ask).stdout.split()
    assert again == place and int(parsed) > 20
    assert run(small_house, ask).stdout.split() == [place, "0"]
    texts = sorted(Path(place).glob("*.text"))
    assert len(texts) == 2 and all(path.read_bytes() == b"" for path in texts)
    for k in range(30):
        old = Path(place) / f"{k:020}.{Path(place).name}.text"
        old.touch()
        os.utime(old, (k, k))
    (Path(place) / "mine.text").write_text("x")
    os.utime(Path(place) / "mine.text", (0, 0))
    edit(small_house, WORDS[0], WORDS[2], HEAD + '    """Still other words."""\n')
    assert run(small_house, ask).stdout.split()[0] == place
    left = {path.name for path in Path(place).glob("*.text")}
    assert len(left) == KEPT_TEXTS + 1 and {path.name for path in texts} | {"mine.text"} <= left


@pytest.mark.process
def test_a_copy_of_a_folder_of_kernels_is_not_taken_for_it(small_house):
    """Nor one without a mark."""
    (own,) = (small_house / "cache" / FOLDER).iterdir()
    shutil.copytree(own, own.with_name("a copy"))
    (own / MARK).rename(own / "unmarked")
    assert Path(run(small_house, ASK).stdout.strip()) == own
    own.rename(own.with_name("0" * 20))
    assert Path(run(small_house, ASK).stdout.strip()) == own


SAME = {
    "docstring": WORDS,
    "docstring taken out": ("objective/penalties.py", DOCUMENTED, HEAD),
    "docstring of a module": ("objective/penalties.py", re.compile(r'\A"""'), '"""Other words. '),
    "comment": ("objective/families.py", re.compile(r"(?<=SEPARATED = 1e-3  # ).*"), "other words"),
    "blank lines": (
        "objective/penalties.py",
        "        return value - threshold\n",
        "\n        return value - threshold\n\n",
    ),
    "layout": ("objective/penalties.py", "return value - threshold", "return (value -\n                threshold)"),
    "module without kernels": ("interface/summary.py", "from html import escape", "from html import escape as escape"),
}
OTHER = {
    "constant": ("objective/families.py", "ETA_LIMIT = 500.0", "ETA_LIMIT = 501.0"),
    "type of a constant": ("objective/families.py", "ETA_LIMIT = 500.0", "ETA_LIMIT = 500"),
    "option": ("numerics/jit.py", "forceinline=True)", "forceinline=False)"),
    "flags": ("numerics/jit.py", '{"reassoc", "contract", "nsz", "arcp"}', '{"reassoc", "contract", "nsz"}'),
    "decorator": ("solvers/coordinate_descent.py", "@allocating_kernel\ndef gram_epochs", "@kernel\ndef gram_epochs"),
    "default": ("solvers/coordinate_descent.py", "closely=False, max_epochs=20_000", "closely=True, max_epochs=20_000"),
    "verb": ("objective/families.py", "return self.weight[i] * (self.y[i] - eta), self.weight[i]",
             "return self.weight[i] * (self.y[i] - eta), 1.0 * self.weight[i]"),
    "field": ("objective/penalties.py", "    alpha: float", "    beta: float\n    alpha: float"),
    "string that is no docstring": ("objective/families.py", 'in {"loss": 2', 'in {"lost": 2'),
}  # fmt: skip


@pytest.fixture(scope="module")
def digests_before():
    """With it each text is parsed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_digest, "_syntax", functools.cache(kernel_digest._syntax))
        sources = kernel_sources(PACKAGE)
        yield syntax_digest(sources), text_digest(sources)


@spread(4)
@pytest.mark.parametrize("what", [*SAME, *OTHER])
def test_the_digest_tells_edits_that_change_code(house, what, digests_before):
    edit(house, *(SAME | OTHER)[what])
    after = kernel_sources(house / "fastreg")
    assert (syntax_digest(after) == digests_before[0]) == (what in SAME)
    assert (text_digest(after) == digests_before[1]) == (what == "module without kernels")


def test_a_second_process_compiles_nothing(warm_house):
    first = run(warm_house, FIT)
    stored = kernels(warm_house / "cache")
    assert len(stored) > 5
    second = run(warm_house, COUNT + FIT + "assert compiled == [], compiled")
    assert second.stdout == first.stdout
    assert kernels(warm_house / "cache") == stored
    assert "compiling" not in second.stderr


@pytest.mark.process
def test_small_kernels_are_inlined_whatever_was_compiled_before(house):
    """Left to LLVM, rows cost a tenth more where the small kernel had been called from Python first."""
    script = """
import numpy as np
from numba import njit
from fastreg.objective.families import Binomial, kullback, row_divergence
njit(lambda: kullback(0.1, 0.2, -0.1))()
rows = np.full(8, 0.5)
row_divergence(Binomial(rows, rows), rows, rows, 0.9 * rows, 1.0)
code, = row_divergence.inspect_asm().values()
print(sum("kullback" in line and line.endswith(":") for line in code.splitlines()), "functions to call")
"""
    assert run(house, script).stdout == "0 functions to call\n"


@pytest.mark.process
def test_only_kernels_that_allocate_count_references():
    """Such a count, atomic and for every array of a NamedTuple passed on, took most of the time of loops over columns.
    Who holds an array that a kernel returned would have to be told of it, so the others return none."""
    script = """
import importlib, pickle
import numpy as np
from fastreg import fit_path
from fastreg.numerics import kernel_cache
X = np.random.default_rng(0).normal(size=(30, 40))
fit_path(X, X[:, 0], n_alphas=5)
fit_path(X, (X[:, 0] > 0.0).astype(float), family="binomial", alphas=[0.01])
lean = counting = 0
for path in kernel_cache.cache_directories()[0].glob("*.kernel"):  # those that other tests have compiled among them
    module, name = path.name.rsplit(".", 2)[0].removesuffix(".inner").rsplit(".", 1)
    payload = kernel_cache._read_checked(path)
    if getattr(importlib.import_module(module), name).targetoptions["_nrt"]:
        counting += b"NRT_incref" in payload
    else:
        lean += 1
        returned = str(pickle.loads(payload)[-1][3].return_type)
        assert b"NRT_incref" not in payload and "array" not in returned, (path, returned)
print(lean > 30, counting > 0)
"""
    assert isolated.run(script).stdout == "True True\n"


@pytest.mark.process
def test_damaged_files_heal(small_house):
    stored = list(kernels(small_house / "cache"))
    assert len(stored) >= 3
    damages = (lambda old: b"", lambda old: old[: len(old) // 2], lambda old: old[:-1] + b"?")
    for k, path in enumerate(stored):
        path.write_bytes(damages[k % 3](path.read_bytes()))
    process = run(small_house)
    assert process.stdout == ANSWER and "Warning" not in process.stderr
    assert list(kernels(small_house / "cache")) == stored
    assert run(small_house, COUNT + SMALL + "assert compiled == [], compiled").stdout == ANSWER


@pytest.mark.process
def test_a_stored_kernel_of_something_else_is_compiled_anew(small_house):
    """A whole file, checksum and all, that does not hold what its name says."""
    payload = pickle.dumps((1, 2))
    for path in kernels(small_house / "cache"):
        path.write_bytes(hashlib.sha256(payload).digest() + payload)
    process = run(small_house)
    assert process.stdout == ANSWER and "could not be loaded" in process.stderr
    assert run(small_house, COUNT + SMALL + "assert compiled == [], compiled").stdout == ANSWER


@pytest.mark.process
def test_nothing_writable_works_with_one_notice(house):
    """All places a cache may be in lie below a plain file, so that none can be made, whoever asks."""
    (house / "fastreg" / "__pycache__").write_text("in the way")
    blocked = house / "file"
    blocked.write_text("in the way")
    below = str(blocked / "cache")
    places = {
        "FASTREG_CACHE_DIR": below,
        "HOME": below,
        "XDG_CACHE_HOME": below,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    no_temporary = f"import tempfile; tempfile.tempdir = {below!r}\n"
    process = run(house, no_temporary + SMALL, **places)
    assert process.stdout == ANSWER
    assert process.stderr.count("found no writable directory") == 1
    assert f"FASTREG_CACHE_DIR={below} cannot keep compiled kernels" in process.stderr
    assert not list(house.rglob("*.partial"))


@pytest.mark.process
def test_a_named_folder_that_cannot_be_used_is_told(house):
    """It is a file here; kernels are then kept elsewhere."""
    named = house / "file"
    named.write_text("in the way")
    process = run(house, ASK, FASTREG_CACHE_DIR=str(named))
    assert process.stderr.count(f"FASTREG_CACHE_DIR={named} cannot keep compiled kernels (Not a directory)") == 1
    assert Path(process.stdout.strip()).parent.name == FOLDER and named.read_text() == "in the way"
    assert run(house, ASK).stderr == ""


@pytest.mark.process
def test_a_kernel_that_cannot_be_stored_is_told_once(house):
    """As on a disk that is full: fits go on."""
    script = """
from pathlib import Path
def write_bytes(self, data):
    raise OSError(28, "No space left on device")
Path.write_bytes = write_bytes
"""
    process = run(house, script + SMALL)
    assert process.stdout == ANSWER
    assert process.stderr.count("could not be stored") == process.stderr.count("No space left on device") == 1
    assert str(house / "cache") in process.stderr and not kernels(house / "cache")


@pytest.mark.process
def test_what_can_only_be_read_is_still_read(house):
    """The package's own cache, once filled, serves a process that can write nowhere."""
    run(house, FASTREG_CACHE_DIR="")
    own = house / "fastreg" / "__pycache__" / FOLDER
    assert kernels(own)
    blocked = house / "file"
    blocked.write_text("in the way")
    below = str(blocked / "cache")
    script = f"""
import tempfile; tempfile.tempdir = {below!r}
from fastreg.numerics import kernel_cache
kernel_cache._obstacle = lambda directory: 'read-only'
"""
    places = {"FASTREG_CACHE_DIR": "", "HOME": below, "XDG_CACHE_HOME": below}
    process = run(house, script + COUNT + SMALL + "assert compiled == [], compiled", **places)
    assert "writable" not in process.stderr


@pytest.mark.process
def test_an_interrupt_that_python_ignores_while_machine_code_arrives_is_raised(house):
    """llvmlite hands it over in a callback; without it there is nothing to store."""
    script = f"""
import fastreg.numerics.kernel_cache
def dumps(payload):
    raise RuntimeError("no compiled object yet")
fastreg.numerics.kernel_cache.dumps = dumps
try:
    {SMALL.strip().replace(chr(10), "; ")}
except KeyboardInterrupt as stop:
    print("interrupted", stop)
"""
    assert run(house, script).stdout == "interrupted while a kernel was compiled\n"


@pytest.mark.process
def test_two_processes_fill_one_cache(house):
    environment = os.environ | {
        "PYTHONPATH": str(house), "PYTHONSAFEPATH": "1", "FASTREG_CACHE_DIR": str(house / "cache"),
    }  # fmt: skip
    both = [
        subprocess.Popen([sys.executable, "-c", SMALL], env=environment, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, cwd=house)
        for _ in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=isolated.LIMIT) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert [output for output, _ in outputs] == [ANSWER, ANSWER]
    assert not list((house / "cache").rglob("*.partial"))
    assert run(house, COUNT + SMALL + "assert compiled == [], compiled").stdout == ANSWER


ASK = "from fastreg.numerics import kernel_cache; print(kernel_cache.cache_directories()[0])"


def age(house, versions, **environment):
    """Ask for the cache of several versions of the package, one after the other; returns the folder of the last."""
    marker = "CUT, SHIFTS = 100.0, 64"
    for _ in range(versions):
        edit(house, "objective/families.py", marker, marker + "0")
        marker += "0"
        found = Path(run(house, ASK, **environment).stdout.strip())
    edit(house, "objective/families.py", marker, "CUT, SHIFTS = 100.0, 64")
    return found


@pytest.mark.process
def test_caches_of_old_sources_are_pruned(house):
    for versions in range(1, 6):
        found = age(house, versions)
        assert found.parent == house / "cache" / FOLDER
        assert len(list(found.parent.iterdir())) == min(versions, 3)
    (found / "fastreg.x.y.0123.kernel").write_bytes(b"old")
    (found / "fastreg.x.y.0123.kernel.4567.partial").write_bytes(b"of a process that was killed")
    os.utime(found, (0, 0))
    edit(house, "objective/families.py", "CUT, SHIFTS = 100.0, 64", "CUT, SHIFTS = 101.0, 64")
    run(house, ASK)
    assert not found.exists()


def tree(folder):
    """What lies in a folder: files with their content, links with their target."""
    return {
        path.relative_to(folder): os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in folder.rglob("*")
    }


@pytest.mark.process
@pytest.mark.parametrize("variable", ["FASTREG_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "TMPDIR"])
def test_what_others_keep_beside_kernels_stays(house, variable, tmp_path):
    """Whichever variable names the place, and wherever in it the user's files are."""
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    root = place / ".cache" if variable == "HOME" else place
    own = root / (f"{FOLDER}-{os.getuid()}" if variable == "TMPDIR" else FOLDER)
    marked = own / "marked"  # a folder for kernels, with somebody else's files in it
    for folder in {place, root, root / "fastreg", own, marked, elsewhere}:
        for name in "abcd":
            (folder / name).mkdir(parents=True)
            (folder / name / "data.csv").write_text("x")
            (folder / name / "mine.kernel").write_text("x")
            os.utime(folder / name, (0, 0))
        (folder / "words.txt").write_text("x")
    for folder in (marked, elsewhere):
        (folder / MARK).write_text(kernel_cache.MARK_TEXT)
    (own / "link").symlink_to(elsewhere, target_is_directory=True)
    os.utime(marked, (0, 0))
    before = tree(tmp_path / "place"), tree(elsewhere)
    blocked = house / "fastreg" / "__pycache__"  # the package's own folder
    blocked.write_text("in the way")
    places = {"FASTREG_CACHE_DIR": "", "XDG_CACHE_HOME": str(blocked), "HOME": str(blocked), "TMPDIR": str(blocked)}
    places |= {"XDG_CACHE_HOME": ""} if variable == "HOME" else {}
    found = age(house, 5, **places | {variable: str(place), "PYTHONDONTWRITEBYTECODE": "1"})
    assert found.parent == own
    assert before[0].items() <= tree(place).items() and before[1] == tree(elsewhere)
    assert len([each for each in own.iterdir() if len(each.name) == 20 and (each / MARK).exists()]) == 3


@pytest.mark.process
def test_the_tilde_is_the_home(house, tmp_path):
    found = Path(run(house, ASK, FASTREG_CACHE_DIR="~/kernels", HOME=str(tmp_path)).stdout.strip())
    assert found.parent == tmp_path / "kernels" / FOLDER
    assert not (house / "~").exists()


@pytest.mark.process
def test_a_relative_folder_stays_the_same_when_the_process_moves(house, tmp_path):
    script = f"{ASK}; import os; os.chdir({str(tmp_path)!r})\n"
    run(house, script + SMALL, FASTREG_CACHE_DIR="near")
    assert kernels(house / "near") and not kernels(tmp_path / "near")


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs owners of files")
def test_the_shared_folder_of_another_user_is_not_read(house, tmp_path):
    """Kernels are code: whoever could leave some in the temporary folder could run it."""
    script = f"""
import os, tempfile
from pathlib import Path
tempfile.tempdir = {str(tmp_path)!r}
from fastreg.numerics import kernel_cache
wanted = Path(tempfile.tempdir) / f"{{kernel_cache.FOLDER}}-{{os.getuid()}}"
(wanted / kernel_cache.digests()[1]).mkdir(parents=True)
foreign = kernel_cache._foreign
kernel_cache._foreign = lambda folder: folder == wanted or foreign(folder)
print(kernel_cache.cache_directories())
"""
    below = str(house / "file")
    (house / "file").write_text("in the way")
    (house / "fastreg" / "__pycache__").write_text("in the way")
    places = {"FASTREG_CACHE_DIR": below, "HOME": below, "XDG_CACHE_HOME": below, "PYTHONDONTWRITEBYTECODE": "1"}
    assert run(house, script, **places).stdout == "(None, [])\n"


EVERY_FAMILY = """
import numpy as np, scipy.sparse as sp, warnings
from fastreg import fit_path
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(14, 4)) * (rng.random((14, 4)) < 0.7)
wide = rng.normal(size=(8, 11))
for family in ("gaussian", "binomial", "poisson", "gamma"):
    for X_, solvers in ((X, ("auto", "coordinate_descent", "proximal_gradient")), (wide, ("auto",))):
        eta = 0.5 * X_[:, 0]
        y = {"gaussian": eta + 0.1, "binomial": (np.arange(eta.size) % 3 > 0) * 1.0,
             "poisson": np.round(np.exp(eta) * 2), "gamma": np.exp(eta) + 0.1 * np.arange(eta.size)}[family]
        for kind in (np.array, sp.csc_array):
            for l1_ratio in (1.0, 0.5, 0.0):
                for solver in solvers:
                    path = fit_path(kind(X_), y, family=family, l1_ratio=l1_ratio, alphas=[0.1, 0.05],
                                    solver=solver, max_iter=2000)
                    assert path.converged, (family, solver, l1_ratio, path.gaps)
                    print(*path.coefs.toarray().ravel())
"""


def numbers(text):
    return [float(word) for word in re.findall(r"[-+.\de]+", text)]


@pytest.mark.slow
def test_without_numba_and_with_checked_bounds(warm_house):
    """Plain Python gives the same answers, and no kernel of any family reaches out of its arrays."""
    wanted = numbers(run(warm_house, EVERY_FAMILY).stdout)
    assert len(wanted) == 4 * (3 * 2 * 3 * 2 * 4 + 2 * 3 * 2 * 11)
    for setting in ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"):
        process = run(warm_house, EVERY_FAMILY, **{setting: "1"})
        found = numbers(process.stdout)
        assert found == pytest.approx(wanted, rel=0, abs=1e-4), setting
        assert "Error" not in process.stderr
    checked = {path.parent.name for path in kernels(warm_house / "cache")}
    assert len(checked) == 2  # kernels with checked bounds are kept apart


@pytest.mark.process
def test_inner_kernels_have_no_entry_for_python(house):
    """There a call runs the plain function, whether the kernel was compiled or stored before or not."""
    script = """
import numpy as np
from fastreg.numerics.jit import kernel
from fastreg.objective.penalties import soft_threshold
@kernel
def outer(x):
    return soft_threshold(x, 1.0)
print(soft_threshold(3, 1), outer(3.0), soft_threshold(3, 1), soft_threshold(3.0, 1.0))
"""
    for _ in range(2):
        assert run(house, script).stdout == "2 2.0 2 2.0\n"
    assert any(".inner." in path.name for path in kernels(house / "cache"))
