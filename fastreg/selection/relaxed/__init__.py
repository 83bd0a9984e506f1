"""Relaxed and adaptive fits: refits on each support, blended, and chosen by cross-validation."""
