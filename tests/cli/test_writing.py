"""Files are written whole or not at all, whatever is in their place: see fastreg.interface.writing."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import isolated
import numpy as np
import pytest

from fastreg import fit_path, load_path
from fastreg.interface.writing import whole_file


def write(file, text="new"):
    with whole_file(file) as opened:
        opened.write(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file(tmp_path):
    write(tmp_path / "a.txt", "ü\r\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xbc\r\n"
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "a.txt").stat().st_mode == plain.stat().st_mode  # as the umask says
    with whole_file(str(tmp_path / "b"), "wb") as opened:
        opened.write(b"\x00")
    assert (tmp_path / "b").read_bytes() == b"\x00" and names(tmp_path) == ["a.txt", "b", "plain"]


def full():
    return OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, full])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    for file in (old, new):
        with pytest.raises(OSError if error is full else error) as caught, whole_file(file) as opened:
            opened.write("half")
            opened.flush()
            raise error()
        if error is full:
            assert caught.value.filename == str(file)  # so that the message can name it
    assert old.read_text() == "old" and names(tmp_path) == ["old"]


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path):
    (tmp_path / "old").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "old", "\udcff")
    assert (tmp_path / "old").read_text() == "old" and names(tmp_path) == ["old"]


def test_a_file_in_place_is_whole_at_any_time(tmp_path):
    file = tmp_path / "f"
    file.write_text("old")
    with whole_file(file) as opened:
        opened.write("new")
        opened.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_permissions_are_kept(tmp_path):
    file = tmp_path / "f"
    file.write_text("old")
    for mode in (0o600, 0o664, 0o755):
        file.chmod(mode)
        write(file)
        assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs two users")
def test_the_owner_is_kept(tmp_path):
    file = tmp_path / "f"
    file.write_text("old")
    os.chown(file, 1234, 4321)
    write(file)
    assert (file.stat().st_uid, file.stat().st_gid, file.read_text()) == (1234, 4321, "new")


def test_a_file_that_must_not_be_written_stays(tmp_path, monkeypatch):
    """Renaming another over it would be allowed."""
    file = tmp_path / "f"
    file.write_text("old")
    file.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda place, kind: False)  # root may write everything
    with pytest.raises(PermissionError, match="f'"):
        write(file)
    assert file.read_text() == "old" and names(tmp_path) == ["f"]


def test_links(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    link.symlink_to(Path("folder", "target"))
    for old in (None, "old"):  # the link leads nowhere yet; to a file
        if old:
            target.write_text(old)
        write(link)
        assert link.is_symlink() and target.read_text() == "new"
    other = tmp_path / "other"
    os.link(target, other)
    write(target, "newer")
    assert target.read_text() == "newer" and other.read_text() == "new"


def test_folders(tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "d")
    with pytest.raises(FileNotFoundError) as caught:
        write(tmp_path / "no" / "f")
    assert caught.value.filename == str(tmp_path / "no")
    assert names(tmp_path) == ["d"] and names(tmp_path / "d") == []


def test_long_names(tmp_path):
    name = "ü" * 120  # of 240 bytes, where 255 are allowed
    write(tmp_path / name)
    assert names(tmp_path) == [name]


def test_standard_output_is_written_in_its_order(tmp_path):
    script = """
from fastreg.interface.writing import whole_file
print("first")
with whole_file({!r}) as opened:
    opened.write("second\\n")
print("third")
"""
    text = "first\nsecond\nthird\n"
    assert isolated.run(script.format("/dev/stdout")).stdout == text
    for name in ("/dev/stdout", str(tmp_path / "out")):  # into a file, by both of its names
        with open(tmp_path / "out", "w") as out:
            code = subprocess.run([sys.executable, "-c", script.format(name)], stdout=out, cwd=isolated.ROOT)
        assert code.returncode == 0 and (tmp_path / "out").read_text() == text
    write("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_pipes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write(pipe)
    assert reader.communicate(timeout=isolated.LIMIT)[0] == b"new" and stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_device_is_named():
    with pytest.raises(OSError, match="'/dev/full'") as caught, whole_file("/dev/full") as file:
        file.write("x")
    assert caught.value.errno == errno.ENOSPC


def test_a_path_that_cannot_be_saved_leaves_the_model_before(tmp_path, monkeypatch):
    X = np.random.default_rng(0).normal(size=(20, 3))
    path, file = fit_path(X, X[:, 0], n_alphas=3), tmp_path / "model.json"
    path.save(file)
    before = file.read_bytes()

    def no_room(descriptor):
        raise full()

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OSError, match="No space left"):
        fit_path(X, X[:, 1], n_alphas=3).save(file)
    assert file.read_bytes() == before and names(tmp_path) == ["model.json"]
    np.testing.assert_array_equal(load_path(file).alphas, path.alphas)
