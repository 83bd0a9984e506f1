"""Options that several functions take are those of fit_path everywhere: name, type, default, description."""

import inspect
import typing
from typing import Any, TypedDict, Unpack

import pytest

import fastreg
from fastreg.interface import arguments
from fastreg.interface.shared_options import described_by, takes_options_of

BUNDLES = [arguments.FitOptions, arguments.Rules, arguments.Grid, arguments.Watching]
INNER = {"of_sum", "encoding"}  # of the bundles, which users do not give
OPTIONS = {name: each for name, each in inspect.signature(fastreg.fit_path).parameters.items() if name not in "Xy"}
SHARED = {
    name: getattr(arguments, name) for name in vars(arguments) if name.endswith("Options") and name != "FitOptions"
}


def test_the_bundles_hold_the_options_of_fit_path_and_their_defaults():
    held = {name: value for kind in BUNDLES for name, value in kind._field_defaults.items() if name not in INNER}
    held["data"] = None  # of a formula, which `framed` reads
    held["sums"] = None  # in the place of X and y
    assert held == {name: each.default for name, each in OPTIONS.items()}


@pytest.mark.parametrize("name", SHARED)
def test_shared_options_have_the_types_of_fit_path(name):
    hints = typing.get_type_hints(fastreg.fit_path)
    assert typing.get_type_hints(SHARED[name]) == {each: hints[each] for each in SHARED[name].__annotations__}


FUNCTIONS = [name for name in fastreg._HOMES if "options" in getattr(getattr(fastreg, name), "__annotations__", {})]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature_and_help_show_each_option_as_fit_path_does(name):
    function = getattr(fastreg, name)
    taken = typing.get_args(typing.get_type_hints(function)["options"])[0].__annotations__
    shown = inspect.signature(function).parameters
    assert [each for each in shown if each in taken] == [each for each in OPTIONS if each in taken]
    for each in taken:
        assert shown[each].default == OPTIONS[each].default and shown[each].annotation == OPTIONS[each].annotation
        assert shown[each].kind is inspect.Parameter.KEYWORD_ONLY
    assert (
        "options" not in shown and "**options" not in function.__doc__ and "as for `fit_path`\n" not in function.__doc__
    )


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "posterior"])  # which has no tol
def test_a_name_that_is_no_option_is_answered(name):
    function = getattr(fastreg, name)
    with pytest.raises(
        TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'tolerance'. Did you mean 'tol'"
    ):
        function([[0.0]], [0.0], tolerance=0.1)
    with pytest.raises(TypeError, match=rf"^{name}\(\) takes 2 by position|^{name}\(\) takes 2 arguments by position"):
        function([[0.0]], [0.0], "gaussian")


def model(X: Any, *, size: float = 1.0, low: float = 0.0, high: float = 2.0, seed: int = 0) -> dict[str, Any]:
    """Model.

    Parameters
    ----------
    X : array-like
        Rows.
    size : float, default=1.0
        How large.
    low, high : float, default=0.0
        Ends.
    seed : int, default=0
        Seed.

    Returns
    -------
    dict
        All.
    """
    return {"size": size, "low": low, "high": high, "seed": seed}


class ModelOptions(TypedDict, total=False):
    size: float
    low: float
    high: float


@takes_options_of(model)
def twice(X: Any, *, times: int = 2, **options: Unpack[ModelOptions]) -> list[dict[str, Any]]:
    """Twice.

    Parameters
    ----------
    X : as for `model`
        Many.
    times : int, default=2
        How often.
    high : float, default=2.0
        The end.
    size : as for `model`
        Of each.
    **options : as for `model`

    Returns
    -------
    list
        All.
    """
    return [model(X, **options)] * times


def test_descriptions_are_the_source_s_the_function_s_own_or_both():
    parameters = """X : array-like
    Rows.
    Many.
times : int, default=2
    How often.
size : float, default=1.0
    How large.
    Of each.
low : float, default=0.0
    Ends.
high : float, default=2.0
    The end.

Returns"""
    assert twice.__doc__ == f"Twice.\n\nParameters\n----------\n{parameters}\n-------\nlist\n    All."
    assert list(inspect.signature(twice).parameters) == ["X", "times", "size", "low", "high"]


def test_options_reach_the_function_and_others_do_not():
    assert twice(0, times=1, low=0.5) == [{"size": 1.0, "low": 0.5, "high": 2.0, "seed": 0}]
    with pytest.raises(TypeError, match=r"^twice\(\) .* keyword argument 'seed'; it takes X, times, size, low, high$"):
        twice(0, seed=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiply sequence"):  # the names are right, and this comes from within
        twice(0, times="two")  # type: ignore[arg-type]


class First:
    """First.

    Parameters
    ----------
    low, high : float
        Ends.

    Attributes
    ----------
    size_ : float
        How large.
    """


@described_by(First)
class Second:
    """Second.

    Parameters
    ----------
    high, low : as for `First`

    Attributes
    ----------
    size_ : as for `First`
        And how wide.

    Notes
    -----
    A note.
    """


def test_a_class_takes_descriptions_of_parameters_and_attributes():
    assert Second.__doc__ == (
        "Second.\n\nParameters\n----------\nlow, high : float\n    Ends.\n\nAttributes\n----------\n"
        "size_ : float\n    How large.\n    And how wide.\n\nNotes\n-----\nA note."
    )
    with pytest.raises(KeyError, match="Third"):  # a name that is not among the sources is told at once
        described_by(First)(type("Fourth", (), {"__doc__": "A.\n\nParameters\n----------\na : as for `Third`"}))
