"""X as a .bed file: every product, and every fit, is that of the array of genotypes with means for unknown ones."""

import pickle
import re

import certified
import numpy as np
import pytest
from genotype_files import draw_copies, imputed, write_bed
from grids import few

import fastreg
from fastreg import cv_path, fit_multi_path, fit_path, set_num_threads
from fastreg.design.genotypes import bed_design

N, P = 103, 50
COPIES = draw_copies(N, P)
COPIES[:, 7] = -1  # nothing known
COPIES[:, 8] = 2  # no variation
X = imputed(COPIES)
RNG = np.random.default_rng(1)
Y = {
    "gaussian": X[:, :5] @ [1.0, -1.0, 0.5, 0.0, 0.8] + RNG.normal(size=N),
    "binomial": (X[:, 0] - X[:, 3] + RNG.normal(size=N) > 0.2).astype(float),
}


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    return fastreg.open(write_bed(tmp_path_factory.mktemp("genes") / "small.bed", COPIES))


def test_products_are_those_of_the_array(bed):
    vectors, columns = RNG.normal(size=(3, N)), np.array([4, 7, 8, 30, 2])
    held_out = np.where(np.arange(N) % 5 == 0, 0.0, 1.0)
    weights = np.array([np.ones(N), held_out, RNG.random(N)])
    weights /= weights.sum(axis=1, keepdims=True)
    mean, variance, products = bed.first(weights, vectors)
    np.testing.assert_allclose(mean, weights @ X, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(variance, [w @ (X - m) ** 2 for w, m in zip(weights, mean)], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(products, vectors @ X, atol=1e-12)
    np.testing.assert_array_equal(bed.correlate_each(vectors), products)
    np.testing.assert_array_equal(bed.look(vectors, columns), products[:, columns])
    np.testing.assert_array_equal(bed.in_memory(columns).columns, X[:, columns].T)
    np.testing.assert_array_equal(bed.means, imputed(np.full((1, P), -1), bed.means)[0])
    eta, steps = np.ones(N), np.array([0.5, 1.0, 0.0, -2.0, 3.0])
    bed.combine(columns, steps, eta)
    np.testing.assert_allclose(eta, 1.0 + X[:, columns] @ steps, atol=1e-13)
    np.testing.assert_allclose(bed @ np.eye(P)[:, :4], X[:, :4])


def test_a_part_reads_its_columns_alone(bed):
    vectors = RNG.normal(size=(2, N))
    for part in (bed.part(8, 20), pickle.loads(pickle.dumps(bed.part(8, 20)))):
        assert part.shape == (N, 12) and part.feature_names == bed.feature_names[8:20]
        np.testing.assert_array_equal(part.correlate_each(vectors), bed.correlate_each(vectors)[:, 8:20])
        np.testing.assert_array_equal(part.in_memory(np.array([3])).columns[0], X[:, 11])


def test_means_are_found_by_whatever_reads_a_column_first(bed):
    fresh = pickle.loads(pickle.dumps(bed))
    np.testing.assert_array_equal(fresh.in_memory(np.array([3])).columns[0], X[:, 3])
    np.testing.assert_array_equal(fresh.look(np.ones((1, N)), np.array([5])), bed.look(np.ones((1, N)), np.array([5])))
    np.testing.assert_array_equal(fresh.means, bed.means)
    assert fresh.reads == 1


@few(2)
@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("gaussian", {}),
        ("gaussian", {"l1_ratio": 0.5, "standardize": True, "sample_weight": np.linspace(1.0, 2.0, N)}),
        ("gaussian", {"l1_ratio": 0.0}),
        ("binomial", {"penalty_factor": np.r_[0.0, np.ones(P - 1)]}),
    ],
)
def test_paths_are_those_of_the_array(bed, family, options):
    options = {"family": family, "tol": 1e-9, "n_alphas": 15, "alpha_min_ratio": 0.05} | options
    path = certified.fit(bed, Y[family], check=(X, Y[family]), **options)
    wanted = fit_path(X, Y[family], **options)
    np.testing.assert_allclose(path.coefs.toarray(), wanted.coefs.toarray(), rtol=0, atol=1e-5)
    last = path.alphas[-1]
    np.testing.assert_allclose(path.predict(bed, last), path.predict(X, last), rtol=1e-10)


