"""Tables from files: what is read, and how what is not read is told."""

import bz2
import datetime
import decimal
import gzip
import lzma
import os
import threading

import numpy as np
import pytest

from fastreg.cli.table_files import Dialect
from fastreg.cli.tables import Offset, classes, read_features, read_table, split_names

COMMA = Dialect(comma=True)


def place(row):
    return f"line {row + 2}"


def write(file, content):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_reading_csv(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text('\ufeff;"x; one";y ;"a, b"\n0; 1 ;2;3\n\n1;1e-3;-4;5\n', encoding="utf-8")
    table = read_table(file, "y")
    assert table.features.names == ["x; one", "a, b"] and "row labels" in table.notes[0]
    np.testing.assert_array_equal(table.features.X, [[1, 3], [1e-3, 5]])
    np.testing.assert_array_equal(table.target, [2, -4])
    assert read_table(file, "y", drop=split_names('"a, b"')).features.names == ["x; one"]


def test_reading_csv_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("fastreg.cli.table_files.CHUNK", 3)
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + "".join(f"{k},{'ab'[k > 5]}\n" for k in range(10)))
    table = read_table(file, "y", labels=True)
    np.testing.assert_array_equal(table.features.X[:, 0], np.arange(10))
    assert "".join(table.target) == "aaaaaabbbb"
    file.write_text("x,y\n" + "".join(f"{k},{k}\n" for k in range(10)) + "10,x\n")
    with pytest.raises(ValueError, match="line 12"):
        read_table(file, "y")


def test_reading_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", exc_type=ImportError)
    from pyarrow import parquet

    columns = {
        "a": [1, 2, 3], "flag": [True, False, True], "kind": ["u", "v", "u"], "y": [0.5, 1.5, 2.5],
        "__index_level_0__": [0, 1, 2], "holes": [1.0, None, 2.0],
    }  # fmt: skip
    file = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table(columns), file)
    table = read_table(file, "y", drop=["kind", "holes"])
    assert table.features.names == ["a", "flag"] and table.features.X.tolist() == [[1, 1], [2, 0], [3, 1]]
    with pytest.raises(ValueError, match="column 'kind' holds text: 'u' in row 1"):
        read_table(file, "y")
    with pytest.raises(ValueError, match="column 'holes' has no value in row 2"):
        read_table(file, "y", drop=["kind"])


def test_classes():
    assert classes(np.array([1.0, 2, 2]), "y", place)[0].tolist() == [0, 1, 1]
    assert classes(np.array(["b", "a"]), "y", place)[0].tolist() == [1, 0]
    assert classes(np.array(["b", "a"]), "y", place, "a")[0].tolist() == [0, 1]
    y, told = classes(np.array([0.0, 0.25, 1.0]), "y", place)
    assert y.tolist() == [0, 0.25, 1] and "proportions" in told
    assert classes(np.array([0.25, 0.75]), "y", place)[0].tolist() == [0.25, 0.75]
    with pytest.raises(ValueError, match="3 different values"):
        classes(np.array([0.0, 1.0, 2.0]), "y", place)


PLAIN = "a,größe,y\n1,2.5,3\n4,5,6.5\n"
PACKED = {
    "plain": PLAIN.encode(),
    "gzip": gzip.compress(PLAIN.encode()),
    "bzip2": bz2.compress(PLAIN.encode()),
    "xz": lzma.compress(PLAIN.encode()),
    "two gzips": gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode()),
    "UTF-8 with mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "packed UTF-16": gzip.compress(PLAIN.encode("utf-16")),
    "Windows": PLAIN.replace("\n", "\r\n").encode(),
    "old Macintosh": PLAIN.replace("\n", "\r").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "separator named": ("sep=;\n" + PLAIN.replace(",", ";")).encode(),
    "commas in a name": PLAIN.replace(",", ";").replace("a;", "a (of x,y,z,u,v);").encode(),
    "a separator at each end of a blank line": PLAIN.replace("\n", "\n \n").encode(),
}


@pytest.mark.parametrize("kind", PACKED)
def test_kinds_of_text(kind, tmp_path):
    table = read_table(str(write(tmp_path / "t", PACKED[kind])), "y")
    assert table.features.names[1] == "größe" and table.features.names[0][0] == "a"
    np.testing.assert_array_equal(table.features.X, [[1, 2.5], [4, 5]])
    np.testing.assert_array_equal(table.target, [3, 6.5])


