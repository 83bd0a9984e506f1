"""CSV by pyarrow, where it is installed: as text, ten times as fast as Python's reader, which reads what this refuses.

Nothing is converted here and no type is guessed, so that both readers give the same cells.
"""

import mmap
import re

SMALL = 2_000_000  # bytes below which importing pyarrow would take longer than it saves
PIECE = 2**24  # bytes of a file that are looked through at a time
LENIENT = rb'[^%s\r\n"]"[^%s\r\n"]'  # a quotation mark inside of a cell, which pyarrow drops


def quick_columns(raw, encoding, separator, header, places):
    """The cells below the `header` of a CSV as pyarrow's columns of text, by their places, of those at some `places`;
    None where Python's reader has to read it. The file is mapped: in memory are the columns that are wanted alone.

    That is without pyarrow, for small files, encodings other than UTF-8, and anything irregular, such as rows of other
    lengths, so that there is one place which says what is wrong.
    """
    content = _mapped(raw) if encoding in ("utf-8", "utf-8-sig") else b""
    if len(content) < SMALL or content.find(b"\0") >= 0:
        return None
    mark = re.escape(separator.encode())
    marks = sum(content[start : start + PIECE].count(b'"') for start in range(0, len(content), PIECE))
    if marks and (marks % 2 or re.search(LENIENT % (mark, mark), content)):
        return None
    try:
        import pyarrow
        import pyarrow.csv as reader
    except ImportError:
        return None
    names = [f"f{k}" for k in range(len(header))]
    wanted = {place: names[place] for place in places}
    many = 2 * len(wanted) > len(header)  # of few columns, threads take more memory for the others than for them
    kinds = dict.fromkeys(wanted.values(), pyarrow.string())
    try:
        table = reader.read_csv(
            pyarrow.py_buffer(content),
            read_options=reader.ReadOptions(autogenerate_column_names=True, use_threads=many),
            parse_options=reader.ParseOptions(delimiter=separator, newlines_in_values=marks > 0),
            convert_options=reader.ConvertOptions(
                column_types=kinds, strings_can_be_null=False, include_columns=list(kinds)
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    if any(str(table[name][0]).strip() != header[place] for place, name in wanted.items()):
        return None
    return {place: table[name].slice(1) for place, name in wanted.items()}


def _mapped(raw):
    """The content of a file, mapped where it can be, as it was unpacked or read from a pipe where it cannot."""
    try:
        return mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # io.UnsupportedOperation is both; an empty file is not mapped
        return raw.read()
