"""Files of tables as column names and chunks of rows: CSV, plain or compressed, and Parquet by pyarrow.

A file that is not understood for certain is refused in one line that says how it could be read: no guess ever changes a
number.
"""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import lzma
import os
import re
import sys
import zlib
from dataclasses import dataclass
from itertools import islice

from fastreg.cli.quick_csv import quick_columns
from fastreg.paths.storage import FORMAT, path_begun

STANDARD_INPUT = "-"
CHUNK = 2000  # rows converted to numbers at a time, so that the text of all rows is never in memory
START = 64  # bytes at the beginning of a file that tell its kind
SPLIT = 100_000  # characters of a line that tell its separator: fewer than the csv module allows in a cell
PACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\0": lzma.decompress}  # by first bytes
ZSTANDARD = b"\x28\xb5\x2f\xfd"
OTHERS = {  # files that are no tables, by their first bytes, and what to do
    b"PK\x03\x04": "looks like a spreadsheet or an archive; save the sheet as CSV first",  # .xlsx, .ods
    b"\xd0\xcf\x11\xe0": "looks like a spreadsheet or an archive; save the sheet as CSV first",  # .xls
    b"\x89HDF\r\n": "holds arrays of HDF5; write one into a file of columns once: fastreg spool FILE.h5 x.npy",
    b"ARROW1": "is a file of Arrow; write it into a file of columns once: fastreg spool FILE.arrow x.npy",
    b"\x89PNG": "is a picture; name a CSV or Parquet file",
    b"%PDF": "is a PDF; name a CSV or Parquet file",
    b"<!DOCTYPE": "is a web page, not a table; was it saved from a link that asks for a login?",
    b"<html": "is a web page, not a table; was it saved from a link that asks for a login?",
}
MARKS = (  # byte order marks and their encodings, the longest first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


INSTALL = "pip install 'fastreg-engine[table]'"
MAYBE_WIDE = " (if it is UTF-16 without a byte order mark, add --encoding utf-16-le)"


@dataclass(frozen=True)
class Dialect:
    """How a text file is written: its encoding (None: UTF-8), whether decimals follow a comma, and the separator of its
    columns (None: comma, semicolon or tab, by its first lines)."""

    encoding: str | None = None
    comma: bool = False
    separator: str | None = None


PLAIN = Dialect()


class TableFile:
    """A table that is open: `header`, the names of its columns, and their cells in `chunks`; "-" is the standard input.

    A chunk has columns by their places, each a tuple of texts or a pyarrow array.
    """

    def __init__(self, file, dialect=PLAIN):
        self.content = _content_of(file)  # None where the file can be opened as often as it is read
        self.file = "the standard input" if file == STANDARD_INPUT else file
        self.dialect, start = dialect, self._start()
        packed = next((mark for mark in PACKED if start.startswith(mark)), None)
        if packed:
            with self._stream() as raw:
                self.content = _unpacked(raw, PACKED[packed], self.file)
            start = self._start()
        _refuse_other(self.file, start)
        self.is_parquet, self.encoding = start.startswith(b"PAR1"), _encoding(start, dialect)
        if self.is_parquet:
            with _parquet(self._stream(), self.file) as opened:
                self.header = list(opened.schema_arrow.names)
        else:
            self.header = self._names()

    def _stream(self):
        """The bytes of the file, from the beginning."""
        return open(self.file, "rb") if self.content is None else io.BytesIO(self.content)

    def _start(self):
        with self._stream() as raw:
            return raw.read(START)

    def _rows(self):
        """The separator, then (line number, cells) of each row that is not blank."""
        return _csv_rows(self._stream(), self.file, self.encoding, self.dialect.separator)

    def _names(self):
        rows = self._rows()
        self.separator = next(rows)
        return [name.strip() for name in next(rows)[1]]

    def chunks(self, places):
        """Yield the columns at some `places` of some rows, and maybe others, as often as it is called."""
        if self.is_parquet:
            names = [self.header[place] for place in places]
            with _parquet(self._stream(), self.file) as opened:
                table = opened.read(columns=names)
            columns = dict(zip(table.column_names, table.columns))
            yield from [{place: columns[self.header[place]] for place in places}] if table.num_rows else []
            return
        with self._stream() as raw:
            columns = quick_columns(raw, self.encoding, self.separator, self.header, places)
        if columns is not None:
            yield columns
            return
        rows = self._rows()
        for _ in range(2):  # the separator and the names
            next(rows)
        while block := list(islice(rows, CHUNK)):
            for line, row in block:
                if len(row) != len(self.header):
                    raise ValueError(f"{self.file}, line {line}: {_ragged(row, len(self.header), self.separator)}")
            yield list(zip(*(row for _, row in block)))

    def place(self, row):
        """What a message calls a row: its line of a text file, as "line 3", or its number."""
        if self.is_parquet:
            return f"row {row + 1}"
        line, _ = next(islice(self._rows(), row + 2, None))
        return f"line {line}"


def _refuse_other(file, start):
    """Raise ValueError where the first bytes of a file are not those of a table."""
    if not start:
        raise ValueError(f"{file} is empty")
    if start.startswith(ZSTANDARD):
        raise ValueError(f"{file} is packed by Zstandard; unpack it first: zstd -d {file}")
    other = next((what for mark, what in OTHERS.items() if start.lower().startswith(mark.lower())), None)
    if other is not None:
        raise ValueError(f"{file} {other}")
    refuse_model(file, start)


def refuse_model(file, start):
    """Raise ValueError where the first bytes of a file are those of a saved model."""
    found = path_begun(start)
    if found is not None:
        reads = f"--load {file} reads it" if found == FORMAT else "in Python fastreg.load_path reads it"
        raise ValueError(f"{file} is a model that fastreg saved, not a table: {reads}")


def _content_of(file):
    """The bytes of the standard input or of a pipe, which can be read only once; None for other files."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    if os.path.isdir(file):
        advice = "name a CSV or Parquet file, or write it into a file of columns once: fastreg spool FOLDER x.npy"
        raise ValueError(f"{file} is a folder; {advice}")
    with open(file, "rb") as raw:
        return None if raw.seekable() else raw.read()


def _unpacked(raw, unpack, file):
    try:
        return unpack(raw.read())
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{file} is packed, and damaged: {error}") from None


def _ragged(row, wanted, separator):
    """The message for a row with more or fewer cells than there are column names."""
    found, mark = len(row), NAMED.get(separator, separator)
    message = f"{found} value{'s' * (found != 1)}, but there are {wanted} column name{'s' * (wanted != 1)}; "
    if found < wanted:
        return f"{message}write a {mark} for each empty cell (columns are read as set apart by {mark}; {ANOTHER})"
    if found == wanted + 1 and not row[-1].strip():
        remedy = "take it away, or name a column for it in the first line and leave that out with --drop"
        return f"{message}the line ends in a {mark}: {remedy}"
    quoting = f"a cell that holds a {mark} must stand in double quotes"
    number = ', as "1,5" with --decimal comma' if separator == "," else ""
    return f"{message}{quoting}{number} (or is it no {mark} that sets columns apart? {ANOTHER})"


NAMED = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space"}  # words for separators in --separator and messages
ANOTHER = "--separator names another mark"


def separator_named(text):
    """The separator that --separator names: a character, or a word for one that is awkward to type in a shell."""
    words = {word: mark for mark, word in NAMED.items()} | {"\\t": "\t"}
    mark = words.get(text.lower(), text)
    if len(mark) != 1 or mark in '"\r\n\0':
        raise ValueError(f"--separator {text}: name one letter, such as '|', or comma, semicolon, tab or space")
    return mark


def _encoding(start, dialect):
    """The encoding of a text: by its byte order mark, else the user's, else UTF-8."""
    marked = next((encoding for mark, encoding in MARKS if start.startswith(mark)), None)
    return marked or dialect.encoding or "utf-8"


def check_encoding(name):
    """Raise ValueError for an encoding that Python does not know."""
    try:
        io.TextIOWrapper(io.BytesIO(), name)
    except LookupError:
        raise ValueError(f"--encoding {name}: there is no such encoding; utf-8, cp1252 and utf-16 are some") from None


def _csv_rows(raw, file, encoding, separator):
    """Yield the separator, then (line number, cells) of each row that is not blank."""
    last = 0
    text = io.TextIOWrapper(raw, encoding, newline="")
    try:
        shown, last = _separator(text, file)
        separator = separator or shown
        yield separator
        text.seek(0)
        before = list(islice(text, last))
        reader = csv.reader(_without_nul(text, file, last), delimiter=separator, strict=True)
        for row in reader:
            last = len(before) + reader.line_num
            if any(value.strip() for value in row) or len(row) > 1:
                yield last, row
    except UnicodeError:
        raise _undecodable(raw, file, encoding) from None
    except csv.Error as error:
        reasons = {"unexpected end of data": "a quotation mark is not closed"}
        if "field limit" in str(error):
            reasons[str(error)] = f"a value is longer than {csv.field_size_limit():,} letters (an open quotation mark?)"
        where = f"in the row that begins in line {last + 1}"
        raise ValueError(f"{file} cannot be read as CSV: {where} {reasons.get(str(error), error)}") from None
    finally:
        text.close()


def _without_nul(text, file, before):
    for line, content in enumerate(text, start=before + 1):
        if "\0" in content:
            raise ValueError(f"{file} is not a text file, nor Parquet: line {line} holds a NUL byte{MAYBE_WIDE}")
        yield content


def _separator(text, file):
    """(separator, number of lines before the names): the one of , ; and tab that splits the first two lines alike.

    A first line such as sep=; names it; Excel writes such lines.
    """
    lines = list[str]()
    for number, line in enumerate(text, start=1):
        named = re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"))
        if named and not lines:
            return named[1], number
        if line.strip():
            lines.append(line[:SPLIT])
        if len(lines) == 2:
            break
    if not lines:
        raise ValueError(f"{file} is empty")
    counts = {mark: [len(next(csv.reader([line], delimiter=mark), [])) for line in lines] for mark in ",;\t"}
    return max(counts, key=lambda mark: (min(counts[mark]) == max(counts[mark]) > 1, counts[mark][0])), 0


def _undecodable(raw, file, encoding):
    """The ValueError for a text that is not in the encoding given."""
    raw.seek(0)
    content, where = raw.read(), " with a byte order mark"  # the stream requires one; `decode` below does not
    if b"\0" in content and encoding == "utf-8":
        return ValueError(f"{file} is not a text file in UTF-8, nor Parquet{MAYBE_WIDE}")
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f" (byte 0x{content[error.start]:02x} in line {line})"
    return ValueError(
        f"{file} is not a text file in {encoding.upper()}{where}; name its encoding, for example --encoding cp1252 "
        "(Windows, western Europe)"
    )


@contextlib.contextmanager
def _parquet(raw, file):
    """An open ParquetFile."""
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        message = f"reading Parquet needs pyarrow: {INSTALL} (or save the table as CSV)"
        raise ValueError(message) from None
    except ImportError as error:
        raise ValueError(f"pyarrow cannot be used here ({error}); save the table as CSV") from None
    try:
        with raw, parquet.ParquetFile(raw) as opened:
            yield opened
    except Exception as error:  # pyarrow's errors have no common base class, and each means a damaged file
        raise ValueError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