def test_encodings_are_named_not_guessed(tmp_path):
    file = str(write(tmp_path / "t.csv", PLAIN.encode("cp1252")))
    with pytest.raises(ValueError, match=r"not a text file in UTF-8 \(byte 0xf6 in line 1\).*--encoding cp1252"):
        read_table(file, "y")
    assert read_table(file, "y", dialect=Dialect("cp1252")).features.names == ["a", "größe"]
    assert read_table(file, "y", dialect=Dialect("latin-1")).features.names == ["a", "größe"]
    later = "a,y\n" + "1,2\n" * 5000 + "ü,3\n"
    with pytest.raises(ValueError, match=r"byte 0xfc in line 5002"):
        read_table(str(write(tmp_path / "t.csv", later.encode("latin-1"))), "y")
    file = str(write(tmp_path / "t.csv", PLAIN.encode("utf-16-le")))
    with pytest.raises(ValueError, match="UTF-16 without a byte order mark, add --encoding utf-16-le"):
        read_table(file, "y")
    assert read_table(file, "y", dialect=Dialect("utf-16-le")).features.names == ["a", "größe"]
    with pytest.raises(ValueError, match="not a text file in UTF-16 with a byte order mark"):
        read_table(str(write(tmp_path / "t.csv", PLAIN)), "y", dialect=Dialect("utf-16"))


def test_a_pipe_is_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PACKED["gzip"],))
    writer.start()
    np.testing.assert_array_equal(read_table(str(pipe), "y").features.X, [[1, 2.5], [4, 5]])
    writer.join()


DAMAGED = {
    "is packed, and damaged": gzip.compress(PLAIN.encode())[:-9],
    "is packed, and damaged: ": lzma.compress(PLAIN.encode())[:20],
    "is packed by Zstandard; unpack it first: zstd -d ": b"\x28\xb5\x2f\xfd1234",
    "looks like a spreadsheet or an archive": gzip.compress(b"PK\x03\x04rest"),
    "looks like a spreadsheet or an archive; save": b"\xd0\xcf\x11\xe0rest",
    "is empty": "",
    "is empty$": gzip.compress(b""),
    "t is empty$": b"\xff\xfe",
    "line 2 holds a NUL byte": "a,y\n1\0,2\n",
    "in the row that begins in line 3 a quotation mark is not closed": 'a,y\n1,2\n"2,3\n4,5\n',
    "in the row that begins in line 2 ',' expected after '\"'": 'a,y\n"1"2,3\n',
    "in the row that begins in line 2 a value is longer than": "a,y\n" + "1" * 140_000 + ",2\n",
    "line 4: 3 values, but there are 2 column names; a cell that holds a comma must": "a,y\n1,2\n\n3,4,5\n",
    "columns 1 and 3 are both called 'a'; rename one": "a,y, a\n1,2,3\n",
    "column 2 has no name in the first line; write one": "a, ,y\n1,2,3\n",
    r"the columns are a b \(columns are set apart by comma, semicolon or tab, or by": "a b\n1 2\n",
}


