"""archcalc: a symbolic calculator for neural-network architectures.

>>> import archcalc as ac
>>> report = ac.analyze("vgg16")
>>> report.parameters, report.macs
(138357544, 15470264320)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import build, plot
    from .analysis import analyze
    from .comparison import compare
    from .conditions import Condition
    from .dims import ceildiv, exact_div, floordiv, prod, same, smax, smin, symbol
    from .errors import ArchcalcError, Problem, ReadError, SpecError, UsageError
    from .layers.base import Layer, Operations, layer
    from .layers.fields import Dim, Flag, Natural, Pad, PerAxis, Ratio, Sizes
    from .network import Network, load
    from .report import LayerReport, Report
    from .shapes import Shape, Window
    from .solving import Solution, solve
    from .sweeps import sweep

_HOMES = {
    "analysis": ("analyze",),
    "comparison": ("compare",),
    "conditions": ("Condition",),
    "dims": ("ceildiv", "exact_div", "floordiv", "prod", "same", "smax", "smin", "symbol"),
    "errors": ("ArchcalcError", "Problem", "ReadError", "SpecError", "UsageError"),
    "layers.base": ("Layer", "Operations", "layer"),
    "layers.fields": ("Dim", "Flag", "Natural", "Pad", "PerAxis", "Ratio", "Sizes"),
    "network": ("Network", "load"),
    "report": ("LayerReport", "Report"),
    "shapes": ("Shape", "Window"),
    "solving": ("Solution", "solve"),
    "sweeps": ("sweep",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_PACKAGES = ("build", "plot")
__all__ = [
    "ArchcalcError", "Condition", "Dim", "Flag", "Layer", "LayerReport", "Natural", "Network", "Operations", "Pad",
    "PerAxis", "Problem", "Ratio", "ReadError", "Report", "Shape", "Sizes", "Solution", "SpecError", "UsageError",
    "Window", "analyze", "build", "ceildiv", "compare", "exact_div", "floordiv", "layer", "load", "plot", "prod",
    "same", "smax", "smin", "solve", "sweep", "symbol",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that `import archcalc` costs nothing."""
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module 'archcalc' has no attribute '{name}'")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
