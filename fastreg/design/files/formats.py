"""Where the arrays of .npy and .npz files lie. Nothing is unpickled, and sizes are checked before a file is mapped."""

import io
import zipfile
from pathlib import Path

import numpy as np

from fastreg.design.files.stored import StoredFile, Values

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"  # the first bytes of a file
LOCAL_HEADER, LENGTHS = 30, slice(26, 30)  # bytes of a zip's member before its name; where its length is
PARTS = ("format", "shape", "indptr", "indices", "data")  # as scipy.sparse.save_npz calls them


def npy_values(file, begin=0, end=None):
    """(values, whether they are in Fortran order) of the .npy at byte `begin` of an open file, of shape as written."""
    end = file.stamp[0] if end is None else end
    where = file.path if begin == 0 else f"{file.path} (at byte {begin})"
    with open(file.path, "rb") as lines:
        lines.seek(begin)
        try:
            version = np.lib.format.read_magic(lines)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(lines)
            else:
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(lines)
        except ValueError as error:
            raise ValueError(f"{where} is not a .npy file that can be read: {error}") from None
        offset = lines.tell()
    if dtype.hasobject or dtype.kind not in "fiub":
        raise ValueError(f"{where} holds {dtype}, and X must be numbers; only numbers are read, never objects")
    values = Values(file, offset, dtype, shape)
    if offset + values.bytes > end:
        raise ValueError(
            f"{where} is cut short: an array of shape {shape} and type {dtype} ends at byte {offset + values.bytes:,}, "
            f"and the file has {end:,}. Write it again"
        )
    return values, fortran


def small_array(file, begin, end):
    """The array of a small .npy between two bytes of an open file, in memory."""
    content = np.empty(end - begin, dtype=np.uint8)
    file.read(begin, content)
    try:
        return np.load(io.BytesIO(content.tobytes()), allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{file.path} (at byte {begin}) is not a .npy file that can be read: {error}") from None


def zip_members(file):
    """Where the members of an uncompressed .npz lie: name -> (file, first byte, end)."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ValueError(f"{file.path} is cut short, or no .npz file: {error}. Write it again") from None
    found = {}
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise ValueError(
                f"{file.path} is compressed, so that its columns cannot be read one by one; write them once by "
                f"fastreg.spool({file.path!r}, 'columns'), or by scipy.sparse.save_npz(path, X, compressed=False)"
            )
        header = np.empty(LOCAL_HEADER, dtype=np.uint8)
        file.read(member.header_offset, header)
        lengths = header[LENGTHS].view("<u2")  # of the name and of what else comes before the content
        begin = member.header_offset + LOCAL_HEADER + int(lengths.sum())
        if header[:4].tobytes() != ZIP or begin + member.file_size > file.stamp[0]:
            raise ValueError(f"{file.path} is damaged: {member.filename!r} is not where its table says. Write it again")
        found[member.filename.removesuffix(".npy")] = (file, begin, begin + member.file_size)
    return found


def folder_members(path):
    """Where the .npy files of a folder lie: name -> (file, first byte, end)."""
    files = {each.stem: StoredFile(each) for each in sorted(Path(path).glob("*.npy")) if each.stem in PARTS}
    return {name: (file, 0, file.stamp[0]) for name, file in files.items()}
