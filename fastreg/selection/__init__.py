"""Choosing a model: cross-validation of a path, and what is chosen from it."""

from fastreg.selection.cross_validation.cv_path import cv_path
from fastreg.selection.cross_validation.result import CVPath

__all__ = ["CVPath", "cv_path"]
