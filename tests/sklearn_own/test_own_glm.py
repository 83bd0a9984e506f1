"""scikit-learn's tests of generalised linear models, run on fastreg's classes; see substitute.py and left_out.py."""

from substitute import substituted

globals().update(substituted("test_glm"))