def packed_blocks(monkeypatch):
    """Let working sets stay packed, as those of many people do."""
    monkeypatch.setattr(bed_design, "allowance", lambda: 0)


def test_a_packed_working_set_has_the_products_of_the_array(bed, monkeypatch):
    packed_blocks(monkeypatch)
    centre, columns, h = X.mean(axis=0), np.array([4, 30, 2, 11]), RNG.random(N)
    block, W = bed.working_block(centre), (X - X.mean(axis=0))[:, columns]
    block.extend(columns[:3])
    block.extend(columns[3:])
    vectors, steps = RNG.normal(size=(2, N)), RNG.normal(size=4)
    np.testing.assert_allclose(block.correlate_each(vectors), vectors @ W, atol=1e-12)
    np.testing.assert_allclose(block.correlate(vectors[0], 2), vectors[0] @ W[:, 2:], atol=1e-12)
    np.testing.assert_allclose(block.predict(steps), W @ steps, atol=1e-13)
    np.testing.assert_allclose(block.gram(h), (W.T * h) @ W, atol=1e-12)
    np.testing.assert_allclose(block.gram(h, 3), (W.T[3:] * h) @ W, atol=1e-12)
    np.testing.assert_allclose(block.take([1, 0]), W.T[[1, 0]], atol=1e-15)
    near, _, shift = block.for_kernels()
    np.testing.assert_allclose(near.gather(np.arange(4)) - shift, X[:, columns])
    other = np.array([0, 9])
    response = block.respond(other, np.zeros(h.size), h, -steps[None])
    np.testing.assert_allclose(response, [(h * (W @ steps)) @ X[:, other]], atol=1e-11)


@few(2)
@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("gaussian", {}),
        ("gaussian", {"solver": "coordinate_descent"}),
        ("gaussian", {"l1_ratio": 0.5, "standardize": True}),
        ("binomial", {"penalty_factor": np.r_[0.0, np.ones(P - 1)]}),
    ],
)
def test_paths_with_packed_working_sets(bed, family, options, monkeypatch):
    packed_blocks(monkeypatch)
    options = {"family": family, "tol": 1e-9, "n_alphas": 10, "alpha_min_ratio": 0.05} | options
    path = certified.fit(bed, Y[family], check=(X, Y[family]), **options)
    np.testing.assert_allclose(path.coefs.toarray(), fit_path(X, Y[family], **options).coefs.toarray(), atol=1e-5)


@pytest.mark.slow
def test_classes_with_packed_working_sets(bed, monkeypatch):
    packed_blocks(monkeypatch)
    labels = np.digitize(Y["gaussian"], np.quantile(Y["gaussian"], [0.3, 0.6]))
    found, wanted = (
        fit_multi_path(each, labels, family="multinomial", n_alphas=5, alpha_min_ratio=0.3) for each in (bed, X)
    )
    np.testing.assert_allclose(found.point(4)[0], wanted.point(4)[0], atol=1e-4)


def test_folds_use_the_means_of_all_rows(bed):
    found, wanted = (cv_path(given, Y["gaussian"], cv=3, n_alphas=10, random_state=0) for given in (bed, X))
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-4)


def test_threads_change_no_bit(tmp_path):
    """On columns so many that threads share them."""
    bed = fastreg.open(write_bed(tmp_path / "wide.bed", np.resize(COPIES, (3000, 1500))))
    vectors, weights = RNG.normal(size=(2, 3000)), np.full((1, 3000), 1 / 3000)
    found = []
    try:
        for count in (1, 3):
            set_num_threads(count)
            found.append([*bed.first(weights, vectors), bed.correlate_each(vectors)])
    finally:
        set_num_threads(None)
    for one, three in zip(*found):
        np.testing.assert_array_equal(one, three)


