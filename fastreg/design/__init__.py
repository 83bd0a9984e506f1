"""X: how it is stored, and the products with it that everything else is made of.

protocol          what a storage answers, and the columns of a working set
designs           DenseDesign and SparseDesign: the storages there are
column_products   products of single columns with vectors, inside kernels
dense_products    products of many columns at once
sparse_gram       Gram matrices of sparse columns
row_blocks        how rows are cut for threads; row_subsets: designs of some rows
working_columns   the columns that a solver works on, gathered
"""
