"""What several functions and classes take is named and described once, and shown in the signature and help of each."""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastreg.interface.naming import Explained, explains_names

Described = TypeVar("Described", bound=Callable[..., Any])

SECTIONS = ("Parameters\n-", "Attributes\n-")  # how the paragraphs of a docstring begin that hold entries
REFERENCE = re.compile(r"(.+) : as for `([\w.]+)`")
REST = "**options"  # the entry of a docstring in whose place the shared options are described


def takes_options_of(source: Callable[..., Any], *others: Callable[..., Any]) -> Callable[[Explained], Explained]:
    """Decorate a function whose `**options: Unpack[SomeOptions]` are options of the function `source`.

    Its signature shows each of them with its type and default, and its docstring describes each: in the words of
    `source`, in its own if it has an entry for it, or in both, see `described_by`. A name that is no parameter is
    answered as by `explains_names`. A class whose constructor takes `**options` has them as attributes, those left out
    at their defaults.
    """

    def decorate(thing: Explained) -> Explained:
        function: Any = vars(thing)["__init__"] if isinstance(thing, type) else thing
        taken = typing.get_args(typing.get_type_hints(function)["options"])[0].__annotations__
        known, signature = inspect.signature(source).parameters, inspect.signature(function)
        shared = [name for name in known if name in taken]
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        signature = signature.replace(parameters=own + [known[name] for name in shared])
        if thing.__doc__:  # python -OO leaves out docstrings
            thing.__doc__ = completed(thing.__doc__, (source, *others), shared, isinstance(thing, type))
        names, defaults = signature.parameters.keys(), {name: known[name].default for name in shared}

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.keys() <= names:
                raise TypeError("an unexpected keyword argument")  # explains_names says which
            if function is not thing:
                vars(args[0]).update({name: kwargs.pop(name, default) for name, default in defaults.items()})
            return function(*args, **kwargs)

        call.__signature__ = signature  # type: ignore[attr-defined]
        if function is thing:
            return explains_names(call)  # type: ignore[return-value]
        setattr(thing, function.__name__, call)
        return explains_names(thing)

    return decorate


def described_by(*sources: Callable[..., Any]) -> Callable[[Described], Described]:
    """Decorate a function or class some of whose parameters and attributes are described elsewhere.

    An entry "a, b : as for `Lasso.fit`" of its docstring becomes the entries for a and b of that method, which is one
    of the `sources`. What the entry says besides is added to each.
    """

    def decorate(thing: Described) -> Described:
        if thing.__doc__:
            thing.__doc__ = completed(thing.__doc__, sources)
        return thing

    return decorate


def completed(
    docstring: str, sources: Sequence[Callable[..., Any]], shared: Sequence[str] = (), apart: bool = False
) -> str:
    """A docstring with descriptions for its references to `sources`; the `shared` are options of the first of them.

    With `apart` each of these has an entry of its own: scikit-learn shows no others in a notebook.
    """
    known = {each.__qualname__: entries_of(each.__doc__ or "") for each in sources}

    def filled(paragraph: str) -> str:
        own = [full for entry in split(paragraph) for full in resolved(entry, known)]
        special = {name: entry for entry in own for name in names_of(entry)}
        there, others = known[sources[0].__qualname__], [name for name in shared if name not in special]
        options = [special.get(name) or of_names(there[name], others) for name in shared]
        options = [of_names(each, [name]) for name, each in zip(shared, options)] if apart else options
        entries: list[str] = []
        for entry in own:
            entries += options if entry.startswith(REST) else [entry] if names_of(entry)[0] not in shared else []
        return "\n".join(dict.fromkeys(entries))

    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(filled(each) if each.startswith(SECTIONS) else each for each in paragraphs)


def resolved(entry: str, known: dict[str, dict[str, str]]) -> list[str]:
    """The entries that a reference stands for; any other entry as it is."""
    reference = REFERENCE.match(entry)
    if reference is None or entry.startswith(REST):
        return [entry]
    names, there, text = names_of(entry), known[reference[2]], entry[reference.end() :]
    return [of_names(there[name], names) + text for name in names]


def of_names(entry: str, names: Sequence[str]) -> str:
    """An entry, with those of its names that are among `names`."""
    return ", ".join(name for name in names_of(entry) if name in names) + entry[entry.index(" : ") :]


@functools.cache
def entries_of(docstring: str) -> dict[str, str]:
    """The entry of each parameter and attribute of a docstring in numpydoc's form."""
    sections = [each for each in inspect.cleandoc(docstring).split("\n\n") if each.startswith(SECTIONS)]
    return {name: entry for section in sections for entry in split(section)[2:] for name in names_of(entry)}


def split(section: str) -> list[str]:
    """The parts of a section: its title, the line below, and the entries, whose further lines are set in."""
    return re.split(r"\n(?=\S)", section)


def names_of(entry: str) -> list[str]:
    """The names that an entry describes."""
    return entry.partition(" : ")[0].split(", ")
