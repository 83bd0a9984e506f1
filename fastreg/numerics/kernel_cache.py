"""The cache of compiled kernels on disk.

Numba's own cache identifies a kernel by the text of its own file, and would load one compiled with an older callee from
another file. Here every kernel is stored in a directory named by a digest of the sources of all kernels
(kernel_digest.py), of Numba's version and of the options that change code. A stored kernel has a checksum: one that is
truncated or damaged counts as absent and is written anew. If no directory is writable, kernels are kept in memory.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import tempfile
import uuid
import warnings
from pathlib import Path

from numba.core import compiler, config
from numba.core.caching import _Cache
from numba.core.serialize import dumps

from fastreg.numerics.kernel_digest import PACKAGE, kernel_sources, syntax_digest, text_digest
from fastreg.numerics.kernel_library import KernelLibrary, covered, named_tuples, types_digest

FOLDER = "fastreg-kernels"  # name of fastreg's folder in the cache folders below; nothing outside is deleted
MARK = "made-by-fastreg.txt"  # file that marks a directory as fastreg's; others are never deleted
MARK_TEXT = "fastreg keeps compiled kernels in this folder, and deletes them once newer versions have taken over.\n"
KEPT_DIGESTS = 3  # directories kept, each with one version of all kernels
KEPT_TEXTS = 20  # digests of source texts kept per directory


@functools.cache
def digests():
    """(digest of the text of all kernels' sources, digest of their syntax trees), computed once per process.

    The second is the name of the kernels' directory. It takes long (all sources are parsed), so the directory has an
    empty file for each digest of a text that belongs to it.
    """
    sources = kernel_sources()
    text = text_digest(sources)
    for folder in _candidate_folders():
        with contextlib.suppress(OSError):
            for directory in folder.iterdir():
                if _text_file(directory, text).exists() and _marked(directory):
                    return text, directory.name
    return text, syntax_digest(sources)


def _folder_in(root):
    return Path(os.path.abspath(os.path.expanduser(root))) / FOLDER


def _candidate_folders():
    """Yield the folders where kernels may be kept, in order of preference."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    for root in (os.environ.get("FASTREG_CACHE_DIR"), config.CACHE_DIR, PACKAGE / "__pycache__", home):
        if root:
            yield _folder_in(root)
    user = os.getuid() if hasattr(os, "getuid") else "user"
    shared = Path(tempfile.gettempdir()) / f"{FOLDER}-{user}"
    if not _foreign(shared):
        yield shared


def _foreign(folder):
    """Whether a folder belongs to another user, whose files are not to be trusted."""
    try:
        return hasattr(os, "getuid") and folder.stat().st_uid not in (os.getuid(), 0)
    except OSError:  # it does not exist, or cannot be read
        return False


def _make(directory):
    """Create a directory and mark it as fastreg's."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (directory / MARK).exists():
        (directory / MARK).write_text(MARK_TEXT)


def _obstacle(directory):
    """Create `directory` and a file in it. Returns why this is impossible, or None.

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
    """Whether a directory has fastreg's mark."""
    try:
        return not directory.is_symlink() and (directory / MARK).read_text() == MARK_TEXT
    except (OSError, UnicodeDecodeError):
        return False


def _text_file(directory, text):
    """The path of an empty file, which says that sources of digest `text` are those of this directory's kernels.

    It includes the directory's name, so that it is invalid in a copy under another name.
    """
    return directory / f"{text}.{directory.name}.text"


def _note_text(directory, text):
    """Create that file, and delete all but the newest few. Without it, sources are parsed again by the next process."""
    file = _text_file(directory, text)
    with contextlib.suppress(OSError):
        if not file.exists():
            file.touch()
            known = sorted(directory.glob(f"*.{directory.name}.text"), key=lambda each: each.stat().st_mtime)
            for old in known[:-KEPT_TEXTS]:
                old.unlink()


def _prune(folder, keep):
    """Delete kernels of older sources, except the newest few, since another version may still be in use.

    Directories without the mark, and files that are not kernels, are kept.
    """
    try:
        others = [each for each in folder.iterdir() if each.name != keep and _marked(each)]
        others.sort(key=lambda directory: directory.stat().st_mtime)
    except OSError:
        return
    for directory in others[: -(KEPT_DIGESTS - 1)]:
        with contextlib.suppress(OSError):
            own = "*.kernel", "*.kernel.*.partial", f"*.{directory.name}.text"  # partial: of killed processes
            for pattern in own:
                for file in directory.glob(pattern):
                    file.unlink()
            if [file.name for file in directory.iterdir()] == [MARK]:
                (directory / MARK).unlink()
                directory.rmdir()


@functools.cache
def cache_directories():
    """(directory to write kernels to, or None; directories to read them from), found once per process."""
    (text, digest), named = digests(), os.environ.get("FASTREG_CACHE_DIR")
    readable: list[Path] = []
    for folder in _candidate_folders():
        directory = folder / digest
        known = directory.is_dir()
        obstacle = _obstacle(directory)
        if obstacle is None:
            if not known:
                _prune(folder, digest)
            _note_text(directory, text)
            return directory, [directory, *readable]
        if known:  # kernels compiled ahead, in a read-only folder
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
    """Numba's interface of a cache, with one file with a checksum per kernel and signature."""

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
                    return _rebuilt(target_context, *pickle.loads(payload))
                except Exception as error:  # a foreign or damaged file must not stop a fit: compile instead
                    warnings.warn(
                        f"a stored kernel could not be loaded ({error!r}); compiling it", RuntimeWarning, stacklevel=2
                    )
        return None

    def save_overload(self, sig, data):
        if not self._cachable(sig):
            return
        directory = cache_directories()[0]
        if directory is None:
            return
        try:
            payload = dumps(_parts(data))
        except RuntimeError as error:  # an interrupt in LLVM's callback, where Python ignores it
            if "no compiled object" not in str(error):
                raise
            raise KeyboardInterrupt("while a kernel was compiled") from error
        path = directory / self._name(sig, data.codegen)
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.partial")
        try:
            _make(directory)  # another version may have pruned it
            partial.write_bytes(hashlib.sha256(payload).digest() + payload)
            os.replace(partial, path)  # atomic: other processes never read half a file
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            self._report(directory, error)

    @classmethod
    def _report(cls, directory, error):
        """Warn once that kernels are not stored."""
        if not cls.reported:
            cls.reported = True
            warnings.warn(
                f"a compiled kernel could not be stored in {directory} ({error.strerror or error}), so that the next "
                "process compiles it anew; make room there, or set FASTREG_CACHE_DIR to another folder",
                RuntimeWarning,
                stacklevel=2,
            )

    def _cachable(self, sig):
        """Whether the digest covers all classes of arguments; kernels of a user's own families are not stored."""
        return self.enabled and all(covered(each) for each in named_tuples(getattr(sig, "args", sig)))

    def _stem(self):
        return f"{self.function.__module__}.{self.function.__qualname__}{self.kind}"

    def _name(self, sig, codegen):
        key = types_digest(getattr(sig, "args", sig)), codegen.magic_tuple()
        return f"{self._stem()}.{hashlib.sha256(repr(key).encode()).hexdigest()[:20]}.kernel"


def _parts(result):
    """What is stored: (kernels that it calls, kernels that its callers call, functions in its code, Numba's parts)."""
    library = result.library
    if not isinstance(library, KernelLibrary):
        return (), (), [], result._reduce()
    return library.callees, library.wanted, [each.name for each in library.get_defined_functions()], result._reduce()


def _rebuilt(target_context, callees, wanted, functions, parts):
    """A kernel from its stored parts; loads the kernels that it calls first."""
    for each in callees:
        each.load()
    if functions:
        target_context.codegen()._engine._defined_symbols.update(functions)
    result = compiler.CompileResult._rebuild(target_context, *parts)
    result.library.wanted = wanted
    return result


def _read_checked(path):
    """The content of a stored kernel, or None if it is absent, unreadable, truncated or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, payload = content[:32], content[32:]
    return payload if hashlib.sha256(payload).digest() == checksum else None
