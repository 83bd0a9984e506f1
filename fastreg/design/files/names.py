"""The names of the columns of a file, in a file of JSON beside it."""

import json

from fastreg.interface.writing import whole_file

ENDING = ".names.json"  # added to the name of the file of X


def write_names(path, names):
    """Write the names of the columns of the file at `path` beside it."""
    with whole_file(path + ENDING) as file:
        json.dump(names, file, ensure_ascii=False)


def read_names(path, p):
    """The names of the p columns of the file at `path`, or None where it has none beside it.

    Raises ValueError where they are not p different texts.
    """
    try:
        with open(path + ENDING, encoding="utf-8") as file:
            names = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{path + ENDING} is not a list of names in JSON: {error}") from None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names) and len(set(names)) == p):
        raise ValueError(f"{path + ENDING} must be a list of {p} texts, the names of the columns, all different")
    return names
