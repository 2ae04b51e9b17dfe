"""Pictures of what was analysed, on Matplotlib (`pip install 'archcalc[plot]'`): one function for each kind.

Each takes a report, or the result that it draws, and gives the Matplotlib Axes. Without `ax` it draws on a figure of
its own, which a notebook shows and pyplot does not know; with `ax` it draws there.

>>> import archcalc as ac
>>> axes = ac.plot.layers(ac.analyze("lenet5"), "connections")
>>> axes.get_title(loc="left")
'lenet5: LeNet-5\\nconnections by layer, input 1x32x32'
>>> [float(bar.get_width()) for bar in axes.patches[:3]]
[122304.0, 0.0, 5880.0]
"""

from .fields import field, growth
from .layers import layers
from .memory import memory
from .networks import networks
from .pareto import pareto
from .partition import partition
from .roofline import roofline

__all__ = ["field", "growth", "layers", "memory", "networks", "pareto", "partition", "roofline"]
