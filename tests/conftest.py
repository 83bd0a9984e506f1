"""Settings of the property tests: in CI every run draws the same examples; elsewhere each run seeks new ones."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
