"""Rare variants of a .bed file: products and fits are those of the array, whether carriers are kept or not."""

import certified
import numpy as np
import pytest
from genotype_files import draw_copies, imputed, write_bed

import fastreg
from fastreg import cv_path, set_num_threads
from fastreg.design.genotypes import bed_design

N, P = 601, 90  # the last byte of a column has one row


def draw():
    """Variants of few carriers, of which some count the frequent allele, beside common ones; some are unknown."""
    rng = np.random.default_rng(3)
    copies = draw_copies(N, P, missing=0.0)
    copies[:, :60] = rng.binomial(2, rng.choice([0.001, 0.004, 0.01, 0.02], size=60), size=(N, 60))
    copies[:, 20:40] = 2 - copies[:, 20:40]
    copies[rng.random((N, P)) < 0.003] = -1
    copies[:, 7] = -1  # nearly nothing known: "unknown" is the usual code
    copies[:5, 7] = 1
    copies[:, 8], copies[:, 9] = 2, 0  # no variation
    copies[-1, 10] = 1  # a carrier in the last row
    return copies


COPIES = draw()
X = imputed(COPIES)
RNG = np.random.default_rng(1)
Y = X[:, [0, 25, 70]] @ [3.0, -2.0, 1.0] + RNG.normal(size=N)
WEIGHTS = np.array(
    [
        np.ones(N),
        np.arange(N) % 5 > 0,  # a fold
        RNG.random(N),
        np.where(COPIES[:, 30] == 2, 0.0, RNG.random(N)),  # no weight on the usual code of column 30
        np.where(COPIES[:, 30] == 2, 1e-9, RNG.random(N)),
    ]
)
WEIGHTS /= WEIGHTS.sum(axis=1, keepdims=True)
VECTORS = RNG.normal(size=(3, N))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_bed(tmp_path_factory.mktemp("genes") / "rare.bed", COPIES)


@pytest.fixture(params=["kept", "found anew"])
def bed(request, file, monkeypatch):
    """The file, with room for the carriers of rare variants, or without any."""
    if request.param == "found anew":
        monkeypatch.setattr(bed_design, "allowance", lambda: 0)
    return fastreg.open(file)


def test_products_are_those_of_the_array(bed):
    mean, variance, products = bed.first(WEIGHTS, VECTORS)
    wanted = WEIGHTS @ X
    np.testing.assert_allclose(mean, wanted, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(variance, [w @ (X - m) ** 2 for w, m in zip(WEIGHTS, wanted)], rtol=1e-11, atol=1e-22)
    np.testing.assert_allclose(products, VECTORS @ X, atol=1e-12)
    columns = np.random.default_rng(0).permutation(P)[:40]
    np.testing.assert_array_equal(bed.look(VECTORS, columns), products[:, columns])
    np.testing.assert_array_equal(bed.correlate_each(VECTORS), products)
    np.testing.assert_array_equal(bed.correlate(VECTORS[1]), products[1])


def test_bits_depend_neither_on_what_is_kept_nor_on_threads(file, tmp_path, monkeypatch):
    wide = write_bed(tmp_path / "wide.bed", np.resize(COPIES.T, (3000, N)).T)
    found = []
    try:
        for threads, room in ((1, 1e9), (3, 1e9), (3, 0), (2, 1.5e4)):  # the last is enough for some blocks
            monkeypatch.setattr(bed_design, "allowance", lambda room=room: room)
            set_num_threads(threads)
            bed = fastreg.open(wide)
            found.append([*bed.first(WEIGHTS, VECTORS), bed.correlate_each(VECTORS), bed.look(VECTORS, np.arange(99))])
    finally:
        set_num_threads(None)
    for each in found[1:]:
        for one, other in zip(found[0], each):
            np.testing.assert_array_equal(one, other)


def test_carriers_take_little_of_the_memory_that_may_be_used(file):
    bed = fastreg.open(file)
    bed.correlate(VECTORS[0])
    rare = [block.places.size for block in bed._blocks.values()]
    assert 50 <= sum(rare) < P
    assert sum(block.bytes for block in bed._blocks.values()) < 12_000 < COPIES.size


@pytest.mark.parametrize(
    "options",
    [
        {"l1_ratio": 0.5, "sample_weight": np.linspace(1.0, 2.0, N)},
        {"family": "binomial", "standardize": True},
    ],
)
def test_paths_are_those_of_the_array(bed, options):
    y = (Y > 1.0).astype(float) if "family" in options else Y
    path = certified.fit(bed, y, check=(X, y), tol=1e-9, n_alphas=10, alpha_min_ratio=0.1, **options)
    wanted = fastreg.fit_path(X, y, tol=1e-9, n_alphas=10, alpha_min_ratio=0.1, **options)
    np.testing.assert_allclose(path.coefs.toarray(), wanted.coefs.toarray(), atol=1e-5)


def test_folds_are_those_of_the_array(bed):
    found, wanted = (cv_path(given, Y, cv=3, n_alphas=5, random_state=0) for given in (bed, X))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-4)
