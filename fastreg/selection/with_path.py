"""WithPath: what results have that hold a path fitted to all rows."""

from typing import Any

import numpy as np

from fastreg.interface.naming import explains_names
from fastreg.interface.summary import Shown


@explains_names
class WithPath(Shown):
    """What it was fitted on is what its path was fitted on."""

    def _path(self) -> Any:
        return self.path  # type: ignore[attr-defined]

    @property
    def feature_names(self) -> list[str] | None:
        """Names of the p columns of X, or None.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.feature_names is None
        True
        """
        return self._path().feature_names

    @property
    def n_nonzero(self) -> np.ndarray:
        """Number of columns with a coefficient that is not zero in the path on all rows, (k,).

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.n_nonzero
        array([1, 1])
        """
        return self._path().n_nonzero

    @property
    def has_offset(self) -> bool:
        """Whether the fit had an offset, so that predictions ask for one; see `Path`.

        Examples
        --------
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> found.has_offset
        False
        """
        return self._path().has_offset
