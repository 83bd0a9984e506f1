"""X: how it is stored, and the products with it.

protocol          the methods of a storage of X and of the columns of a working set
designs           DenseDesign and SparseDesign: the storages of the package
compressed_columns  csc_design: a SparseDesign from its parts
categorical       CodedDesign: dense columns beside categories, kept as codes; coded_products: its kernels
coded_block       the columns of a working set of these, and their Gram matrices
outer             OuterDesign: X that is read by blocks, as from a file; what it must define
files             X in a mapped file: `fastreg.open`
genotypes         X as the packed genotypes of a .bed file
panels            the columns of a working set that are not all kept as float64
parts             Parts: X in several places side by side
storage           ColumnStorage: a base class for storages of a user's own
column_products   products of single columns with vectors, as kernels; weighted means and variances of columns
dense_products    products of dense arrays, by BLAS and shared among threads
sparse_gram       Gram matrices of sparse columns
row_blocks        X by blocks of neighbouring rows; row_subsets: products over subsets of the rows of dense X
working_columns   the columns of a working set
cluster/          X in the memory of the workers of a Dask cluster, or in files that they read
row_sums          RowSums: all that least squares need of rows that stream in
"""
