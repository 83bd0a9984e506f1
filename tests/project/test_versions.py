"""The versions that pyproject.toml allows are those that are tested: .ci/oldest.txt holds the lowest of each."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def lowest(requirement):
    """(name, version) of a requirement "name>=version"."""
    requirement = Requirement(requirement)
    (bound,) = requirement.specifier
    assert bound.operator in (">=", "=="), f"{requirement} states no lowest version, or a highest"
    return canonicalize_name(requirement.name), Version(bound.version)


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    allowed = [lowest(each) for each in [*project["dependencies"], *extras["plot"], *extras["test"]]]
    lines = (ROOT / ".ci" / "oldest.txt").read_text().splitlines()
    tested = [lowest(line) for line in lines if not line.startswith("#")]
    assert len(dict(tested)) == len(tested)
    assert len(dict(allowed)) == len(set(allowed)), "the same package has two lowest versions"
    assert dict(tested) == dict(allowed)
