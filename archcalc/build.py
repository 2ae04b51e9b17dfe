"""The words for building a network in Python: every layer kind is a function, a user's own among them.

>>> from archcalc.build import conv, linear, maxpool, network, relu
>>> net = network("small", input=(3, 32, 32), layers=[conv(16, 3, pad=1), relu, maxpool(2), "flatten", linear(10)])
>>> import archcalc as ac
>>> ac.analyze(net).parameters
41418
"""

from collections.abc import Callable

from .building import Block, Chain, Entry, block, call, do, for_, from_, head, identity, kind_function, network, repeat
from .errors import did_you_mean, hinted
from .layers import is_kind, kinds

__all__ = ["Block", "Chain", "Entry", "block", "call", "do", "for_", "from_", "head", "identity", "network", "repeat"]


def __getattr__(name: str) -> Callable[..., Entry]:
    """The function of a layer kind."""
    if not name.startswith("__") and is_kind(name):
        return kind_function(name)
    raise AttributeError(hinted(f"there is no layer kind '{name}'", did_you_mean(name, [*kinds(), *__all__])))


def __dir__() -> list[str]:
    return sorted({*__all__, *kinds()})
