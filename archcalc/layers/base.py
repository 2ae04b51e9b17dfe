"""What a layer kind is: a frozen dataclass whose fields are its schema and whose methods are its rules.

Every rule is a pure function of the fields and the input shape, written with `+ - *` and `archcalc.dims`
only, so that it runs with ints, with symbols and with terms that explain themselves.

>>> from archcalc.layers import make
>>> from archcalc.shapes import Shape
>>> conv1, x = make("conv", rank=2, filters=96, kernel=11, stride=4), Shape((3, 227, 227))
>>> print(conv1.output(x), conv1.parameters(x))
96x55x55 {'weight': (96, 3, 11, 11), 'bias': (96,)}
"""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ..conditions import Condition
from ..dims import ceildiv, exact_div, floordiv
from ..errors import ArchcalcError
from ..records import Record, dataclass_transform, record
from ..shapes import Shape, Window
from .fields import Dim, Field
from .keeping import Kept, Stage

if TYPE_CHECKING:
    from ..readings import Readings


class Operations(NamedTuple):
    """What one image costs, in six classes that are never mixed; see docs/conventions.md."""

    macs: Any = 0
    multiplications: Any = 0
    additions: Any = 0
    comparisons: Any = 0
    divisions: Any = 0
    exponentials: Any = 0

    @property
    def flops(self) -> Any:
        """2 for each multiply-accumulate, 1 for each operation of the other five classes."""
        return 2 * self.macs + sum(self[1:])


Tensors = dict[str, tuple[Any, ...]]
Channels = tuple[tuple[Any, Any], ...]  # ranges of channels, each from a first one to before a last one


