"""Chains of layers written in one line, in the notation of the VGG paper: `3*conv3-C maxpool fc-4096`.

A chain becomes the same plain data as a YAML file, with the place of every piece, so that checking, messages and
symbols are those of any other network. The grammar stands in docs/compare.md; `reader` reads it, `chain` holds what
was read, `writer` writes the plain data.

Source: Simonyan & Zisserman 2014, arXiv 1409.1556, Table 1: conv<receptive field size>-<number of channels>.

>>> chain = read("2*conv3-C maxpool fc-10:linear")
>>> sorted(chain.names)
['C']
>>> for entry in chain.source({"C": 64}, (3, 8, 8)).data["layers"]:
...     print(entry)
{'repeat': 2, 'do': [{'conv': {'kernel': 3, 'filters': 64, 'pad': 'same'}}, 'relu']}
{'maxpool': {'kernel': 2, 'stride': 2}}
flatten
{'linear': {'units': 10}}
"""

from .chain import MAX_LAYERS, Chain, NotationError
from .reader import holds_token, read

__all__ = ["MAX_LAYERS", "Chain", "NotationError", "holds_token", "read"]
