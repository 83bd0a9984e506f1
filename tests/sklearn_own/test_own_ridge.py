"""scikit-learn's tests of ridge regression, run on fastreg's classes; see substitute.py and left_out.py."""

from substitute import substituted

globals().update(substituted("test_ridge"))