@record
class Layer(Record):
    """The base of all kinds: an element-wise layer without weights."""

    bits: Dim = None  # bits of a number of this layer, where it differs from the network's dtype

    kind: ClassVar[str] = ""
    source: ClassVar[str] = ""
    schema: ClassVar[dict[str, Field]] = {}
    accepts: ClassVar[tuple[str, ...]] = ("vector", "map", "tokens")
    stores: ClassVar[str] = "new"  # new, in place or view
    cuts: ClassVar[bool] = False  # of a view: its output is a part of its input
    only_trains: ClassVar[bool] = False  # at inference the output is the input itself
    reads_parts: ClassVar[bool] = False  # of its own kind it reads what was read there, not the result
    reads: ClassVar[str] = "itself"  # input channels behind one output channel: itself, group, all, neighbours
    weighted: ClassVar[bool] = False
    depth: ClassVar[int] = 0
    joins: ClassVar[bool] = False
    mixes: ClassVar[bool] = False  # every output position reads all input positions, if `readings` does not say less
    has_places: ClassVar[bool] = False  # each output position has parameters of its own
    enlarges: ClassVar[bool] = False  # the window leads the other way: from one input to the outputs that it reaches
    keeps: ClassVar[tuple[str, ...] | None] = None  # for the backward pass: input, output; None is not known
    keeps_apart: ClassVar[tuple[str, ...] | None] = (
        None  # of a layer in place that has to make a new tensor, if it differs
    )
    gradient: ClassVar[str] = "new"  # of an input: new, passed (the output's), cut (a part of it), gathered (of parts)
    takes_indices: ClassVar[bool] = False  # its input is whole numbers, such as those of words
    part_of_gradient: ClassVar[
        tuple[str, ...]
    ] = ()  # parameters whose gradient, of one image, is cut from the output's
    in_loss: ClassVar[bool] = False  # at the end of a network it is a part of the loss, which takes its input
    autocast: ClassVar[str] = "as given"  # in mixed precision: half, float32, or float32 for the output only: widened
    known_defaults: ClassVar[dict[int, dict[str, Any]]] = {}  # by rank, of the class itself

    def window(self) -> Window | None:
        """What one output reads along the spatial axes; None is the point itself, or all where `mixes` says so."""
        return None

    def window_on(self, x: Any) -> Window | None:
        """The window on this input, for kinds such as global pooling whose window is not the same for all."""
        return self.window()

    def readings(self, x: Any, y: Shape) -> "tuple[Readings, ...]":
        """For each input, which positions of it one position of the output reads; by default as the window says."""
        from ..readings import readings_of

        return readings_of(self, x, y)

    def conditions(self, x: Any) -> Iterator[Condition]:
        """What must hold of the input for the other rules to be right."""
        window = self.window_on(x)
        if window is not None and not self.enlarges:
            yield from window.conditions(x.spatial)

    def output(self, x: Any) -> Shape:
        """The output shape."""
        return x  # type: ignore[no-any-return]

    def parameters(self, x: Any) -> Tensors:
        """Learned tensors by name; biases are called bias or end in `.bias`."""
        return {}

    def buffers(self, x: Any) -> Tensors:
        """Stored tensors that are not learned."""
        return {}

    def constants(self, x: Any) -> tuple[Kept, ...]:
        """What PyTorch stores beside the buffers: counters, and indices that are computed once."""
        return ()

    def operations(self, x: Any, y: Shape) -> Operations:
        """The operations of one forward pass of one image."""
        return Operations()

    def saved(self, x: Any, y: Shape) -> tuple[Kept, ...]:
        """What training keeps for the backward pass, by the rules of PyTorch's eager mode."""
        if self.keeps is None:
            raise ArchcalcError(f"layer kind '{self.kind}' has no rule `saved`, so what training keeps is not known")
        return tuple(map(Kept, self.keeps))

    def keeps_copy(self, name: str, input_needs: bool) -> bool:
        """Whether a parameter's copy in 16 bits is kept, for the gradient of what it is multiplied with."""
        return name.endswith("weight")

    def stages(self, x: Any, y: Shape) -> tuple[Stage, ...]:
        """The parts of the backward pass in the order in which they run; none where it is one operation."""
        return ()

    def passing(self, x: Any, y: Shape) -> Any:
        """The most numbers that its backward pass makes beside gradients, between operations of which it is made."""
        return 0

    def links(self, x: Any, y: Shape) -> Any:
        """Links into the outputs of a weighted layer, one for a bias."""
        if self.weighted:
            raise ArchcalcError(f"layer kind '{self.kind}' is weighted, so it needs a rule `links`")
        return 0

    def dropped(self, x: Any) -> tuple[Any, ...]:
        """Rows and columns at the end of the input that no window reads, one number an axis."""
        window = self.window_on(x)
        if window is None:
            return ()
        return (0,) * len(x.spatial) if self.enlarges else window.dropped(x.spatial)

    def reads_channels(self, x: Any, channels: Channels) -> tuple[Channels, ...]:
        """Of each input the channels that these output channels read; ranges may be empty and may overlap.

        What the word `reads` says, channel by channel.
        """
        inputs = x if self.joins else (x,)
        if self.reads == "itself":
            return (channels,) * len(inputs)
        if self.reads == "all":
            return tuple(((0, shape.channels),) for shape in inputs)
        if self.reads != "group":
            raise ArchcalcError(f"layer kind '{self.kind}' reads {self.reads}, so it needs a rule `reads_channels`")
        groups = self.groups_read(x)
        taken, made = exact_div(x.channels, groups), exact_div(self.output(x).channels, groups)
        return (tuple((floordiv(a, made) * taken, ceildiv(b, made) * taken) for a, b in channels),)

    def groups_read(self, x: Any) -> Any:
        """How many groups the channels fall into, of kinds that read `group`."""
        return getattr(self, "groups", 1)

    def dealt(self, x: Any) -> tuple[Any, ...]:
        """Into how many equal parts its channels may be dealt out over devices, the coarse way first.

        Groups, then filters; heads. None at all for kinds without filters: their channels lie where they are read.
        """
        return ()

    def exchanged(self, x: Any) -> Any:
        """Values that these parts make within the layer, and that each of them needs whole."""
        return 0

    def only(self, channels: Channels) -> "Layer | None":
        """The layer with these output channels alone, of kinds whose channels do not cost the same."""
        return None

    def with_terms(self) -> "Layer":
        """The same layer with every size as a `Term` under the name that formulas use for it."""
        values = {}
        for name, field in self.schema.items():
            attribute = _attribute(type(self), name)
            value = getattr(self, attribute)
            values[attribute] = None if value is None else field.with_terms(value, name)
        return replace(self, **values)

    def resolved(self) -> "Layer":
        """The layer that really stands here; `activation: WORD` is one of another kind."""
        return self

    def arguments(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as a spec would write them."""
        shown = {}
        for field in fields(self):
            name, value = _spec_name(field.name), getattr(self, field.name)
            if field.default is MISSING or value != self.defaults(_rank_of(value)).get(name):
                shown[name] = value
        return shown

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The fields without a default."""
        without = {_spec_name(field.name) for field in fields(cls) if field.default is MISSING}
        return tuple(name for name in cls.schema if name in without)

    @classmethod
    def main(cls) -> str | None:
        """The field that a bare value stands for: the first required one, else the first."""
        return [*cls.required(), *(name for name in cls.schema if name != "bits"), None][0]

    @classmethod
    def defaults(cls, rank: int) -> dict[str, Any]:
        """The default values as rules use them, for an input with this many spatial axes."""
        if "known_defaults" not in cls.__dict__:
            cls.known_defaults = {}
        known = cls.known_defaults
        if rank not in known:
            known[rank] = {
                name: None if default is None else cls.schema[name].read(default, rank)
                for name, default in ((_spec_name(field.name), field.default) for field in fields(cls))
                if default is not MISSING
            }
        return known[rank]

    @classmethod
    def build(cls, rank: int, read: dict[str, Any]) -> "Layer":
        """The layer with these field values, as the fields have read them, and defaults for the rest."""
        values = {**cls.defaults(rank), **read}
        return cls(**{_attribute(cls, name): value for name, value in values.items()}).resolved()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.arguments().items())
        return f"{self.kind}({shown})"


