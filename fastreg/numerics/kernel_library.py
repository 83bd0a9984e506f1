"""The machine code of one kernel. Other kernels that it calls are compiled separately, and linked by name.

Numba copies into each function the code of all functions that it calls, directly or not, and optimises the whole: of
six kernels in a chain of calls the last was optimised six times, half of the time of compiling. Here a kernel has the
names of those that it calls, unless these are inlined.
"""

import contextlib
import gc
import hashlib
import importlib
from typing import NamedTuple

import llvmlite.binding as llvm
from numba import types, version_info
from numba.core import itanium_mangler
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags

FIRST, LAST = (0, 63), (0, 68)  # first and last version of Numba with which its parts used here were tested
# Passes of Numba that do nothing in a kernel: CONTRIBUTING rules out what they handle, or their output is not used.
IDLE_PASSES = {
    "WithLifting",
    "InlineClosureLikes",
    "RewriteDynamicRaises",
    "MakeFunctionToJitFunction",
    "InlineInlinables",
    "FindLiterallyCalls",
    "LiteralUnroll",
    "LiteralPropagationSubPipelinePass",
    "NopythonRewrites",
    "NoPythonSupportedFeatureValidation",
    "AnnotateTypes",
    "DumpParforDiagnostics",
}
NOTHING = llvm.parse_assembly("")  # copied to a caller in place of a kernel that is called by name


class Symbol(NamedTuple):
    """The name of compiled code, its function, and its types of arguments."""

    name: str
    module: str
    function: str
    types: tuple

    def load(self):
        """Load the code from disk, or compile it. A caller that runs without it would crash the process."""
        dispatcher = getattr(importlib.import_module(self.module), self.function)
        dispatcher.compile(self.types)
        found = dispatcher.overloads[self.types].fndesc.mangled_name
        if found != self.name:
            raise ValueError(f"it calls {self.name}, which is {found} in this process")


class KernelLibrary(JITCodeLibrary):
    """A kernel's machine code."""

    callees: tuple[Symbol, ...] = ()  # kernels that it calls by name
    wanted: tuple[Symbol, ...] = ()  # kernels that its callers call by name: itself, or its callees if it is inlined

    def __init__(self, codegen, name, inlined):
        super().__init__(codegen, name)
        self.inlined = inlined
        self.enable_object_caching()

    def _optimize_functions(self, module):
        """Skip Numba's passes over each function, which are repeated over the whole module."""
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        """Optimise without Numba's first round over the module, which removes pairs of reference counts."""
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)

    def _get_module_for_linking(self):
        self._ensure_finalized()
        return super()._get_module_for_linking() if self.inlined else NOTHING


class KernelFlags(Flags):
    """Numba's options of a kernel, with fast comparison: they are keys of some 20,000 look-ups per path."""

    __slots__ = ()

    def __hash__(self):
        return len(self._values)

    def __eq__(self, other):
        return self is other or (isinstance(other, Flags) and self._values == other._values)


class KernelCompiler(Compiler):
    """Numba's compiler with a KernelLibrary, fewer passes, and names of code that are the same in every process.

    Garbage collection is off meanwhile: Numba makes so many objects that it took a sixth of the time, and freed little.
    """

    pipelines = None  # made for the first kernel, used for all

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.state.flags = KernelFlags(self.state.flags)

    def compile_extra(self, func):
        with without_collections():
            result = super().compile_extra(func)
        library, name = result.library, result.fndesc.mangled_name
        kind = result.signature.return_type
        if not self.state.flags.no_cpython_wrapper and runs_python(kind):
            raise TypeError(
                f"{func.__qualname__} returns {kind} to Python: Numba runs Python code to make NamedTuples and "
                "members of enums, and crashes where that is interrupted; return a plain tuple of numbers"
            )
        library.callees = tuple(dict.fromkeys(_wanted_by(library)))
        own = Symbol(name, func.__module__, func.__qualname__, tuple(result.signature.args))
        library.wanted = library.callees if library.inlined else (own,)
        return result

    def define_pipelines(self):
        state = self.state
        if all(covered(each) for each in named_tuples(state.args)):
            state.func_id.unique_id = types_digest(state.args)
        state.targetctx.mangler = symbol_name
        state.library = KernelLibrary(state.targetctx.codegen(), state.func_id.func_qualname, state.flags.forceinline)
        if KernelCompiler.pipelines is None:
            pipelines = super().define_pipelines()
            for each in pipelines:
                each.passes = [(step, words) for step, words in each.passes if step.__name__ not in IDLE_PASSES]
                each.finalize()
            KernelCompiler.pipelines = pipelines
        return KernelCompiler.pipelines


def compiler_class():
    """The class of the compiler: Numba's own, which takes longer, for versions of Numba that were not tested."""
    return KernelCompiler if FIRST <= version_info.short <= LAST else Compiler


def symbol_name(function, kinds, *, abi_tags=(), uid=None):
    """A name with `uid` in place of types and options, since Numba's own has the options in a random order."""
    return itanium_mangler.mangle(function, (), uid=uid)


def _wanted_by(library):
    """Yield the kernels that a library calls by name, itself or in code that it has copied."""
    for each in library._linking_libraries:
        yield from each.wanted if hasattr(each, "wanted") else _wanted_by(each)


@contextlib.contextmanager
def without_collections():
    """Turn garbage collection off meanwhile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def runs_python(kind):
    """Whether Numba runs Python code to make a Python object from a result of this type."""
    if isinstance(kind, types.BaseTuple) and not isinstance(kind, types.BaseNamedTuple):
        return any(map(runs_python, kind))
    return isinstance(kind, types.BaseNamedTuple | types.EnumMember)


def named_tuples(kinds):
    """Yield the NamedTuple classes among Numba types, and within their tuples."""
    for kind in kinds:
        if isinstance(kind, types.BaseTuple):
            if isinstance(kind, types.BaseNamedTuple):
                yield kind.instance_class
            yield from named_tuples(kind)


def covered(named_tuple):
    """Whether a NamedTuple class is fastreg's, so that the digest of sources covers it."""
    return named_tuple.__module__.split(".")[0] == "fastreg"


def types_digest(kinds):
    """A digest of argument types, with classes and fields of NamedTuples, which Numba's own names lack."""
    classes = [(each.__module__, each.__qualname__, each._fields) for each in named_tuples(kinds)]
    return hashlib.sha256(repr((str(tuple(kinds)), classes)).encode()).hexdigest()[:20]