@pytest.mark.parametrize("message", DAMAGED)
def test_files_that_hold_no_table(message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_table(str(write(tmp_path / "t", DAMAGED[message])), "y")


def test_decimal_commas(tmp_path):
    file = str(write(tmp_path / "t.csv", "a;b;y\n1,5;-2,25e3;1\n2;,5;2,5\n3;7;0,125\n"))
    table = read_table(file, "y", dialect=COMMA)
    np.testing.assert_array_equal(table.features.X, [[1.5, -2250], [2, 0.5], [3, 7]])
    np.testing.assert_array_equal(table.target, [1, 2.5, 0.125])
    np.testing.assert_array_equal(read_features(file, ["b", "a"], dialect=COMMA)[0], table.features.X[:, ::-1])
    proportions = str(write(tmp_path / "p.csv", "a;y\n1,5;0,25\n2;0,5\n"))
    assert read_table(proportions, "y", labels=True, dialect=COMMA).target.tolist() == [0.25, 0.5]
    with pytest.raises(ValueError, match=r"'2,5' in line 3 \(is it a decimal comma\? then add --decimal comma\)"):
        read_table(file, "y")


GROUPED = {  # numbers that are refused: what could be meant may differ a thousandfold
    "1,234": r"write thousands without a comma; or is it a decimal comma\? then add --decimal comma",
    "1,234.5": "write thousands without marks between them",
    "1.234,5": "write thousands without marks between them, and add --decimal comma",
    "1'234": "write thousands without marks between them",
    "1 234": "write thousands without marks between them",
    "1\u202f234": "write thousands without marks between them",
    "1_234": "holds both numbers and words: '1_234' in line 2; take such columns as categories with --categorical a,",
}


@pytest.mark.parametrize("value", GROUPED)
def test_thousands_are_not_guessed(value, tmp_path):
    file = str(write(tmp_path / "t.csv", f'a,y\n"{value}",1\n2,2\n'))
    with pytest.raises(ValueError, match=GROUPED[value]):
        read_table(file, "y")


@pytest.mark.parametrize("value", ["1.5", "1.234", "1.234,5", "1_000", "1 234", "1,2,3"])
def test_marks_of_thousands_beside_decimal_commas(value, tmp_path):
    with pytest.raises(ValueError, match="column 'a' holds both numbers and words"):
        read_table(str(write(tmp_path / "t.csv", f"a;y\n{value};1\n2;2\n")), "y", dialect=COMMA)


def test_true_and_false(tmp_path):
    file = str(write(tmp_path / "t.csv", "a,b,y\nTrue,1,0.5\nFALSE,2,1\n true ,3,2\nfalse,4,3\n"))
    np.testing.assert_array_equal(read_table(file, "y").features.X[:, 0], [1, 0, 1, 0])
    np.testing.assert_array_equal(read_features(file, ["a"])[0][:, 0], [1, 0, 1, 0])
    assert read_table(file, "a", labels=True).target.tolist() == ["True", "FALSE", "true", "false"]
    np.testing.assert_array_equal(read_table(file, "a").target, [1, 0, 1, 0])
    mixed = str(write(tmp_path / "t.csv", "a,y\n2,1\n1,2\ntrue,3\n"))
    with pytest.raises(ValueError, match="column 'a' holds both numbers and words: 'true' in line 4"):
        read_table(mixed, "y")


def test_all_that_is_missing_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("fastreg.cli.table_files.CHUNK", 2)  # whatever chunk it is in
    file = str(write(tmp_path / "t.csv", "a,b,c,y\n1,,3,4\nNA,2,3,4\n5,6,7,8\n1,2,3,4\n1,n/a,3,5\n"))
    wanted = "2 columns have missing values: 'a' (1 row, first in line 3), 'b' (2 rows, first in line 2); "
    with pytest.raises(ValueError) as caught:
        read_table(file, "y")
    advice = "fill them in, or choose a rule by --missing: mean, level or drop (or leave the columns out: --drop a,b)"
    assert str(caught.value) == wanted + advice
    assert read_table(file, "y", drop=["a", "b"]).features.names == ["c"]
    with pytest.raises(ValueError) as caught:
        read_table(file, "a")
    assert str(caught.value) == wanted + "fill them in or remove the rows"  # the target cannot be left out
    with pytest.raises(ValueError, match=r"'b' \(2 rows, first in line 2\)"):
        read_features(file, ["a", "b"])


def test_all_text_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("fastreg.cli.table_files.CHUNK", 2)
    file = str(write(tmp_path / "t.csv", "a,b,c,y\n1,2,u,4\n1,2,v,4\n1,2,w,8\n2020-01-05,2,3,5\n"))
    with pytest.raises(ValueError) as caught:
        read_table(file, "y")
    assert str(caught.value) == (
        "column 'a' holds both numbers and words: '2020-01-05' in line 5, and so does 'c'; take such columns as "
        "categories with --categorical a,c, or leave them out with --drop a,c"
    )
    assert read_table(file, "y", drop=split_names("a,c")).features.names == ["b"]


def test_offsets_and_exposures(tmp_path):
    file = str(write(tmp_path / "t.csv", "a,e,y\n1,0.5,4\n2,2,5\n3,8,6\n"))
    table = read_table(file, "y", offset=Offset("e", True))
    assert table.features.names == ["a"]
    np.testing.assert_array_equal(table.offset, np.log([0.5, 2, 8]))
    np.testing.assert_array_equal(read_table(file, "y", offset=Offset("e", False)).offset, [0.5, 2, 8])
    X, offset = read_features(file, ["a"], Offset("e", True))
    np.testing.assert_array_equal(X[:, 0], [1, 2, 3])
    np.testing.assert_array_equal(offset, np.log([0.5, 2, 8]))
    assert read_features(file, ["a"])[1] is None


def test_a_name_twice_in_a_table_to_predict(tmp_path):
    """Where it is wanted: which of the two is meant nobody knows."""
    file = str(write(tmp_path / "t.csv", "a,b,a,b\n1,2,3,4\n"))
    with pytest.raises(ValueError, match="columns 1 and 3 are both called 'a'; rename one"):
        read_features(file, ["a"])
    with pytest.raises(ValueError, match="columns 2 and 4 are both called 'b'; rename one"):
        read_features(str(write(tmp_path / "t.csv", "a,b,c,b\n1,2,3,4\n")), ["a"], Offset("b", False))
    assert read_features(str(write(tmp_path / "t.csv", "a,b,c,b\n1,2,3,4\n")), ["c", "a"])[0].tolist() == [[3, 1]]


KINDS = {  # of Parquet columns without a number in each cell
    "column 'v' holds lists: '[1, 2]' in row 1; leave such columns out with --drop v": [[1, 2], [3], None],
    "column 'v' holds lists: '[1]' in row 1; leave": [[1], [2], [3]],
    "column 'v' holds records": [{"k": 1}, {"k": 2}, {"k": 3}],
    "column 'v' holds bytes": [b"1", b"2", b"3"],
    "column 'v' holds dates or times: '2020-01-05' in row 2": [None, datetime.date(2020, 1, 5), None],
    "column 'v' holds dates or times: '2020": [datetime.datetime(2020, 1, 5)] * 3,
    "column 'v' holds dates or times: '01:00:00'": [datetime.time(1)] * 3,
    "column 'v' holds dates or times": [datetime.timedelta(1)] * 3,
    "column 'v' holds text: 'x' in row 2": [None, "x", "y"],
    r"a column has missing values: 'v' \(3 rows, first in row 1\)": [None, None, None],
    r"'v' \(2 rows, first in row 2\)": [1.5, None, float("nan")],
    "column 'v' has no value in row 3": [True, False, None],
    "column 'v' holds inf in row 2": [1.0, float("inf"), 2.0],
}


@pytest.mark.parametrize("message", KINDS)
def test_kinds_of_parquet_columns(message, tmp_path):
    pyarrow = pytest.importorskip("pyarrow", exc_type=ImportError)
    from pyarrow import parquet

    file = str(tmp_path / "t.parquet")
    parquet.write_table(pyarrow.table({"a": [1, 2, 3], "v": KINDS[message], "y": [1.0, 2.0, 4.0]}), file)
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        read_table(file, "y")
    assert read_table(file, "y", drop=["v"]).features.X.tolist() == [[1], [2], [3]]


def test_numbers_of_parquet_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", exc_type=ImportError)
    from pyarrow import parquet

    columns = {
        "bool": [True, False], "decimal": [decimal.Decimal("1.5"), decimal.Decimal("2.25")],
        "uint64": pyarrow.array([1, 2**63], pyarrow.uint64()), "text": ["1.5", "-2"], "y": [1.0, 2.0],
    }  # fmt: skip
    file = str(tmp_path / "t.parquet")
    parquet.write_table(pyarrow.table(columns), file)
    assert read_table(file, "y").features.X.tolist() == [[1, 1.5, 1, 1.5], [0, 2.25, 2.0**63, -2]]
    assert read_table(file, "bool", labels=True).target.tolist() == ["True", "False"]  # as of a text file
    twice = pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 3, names=["a", "a", "y"])
    parquet.write_table(twice, file)
    for read in (lambda: read_table(file, "y"), lambda: read_features(file, ["a"])):
        with pytest.raises(ValueError, match="columns 1 and 2 are both called 'a'"):
            read()
