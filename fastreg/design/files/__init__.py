"""X in a file that is mapped into memory, never loaded.

opening        `fastreg.open`: which format a file has, and the design that reads it
formats        where the arrays of .npy and .npz files lie
stored         an open file: read by position, mapped, and known to have stood still
mapped         Mapped: what dense and sparse files share; MappedDesign: dense columns
mapped_sparse  MappedSparse: compressed sparse columns
names          the names of the columns, in a file beside
tiles          dense columns by blocks of rows, for files with many rows
"""
