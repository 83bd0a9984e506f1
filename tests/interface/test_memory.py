"""How much memory may be used: what is free, the limits of containers, and FASTREG_MEMORY."""

import pytest

from fastreg.interface import memory

MEGA = 2**20


def system(root, groups, **files):
    """A folder like /, with 900 MB free and the given files of control groups: text by path below sys/fs/cgroup."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text("MemTotal: 2000 kB\nMemAvailable: 921600 kB\n")
    (root / "proc/self/cgroup").write_text(groups)
    for path, text in files.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def limits(folder, bound, used, pages=0, version=2):
    """The files of a group that may use `bound` MB and uses `used`, `pages` of them for files."""
    stem, names = ("", ("max", "current")) if version == 2 else ("total_", ("limit_in_bytes", "usage_in_bytes"))
    stat = f"anon 5\n{stem}inactive_file {pages * MEGA}\n"
    bound = bound if bound == "max" else bound * MEGA
    return {
        f"{folder}/memory.{names[0]}": f"{bound}\n",
        f"{folder}/memory.{names[1]}": f"{used * MEGA}\n",
        f"{folder}/memory.stat": stat,
    }


@pytest.mark.parametrize(
    ("groups", "files", "free"),
    [
        ("0::/\n", {}, 900),
        ("0::/\n", limits(".", 300, 50), 250),
        ("0::/\n", limits(".", "max", 50), 900),
        ("0::/\n", limits(".", 300, 290, 200), 210),
        ("0::/\n", limits(".", 300, 310), 0),
        ("0::/job/task\n", limits("job", 400, 100) | limits("job/task", 800, 50), 300),
        ("0::/elsewhere\n", limits(".", 500, 100), 400),  # a container sees its own group as the top
        ("4:memory:/docker/x\n3:cpu:/docker/x\n", limits("memory", 700, 300, 100, version=1), 500),
        ("4:memory:/\n0::/\n", limits("memory", 2**40, 300, version=1), 900),
    ],
)
def test_what_is_free_is_the_least_that_system_and_groups_leave(tmp_path, groups, files, free):
    assert memory.free(system(tmp_path, groups, **files)) == free * MEGA


def test_other_systems_have_a_number(tmp_path):
    assert memory.free(tmp_path) > 0


@pytest.fixture
def stated(monkeypatch):
    """Sets FASTREG_MEMORY."""

    def state(text):
        monkeypatch.setenv("FASTREG_MEMORY", text)
        memory.allowance.cache_clear()

    yield state
    memory.allowance.cache_clear()


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 4e9), ("4GB", 4e9), ("4 GiB", 2**32), ("500mb", 5e8), ("1.5T", 1.5e12), ("4096", 4096), ("7KiB", 7168)],
)
def test_memory_is_stated_in_bytes_or_with_a_unit(stated, text, size):
    stated(text)
    assert memory.allowance() == size


@pytest.mark.parametrize("text", ["much", "4 X", "-1G", "0"])
def test_other_statements_are_refused(stated, text):
    stated(text)
    with pytest.raises(ValueError, match=r"FASTREG_MEMORY is .* such as 4G"):
        memory.allowance()


def test_without_a_statement_half_of_what_is_free_is_used(stated, monkeypatch):
    stated("")
    monkeypatch.setattr(memory, "free", lambda: 1000)
    assert memory.allowance() == 500


def test_what_does_not_fit_is_refused_before_it_is_copied(stated):
    stated("1GB")
    memory.room_for(10**9, "a copy of X", "")
    with pytest.raises(MemoryError, match=r"a copy of X takes 2.15 GB, and 1 GB of memory may be used; do without"):
        memory.room_for(2**31, "a copy of X", "do without")
