"""What a layer keeps for its backward pass, one value for each tensor, and the parts in which that pass runs.

>>> Kept("indices", 9216, "index")
Kept(name='indices', elements=9216, form='index', per_image=True, only='', for_input=False)
"""

from typing import Any, NamedTuple


class Kept(NamedTuple):
    """A tensor that is kept from the forward to the backward pass of one layer.

    `input` and `output` are the layer's own; any other name is a further tensor of `elements` numbers. Its form is
    `number` (of what the layer computes with), `wide` (32 bits in mixed precision), `statistic` (32 bits at least),
    `index` (64 bits) or `mask` (8 bits).
    """

    name: str
    elements: Any = 0
    form: str = "number"
    per_image: bool = True  # else once, whatever the batch
    only: str = (
        ""  # with these rules (torch-cpu, torch-cuda), in mixed precision (amp), or of one image, several images
    )
    for_input: bool = False  # only where the input needs a gradient


class Stage(NamedTuple):
    """A part of a layer's backward pass: one of several operations of which PyTorch makes the layer."""

    name: str  # what its parameters' names begin with
    frees: tuple[str, ...]  # of what is kept, by name
    gives: Any = None  # numbers of the gradient for the next stage; of the last it is that of the input