def _rank_of(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else 1


def _spec_name(attribute: str) -> str:
    """A field that has the name of a rule is called `window_` in Python, and `window` in a spec."""
    return attribute.rstrip("_")


def _attribute(cls: type, name: str) -> str:
    return f"{name}_" if f"{name}_" in cls.__dataclass_fields__ else name  # type: ignore[attr-defined]


_Kind = TypeVar("_Kind", bound=type[Layer])
REGISTRY: dict[str, type[Layer]] = {}
Layer.schema["bits"] = get_annotations(Layer)["bits"].__metadata__[0]


@dataclass_transform(kw_only_default=True, frozen_default=True)
def with_fields(cls: _Kind) -> _Kind:
    """Make a dataclass of a class that adds fields, and read its schema from them; kinds and their bases."""
    if get_annotations(cls):
        own = _schema(cls)
        cls = record(cls)
        cls.schema = {**own, **cls.schema}
    return cls


@dataclass_transform(kw_only_default=True, frozen_default=True)
def layer(kind: str, *, source: str = "") -> Callable[[_Kind], _Kind]:
    """Register a class as a layer kind: `@layer("conv", source="Dumoulin & Visin 2016, sec. 2.4")`.

    The class becomes a frozen, keyword-only dataclass. A kind can be registered once only; running the same
    definition again replaces it.
    """
    if not isinstance(kind, str):
        raise ArchcalcError('the decorator takes the name of the kind: @layer("my_kind")')

    def register(cls: _Kind) -> _Kind:
        from . import FAMILIES

        home = FAMILIES.get(kind)
        known = REGISTRY.get(kind)
        again = known is not None and (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__)
        if (known is not None and not again) or (home is not None and cls.__module__ != f"{__package__}.{home}"):
            raise ArchcalcError(f"there is a layer kind '{kind}' already")
        if not issubclass(cls, Layer):
            raise ArchcalcError(f"the class of layer kind '{kind}' must derive from archcalc.Layer")
        cls = with_fields(cls)
        cls.kind = kind
        cls.source = source
        REGISTRY[kind] = cls
        return cls

    return register


def _schema(cls: type) -> dict[str, Field]:
    """The field types that the class itself names."""
    annotations = get_annotations(cls)
    if any(isinstance(annotation, str) for annotation in annotations.values()):
        from typing import get_type_hints

        hints = get_type_hints(cls, include_extras=True)
        annotations = {name: hints[name] for name in annotations}
    schema = {}
    for name, annotation in annotations.items():
        types = [part for part in getattr(annotation, "__metadata__", ()) if isinstance(part, Field)]
        if not types:
            if "ClassVar" in str(annotation):
                continue
            raise ArchcalcError(f"field '{name}' of {cls.__name__} needs a type such as Dim, PerAxis or Flag")
        schema[_spec_name(name)] = types[0]
    return schema
