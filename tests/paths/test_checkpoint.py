"""Fits that are killed and called again: they go on from their checkpoint, certified, and foreign files are refused."""

import errno
import os
import pickle
import signal
import sys
import warnings

import certified
import isolated
import numpy as np
import pytest
from grids import few

import fastreg
from fastreg import fit_path
from fastreg.paths.plan import LONGEST

CASES = {
    "lasso": {},
    "elastic net": {"l1_ratio": 0.5},
    "logistic": {"family": "binomial", "alpha_min_ratio": 0.05},
    "bounds": {"lower": -0.4, "upper": 0.5},
    "a column without a penalty": {"penalty_factor": [0.0, *[1.0] * 39]},
    "ridge": {"l1_ratio": 0.0},
    "weights and an offset": {"sample_weight": np.linspace(0.5, 2.0, 60), "offset": np.linspace(-1.0, 1.0, 60)},
    "to alpha zero": {"alphas": [0.3, 0.2, 0.1, 0.05, 0.02, 0.0], "family": "poisson"},
    "many rows": {},
}


class Killed(Exception):
    """In place of the end of a process."""


def killed_at(point):
    def end(progress):
        if progress.point == point:
            raise Killed

    return end


def data_for(name):
    rng, options = np.random.default_rng(0), CASES[name]
    n, p = (6000, 40) if name == "many rows" else (60, 8 if options.get("family") == "poisson" else 40)
    X = np.asfortranarray(rng.normal(size=(n, p)) + 0.5)
    y = X[:, :4] @ [1.0, -1.0, 0.5, 0.7] + rng.normal(size=n)
    if options.get("family") == "binomial":
        y = ((y > np.median(y)) ^ (rng.uniform(size=n) < 0.2)).astype(float)
    return X, rng.poisson(np.exp(0.3 * y)).astype(float) if options.get("family") == "poisson" else y


@few(2)
@pytest.mark.parametrize("name", CASES)
def test_a_killed_fit_goes_on(name, tmp_path):
    (X, y), options, file = data_for(name), CASES[name], tmp_path / "fit.npz"
    whole = fit_path(X, y, n_alphas=50, **options) if "alphas" not in options else fit_path(X, y, **options)
    again, last = {"n_alphas": 50, **options} if "alphas" not in options else options, whole.alphas.size
    heard = []
    for point in (2, last // 2, last // 2 + 1, last):
        with pytest.raises(Killed) as caught:
            fit_path(X, y, checkpoint=file, callback=killed_at(point), **again)
        assert caught.value.path.alphas.size == point
    path = fit_path(X, y, checkpoint=str(file), callback=heard.append, **again)
    known = {key: value for key, value in options.items() if key not in ("alphas", "alpha_min_ratio")}
    certified.assert_certified(path, X, y, tol=1e-6, **known)
    np.testing.assert_array_equal(path.alphas, whole.alphas)
    np.testing.assert_allclose(
        path.predict(X, path.alphas[-1], offset=0), whole.predict(X, whole.alphas[-1], offset=0), atol=0.02
    )
    assert [each.point for each in heard] == [last]  # the last point alone is solved and certified again
    assert path.trace["columns_read"].sum() == path.work["columns_read"] and path.trace["seconds"].size == last
    assert np.all(path.trace["seconds"] > 0)


def test_batches_go_on_as_they_would_have(tmp_path):
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(80, 1000)))
    y, file = X[:, :8] @ rng.normal(size=8) + rng.normal(size=80), tmp_path / "fit.npz"
    whole = fit_path(X, y)
    with pytest.raises(Killed) as caught:
        fit_path(X, y, checkpoint=file, callback=killed_at(60))
    done = caught.value.path
    path = fit_path(X, y, checkpoint=file)
    assert set(path.methods) == {"batched_lasso"}
    np.testing.assert_array_equal(path.coefs.toarray()[:, :59], done.coefs.toarray()[:, :59])
    np.testing.assert_allclose(path.coefs.toarray(), whole.coefs.toarray(), atol=1e-12)
    # The products of the null model and those of the last points, and a batch that was cut short.
    assert path.work["passes"] <= whole.work["passes"] + 4
    again = fit_path(X, y, checkpoint=file)
    assert again.work["passes"] <= path.work["passes"] + 3
    np.testing.assert_allclose(again.coefs.toarray(), path.coefs.toarray(), atol=1e-12)


def test_solver_steps_go_on(tmp_path):
    (X, y), file = data_for("logistic"), tmp_path / "fit.npz"
    options = {**CASES["logistic"], "n_alphas": 10, "trace": True, "checkpoint": file}
    with pytest.raises(Killed):
        fit_path(X, y, callback=killed_at(6), **options)
    steps, whole = fit_path(X, y, **options).steps, fit_path(X, y, **options | {"checkpoint": None}).steps
    assert np.array_equal(np.unique(steps["point"]), np.unique(whole["point"])) and steps["point"].dtype.kind == "i"
    assert np.all(np.diff(steps["columns_read"]) >= 0)


