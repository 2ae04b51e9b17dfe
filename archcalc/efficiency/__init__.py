"""What a network costs a device: the standard list of metrics, the roofline of every layer, energy.

The order within: `padding` and `folding` are about MACs, `work` is what each layer computes and moves, `devices` and
`energy` read the files that describe hardware, `metrics` and `roofline` put them together.

>>> from archcalc.analysis import analyze
>>> measured = metrics(analyze("alexnet"))
>>> measured.parameters, measured.batch_traffic_bytes
(60965224, 259819500)
>>> bounds = roofline(analyze("alexnet"), device("gtx580"))
>>> bounds.layer("fc6").bound
'bandwidth'
"""

from .devices import Device, device
from .energy import Energy, EnergyTable, energy_table
from .folding import Folding, folding
from .metrics import Meanings, Metrics, meanings, metrics
from .padding import macs_inside, taps_inside
from .roofline import Bound, Roofline, roofline
from .work import Traffic, Work, work

__all__ = [
    "Bound", "Device", "Energy", "EnergyTable", "Folding", "Meanings", "Metrics", "Roofline", "Traffic", "Work",
    "device", "energy_table", "folding", "macs_inside", "meanings", "metrics", "roofline", "taps_inside", "work",
]  # fmt: skip
