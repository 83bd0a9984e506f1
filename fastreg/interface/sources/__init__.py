"""Data of other libraries that are read by blocks: chunked arrays, tables, files; found by what they can do.

arrays   rectangles of arrays of zarr, h5py, dask and NumPy
tables   blocks of rows of Arrow's tables, of Parquet and CSV
opening  which of the two reads a source
exact    copies into another type that change no value
loading  arrays that are passed as X, read into memory where they fit
"""
