"""The only file that knows Numba's machinery: kernels, verbs of NamedTuples, and the kernels' cache on disk.

Numba's own cache keys a kernel by the text of its own file, so a kernel compiled with an older callee from another
file would come back after an edit or an upgrade. Here every kernel is stored in a directory named by a digest of the
sources of all kernels, Numba's version and the options that change code. A stored kernel carries a checksum: one that
is truncated or damaged counts as absent and is written anew. Where nothing is writable, kernels live in memory.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import tempfile
import time
import uuid
import warnings
from pathlib import Path

import llvmlite
import numba
from llvmlite import ir
from numba import njit, types
from numba.core import compiler, config
from numba.core.caching import _Cache
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from numba.extending import intrinsic, overload, overload_method

# nnan and ninf stay off, so that divergence remains visible; the rest lets sums vectorise.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # without an entry for Python
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
PACKAGE = Path(__file__).parents[1]
FOLDER = "fastreg-kernels"  # in the folders below; fastreg deletes nothing outside of it
MARK = "made-by-fastreg.txt"  # and in it only what lies beside this file
MARK_TEXT = "fastreg keeps compiled kernels in this folder, and deletes them once newer versions have taken over.\n"
KEPT_DIGESTS = 3
SLOW_COMPILE = 1.0  # seconds after which a cold start is announced
VERBS: set[str] = set()  # names of the methods that kernels may call


def allocating_kernel(function):
    """A kernel that allocates arrays, or calls one that does."""
    return kernel(function, _nrt=True)


def kernel(function, **options):
    """Compile `function` on first use, in nopython mode without the GIL, and keep the result on disk.

    It allocates nothing and returns no array: whoever calls it holds its arrays, so it counts no references to them.
    Numba counts them, atomically, for every array of a NamedTuple that is passed on: in loops over columns that took
    ten times as long as the arithmetic.
    """
    options = {"_nrt": False} | options
    dispatcher = njit(**OPTIONS, **options)(function)
    if isinstance(dispatcher, Dispatcher):  # under NUMBA_DISABLE_JIT it is the plain function
        dispatcher._cache = KernelCache(function)
    return dispatcher


def inner_kernel(function, **options):
    """A kernel for kernels to call. It has no entry for Python, which is a fifth of the time that compiling takes;
    called from Python it runs as plain Python."""
    dispatcher = kernel(function, **INNER, **options)
    if isinstance(dispatcher, Dispatcher):
        dispatcher._cache = KernelCache(function, ".inner")
        dispatcher.add_overload = lambda result: dispatcher.overloads.update({tuple(result.signature.args): result})
        dispatcher._compile_for_args = lambda *arguments, **words: function  # what is called in place of machine code
    return dispatcher


def inlined_kernel(function):
    """A small kernel for the innermost loops of others, which is never called there.

    LLVM decides whether to inline from what it has seen of a function, hence from what was compiled or loaded before
    in the same process: one source gave machine code of two speeds.
    """
    return inner_kernel(function, forceinline=True)


def float_operation(plain):
    """Make `plain` an operation float64 -> float64 that kernels write in LLVM instructions.

    They come from generate(builder, x, integer), with the type of a 64-bit integer.

    Such an operation is no call, so that loops around it vectorise. Instructions that carry flags of their own keep
    them: kernels allow sums to be taken in another order, which no correction of rounding would survive. Outside of
    kernels it stays plain Python.
    """

    def decorate(generate):
        def lower(context, builder, signature, arguments):
            return generate(builder, arguments[0], ir.IntType(64))

        operation = intrinsic(lambda context, x: (types.float64(types.float64), lower))
        overload(plain, inline="always", jit_options=OPTIONS, strict=False)(lambda x: lambda x: operation(x))
        return generate

    return decorate


def add_in_order(total, term):
    """total + term, in the order of the loop.

    For sums over v[indices[k]]: in any order they would be vectorised, and processors gather numbers from here and
    there two to four times more slowly by one instruction than one by one (measured on AMD's).
    """
    return total + term


def _lower_in_order():
    """Let kernels add so: an instruction with a flag of its own gets no others."""

    def lower(context, builder, signature, arguments):
        return builder.fadd(*arguments, flags=("nsz",))

    operation = intrinsic(lambda context, a, b: (types.float64(types.float64, types.float64), lower))
    options = {"inline": "always", "jit_options": OPTIONS | INNER, "strict": False}
    overload(add_in_order, **options)(lambda total, term: lambda total, term: operation(total, term))


_lower_in_order()


def verb(name, arity):
    """Let kernels call method `name` of any NamedTuple class: it is looked up on the class of the instance.

    Outside kernels (and with NUMBA_DISABLE_JIT=1) the same method is plain Python, so a verb is written once.
    `arity` counts the arguments after self; Numba wants them spelled out.
    """

    def one(self, a):
        return getattr(self.instance_class, name, None)

    def two(self, a, b):
        return getattr(self.instance_class, name, None)

    def three(self, a, b, c):
        return getattr(self.instance_class, name, None)

    def four(self, a, b, c, d):
        return getattr(self.instance_class, name, None)

    VERBS.add(name)
    lookup = (one, two, three, four)[arity - 1]
    overload_method(
        types.BaseNamedTuple, name, jit_options=OPTIONS | INNER | {"forceinline": True, "_nrt": False}, strict=False
    )(lookup)


@functools.cache
def source_digest():
    """A name for this version of all kernels: sources, Numba, LLVM, Python and the options that change code.

    The sources are those of modules that import this one. Kernels use no name of any other module of fastreg
    (tests/project/test_architecture.py), so that an edit elsewhere compiles nothing anew.
    """
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"from fastreg.numerics.jit import" in source or path == Path(__file__):
            digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + source)
    options = (numba.__version__, llvmlite.__version__, sys.version_info[:2], config.BOUNDSCHECK, config.OPT)
    digest.update(repr(options).encode())
    return digest.hexdigest()[:20]


def _folder_in(root):
    return Path(os.path.abspath(os.path.expanduser(root))) / FOLDER


def _candidate_folders():
    """Where kernels may be kept, in order of preference: folders of fastreg's own, below those that others named."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    for root in (os.environ.get("FASTREG_CACHE_DIR"), config.CACHE_DIR, PACKAGE / "__pycache__", home):
        if root:
            yield _folder_in(root)
    user = os.getuid() if hasattr(os, "getuid") else "user"
    shared = Path(tempfile.gettempdir()) / f"{FOLDER}-{user}"
    if not _foreign(shared):
        yield shared


def _foreign(folder):
    """Whether a folder belongs to another user, who could put anything in it."""
    try:
        return hasattr(os, "getuid") and folder.stat().st_uid not in (os.getuid(), 0)
    except OSError:  # there is none yet, or it is out of reach
        return False


def _make(directory):
    """Create a directory and mark it as fastreg's."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (directory / MARK).exists():
        (directory / MARK).write_text(MARK_TEXT)


def _obstacle(directory):
    """Create `directory` and try a file in it. Returns what stands against it, or None.

    Nothing is written into another user's folder.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _foreign(directory.parent):
            return "it belongs to another user"
        _make(directory)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _marked(directory):
    """Whether fastreg made a directory."""
    try:
        return not directory.is_symlink() and (directory / MARK).read_text() == MARK_TEXT
    except (OSError, UnicodeDecodeError):
        return False


def _prune(folder, keep):
    """Drop kernels of older sources, all but the newest few: another version may still be in use.

    What carries no mark, or is no kernel, is somebody else's and stays.
    """
    try:
        others = [each for each in folder.iterdir() if each.name != keep and _marked(each)]
        others.sort(key=lambda directory: directory.stat().st_mtime)
    except OSError:
        return
    for directory in others[: -(KEPT_DIGESTS - 1)]:
        with contextlib.suppress(OSError):
            for pattern in ("*.kernel", "*.kernel.*.partial"):  # the latter from processes that were killed
                for file in directory.glob(pattern):
                    file.unlink()
            if [file.name for file in directory.iterdir()] == [MARK]:
                (directory / MARK).unlink()
                directory.rmdir()


@functools.cache
def cache_directories():
    """(directory to write kernels to, or None; directories to read them from). Decided once a process."""
    digest, readable, named = source_digest(), [], os.environ.get("FASTREG_CACHE_DIR")
    for folder in _candidate_folders():
        directory = folder / digest
        known = directory.is_dir()
        obstacle = _obstacle(directory)
        if obstacle is None:
            if not known:
                _prune(folder, digest)
            return directory, [directory, *readable]
        if known:  # kernels compiled ahead, in a folder that is only read
            readable.append(directory)
        elif named and folder == _folder_in(named):
            warnings.warn(
                f"FASTREG_CACHE_DIR={named} cannot keep compiled kernels ({obstacle}); other folders are tried",
                RuntimeWarning,
                stacklevel=2,
            )
    if not readable:
        warnings.warn(
            "fastreg found no writable directory for its compiled kernels, so each process compiles them anew; "
            "set FASTREG_CACHE_DIR to a writable directory",
            RuntimeWarning,
            stacklevel=2,
        )
    return None, readable


class KernelCache(_Cache):
    """Numba's interface of a cache, over one checked file a kernel and signature."""

    compiling_since: float | None = None
    announced = False
    reported = False

    def __init__(self, function, kind=""):
        self.function, self.kind = function, kind
        self.enabled = True

    @property
    def cache_path(self):
        return str(cache_directories()[0])

    def enable(self):
        self.enabled = True

    def disable(self):
        self.enabled = False

    def flush(self):
        directory = cache_directories()[0]
        for path in directory.glob(f"{self._stem()}.*") if directory else ():
            path.unlink(missing_ok=True)

    def load_overload(self, sig, target_context):
        target_context.refresh()
        if not self._cachable(sig):
            return None
        name = self._name(sig, target_context.codegen())
        for directory in cache_directories()[1]:
            payload = _read_checked(directory / name)
            if payload is not None:
                try:
                    return compiler.CompileResult._rebuild(target_context, *pickle.loads(payload))
                except Exception as error:  # a foreign or damaged file must not stop a fit: compile instead
                    warnings.warn(
                        f"a stored kernel could not be loaded ({error!r}); compiling it", RuntimeWarning, stacklevel=2
                    )
        KernelCache.compiling_since = KernelCache.compiling_since or time.perf_counter()
        return None

    def save_overload(self, sig, data):
        self._announce()
        if not self._cachable(sig):
            return
        directory = cache_directories()[0]
        if directory is None:
            return
        try:
            payload = dumps(data._reduce())
        except RuntimeError as error:  # machine code arrives in a callback: Python ignores an interrupt there
            if "no compiled object" not in str(error):
                raise
            raise KeyboardInterrupt("while a kernel was compiled") from error
        path = directory / self._name(sig, data.codegen)
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.partial")
        try:
            _make(directory)  # another version may have pruned it
            partial.write_bytes(hashlib.sha256(payload).digest() + payload)
            os.replace(partial, path)  # atomic: two processes filling one cache never see half a file
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            self._report(directory, error)

    @classmethod
    def _report(cls, directory, error):
        """Say once that kernels are not kept."""
        if not cls.reported:
            cls.reported = True
            warnings.warn(
                f"a compiled kernel could not be stored in {directory} ({error.strerror or error}), so that the next "
                "process compiles it anew; make room there, or set FASTREG_CACHE_DIR to another folder",
                RuntimeWarning,
                stacklevel=2,
            )

    @classmethod
    def _announce(cls):
        if not cls.announced and cls.compiling_since and time.perf_counter() - cls.compiling_since > SLOW_COMPILE:
            cls.announced = True
            print(
                "fastreg: compiling kernels for this machine (once; `python -m fastreg warmup` does all)",
                file=sys.stderr,
            )

    def _cachable(self, sig):
        """A family or design defined outside fastreg is not covered by the digest, so it is compiled a process."""
        classes = [t.instance_class for t in getattr(sig, "args", sig) if isinstance(t, types.BaseNamedTuple)]
        return self.enabled and all(c.__module__.split(".")[0] == "fastreg" for c in classes)

    def _stem(self):
        return f"{self.function.__module__}.{self.function.__qualname__}{self.kind}"

    def _name(self, sig, codegen):
        fields = [_fields_of(t) for t in getattr(sig, "args", sig)]  # which no digest covers, see `source_digest`
        key = hashlib.sha256(repr((str(sig), fields, codegen.magic_tuple())).encode()).hexdigest()[:20]
        return f"{self._stem()}.{key}.kernel"


def _fields_of(kind):
    """The names of the fields of a NamedTuple type, and of the tuples that it holds."""
    if not isinstance(kind, types.BaseTuple):
        return ()
    return getattr(kind, "fields", ()), [_fields_of(each) for each in kind]


def _read_checked(path):
    """The payload of a stored kernel, or None where it is absent, unreadable, truncated or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, payload = content[:32], content[32:]
    return payload if hashlib.sha256(payload).digest() == checksum else None
