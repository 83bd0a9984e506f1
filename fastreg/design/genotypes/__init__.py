"""X as genotypes of two bits each: files of PLINK 1, and products with their columns as they are stored.

bed_file    BedFile: the .bed with its .fam and .bim, checked, and their names
packed      kernels for packed columns
rare        columns of rare variants as the rows of their carriers
weighting   weighted means and variances of columns
bed_design  BedDesign: X as such a file
packed_block  the columns of a working set, two bits a genotype
"""
