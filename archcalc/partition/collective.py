"""What all devices do together: gradients added up, parameters gathered.

An operation has phases, one after the other; in each a device sends and receives so many bytes at once.

Sources: ring: Patarasuk & Yuan 2009, Bandwidth optimal all-reduce algorithms for clusters of workstations, J. Parallel
Distrib. Comput. 69(2), sec. 3; trees: Thakur, Rabenseifner & Gropp 2005, Optimization of collective communication
operations in MPICH, sec. 4; server: Li et al. 2014, Scaling distributed machine learning with the parameter server.
"""

from __future__ import annotations

from typing import Any

from .. import dims
from .plans import Collective, Phase
from .request import Request, dealt


def chunks(request: Request, values: Any, bits: int) -> tuple[Any, ...]:
    """Bytes of the pieces into which a ring cuts so many values, one for each device."""
    return tuple(dims.ceildiv(count * bits, 8) for count in dealt(values, request.devices))


def reduced(request: Request, what: str, values: Any, bits: int) -> Collective:
    """Values of every device added up, so that every device has the sums.

    >>> from archcalc.partition.request import Request, DEFAULTS
    >>> request = Request(**{**DEFAULTS, "devices": 4, "scheme": "batch"})
    >>> reduced(request, "gradients", 1000, 32).sent       # 2(n-1)/n of 4,000 bytes
    (6000, 6000, 6000, 6000)
    """
    whole = dims.ceildiv(values * bits, 8)
    make = {"ring": _ring, "tree": _tree, "server": _server}[request.reduce]
    how = {"ring": "ring", "tree": "binary tree", "server": "server on device 1"}[request.reduce]
    return Collective(what, how, whole, make(request, values, bits))


def scattered(request: Request, what: str, values: Any, bits: int) -> Collective:
    """Values of every device added up, so that each device has its piece of the sums."""
    return Collective(what, "ring, scattered", dims.ceildiv(values * bits, 8), (_scatter(request, values, bits),))


def gathered(request: Request, what: str, values: Any, bits: int) -> Collective:
    """Pieces of every device gathered, so that every device has all."""
    return Collective(what, "ring, gathered", dims.ceildiv(values * bits, 8), (_gather(request, values, bits),))


def _ring(request: Request, values: Any, bits: int) -> tuple[Phase, ...]:
    return _scatter(request, values, bits), _gather(request, values, bits)


def _scatter(request: Request, values: Any, bits: int) -> Phase:
    """Pieces go round and are added up: a device passes on all but one, and gets all but one."""
    pieces = chunks(request, values, bits)
    return Phase(_all_but(pieces, 1), _all_but(pieces, 0))


def _gather(request: Request, values: Any, bits: int) -> Phase:
    """The finished pieces go round once more."""
    pieces = chunks(request, values, bits)
    return Phase(_all_but(pieces, 2), _all_but(pieces, 1))


def _all_but(pieces: tuple[Any, ...], ahead: int) -> tuple[Any, ...]:
    """Of each device all pieces but the one so many places ahead."""
    count, total = len(pieces), dims.add_up(pieces)
    if count == 1:
        return (0,)
    return tuple(total - pieces[(device + ahead) % count] for device in range(count))


def _tree(request: Request, values: Any, bits: int) -> tuple[Phase, ...]:
    """Sums go up to device 1, whose children are 2 and 3, theirs 4 to 7; and the whole comes down again."""
    whole, count = dims.ceildiv(values * bits, 8), request.devices
    parents = tuple(whole * (device > 0) for device in range(count))
    children = tuple(whole * sum(child < count for child in (2 * d + 1, 2 * d + 2)) for d in range(count))
    return Phase(parents, children), Phase(children, parents)


def _server(request: Request, values: Any, bits: int) -> tuple[Phase, ...]:
    """Every other device sends its gradients to the first one, which sends parameters back."""
    whole, count = dims.ceildiv(values * bits, 8), request.devices
    others = tuple(whole * (device > 0) for device in range(count))
    server = tuple(whole * (count - 1) * (device == 0) for device in range(count))
    return Phase(others, server), Phase(server, others)
