"""How kernels are written: functions that Numba compiles, verbs of NamedTuples, operations of LLVM.

They are kept on disk by kernel_cache.py; no other module of fastreg knows Numba.
"""

from llvmlite import ir
from numba import njit, types
from numba.core import event
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic, overload, overload_method

from fastreg.numerics.compile_notice import CompileNotice
from fastreg.numerics.kernel_cache import KernelCache
from fastreg.numerics.kernel_library import compiler_class

# nnan and ninf stay off, so that divergence remains visible; the rest lets sums vectorise.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # without an entry for Python
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
VERBS: set[str] = set()  # names of the methods that kernels may call
NOTICE = CompileNotice(lambda dispatcher: isinstance(getattr(dispatcher, "_cache", None), KernelCache))
event.register("numba:compile", NOTICE)


def allocating_kernel(function):
    """A kernel that allocates arrays, or calls one that does."""
    return kernel(function, _nrt=True)


def kernel(function, **options):
    """Compile `function` on first use, in nopython mode without the GIL, and keep the result on disk.

    It allocates nothing and returns no array: whoever calls it holds its arrays, so it counts no references to them.
    Numba counts them, atomically, for every array of a NamedTuple that is passed on: in loops over columns that took
    ten times as long as the arithmetic.
    """
    options = {"_nrt": False, "no_cfunc_wrapper": True, "pipeline_class": compiler_class()} | options
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
