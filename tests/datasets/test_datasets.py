"""The bundled data: shapes, contents, and that it travels in a wheel."""

import tomllib
from importlib import resources
from pathlib import Path

import numpy as np

from fastreg.datasets import load_nci60


def test_nci60():
    expression, tissue, names = load_nci60()
    assert expression.shape == (64, 6830) and expression.dtype == np.float64
    assert expression.flags.f_contiguous and np.isfinite(expression).all()
    assert tissue.shape == (64,) and np.count_nonzero(tissue == "MELANOMA") == 8
    assert names.shape == (6830,) and names[0] == "gene_1" and np.unique(names).size == 6830
    np.testing.assert_allclose(expression[0, :3], [0.3, 1.18, 0.55])


def test_each_call_returns_its_own_arrays():
    first = load_nci60()[0]
    first[:] = 0
    assert load_nci60()[0].any()


def test_the_data_is_a_file_of_the_package():
    """A wheel takes the package folder less what .gitignore names."""
    assert resources.files("fastreg.datasets").joinpath("nci60.npz").is_file()
    root = Path(__file__).parents[2]
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["fastreg"]}
    ignored = (root / ".gitignore").read_text().split()
    assert not any("npz" in line or "datasets" in line for line in ignored)
