"""scikit-learn's tests of logistic regression, run on fastreg's classes; see substitute.py and left_out.py."""

from substitute import substituted

globals().update(substituted("test_logistic"))
