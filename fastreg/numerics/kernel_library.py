"""The machine code of one kernel. Other kernels that it calls are compiled on their own, and joined by their names.

Numba copies into each function the code of all that it calls, and of all that those call, and optimises the whole: of
six kernels that call each other in a row the last was optimised six times, half of what compiling took. Here a kernel
holds the names of those that it calls, except where these are inlined.
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

FIRST, LAST = (0, 63), (0, 68)  # versions of Numba from and to which the parts of it that are used here were tried
# Passes of Numba that find nothing to do in a kernel: what they are for, CONTRIBUTING rules out, or nobody reads.
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
NOTHING = llvm.parse_assembly("")  # what a caller copies of a kernel that it calls by name


class Symbol(NamedTuple):
    """The name of compiled code, the function that it was made of, and the types that it is for."""

    name: str
    module: str
    function: str
    types: tuple

    def load(self):
        """Load the code from disk, or compile it. Callers that run without it would end the process."""
        dispatcher = getattr(importlib.import_module(self.module), self.function)
        dispatcher.compile(self.types)
        found = dispatcher.overloads[self.types].fndesc.mangled_name
        if found != self.name:
            raise ValueError(f"it calls {self.name}, which is {found} in this process")


class KernelLibrary(JITCodeLibrary):
    """A kernel's machine code."""

    callees: tuple[Symbol, ...] = ()  # what it calls by name
    wanted: tuple[Symbol, ...] = ()  # what its callers call by name: itself, or its callees where it is inlined

    def __init__(self, codegen, name, inlined):
        super().__init__(codegen, name)
        self.inlined = inlined
        self.enable_object_caching()

    def _optimize_functions(self, module):
        """Without Numba's passes over each function: those over the whole module do the same again."""
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        """Without Numba's first round over the module, which finds pairs of references to remove."""
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)

    def _get_module_for_linking(self):
        self._ensure_finalized()
        return super()._get_module_for_linking() if self.inlined else NOTHING


class KernelFlags(Flags):
    """Numba's options of a kernel, told apart quickly: it looks up each operation by them, some 20,000 times a path."""

    __slots__ = ()

    def __hash__(self):
        return len(self._values)

    def __eq__(self, other):
        return self is other or (isinstance(other, Flags) and self._values == other._values)


class KernelCompiler(Compiler):
    """Numba's compiler with such a library, fewer passes, and names of code that are the same in every process.

    It lets no garbage be collected meanwhile: Numba makes so many objects that Python looked for garbage a sixth of the
    time, and found little.
    """

    pipelines = None  # those of the first kernel serve all

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.state.flags = KernelFlags(self.state.flags)

    def compile_extra(self, func):
        with without_collections():
            result = super().compile_extra(func)
        library, name = result.library, result.fndesc.mangled_name
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
    """What compiles kernels: Numba's own compiler, which takes longer, with a version that may be built otherwise."""
    return KernelCompiler if FIRST <= version_info.short <= LAST else Compiler


def symbol_name(function, kinds, *, abi_tags=(), uid=None):
    """Without types and options, for which `uid` stands: Numba names them all, options in another order each time."""
    return itanium_mangler.mangle(function, (), uid=uid)


def _wanted_by(library):
    """What a library calls by name, itself or in code that it has copied."""
    for each in library._linking_libraries:
        yield from each.wanted if hasattr(each, "wanted") else _wanted_by(each)


@contextlib.contextmanager
def without_collections():
    """Let no garbage be collected meanwhile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def named_tuples(kinds):
    """The NamedTuple classes among types and in the tuples that they hold."""
    for kind in kinds:
        if isinstance(kind, types.BaseTuple):
            if isinstance(kind, types.BaseNamedTuple):
                yield kind.instance_class
            yield from named_tuples(kind)


def covered(named_tuple):
    """Whether a NamedTuple is fastreg's, so that the digest of its kernels covers what it does."""
    return named_tuple.__module__.split(".")[0] == "fastreg"


def types_digest(kinds):
    """Tells types of arguments apart, with the classes and fields of NamedTuples, which Numba's own names leave out."""
    classes = [(each.__module__, each.__qualname__, each._fields) for each in named_tuples(kinds)]
    return hashlib.sha256(repr((str(tuple(kinds)), classes)).encode()).hexdigest()[:20]
