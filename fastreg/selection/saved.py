"""Saved: what results have that can be written to a file."""

from typing import Any

from fastreg.interface.naming import explains_names


@explains_names
class Saved:
    """A result whose numbers and names a JSON file can hold."""

    def save(self, file: Any) -> None:
        """Write the result as JSON, plain numbers and text; `fastreg.load_result` reads it back to the same bits.

        Parameters
        ----------
        file : str or path-like
            Name of the file. It is written completely or not at all.

        Raises
        ------
        ValueError
            Where a path in it has a family of one's own, or labels that are neither numbers nor text.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> import fastreg
        >>> X = np.arange(12.0)[:, None]
        >>> found = fastreg.cv_path(X, X[:, 0], cv=3, alphas=[0.5, 0.1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found.save(pathlib.Path(folder) / "found.json")
        ...     same = fastreg.load_result(pathlib.Path(folder) / "found.json")
        >>> bool((same.mean == found.mean).all())
        True
        """
        from fastreg.inference.storage import save_result

        save_result(self, file)
