"""Layers of transformers: embeddings, the class token, attention."""

from collections.abc import Iterator
from typing import Annotated, Any

from ..conditions import Condition, divides
from ..dims import at_least, ceildiv, exact_div, prod, same, smin
from ..errors import ArchcalcError
from ..readings import Readings, blocks, comb, only, point, shifted
from ..shapes import Shape
from .base import Layer, Operations, Tensors, layer
from .fields import Dim, Flag, Natural, WordField
from .keeping import Kept, Stage


@layer("embedding")
class Embedding(Layer):
    """A learned vector of `size` numbers for each of `count` words; a vector of n words becomes n tokens."""

    count: Dim
    size: Dim

    accepts = ("vector",)
    reads = "all"
    keeps = ("input",)
    takes_indices = True
    autocast = "float32"

    def output(self, x: Shape) -> Shape:
        return Shape((x.channels, self.size), channels_last=True)

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        return ((point(),),)

    def parameters(self, x: Shape) -> Tensors:
        return {"weight": (self.count, self.size)}

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return (self.size,)


@layer("class_token", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class ClassToken(Layer):
    """A learned token in front of the others."""

    accepts = ("tokens",)
    keeps = ()
    gradient = "cut"
    part_of_gradient = ("token",)
    autocast = "widened"

    def output(self, x: Shape) -> Shape:
        first, *others = x.spatial
        return x.of(x.channels, (first + 1, *others))

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """The new one reads nothing."""
        others = (point(axis) for axis in range(1, len(x.spatial)))
        return ((shifted(-1, inside=True), *others),)

    def parameters(self, x: Shape) -> Tensors:
        return {"token": (prod(x.spatial[1:]), x.channels)}


@layer("positional_embedding", source="Dosovitskiy et al. 2020, arXiv 2010.11929, sec. 3.1")
class PositionalEmbedding(Layer):
    """A learned vector added to each token."""

    accepts = ("tokens",)
    has_places = True
    keeps = ()
    gradient = "passed"
    autocast = "widened"

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
    cuts = True
    keeps = ()

    def output(self, x: Shape) -> Shape:
        return Shape((x.channels,)) if len(x.axes) == 2 else x.of(x.channels, x.spatial[1:])

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        first, *others = x.spatial
        return ((only(0 if self.which == "first" else first - 1), *(point(axis) for axis in range(len(others)))),)


@layer("attention", source="Vaswani et al. 2017, arXiv 1706.03762, sec. 3.2")
class Attention(Layer):
    """Multi-head self-attention with its two projections.

    `key_size` and `value_size` are those of one head, by default channels/heads. With `window` the tokens
    attend within windows of that size, which are filled up at the border; a `shift` adds the mask of shifted
    windows where there is more than one (Swin, arXiv 2103.14030, sec. 3.2). With `grid` they attend to so many
    tokens along each axis, evenly spread over the map (MaxViT, arXiv 2204.01697, sec. 3.2). Either way a learned
    relative position bias is added to the scores.
    """

    heads: Dim
    key_size: Dim = None
    value_size: Dim = None
    window_: Dim = None
    shift: Natural = 0
    grid: Dim = None
    bias: Flag = True

    accepts = ("tokens",)
    reads = "all"
    mixes = True
    weighted = True
    depth = 2
    autocast = "half"

    def conditions(self, x: Shape) -> Iterator[Condition]:
        if self.window_ is not None and self.grid is not None:
            raise ArchcalcError("tokens attend within windows or over a grid, not both")
        if self.window_ is None and not same(self.shift, 0):
            raise ArchcalcError("shift moves windows; give window a size")
        if self.key_size is None or self.value_size is None:
            message = f"heads {self.heads} does not divide the {x.channels} channels; give key_size and value_size"
            yield divides(self.heads, x.channels, message)
        if self.grid is not None:
            for size in x.spatial:
                yield divides(self.grid, size, f"a grid of {self.grid} does not divide an axis of {size} tokens")

    def _head_sizes(self, x: Shape) -> tuple[Any, Any]:
        """Numbers of a query or key, and of a value, in one head."""
        if self.key_size is not None and self.value_size is not None:
            return self.key_size, self.value_size
        even = exact_div(x.channels, self.heads)
        return (
            even if self.key_size is None else self.key_size,
            even if self.value_size is None else self.value_size,
        )

    def _block(self, x: Shape) -> tuple[Any, ...] | None:
        """The axes of a window or grid; None where all tokens attend to all."""
        side = self.grid if self.window_ is None else self.window_
        return None if side is None else (side,) * len(x.spatial)

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return (self.heads,) if divides(self.heads, x.channels).truth else ()

    def exchanged(self, x: Shape) -> Any:
        """What the heads have found, which every output of the second projection needs."""
        return x.positions * self.heads * self._head_sizes(x)[1]

    def readings(self, x: Shape, y: Shape) -> tuple[Readings, ...]:
        """All tokens, or those of the window or grid; a shift moves the windows where there is more than one."""
        if self.window_ is not None:
            return (tuple(blocks(self.window_, self._shift(size), axis) for axis, size in enumerate(x.spatial)),)
        if self.grid is not None:
            return (tuple(comb(exact_div(size, self.grid), size, axis) for axis, size in enumerate(x.spatial)),)
        return super().readings(x, y)

    def _shift(self, size: Any) -> Any:
        """How far windows are shifted along an axis of this size."""
        one_window = at_least(self.window_, size)
        if one_window is None and not same(self.shift, 0):
            raise ArchcalcError(f"whether windows of {self.window_} are shifted depends on {size}; give it a number")
        return 0 if one_window else self.shift

    def _windows(self, x: Shape) -> Any:
        """How many windows there are, or groups of tokens that a grid takes together."""
        if self.window_ is None:
            return prod(exact_div(size, self.grid) for size in x.spatial)
        return prod(ceildiv(size, self.window_) for size in x.spatial)

    def _tokens(self, x: Shape) -> tuple[Any, Any]:
        """How many tokens are projected, and how many each of them attends to."""
        block = self._block(x)
        attended = x.positions if block is None else prod(block)
        return (x.positions if self.window_ is None else self._windows(x) * attended), attended

    def parameters(self, x: Shape) -> Tensors:
        if self._block(x) is None:
            return self._projections(x)
        return {"relative_position_bias_table": (self._steps(x), self.heads), **self._projections(x)}

    def _steps(self, x: Shape) -> Any:
        """How many different steps lead from one token of a window or grid to another; 0 without."""
        block = self._block(x)
        return 0 if block is None else prod(2 * side - 1 for side in block)

    def _projections(self, x: Shape) -> Tensors:
        key, value = self._head_sizes(x)
        projected = self.heads * (2 * key + value)
        tensors: Tensors = {"in_proj.weight": (projected, x.channels)}
        if self.bias:
            tensors["in_proj.bias"] = (projected,)
        tensors["out_proj.weight"] = (x.channels, self.heads * value)
        if self.bias:
            tensors["out_proj.bias"] = (x.channels,)
        return tensors

    def operations(self, x: Shape, y: Shape) -> Operations:
        """Projections, then scores and weighted sums of each head, with a softmax over every row of scores."""
        key, value = self._head_sizes(x)
        tokens, attended = self._tokens(x)
        rows = self.heads * tokens
        scores = rows * attended
        biases = self.bias * tokens * (self.heads * (2 * key + value) + x.channels)
        return Operations(
            macs=self._projection_macs(x) + scores * (key + value),
            multiplications=rows * key,
            additions=biases + self._added_to_scores(x, scores) + (2 * scores - rows),
            comparisons=scores - rows,
            divisions=scores,
            exponentials=scores,
        )

    def constants(self, x: Shape) -> tuple[Kept, ...]:
        attended = self._tokens(x)[1]
        return () if self._block(x) is None else (Kept("relative_position_index", attended * attended, "index"),)

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """Without windows one call of scaled_dot_product_attention; with them products written out, as in torchvision.

        The tokens in windows, and queries, keys and values for the products, are copies. Of one window in all, keys
        and values stay where the projection has put them.
        """
        key, value = self._head_sizes(x)
        tokens, attended = self._tokens(x)
        rows = self.heads * tokens
        ends = (Kept("tokens", tokens * x.channels), Kept("attended values", rows * value))
        projected = Kept("queries, keys and values", rows * (2 * key + value))
        if self._block(x) is None:
            padded = self.heads * 32 * ceildiv(tokens, 32)
            return (
                *ends,
                projected,
                Kept("sums of exponentials", rows, "statistic", only="torch-cpu"),
                Kept("sums of exponentials", padded, "statistic", only="torch-cuda"),
                Kept("seed and offset", 2, "index", per_image=False, only="torch-cuda"),
            )
        weights = Kept("weights", rows * attended, "wide")
        products = (
            Kept("queries", rows * key),
            weights,
            weights._replace(name="weights in 16 bits", form="number", only="amp"),
        )
        copies = Kept("keys and values", rows * (key + value))
        several = copies._replace(only="several images")
        is_one_window = same(tokens, attended)
        if is_one_window:
            return (*ends, *products, projected._replace(only="one image"), several)
        if is_one_window is None:
            more = (1 - self._has_windows(x)) * rows * key
            return (*ends, *products, copies._replace(elements=copies.elements + more, only="one image"), several)
        return (*ends, *products, copies)

    def stages(self, x: Shape, y: Shape) -> tuple[Stage, ...]:
        key, value = self._head_sizes(x)
        rows = self.heads * self._tokens(x)[0]
        inside = tuple(kept.name for kept in self.saved(x, y) if kept.name != "tokens")
        return (
            Stage("out_proj", (), rows * value),
            Stage("attention", inside, rows * (2 * key + value)),
            Stage("", ("tokens",)),
        )

    def _added_to_scores(self, x: Shape, scores: Any) -> Any:
        """The position bias, and the mask of a shift unless one window holds all tokens."""
        position = 0 if self._block(x) is None else scores
        mask = 0 if self.window_ is None else smin(self.shift, 1) * self._has_windows(x) * scores
        return position + mask

    def _has_windows(self, x: Shape) -> Any:
        """1 where there are several windows, 0 where one holds all tokens."""
        return smin(self._windows(x) - 1, 1)

    def _projection_macs(self, x: Shape) -> Any:
        key, value = self._head_sizes(x)
        tokens, _ = self._tokens(x)
        return tokens * x.channels * (self.heads * (2 * key + value) + self.heads * value)

    def links(self, x: Shape, y: Shape) -> Any:
        """Those of the two projections; scores are not learned."""
        key, value = self._head_sizes(x)
        tokens, _ = self._tokens(x)
        return self._projection_macs(x) + self.bias * tokens * (self.heads * (2 * key + value) + x.channels)


@layer("cosine_attention", source="Liu et al. 2021, Swin Transformer V2, arXiv 2111.09883, sec. 3.2 and 3.3")
class CosineAttention(Attention):
    """Scaled cosine attention: queries and keys of length 1, and a learned scale of each head's scores.

    The fields are those of `attention`, and `hidden`, the units of the small network that makes the position bias
    from the step between two tokens: linear, ReLU, linear without bias, 16 times the sigmoid. It runs once an
    image. The bias of the keys is a parameter, as in torchvision, though it is kept at zero.
    """

    hidden: Dim = 512

    def _block(self, x: Shape) -> tuple[Any, ...]:
        return super()._block(x) or x.spatial

    def dealt(self, x: Shape) -> tuple[Any, ...]:
        return ()  # the small network for the position bias is one for all heads

    def parameters(self, x: Shape) -> Tensors:
        return {
            "logit_scale": (self.heads, 1, 1),
            **self._projections(x),
            "position.linear1.weight": (self.hidden, len(x.spatial)),
            "position.linear1.bias": (self.hidden,),
            "position.linear2.weight": (self.heads, self.hidden),
        }

    def keeps_copy(self, name: str, input_needs: bool) -> bool:
        """The first layer of the small network has a constant input."""
        return super().keeps_copy(name, input_needs) and name != "position.linear1.weight"

    def constants(self, x: Shape) -> tuple[Kept, ...]:
        return (*super().constants(x), Kept("relative_coords_table", self._steps(x) * len(x.spatial)))

    def saved(self, x: Shape, y: Shape) -> tuple[Kept, ...]:
        """As attention in windows; and what is kept of the lengths, of the scale and of the position bias."""
        key, value = self._head_sizes(x)
        tokens, attended = self._tokens(x)
        rows = self.heads * tokens
        values: tuple[Kept, ...] = (Kept("values", rows * value),)
        is_one_window = same(tokens, attended)
        if is_one_window is not False:
            values = (Kept("values", rows * value, only="several images"),)
        if is_one_window is None:
            values += (Kept("values", self._has_windows(x) * rows * value, only="one image"),)
        return (
            Kept("tokens", tokens * x.channels),
            Kept("attended values", rows * value),
            Kept("queries, keys and values", rows * (2 * key + value)),
            Kept("lengths", 4 * rows, "wide"),
            Kept("unit queries and keys", 2 * rows * key),
            Kept("cosines", rows * attended),
            Kept("weights", rows * attended, "wide"),
            Kept("weights in 16 bits", rows * attended, only="amp"),
            *values,
            Kept("scales", self.heads, "wide", per_image=False),
            Kept("steps in 16 bits", self._steps(x) * len(x.spatial), only="amp", per_image=False),
            Kept("hidden units of the position bias", self._steps(x) * self.hidden, per_image=False),
            Kept("position bias", self.heads * attended * attended, per_image=False),
        )

    def operations(self, x: Shape, y: Shape) -> Operations:
        """As attention; but both queries and keys are divided by their lengths, and the scores are scaled."""
        plain = super().operations(x, y)
        tokens, attended = self._tokens(x)
        vectors = 2 * self.heads * tokens
        numbers = vectors * self._head_sizes(x)[0]
        scores = self.heads * tokens * attended
        biases = self.heads * attended * attended
        units = self._steps(x) * self.hidden
        return Operations(
            macs=plain.macs + units * (len(x.spatial) + self.heads),
            multiplications=2 * numbers + scores + biases,
            additions=plain.additions + (numbers - vectors) + units + biases,
            comparisons=plain.comparisons + units + self.heads,
            divisions=plain.divisions + vectors + biases,
            exponentials=plain.exponentials + vectors + self.heads + biases,
        )

    def links(self, x: Shape, y: Shape) -> Any:
        """Those of the projections and of the network for the position bias."""
        return super().links(x, y) + self._steps(x) * self.hidden * (len(x.spatial) + 1 + self.heads)
