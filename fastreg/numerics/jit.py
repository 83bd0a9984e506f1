"""Decorators for kernels (functions that Numba compiles), methods of NamedTuples that kernels call, LLVM operations.

kernel_cache.py stores kernels on disk; outside of numerics no module of fastreg imports Numba.
"""

from llvmlite import ir
from numba import njit, types
from numba.core import event
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic, overload, overload_method

from fastreg.numerics.compile_notice import CompileNotice
from fastreg.numerics.kernel_cache import KernelCache
from fastreg.numerics.kernel_library import compiler_class

# Without nnan and ninf, so that NaN and infinity are detected; the others allow vectorised sums.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # without a wrapper for calls from Python
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FASTMATH}
VERBS: set[str] = set()  # names of the methods that kernels may call
NOTICE = CompileNotice(lambda dispatcher: isinstance(getattr(dispatcher, "_cache", None), KernelCache))
event.register("numba:compile", NOTICE)


def allocating_kernel(function):
    """A kernel that allocates arrays, or calls one that does."""
    return kernel(function, _nrt=True)


def kernel(function, **options):
    """Compile `function` on first use, in nopython mode without the GIL, and keep the result on disk.

    A kernel allocates nothing and returns no array. The caller holds all arrays, so that references are not counted:
    Numba counts them atomically for every array of a NamedTuple argument, which in loops over columns took ten times as
    long as the arithmetic.
    """
    options = {"_nrt": False, "no_cfunc_wrapper": True, "pipeline_class": compiler_class()} | options
    dispatcher = njit(**OPTIONS, **options)(function)
    if isinstance(dispatcher, Dispatcher):  # under NUMBA_DISABLE_JIT it is the plain function
        dispatcher._cache = KernelCache(function)
    return dispatcher


def inner_kernel(function, **options):
    """A kernel that only kernels call. It has no wrapper for Python, which takes a fifth of the time of compiling;
    called from Python it runs as plain Python."""
    dispatcher = kernel(function, **INNER, **options)
    if isinstance(dispatcher, Dispatcher):
        dispatcher._cache = KernelCache(function, ".inner")
        dispatcher.add_overload = lambda result: dispatcher.overloads.update({tuple(result.signature.args): result})
        dispatcher._compile_for_args = lambda *arguments, **words: function  # called in place of machine code
    return dispatcher


def inlined_kernel(function):
    """A small kernel for the innermost loops of others, in which it is always inlined.

    Otherwise LLVM's decision depends on what was compiled or loaded before in the same process: one source gave machine
    code of two speeds.
    """
    return inner_kernel(function, forceinline=True)


def float_operation(plain):
    """A decorator that makes `plain` an operation float64 -> float64, which kernels write as LLVM instructions.

    The instructions are built by generate(builder, x, integer), with the type of a 64-bit integer.

    Without a call, loops around the operation are vectorised. Its instructions have their own flags: those of kernels
    allow sums to be reordered, which would undo corrections of rounding. Outside of kernels `plain` is called.
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

    For sums over v[indices[k]]: if they could be reordered, they would be vectorised, and gather instructions take two
    to four times as long as single loads (measured on AMD processors).
    """
    return total + term


def _lower_in_order():
    """Compile `add_in_order` in kernels to an instruction with its own flags, which does not get those of kernels."""

    def lower(context, builder, signature, arguments):
        return builder.fadd(*arguments, flags=("nsz",))

    operation = intrinsic(lambda context, a, b: (types.float64(types.float64, types.float64), lower))
    options = {"inline": "always", "jit_options": OPTIONS | INNER, "strict": False}
    overload(add_in_order, **options)(lambda total, term: lambda total, term: operation(total, term))


_lower_in_order()


def lowest_bit(bits):
    """The place of the lowest bit of a uint64 that is set."""
    return type(bits)((int(bits) & -int(bits)).bit_length() - 1)


def _lower_lowest_bit():
    """Compile `lowest_bit` in kernels to an instruction, which NumPy and Numba have no function for."""

    def lower(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    operation = intrinsic(lambda context, bits: (types.uint64(types.uint64), lower))
    options = {"inline": "always", "jit_options": OPTIONS | INNER, "strict": False}
    overload(lowest_bit, **options)(lambda bits: lambda bits: operation(bits))


_lower_lowest_bit()


def wide_vectors():
    """In a kernel: let its loops use vectors of 512 bits where the processor has them.

    LLVM prefers 256 bits on most processors, where the clock falls with longer ones. Loops that are limited by
    arithmetic on data in the cache gain: a third, where two-bit numbers are multiplied.
    """


def _lower_wide_vectors():
    """Compile `wide_vectors` to an attribute of the kernel that calls it."""

    def lower(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own `add` knows few names
        return context.get_dummy_value()

    operation = intrinsic(lambda context: (types.none(), lower))
    options = {"inline": "always", "jit_options": OPTIONS | INNER, "strict": False}
    overload(wide_vectors, **options)(lambda: lambda: operation())


_lower_wide_vectors()


def verb(name, arity):
    """Let kernels call the method `name` of any NamedTuple class, found on the class of the instance.

    Outside kernels (and with NUMBA_DISABLE_JIT=1) the method is plain Python. `arity` is the number of arguments after
    self, which Numba needs spelled out.
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
