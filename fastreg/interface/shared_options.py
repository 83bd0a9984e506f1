"""Options of one function that others take, too: named once, and shown in the signature and help of each."""

import functools
import inspect
import re
import typing
from collections.abc import Callable
from typing import Any

from fastreg.interface.naming import Explained, explains_names

REST = "**options"  # the entry of a docstring in whose place the shared options are described


def takes_options_of(source: Callable[..., Any], *others: Callable[..., Any]) -> Callable[[Explained], Explained]:
    """Decorate a function whose `**options: Unpack[SomeOptions]` are options of the function `source`.

    Its signature shows each of them with its type and default, and its docstring describes each: in the words of
    `source`, in its own if it has an entry for it, or in both if this entry begins "name : as for `source`". Other
    parameters can be described so, too, as in `source` or in `others`. A name that is no parameter is answered as by
    `explains_names`.
    """

    def decorate(function: Explained) -> Explained:
        taken = typing.get_args(typing.get_type_hints(function)["options"])[0].__annotations__
        known, signature = inspect.signature(source).parameters, inspect.signature(function)
        shared = [name for name in known if name in taken]
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        signature = signature.replace(parameters=own + [known[name] for name in shared])
        if function.__doc__:  # python -OO leaves out docstrings
            function.__doc__ = described(function.__doc__, shared, [source, *others])

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not kwargs.keys() <= signature.parameters.keys():
                raise TypeError("an unexpected keyword argument")  # explains_names says which
            return function(*args, **kwargs)

        call.__signature__ = signature  # type: ignore[attr-defined]
        return explains_names(call)  # type: ignore[return-value]

    return decorate


def described(docstring: str, shared: list[str], sources: list[Callable[..., Any]]) -> str:
    """A docstring whose references to other functions are replaced by the descriptions there."""
    known = {each.__name__: entries_of(each.__doc__ or "") for each in sources}
    general = known[sources[0].__name__]
    before, entries, after = parameters_of(docstring)
    own = [full for entry in entries for full in resolved(entry, known)]
    special = {name: entry for entry in own for name in names_of(entry)}
    undescribed = [name for name in shared if name not in special]
    options = dict.fromkeys(special.get(name) or of_names(general[name], undescribed) for name in shared)
    ordered: list[str] = []
    for entry in own:
        ordered += options if entry.startswith(REST) else [entry] if names_of(entry)[0] not in shared else []
    return before + "\n".join(ordered) + after


def resolved(entry: str, known: dict[str, dict[str, str]]) -> list[str]:
    """An entry "a, b : as for `function`" as entries with the types and descriptions there, and then its own text."""
    reference = re.match(r"(.+) : as for `(\w+)`", entry)
    if reference is None or entry.startswith(REST):
        return [entry]
    names, there, text = names_of(entry), known[reference[2]], entry[reference.end() :]
    return list(dict.fromkeys(of_names(there[name], names) + text for name in names))


def of_names(entry: str, names: list[str]) -> str:
    """An entry, with those of its parameters that are among the names."""
    return ", ".join(name for name in names_of(entry) if name in names) + entry[entry.index(" : ") :]


def entries_of(docstring: str) -> dict[str, str]:
    """The entry of each parameter of a docstring."""
    return {name: entry for entry in parameters_of(docstring)[1] for name in names_of(entry)}


def parameters_of(docstring: str) -> tuple[str, list[str], str]:
    """A docstring in numpydoc's form: what precedes its parameters, an entry each, and what follows."""
    before, title, rest = re.split(r"(Parameters\n-+\n)", inspect.cleandoc(docstring), maxsplit=1)
    entries, blank, after = rest.partition("\n\n")
    return before + title, re.split(r"\n(?=\S)", entries), blank + after


def names_of(entry: str) -> list[str]:
    """The parameters that an entry describes."""
    return entry.partition(" : ")[0].split(", ")
