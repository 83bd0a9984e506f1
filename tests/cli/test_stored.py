"""The command line with X in a file: rows of tables beside it, covariates, predictions, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from genotype_files import draw_copies, imputed, write_bed
from shell import done, predictions, read_csv, refused

import fastreg as package
from fastreg import fit_path, load_path, posterior

N, P = 60, 40
HEIGHT = ("genes.bed", "--target", "pheno.tsv:height")


@pytest.fixture
def people(tmp_path, monkeypatch):
    """genes.bed with people I0, I1, ..., and pheno.tsv with most of them, in another order; (copies, age, height)."""
    monkeypatch.chdir(tmp_path)
    copies, rng = draw_copies(N, P, seed=1), np.random.default_rng(0)
    write_bed("genes.bed", copies)
    age = rng.integers(20, 80, N).astype(float)
    X = imputed(copies)
    height = X[:, 3] - X[:, 7] + 0.05 * age + rng.normal(size=N)
    lines = ["#FID\tIID\theight\tage\tyears\tsite"]
    for i in rng.permutation(N):
        shown = {5: "NA", 6: "-9"}.get(i, repr(float(height[i])))
        if i not in (10, 11):
            lines.append(f"F{i}\tI{i}\t{shown}\t{'' if i == 7 else age[i]}\t{1 + i % 3}\ts{i % 6}")
    Path("pheno.tsv").write_text("\n".join([*lines, "F99\tI99\t1\t1\t1\ts1"]))
    return copies, age, height


def fitted(file="coefficients.csv"):
    """{name: coefficients along the path} of a file, without the first columns."""
    rows = read_csv(file)
    assert {row["reason"] for row in rows} == {"converged"}
    return {name: np.array([float(row[name]) for row in rows]) for name in [*rows[0]][5:]}


def assert_same(found, path):
    """Coefficients of a file are those of a path."""
    names = path.feature_names
    ever = {names[j] for j in np.unique(path.coefs.indices)}
    assert {*found} - {"intercept"} == ever
    np.testing.assert_allclose(found["intercept"], path.intercepts, rtol=1e-7, atol=1e-9)
    for name in ever:
        np.testing.assert_allclose(found[name], path.coefs.toarray()[names.index(name)], rtol=1e-6, atol=1e-8)


def test_rows_belong_to_people_and_those_without_a_value_do_not_count(people):
    copies, age, height = people
    out = done(
        *HEIGHT, "--covariates", "age", "--n-alphas", "8", "--save", "m.json", "--alpha", "0.5", "--tol", "1e-12"
    )
    assert "genes.bed: 60 rows, 40 features, 1 covariate without a penalty, target 'height'" in out
    assert "Note: 2 people of genes.fam are not in pheno.tsv, such as F10 I10." in out
    assert "Note: F99 I99 of pheno.tsv is not in genes.fam." in out
    assert "Note: 2 people of pheno.tsv lack 'height' (-9 is no value)." in out
    assert "Note: 1 person of pheno.tsv lacks 'age'." in out
    assert "the other 5 of 60 rows of genes.bed have weight 0" in out and "genes.bed was read in full" in out
    weight = np.ones(N)
    weight[[5, 6, 7, 10, 11]] = 0.0
    X = np.column_stack([age, imputed(copies)])
    names = ["age", *(f"rs{j}_A" for j in range(P))]
    options = {"standardize": True, "n_alphas": 8, "tol": 1e-12, "penalty_factor": np.repeat([0.0, 1.0], [1, P])}
    path = fit_path(X, height, sample_weight=weight, feature_names=names, **options)
    assert_same(fitted(), path)

    new = copies[:6].copy()
    new[:, 3] = -1  # unknown in all of them: the means of the fit count
    write_bed("new.bed", new)
    Path("new.tsv").write_text("IID,age\nI4,44\nI0,40\nI1,41\nI2,42\nI5,45\n")
    out = done("--load", "m.json", "--predict", "new.bed", "--covariates", "new.tsv:age")
    assert "Note: I3 of new.fam is not in new.tsv." in out and "1 of 6 rows of new.bed have no prediction" in out
    rows = read_csv("predictions.csv")
    assert [row["IID"] for row in rows] == [f"I{i}" for i in range(6)] and rows[3]["prediction"] == ""
    means = np.array([np.mean(x[x >= 0]) for x in copies.T])
    wanted = path.predict(np.column_stack([40.0 + np.arange(6), imputed(new, means)]), 0.5)
    found = [float(rows[i]["prediction"]) for i in (0, 1, 2, 4, 5)]
    np.testing.assert_allclose(found, wanted[[0, 1, 2, 4, 5]], rtol=1e-6)
    stored = json.loads(Path("m.json").read_text())
    stored["genotypes"]["means"] = [1.0]
    Path("bad.json").write_text(json.dumps(stored))
    message = refused("--load", "bad.json", "--predict", "new.bed", "--covariates", "new.tsv:age")
    assert message == "bad.json is damaged: its entry 'genotypes' does not hold a mean for each variant"
    message = refused("--load", "m.json", "--predict", "new.bed")
    assert message.startswith("new.bed has 40 columns, and the model 41 features, the first of them age: are these")
    message = refused("--load", "m.json", "--predict", "new.bed", "--covariates", "pheno.tsv:years")
    assert message.endswith("--covariates names years: give the same, in this order")
    write_bed("other.bed", new[:, ::-1])
    text = Path("other.bim").read_text().replace("rs0\t", "rs500\t")
    Path("other.bim").write_text(text)
    message = refused("--load", "m.json", "--predict", "other.bed", "--covariates", "new.tsv:age")
    assert message.startswith("column 1 of other.bed is 'rs500_A', where the model has 'rs0_A'; the same columns")


def test_arrays_and_other_columns_of_their_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(50, 6)))
    y, w, o = X[:, 0] + rng.normal(size=50), rng.uniform(0.5, 2, 50), rng.normal(size=50)
    np.save("x.npy", X)
    np.save("rows.npy", np.ascontiguousarray(X))
    Path("y.csv").write_text("y,w\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(y.tolist(), w.tolist())))
    Path("o.csv").write_text("a:b\n" + "".join(f"{a!r}\n" for a in o.tolist()))
    options = ("--weights", "w", "--offset", "o.csv:a:b", "--save", "m.json", "--alpha", "0.1", "--n-alphas", "8")
    out = done("x.npy", "--target", "y.csv:y", *options)
    assert "x.npy: 50 rows, 6 features, target 'y'" in out and "Note" not in out
    path = fit_path(X, y, sample_weight=w, offset=o, standardize=True, n_alphas=8)
    found = load_path("m.json")
    np.testing.assert_allclose(found.coefs.toarray(), path.coefs.toarray(), rtol=1e-9, atol=1e-12)
    done("--load", "m.json", "--predict", "x.npy", "--offset", "o.csv:a:b", "--alpha", "0.1")
    np.testing.assert_allclose(predictions(), path.predict(X, 0.1, o), rtol=1e-9)
    assert refused("--load", "m.json", "--predict", "x.npy") == (
        "--offset a:b: there is no file a"
    )  # the model knows the column, and not its table
    assert "is stored row by row (C order" in refused("rows.npy", "--target", "y.csv:y")


@pytest.mark.slow
def test_sparse_columns_cross_validation_and_statements(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = sp.random(80, 12, density=0.4, format="csc", random_state=0)
    y = X[:, [0]].toarray().ravel() + 0.1 * np.random.default_rng(0).normal(size=80)
    sp.save_npz("x.npz", X, compressed=False)
    Path("parts").mkdir()
    for name in ("shape", "indptr", "indices", "data"):
        np.save(f"parts/{name}.npy", getattr(X, name))
    Path("y.csv").write_text("y,g\n" + "".join(f"{a!r},s{k % 8}\n" for k, a in enumerate(y.tolist())))
    assert "x.npz was read in full" in done("x.npz", "--target", "y.csv:y", "--output", "a.csv")
    done("parts", "--target", "y.csv:y", "--output", "b.csv", "--cv", "4", "--groups", "g", "--predict", "x.npz")
    for name, values in fitted("a.csv").items():
        np.testing.assert_allclose(fitted("b.csv")[name], values, rtol=1e-9, atol=1e-12)
    assert len(predictions()) == 80
    done("x.npz", "--target", "y.csv:y", "--table", "t.csv")
    assert len(read_csv("t.csv")) == 13
    done("x.npz", "--target", "y.csv:y", "--l1-ratio", "0", "--alpha", "0.1", "--posterior", "p.csv", "--n-draws", "30")
    assert len(read_csv("p.csv")) == 13
    drawn = [
        posterior(fit_path(each, y, l1_ratio=0, alphas=[0.1]), each, y, draws=20, chains=1).draws
        for each in (X, package.open("x.npz"))
    ]
    np.testing.assert_allclose(*drawn, rtol=1e-6)


WRONG = {  # arguments, how the message begins
    "no target": ((), "--target is missing: which column is to be explained, of which table?"),
    "no table": (("--target", "height"), "--target height: in which table? Give --target TABLE:height, with"),
    "no such table": (("--target", "no.csv:y"), "--target no.csv:y: there is no file no.csv"),
    "no name": (("--target", "pheno.tsv:"), "--target pheno.tsv:: which column of pheno.tsv? Add its name"),
    "no such column": (("--target", "pheno.tsv:heigth"), "--target: there is no column 'heigth'; did you mean"),
    "twice": ((*HEIGHT[1:], "--weights", "height"), "--weights names column 'height' of pheno.tsv, which has another"),
    "text": ((*HEIGHT[1:], "--covariates", "site"), "pheno.tsv: column 'site' holds text: "),
    "drop": ((*HEIGHT[1:], "--drop", "rs1"), "--drop is for tables; of genes.bed all columns are features"),
    "formula": (("--formula", "y ~ a"), "--formula is for tables; of genes.bed all columns are features"),
    "new rows": (
        (*HEIGHT[1:], "--covariates", "age", "--cv", "3", "--predict", "genes.bed"),
        "--predict with --covariates needs a table of the new rows: fit with --save model.json, then give --load",
    ),
    "its table": ((*HEIGHT[1:], "--output", "pheno.tsv", "--overwrite"), "--output pheno.tsv: this is the table of"),
    "its names": ((*HEIGHT[1:], "--output", "genes.fam", "--overwrite"), "--output genes.fam: this is .fam of the"),
    "short": (("--target", "short.csv:y"), "short.csv has 2 rows, and genes.bed has 60: give one for each row of X"),
    "others": (("--target", "others.csv:y"), "no person of genes.fam, such as I0, is in others.csv, which begins with"),
    "families": (("--target", "families.csv:y"), "no person of genes.fam, such as F0 I0, is in families.csv"),
    "two rows": (("--target", "two.csv:y"), "two.csv has two rows of I1, line 2 and line 4; keep one row for each"),
    "no value": (("--target", "none.csv:y"), "no row of genes.bed has a value of every column that is named: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case, people):
    Path("short.csv").write_text("y\n1\n2\n")
    Path("others.csv").write_text("IID,y\nA1,1\nA2,2\n")
    Path("families.csv").write_text("FID,IID,y\n0,I1,1\n0,I2,2\n")
    Path("two.csv").write_text("IID,y\nI1,1\nI2,2\nI1,3\n")
    Path("none.csv").write_text("IID,y\nI1,-9\nI2,\n")
    arguments, message = WRONG[case]
    assert refused("genes.bed", *arguments).startswith(message)


def test_people_of_one_name_need_their_families(people):
    fam = Path("genes.fam")
    fam.write_text(fam.read_text().replace("F1 I1 ", "F1 I0 "))
    Path("names.csv").write_text("IID,y\nI0,1\nI2,2\n")
    message = refused("genes.bed", "--target", "names.csv:y")
    assert message == "genes.fam has several people called I0; add a column FID with their families to names.csv"


def test_tables_have_no_covariates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,y\n1,2\n2,3\n")
    message = refused("t.csv", "--target", "y", "--covariates", "a")
    assert message == "--covariates is for X in a file such as genes.bed; in a table every column is a feature"
