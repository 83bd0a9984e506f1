"""Parameters that estimators have beyond scikit-learn's, with their defaults: options of fit_path."""

import inspect

import fastreg
from fastreg.interface.arguments import BoundedOptions, EstimatorOptions

OPTIONS = inspect.signature(fastreg.fit_path).parameters
UNBOUNDED = {name: OPTIONS[name].default for name in EstimatorOptions.__annotations__}
BOUNDED = {name: OPTIONS[name].default for name in BoundedOptions.__annotations__}
