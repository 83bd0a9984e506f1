"""Every example runs in a folder of its own, with what the README's first command installs or the example's first line
names and nothing else, passes its own assertions, prints, and draws where it says so."""

import functools
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import isolated
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

# Run an example where some modules cannot be imported: python -c WITHOUT example module module ...
WITHOUT = """
import runpy, sys
class Missing:
    def __init__(self, names):
        self.names = frozenset(names)
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing(sys.argv[2:]))
sys.argv[1:] = []
runpy.run_path(EXAMPLE, run_name="__main__")
"""


def first_command():
    """The requirements of fastreg and of the extras that the README's first command names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.search(r"pip install '\.\[(.*?)\]'", (ROOT / "README.md").read_text())[1].split(",")
    return [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]


def brought_by(requirements):
    """The distributions that these requirements bring, by name, with all that they need themselves."""
    brought, asked = set(), [Requirement(each) for each in requirements]
    while asked:
        one = asked.pop()
        name = canonicalize_name(one.name)
        if name in brought or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        brought.add(name)
        asked += map(Requirement, metadata.requires(name) or ())
    return brought


distributions = functools.cache(metadata.packages_distributions)


def lacking(source):
    """The modules installed here that are not there after the first command and what the first line says."""
    brought = brought_by(first_command() + re.findall(r"pip install ([\w-]+)", source.partition("\n")[0]))
    return [
        module
        for module, homes in distributions().items()
        if module != "fastreg" and not brought.intersection(map(canonicalize_name, homes))
    ]


def test_what_the_first_command_brings():
    there, named = lacking('"""No word of a package.'), lacking('"""Needs pandas (pip install pandas).')
    assert {"pandas", "pytest"} <= set(there) and "pandas" not in named and "pytest" in named
    assert not {"numpy", "scipy", "sklearn", "matplotlib", "joblib", "dateutil", "llvmlite", "fastreg"} & set(there)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, tmp_path):
    source = example.read_text()
    assert source.startswith('"""')
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.replace("EXAMPLE", repr(str(example))), example.name, *lacking(source)],
        capture_output=True,
        text=True,
        timeout=isolated.LIMIT,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and "Traceback" not in done.stderr and "Warning" not in done.stderr
    pictures = list(tmp_path.iterdir())
    assert [picture.name for picture in pictures] == ([f"{example.stem}.png"] if "picture=" in source else [])
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_there_are_examples():
    assert len(EXAMPLES) >= 11
