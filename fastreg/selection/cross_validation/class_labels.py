"""Labels of two classes, coded 0 and 1 for the binomial family."""

import numpy as np

from fastreg.interface import validation as check
from fastreg.interface.frames import label_array


def coded_response(y, family_class):
    """(y for the family, the two labels or None). Labels are coded 0 and 1 in sorted order; proportions are kept."""
    check.refuse_masked("y", y)
    if family_class.name != "binomial" or y is None:
        return y if y is None else np.asarray(y), None
    values = label_array("y", y)
    if values.ndim != 1 or values.size == 0:
        return values, None
    if values.dtype.kind in "fc" and not np.all(np.isfinite(values)):
        return values, None
    labels, codes = np.unique(values, return_inverse=True)
    if labels.size == 2 and (values.dtype.kind not in "f" or set(labels.tolist()) == {0.0, 1.0}):
        return codes.astype(float), labels
    if values.dtype.kind in "OSU":
        raise ValueError(
            f"y holds {labels.size} labels, for example {check.plain(labels[0])!r}; family 'binomial' needs two "
            "classes; family='multinomial' of cv_path and fit_multi_path has more"
        )
    return values, None
