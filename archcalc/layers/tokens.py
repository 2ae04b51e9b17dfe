"""Layers of transformers: embeddings, the class token, attention."""

from collections.abc import Iterator
from typing import Annotated, Any

from ..conditions import Condition, at_least, divides
from ..dims import ceildiv, exact_div, power, prod, same
from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer
from .fields import Dim, Flag, Natural, WordField


@layer("embedding")
class Embedding(Layer):
    """A learned vector of `size` numbers for each of `count` words; a vector of n words becomes n tokens."""

    count: Dim
    size: Dim

    accepts = ("vector",)
    reads = "all"

    def output(self, x: Shape) -> Shape:
        return Shape((x.channels, self.size), channels_last=True)

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (self.count, self.size)}


@layer("class_token", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class ClassToken(Layer):
    """A learned token in front of the others."""

    accepts = ("tokens",)

    def output(self, x: Shape) -> Shape:
        first, *others = x.spatial
        return x.of(x.channels, (first + 1, *others))

    def parameters(self, x: Shape) -> Tensors:
        return {"token": (prod(x.spatial[1:]), x.channels)}


@layer("positional_embedding", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class PositionalEmbedding(Layer):
    """A learned vector added to each token."""

    accepts = ("tokens",)

    def parameters(self, x: Shape) -> Tensors:
        return {"embedding": x.axes}

    def operations(self, x: Shape, y: Shape) -> Operations:
        return Operations(additions=y.elements)


@layer("take", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class Take(Layer):
    """One token as a vector: the first (the class token) or the last."""

    which: Annotated[Any, WordField("first", "last")] = "first"

    accepts = ("tokens",)
    stores = "view"

    def output(self, x: Shape) -> Shape:
        return Shape((x.channels,)) if len(x.axes) == 2 else x.of(x.channels, x.spatial[1:])


@layer("attention", source="Vaswani et al. 2017, arXiv 1706.03762, sec. 3.2")
class Attention(Layer):
    """Multi-head self-attention with its two projections.

    `key_size` and `value_size` are those of one head, by default channels/heads. With `window` the tokens
    attend within windows of that size, which are filled up at the border, and a learned relative position
    bias is added (Swin, arXiv 2103.14030, sec. 3.2); a `shift` adds the mask of shifted windows.
    """

    heads: Dim
    key_size: Dim = None
    value_size: Dim = None
    window_: Dim = None
    shift: Natural = 0
    bias: Flag = True

    accepts = ("tokens",)
    reads = "all"
    mixes = True
    weighted = True
    depth = 2

    def conditions(self, x: Shape) -> Iterator[Condition]:
        if self.key_size is None or self.value_size is None:
            message = f"heads {self.heads} does not divide the {x.channels} channels; give key_size and value_size"
            yield divides(self.heads, x.channels, message)
        if same(self.shift, 0) is None:
            yield at_least(self.shift, 1)  # the mask is counted

    def _head_sizes(self, x: Shape) -> tuple[Any, Any]:
        """Numbers of a query or key, and of a value, in one head."""
        if self.key_size is not None and self.value_size is not None:
            return self.key_size, self.value_size
        even = exact_div(x.channels, self.heads)
        return (
            even if self.key_size is None else self.key_size,
            even if self.value_size is None else self.value_size,
        )

    def _tokens(self, x: Shape) -> tuple[Any, Any]:
        """How many tokens are projected, and how many each of them attends to."""
        if self.window_ is None:
            return x.positions, x.positions
        padded = prod(ceildiv(size, self.window_) * self.window_ for size in x.spatial)
        return padded, power(self.window_, len(x.spatial))

    def parameters(self, x: Shape) -> Tensors:
        key, value = self._head_sizes(x)
        projected = self.heads * (2 * key + value)
        tensors: Tensors = {"in_proj.weight": (projected, x.channels)}
        if self.bias:
            tensors["in_proj.bias"] = (projected,)
        tensors["out_proj.weight"] = (x.channels, self.heads * value)
        if self.bias:
            tensors["out_proj.bias"] = (x.channels,)
        if self.window_ is not None:
            places = power(2 * self.window_ - 1, len(x.spatial))
            tensors["relative_position_bias_table"] = (places, self.heads)
        return tensors

    def operations(self, x: Shape, y: Shape) -> Operations:
        """Projections, then scores and weighted sums of each head, with a softmax over every row of scores."""
        key, value = self._head_sizes(x)
        tokens, attended = self._tokens(x)
        rows = self.heads * tokens
        scores = rows * attended
        added = 0 if self.window_ is None else scores
        masked = 0 if self.window_ is None or same(self.shift, 0) else scores
        biases = self.bias * tokens * (self.heads * (2 * key + value) + x.channels)
        return Operations(
            macs=self._projection_macs(x) + scores * key + scores * value,
            multiplications=rows * key,
            additions=biases + added + masked + (2 * scores - rows),
            comparisons=scores - rows,
            divisions=scores,
            exponentials=scores,
        )

    def _projection_macs(self, x: Shape) -> Any:
        key, value = self._head_sizes(x)
        tokens, _ = self._tokens(x)
        return tokens * x.channels * (self.heads * (2 * key + value) + self.heads * value)

    def links(self, x: Shape, y: Shape) -> Any:
        """Those of the two projections; scores are not learned."""
        key, value = self._head_sizes(x)
        tokens, _ = self._tokens(x)
        return self._projection_macs(x) + self.bias * tokens * (self.heads * (2 * key + value) + x.channels)