def test_new_people_may_get_the_means_of_those_before(bed, tmp_path):
    copies = draw_copies(9, P, seed=5, missing=0.3)
    path = fit_path(bed, Y["gaussian"], n_alphas=5)
    new = fastreg.open(write_bed(tmp_path / "new.bed", copies), means=bed.means)
    X_new, last = imputed(copies, bed.means), path.alphas[-1]
    np.testing.assert_allclose(path.predict(new, last), path.predict(X_new, last), rtol=1e-12)
    assert pickle.loads(pickle.dumps(new)).means.tolist() == bed.means.tolist()
    with pytest.raises(ValueError, match="means must hold a number from 0 to 2 for each of the 50 variants"):
        fastreg.open(tmp_path / "new.bed", means=np.ones(3))
    np.save(tmp_path / "new.npy", X)
    with pytest.raises(ValueError, match=r"are for .bed files, and .*new.npy is none"):
        fastreg.open(tmp_path / "new.npy", means=np.ones(P))


def test_names_have_the_counted_allele_and_differ(bed, tmp_path):
    assert bed.feature_names[:2] == ["rs0_A", "rs1_A"] and bed.people[:2] == ["I0", "I1"]
    path = write_bed(tmp_path / "names.bed", COPIES[:, :4])
    path.with_suffix(".bim").write_text("1 . 0 5 A C\n1 rs1 0 6 G C\nX rs1 0 7 G T\n2 . 0 5 <DEL> C\n")
    assert fastreg.open(path).feature_names == ["1:5:C_A", "rs1_G", "rs1_G#2", "2:5:C_<DEL>"]


def test_the_counted_allele_is_that_of_bed_reader(tmp_path):
    bed_reader = pytest.importorskip("bed_reader")
    copies = draw_copies(21, 9, seed=3)
    values = np.where(copies < 0, np.nan, copies)
    bed_reader.to_bed(tmp_path / "theirs.bed", values, properties={"sid": [f"rs{j}" for j in range(9)]})
    theirs = fastreg.open(tmp_path / "theirs.bed")
    np.testing.assert_array_equal(theirs.in_memory(np.arange(9)).columns.T, imputed(copies))
    with bed_reader.open_bed(write_bed(tmp_path / "ours.bed", copies)) as opened:
        np.testing.assert_array_equal(opened.read(), values)


def broken(tmp_path, change):
    path = write_bed(tmp_path / "broken.bed", COPIES)
    change(path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda bed: bed.write_bytes(bed.read_bytes()[:-1]), "is cut short: it has 1,302 bytes, where 103 people"),
        (lambda bed: bed.write_bytes(bed.read_bytes() + b"\0"), "is too long: it has 1,304 bytes"),
        (lambda bed: bed.write_bytes(b"PK\3" + bed.read_bytes()[3:]), "is no .bed file .* begins with 50 4b 03"),
        (lambda bed: bed.write_bytes(b""), "is empty"),
        (lambda bed: write_bed(bed, COPIES, third=0), "one person after another.* --make-bed"),
        (lambda bed: bed.with_suffix(".fam").write_text("F1 I1 0 0 0 -9\n"), "too long: .* 1 people"),
        (lambda bed: bed.with_suffix(".bim").write_text(""), "broken.bim has no lines"),
    ],
)
def test_files_that_are_no_columns_of_genotypes_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        fastreg.open(broken(tmp_path, change))


def test_a_missing_table_is_named(tmp_path):
    path = broken(tmp_path, lambda bed: bed.with_suffix(".bim").rename(bed.with_suffix(".txt")))
    with pytest.raises(FileNotFoundError, match=r"broken.bim is not there.*bim=.*fam="):
        fastreg.open(path)
    assert fastreg.open(path, bim=path.with_suffix(".txt")).shape == (N, P)


def test_a_table_with_short_lines_is_refused_where_names_are_wanted(tmp_path):
    path = broken(tmp_path, lambda bed: bed.with_suffix(".bim").write_text("1 rs1 0 5 A C\n" * (P - 1) + "1 rs2"))
    with pytest.raises(ValueError, match=re.escape("line 50 of") + ".* has 2 fields"):
        fastreg.open(path).feature_names  # noqa: B018


def test_a_file_that_changes_is_noticed(tmp_path):
    bed = fastreg.open(write_bed(tmp_path / "changed.bed", COPIES))
    write_bed(tmp_path / "changed.bed", COPIES[::-1])
    with pytest.raises(RuntimeError, match="was changed while it was open"):
        fit_path(bed, Y["gaussian"])
    with pytest.raises(RuntimeError, match="has changed since it was opened in another process"):
        pickle.loads(pickle.dumps(bed))