CHANGES = {
    "y": lambda X, y: (X, y + 1e-6 * (np.arange(60) == 7), {}),
    "sample_weight": lambda X, y: (X, y, {"sample_weight": 1.0 + (np.arange(60) == 7)}),
    "offset": lambda X, y: (X, y, {"offset": np.arange(60) == 7.0}),
    "the penalty (l1_ratio, penalty or penalty_factor)": lambda X, y: (X, y, {"l1_ratio": 0.9}),
    "lower or upper": lambda X, y: (X, y, {"lower": 0.0}),
    "X": lambda X, y: (X + 1e-4 * (np.arange(60) == 7)[:, None] * (np.arange(40) == 30), y, {}),
    "alphas": lambda X, y: (X, y, {"alpha_min_ratio": 0.1}),
    "tol": lambda X, y: (X, y, {"tol": 1e-9}),
    "solver": lambda X, y: (X, y, {"solver": "pointwise"}),
    "fit_intercept": lambda X, y: (X, y, {"fit_intercept": False}),
    "standardize": lambda X, y: (X, y, {"standardize": True}),
    "shape of X": lambda X, y: (X[:, :39], y, {}),
    "family": lambda X, y: (X, np.abs(y), {"family": "gamma"}),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A checkpoint after 20 of 30 points, with its data."""
    X, y = data_for("lasso")
    file = tmp_path_factory.mktemp("kept") / "fit.npz"
    with pytest.raises(Killed):
        fit_path(X, y, n_alphas=30, checkpoint=file, callback=killed_at(20))
    return X, y, file


@pytest.mark.parametrize("name", CHANGES)
def test_another_fit_is_refused_by_name(name, kept):
    X, y, file = kept
    before = file.read_bytes()
    X, y, options = CHANGES[name](X, y)
    with pytest.raises(
        ValueError,
        match=f"is of another fit: {name} differs; name another file".replace("(", r"\(").replace(")", r"\)"),
    ):
        fit_path(X, y, **{"n_alphas": 30, "checkpoint": file} | options)
    assert file.read_bytes() == before


def test_what_does_not_change_the_solution_may_change(kept, tmp_path):
    X, y, file = kept
    copy = tmp_path / "copy.npz"
    copy.write_bytes(file.read_bytes())
    names = [f"x{j}" for j in range(40)]
    path = fit_path(X.copy(order="C"), y.tolist(), n_alphas=30, checkpoint=copy, max_iter=500, feature_names=names)
    certified.assert_certified(path, X, y, tol=1e-6)
    assert path.feature_names == names and path.alphas.size == 30


def test_a_file_that_was_copied_or_touched_is_the_same_x_and_one_that_changed_is_not(kept, tmp_path):
    X, y, file = kept
    place, copy = tmp_path / "x.npy", tmp_path / "copy.npz"
    copy.write_bytes(file.read_bytes())
    np.save(place, X)
    os.utime(place, (0, 0))
    certified.assert_certified(fit_path(fastreg.open(place), y, n_alphas=30, checkpoint=copy), X, y, tol=1e-6)
    X = X.copy(order="F")
    X[59, 39] += 0.01
    np.save(place, X)
    with pytest.raises(ValueError, match="is of another fit: X differs"):
        fit_path(fastreg.open(place), y, n_alphas=30, checkpoint=copy)


def damaged(content):
    """Damaged and foreign contents of a checkpoint's file."""
    yield from (b"", b"PK\x03\x04", b"alpha,features\n1,2\n", pickle.dumps({"points": 3}), b"\x93NUMPY\x01\x00")
    yield from (content[: len(content) * k // 7] for k in range(1, 7))
    for place in np.linspace(40, len(content) - 1, 25).astype(int):
        yield content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def test_damaged_and_foreign_files_are_refused_or_harmless(kept, tmp_path):
    X, y, file = kept
    copy, refused = tmp_path / "copy.npz", 0
    for content in damaged(file.read_bytes()):
        copy.write_bytes(content)
        try:
            path = fit_path(X, y, n_alphas=30, checkpoint=copy)
        except ValueError as error:
            assert "name another file, or delete this one" in str(error) and str(copy) in str(error)
            assert copy.read_bytes() == content
            refused += 1
        else:  # a byte that means nothing, such as a date within the archive
            certified.assert_certified(path, X, y, tol=1e-6)
    assert refused >= 20


def rewritten(file, place, **changes):
    """A checkpoint with other arrays, as its own writer would have made it."""
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays |= {f"0/{name}": change(arrays[f"0/{name}"]) for name, change in changes.items()}
    np.savez(place, **arrays)
    return place


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": lambda rows: rows + 100},
        {"rows": lambda rows: -rows - 1},
        {"indptr": lambda ends: ends[:-1]},
        {"indptr": lambda ends: ends[::-1].copy()},
        {"values": lambda values: values * np.nan},
        {"gap": lambda gaps: gaps[:3]},
        {"marks": lambda marks: marks[:, :2]},
        {"columns": lambda columns: columns.astype(float)},
        {"swept": lambda swept: np.full((2, 60), np.nan)},
        {"swept": lambda swept: np.ones((2, 7))},
        {"columns": lambda columns: np.array([3, 3])},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_entries_that_do_not_fit_together_are_refused(changes, kept, tmp_path):
    X, y, file = kept
    with pytest.raises(ValueError, match="is damaged"):
        fit_path(X, y, n_alphas=30, checkpoint=rewritten(file, tmp_path / "other.npz", **changes))


def test_a_false_last_point_is_solved_anew(kept, tmp_path):
    X, y, file = kept
    changes = {"values": lambda values: 3.0 * values[::-1], "columns": lambda columns: columns[:0]}
    path = fit_path(X, y, n_alphas=30, checkpoint=rewritten(file, tmp_path / "other.npz", **changes))
    right = fit_path(X, y, n_alphas=30)
    np.testing.assert_allclose(path.coefs.toarray()[:, 19:], right.coefs.toarray()[:, 19:], atol=1e-9)


def test_a_full_disk_is_told_once_and_ends_no_fit(tmp_path, monkeypatch):
    X, y = data_for("lasso")

    def full(file, mode):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fastreg.paths.checkpoint.whole_file", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = fit_path(X, y, checkpoint=tmp_path / "fit.npz")
    assert path.alphas.size == 100 and path.converged
    assert [str(each.message).count("cannot be written: No space left") for each in caught] == [1]
    assert caught[0].filename == __file__


def test_a_place_that_cannot_be_written_is_an_error_before_the_fit(tmp_path, monkeypatch):
    X, y = data_for("lasso")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        fit_path(X, y, checkpoint=tmp_path / "absent" / "fit.npz")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        fit_path(X, y, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="must be the name of a file, got True"):
        fit_path(X, y, checkpoint=True)
    with pytest.raises(TypeError, match="Did you mean 'checkpoint'"):
        fit_path(X, y, resume="fit.npz")
    monkeypatch.setattr("os.access", lambda *args: False)
    with pytest.raises(PermissionError, match="cannot be written to"):
        fit_path(X, y, checkpoint=tmp_path / "fit.npz")


def test_remains_of_killed_writers_are_removed(tmp_path):
    X, y = data_for("lasso")
    old, new, other = (
        tmp_path / f".{name}.partial"
        for name in ("fit.npz.0123456789ab", "fit.npz.123456789abc", "other.npz.0123456789ab")
    )
    for place in (old, new, other):
        place.write_bytes(b"half")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    fit_path(X, y, n_alphas=5, checkpoint=tmp_path / "fit.npz")
    assert sorted(place.name for place in tmp_path.iterdir()) == sorted([new.name, other.name, "fit.npz"])


KILLED = """
import os, signal, sys
import numpy as np
import fastreg

place, moment = sys.argv[-2], float(sys.argv[-1])
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(150, 4000)))
y = X[:, :20] @ rng.normal(size=20) + rng.normal(size=150)
fastreg.fit_path(X, y)  # so that kernels are ready

def end(progress):
    if progress.point == int(moment):
        os.kill(os.getpid(), signal.SIGKILL)

if moment < 1.0:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, moment)
fastreg.fit_path(X, y, checkpoint=place, callback=end)
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that kill")
@pytest.mark.parametrize("moment", [0.005, 0.02, 0.04, 0.08, 25, 70])
def test_a_process_that_is_killed_leaves_a_checkpoint_or_none(moment, tmp_path):
    place = tmp_path / "fit.npz"
    process = isolated.run(f"import sys; sys.argv += [{str(place)!r}, '{moment}']\n{KILLED}", check=False)
    assert process.returncode in (-signal.SIGKILL, -signal.SIGALRM, 0), process.stderr
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(150, 4000)))
    y = X[:, :20] @ rng.normal(size=20) + rng.normal(size=150)
    heard = []
    path = fit_path(X, y, checkpoint=place, callback=heard.append)
    certified.assert_certified(path, X, y, tol=1e-6)
    whole = fit_path(X, y)
    np.testing.assert_allclose(path.coefs.toarray(), whole.coefs.toarray(), atol=1e-9)
    assert path.work["passes"] <= whole.work["passes"] + 3
    assert moment < 1.0 or len(heard) <= 101 - (moment - LONGEST - 1)  # the points of the batches before are kept


def test_a_fit_of_a_file_goes_on_after_one_read(tmp_path):
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(80, 1000)))
    y, file, place = X[:, :8] @ rng.normal(size=8) + rng.normal(size=80), tmp_path / "fit.npz", tmp_path / "x.npy"
    np.save(place, X)
    with pytest.raises(Killed):
        fit_path(fastreg.open(place), y, checkpoint=file, callback=killed_at(60))
    design, reads = fastreg.open(place), []
    path = fit_path(design, y, checkpoint=file, callback=lambda progress: reads.append(design.reads))
    certified.assert_certified(path, X, y, tol=1e-6)
    assert reads[0] == 2  # moments and products, and the first batch
    np.testing.assert_allclose(path.coefs.toarray(), fit_path(X, y).coefs.toarray(), atol=1e-9)
