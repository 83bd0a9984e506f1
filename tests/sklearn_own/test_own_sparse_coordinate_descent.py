"""scikit-learn's tests of sparse coordinate descent, run on fastreg's classes; see substitute.py and left_out.py."""

from substitute import substituted

globals().update(substituted("test_sparse_coordinate_descent"))
