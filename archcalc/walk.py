"""Description + settings -> graph: one walk, because a structure may depend on a shape (`in_channels`).

The walk does not stop at the first problem: what can still be checked is, and all problems are reported
together. The module is longer than others because the walk is one recursion over all forms of entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from . import dims
from .conditions import Condition, at_least, promised, strongest
from .entries import (
    Block,
    BlockEntry,
    Broken,
    Chain,
    Entry,
    FromEntry,
    GroupEntry,
    JoinEntry,
    KindEntry,
    LayerEntry,
    place,
)  # fmt: skip
from .errors import MAX_SHOWN, ArchcalcError, Problem, SpecError, UsageError, hinted
from .expr import describe, truth
from .graph import Graph, Node, Repeat
from .growth import SymbolicRepeat
from .layers import Layer
from .layers.fields import Field, read_size, size_conditions
from .naming import Level, assign_paths
from .shapes import Shape
from .spec import Spec
from .values import Value

MAX_LAYERS = 200_000
MAX_NESTING = 60
MAX_SIZE = 10**18  # of one axis
MAX_STEPS = 50_000  # entries that may be visited beside one for each layer that is allowed


NOT_READ = object()  # None is a value: the padding `same`


class Point(NamedTuple):
    """Where a chain stands: the node last passed (or an input) and its shape."""

    node: int
    shape: Shape | None  # None at the start of a network with several inputs

    def at(self, shape: Shape) -> Point:
        """The same node with another shape."""
        return Point(self.node, shape)


class Context(NamedTuple):
    """What holds for all entries of a list."""

    scope: Mapping[str, Any]
    lets: Mapping[str, Any]
    head: Level | None = None
    repeat: Any = 1
    series: tuple[tuple[Any, Any], ...] = ()
    nesting: int = 0


class Template(NamedTuple):
    """A stretch of nodes that can be copied to another entry point of the same shape."""

    start: int
    stop: int
    entry: int
    exit: Point
    level: Level
    first: int
    last: int


class TooLarge(ArchcalcError):
    """The limit on layers is passed; the walk ends at once."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


Points = dict[str, Point | Value]


def elaborate(
    spec: Spec,
    variant: str | None = None,
    *,
    let: Mapping[str, Any] | None = None,
    input: Sequence[Any] | Mapping[str, Sequence[Any]] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Graph:
    """Walk a spec with the settings of one network.

    Raises SpecError with every problem of the file and of its shapes, ArchcalcError for a wrong setting.
    """
    if not spec.walkable:
        raise SpecError(spec.problems)
    walk = Walk(spec, max_layers)
    try:
        settings = spec.settings(variant, let or {}, walk.conditions)
        inputs = walk.inputs(settings, input)
    except ArchcalcError:
        if spec.problems:  # very likely their consequence
            raise SpecError(spec.problems) from None
        raise
    if not inputs:
        raise SpecError(spec.problems)
    walk.promised([*settings.values(), *(size for _, shape in inputs for size in shape.axes)])
    walk.run(settings, inputs)
    problems = [*spec.problems, *walk.problems]
    if problems:
        raise SpecError(problems)
    return walk.graph(variant, settings, inputs)


class Walk:
    """One walk over a spec; everything that it makes is collected here."""

    def __init__(self, spec: Spec, max_layers: int) -> None:
        self.spec = spec
        self.max_layers = max_layers
        self.made: list[tuple[Any, ...]] = []  # the fields of a Node behind `path`
        self.root = Level("", None)
        self.problems: list[Problem] = []
        self.reported = {(p.path, p.line, p.column) for p in spec.problems if p.line}
        self.conditions: list[Condition] = []
        self.repeats: list[Repeat] = []
        self.rounds: list[Repeat] = []  # by a symbol
        self.heads: list[Level] = []
        self.steps = 0
        self.symbols: frozenset[str] = frozenset()  # their names, in settings and inputs
        self.constant_layers: dict[tuple[int, int], Layer] = {}
        self.called: dict[Any, Template] = {}

    # before and after

    def inputs(
        self, settings: Mapping[str, Any], given: Sequence[Any] | Mapping[str, Sequence[Any]] | None
    ) -> tuple[tuple[str, Shape], ...]:
        """The input shapes by name: those of the spec, or the given ones."""
        declared = {
            name: tuple(self.spec.evaluated(value, settings, self.conditions) for value in values)
            for name, values in self.spec.inputs
        }
        if isinstance(given, Mapping):
            replaced = dict(given)
        elif given is not None and len(declared) > 1:
            raise UsageError(f"the network has several inputs; give them by name: {', '.join(declared)}")
        else:
            replaced = dict.fromkeys(declared, given) if given is not None else {}
        for name, sizes in replaced.items():
            if name not in declared:
                raise UsageError(f"there is no input '{name}'; known: {', '.join(declared)}")
            if not isinstance(sizes, Sequence) or isinstance(sizes, str):
                raise UsageError(f"input {sizes!r} is not a list of sizes such as (3, 224, 224)")
            if len(sizes) != len(declared[name]):
                axes = len(declared[name])
                raise UsageError(f"the input has {axes} axes, channels first; {describe_sizes(sizes)} has not")
            declared[name] = tuple(sizes)
        written = {name: values for name, values in self.spec.inputs if name not in replaced}
        shapes = []
        for name, sizes in declared.items():
            read = []
            for number, size in enumerate(sizes):
                try:
                    read.append(read_size(size, 1))
                    self.conditions.extend(size_conditions(size, 1))
                except ArchcalcError as error:
                    if name not in written:
                        raise UsageError(f"input {describe_sizes(sizes)}: {error}") from None
                    source, path = self.spec.source, written[name][number].path
                    raise SpecError([source.problem(str(error), source.mark(path), place(path))]) from None
            shapes.append((name, Shape(tuple(read))))
        return tuple(shapes)

    def promised(self, values: list[Any]) -> None:
        """What the symbols promise are conditions too: numbers put in their place must keep them."""
        flat = [size for value in values for size in (value if isinstance(value, tuple) else (value,))]
        sizes = [size for size in flat if dims.is_number(size)]
        self.conditions.extend(promised(sizes))
        self.symbols = frozenset().union(*map(dims.symbols_of, sizes))

    def run(self, settings: Mapping[str, Any], inputs: tuple[tuple[str, Shape], ...]) -> None:
        """Walk the layers; problems and nodes are collected."""
        points: Points = {name: Point(-1 - i, shape) for i, (name, shape) in enumerate(inputs)}
        start = Point(-1, inputs[0][1]) if len(inputs) == 1 else Point(-1, None)
        scope = dict(settings)
        if start.shape is not None:
            scope["in_channels"] = start.shape.channels
        try:
            self.chain(self.spec.layers, start, Context(scope, settings), self.root, points)
        except TooLarge as error:
            self.problems.append(error.problem)
        if not self.made and not self.problems and not self.spec.problems:
            mark = self.spec.source.mark(("layers",))
            self.problems.append(self.spec.source.problem("no layer is left: all are left out", mark, "layers"))

    def graph(self, variant: str | None, settings: Mapping[str, Any], inputs: tuple[tuple[str, Shape], ...]) -> Graph:
        paths = assign_paths(self.root, len(self.made))
        if len(set(paths)) != len(paths):
            last = {path: i for i, path in enumerate(paths)}
            twice = next(last[path] for i, path in enumerate(paths) if last[path] != i)
            layer, *_, entry = self.made[twice]
            message = f"two layers would be called '{paths[twice]}'; choose a name without a '.'"
            where = f"{paths[twice]} ({layer.kind})"
            raise SpecError([entry.source.problem(message, entry.source.value_mark(entry.path), where)])
        nodes = tuple(
            Node(i, path, layer, came, shapes, output, head.path if head else None, repeat, series, entry)
            for i, (path, (layer, came, shapes, output, head, repeat, series, entry)) in enumerate(
                zip(paths, self.made, strict=True)
            )
        )
        return Graph(
            self.spec, variant, dict(settings), inputs, nodes, self.root, tuple(self.repeats),
            tuple(level.path for level in self.heads if level.path), strongest(self.conditions), tuple(self.rounds),
        )  # fmt: skip

    # problems

    def report(self, entry: Entry, message: str, level: Level, stem: str = "", value: Value | None = None) -> None:
        """Note a problem with an entry, once for each place in the file."""
        source = entry.source
        mark = source.value_mark(value.path) if value is not None and value.path else source.mark(entry.path)
        if mark != (0, 0) and (source.path, *mark) in self.reported:
            return
        self.reported.add((source.path, *mark))
        if len(self.problems) >= MAX_SHOWN:
            return
        kind = entry.kind.kind if isinstance(entry, KindEntry) else ""
        path = ".".join(part for part in (level.guess(), stem) if part)
        if not path:
            where = entry.where
        elif stem == kind or not kind:
            where = path if path != kind else entry.where
            where = f"{level.guess()} ({kind})" if kind and level.parent is not None else where
        else:
            where = f"{path} ({kind})"
        self.problems.append(source.problem(message, mark, where))

    def evaluate(self, value: Value, entry: Entry, ctx: Context, level: Level, what: str = "") -> Any:
        """The value in this scope; None after reporting that it has none."""
        try:
            return value.evaluate(ctx.scope, self.conditions)
        except ArchcalcError as error:
            self.report(entry, f"{what}{error}", level, entry.stem, value)
            return None

    def limit(self, entry: Entry, layers: int) -> None:
        """End the walk where there are, or will be, too many layers."""
        if layers > self.max_layers:
            self.refuse(entry, f"the network has {layers:,} layers or more, the limit is {self.max_layers:,}")

    def refuse(self, entry: Entry, message: str) -> None:
        """End the walk of a network that is too large."""
        source = entry.source
        hint = "--max-layers, or max_layers= in Python, raises it"
        raise TooLarge(source.problem(message, source.mark(entry.path), entry.where, hint))

    # the walk

    def chain(self, entries: Chain, point: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        """Pass a list of entries from a point; the point reached, None where a problem hides it."""
        if ctx.nesting > MAX_NESTING:
            if entries:
                self.report(entries[0], f"nested more than {MAX_NESTING} levels deep", level)
            return None
        here: Point | None = point
        present: set[str] = set()
        for entry in entries:
            self.steps += 1
            if self.steps > self.max_layers + MAX_STEPS:
                self.refuse(entry, f"more than {self.max_layers + MAX_STEPS:,} entries are visited")
            if here is None:  # the shape is not known behind a problem, the values still are
                self.check_values(entry, ctx, level)
                continue
            if entry.when is not None:
                decided = self.decide(entry, ctx, level)
                if decided is None:
                    here = None
                    continue
                if not decided:
                    if entry.name and entry.name not in present:
                        points[entry.name] = entry.when
                    continue
            if entry.name:
                if entry.name in present:
                    self.report(entry, f"the name '{entry.name}' is given twice in one list", level, entry.stem)
                present.add(entry.name)
            here = self.entry(entry, here, ctx, level, points)
            if entry.name and here is not None:
                points[entry.name] = here
        return here

    def check_values(self, entry: Entry, ctx: Context, level: Level) -> None:
        """Report the fields of a layer that are wrong whatever its input."""
        if not isinstance(entry, KindEntry) or entry.when is not None:
            return
        for name, field, value in entry.fields:
            if not value.names <= ctx.scope.keys():
                continue
            evaluated = self.evaluate(value, entry, ctx, level, f"{name}: ")
            if evaluated is not None:
                self.read(field, name, evaluated, None, entry, level, value)

    def read(
        self, field: Field, name: str, evaluated: Any, rank: int | None, entry: Entry, level: Level, value: Value
    ) -> Any:
        """The value of a field as rules use it; NOT_READ after reporting what is wrong with it."""
        try:
            return field.read(evaluated, rank)
        except ArchcalcError as error:
            self.report(entry, f"{name}: {error}", level, entry.stem, value)
            return NOT_READ

    def decide(self, entry: Entry, ctx: Context, level: Level) -> bool | None:
        """What `when` says; None after reporting that it says nothing."""
        assert entry.when is not None
        value = self.evaluate(entry.when, entry, ctx, level, "when: ")
        if value is None:
            return None
        try:
            return truth(value)
        except ArchcalcError as error:
            self.report(entry, f"when: {error}", level, entry.stem, entry.when)
            return None

    def entry(self, entry: Entry, here: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        """Pass one entry."""
        if isinstance(entry, LayerEntry):
            return self.layer(entry, here, ctx, level)
        if isinstance(entry, BlockEntry):
            return self.call(entry, here, ctx, level)
        if isinstance(entry, JoinEntry):
            return self.join(entry, here, ctx, level, points)
        if isinstance(entry, GroupEntry):
            return self.group(entry, here, ctx, level, points)
        if isinstance(entry, FromEntry):
            target = points.get(entry.target)
            if isinstance(target, Value):
                self.report(entry, f"from: '{entry.target}' was left out by `when: {target}`", level)
                return None
            return target
        assert isinstance(entry, Broken)
        return None

    def layer(self, entry: LayerEntry, here: Point, ctx: Context, level: Level) -> Point | None:
        x = here.shape
        if x is None:
            self.report(entry, "the network has several inputs; begin with `from: NAME`", level, entry.stem)
            return None
        layer = self.built(entry, len(x.axes) - 1, ctx, level)
        if layer is None:
            return None
        stem = entry.name or layer.kind
        if x.layout not in layer.accepts:
            taken = " or ".join(_ARTICLES[layout] for layout in layer.accepts)
            ways = [way for way, layout in _CONVERSIONS[x.layout] if layout in layer.accepts]
            hint = f"{_listed(ways)} first" if ways else ""
            self.report(entry, hinted(f"{layer.kind} takes {taken}, not the {x.layout} {x}", hint), level, stem)
            return None
        output = self.apply(entry, layer, x, level, stem)
        if output is None:
            return None
        index = self.add(entry, layer, (here.node,), (x,), output, ctx)
        level.add(stem, is_named=entry.name is not None, node=index)
        return Point(index, output)

    def built(
        self,
        entry: KindEntry,
        rank: int,
        ctx: Context,
        level: Level,
    ) -> Layer | None:
        """The layer of an entry with its fields evaluated; one object for all rounds where they are constant."""
        key = (id(entry), rank)
        known = self.constant_layers.get(key)
        if known is not None:
            return known
        read: dict[str, Any] = {}
        failed = False
        for name, field, value in entry.fields:
            evaluated = self.evaluate(value, entry, ctx, level, f"{name}: ")
            if evaluated is None:
                failed = True
                continue
            read[name] = self.read(field, name, evaluated, rank, entry, level, value)
            if read[name] is NOT_READ:
                failed = True
            else:
                self.conditions.extend(field.conditions(read[name]))
        if failed:
            return None
        layer = entry.kind.build(rank, read)
        if all(value.is_constant for _, _, value in entry.fields):
            self.constant_layers[key] = layer
        return layer

    def apply(self, entry: Entry, layer: Layer, x: Any, level: Level, stem: str, named: str = "") -> Shape | None:
        """Check the layer's conditions and the size of its output; the output, where it has one."""
        failed = False
        try:
            for condition in layer.conditions(x):
                held = condition.truth
                if held is None:
                    self.conditions.append(condition)
                elif not held:
                    self.report(entry, condition.message.replace("{}", named), level, stem)
                    failed = True
            output = layer.output(x)
            output = Shape(tuple(map(dims.plain, output.axes)), output.channels_last)
        except (ArchcalcError, ArithmeticError) as error:
            self.report(entry, str(error).replace("{}", named), level, stem)
            return None
        for size in output.axes:
            if type(size) is int and size > MAX_SIZE:
                self.report(entry, f"an axis of the output would have more than {MAX_SIZE:,} numbers", level, stem)
                return None
            held = dims.at_least(size, 1)
            if held is None:
                checked = layer.stores == "view" or any(size in shape.axes for shape in _shapes(x))
                if not checked:
                    self.conditions.append(at_least(size, 1, f"an axis of the output would be {size}: below 1"))
            elif not held:
                if not failed:
                    self.report(entry, f"the output would be {output}: a size below 1", level, stem)
                return None
        return output

    def add(
        self,
        entry: Entry,
        layer: Layer,
        came: tuple[int, ...],
        shapes: tuple[Shape, ...],
        output: Shape,
        ctx: Context,
    ) -> int:
        """Append a node."""
        self.limit(entry, len(self.made) + 1)
        self.made.append((layer, came, shapes, output, ctx.head, ctx.repeat, ctx.series, entry))
        return len(self.made) - 1

    def join(self, entry: JoinEntry, here: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        inside = level.add(entry.stem, is_named=True) if entry.name else level
        ends: list[Point | None] = []
        for name, chain in entry.branches:
            branch = inside.add(name, is_named=True)
            deeper = ctx._replace(nesting=ctx.nesting + 1)
            ends.append(self.chain(chain, here, deeper, branch, dict(points)))
        reached = [end for end in ends if end is not None]
        if len(reached) < len(ends):
            return None
        shapes = tuple(end.shape for end in reached if end.shape is not None)
        if len(shapes) < len(ends):
            self.report(entry, "the network has several inputs; begin each branch with `from: NAME`", level, entry.stem)
            return None
        layer = self.built(entry, len(shapes[0].axes) - 1, ctx, level)
        if layer is None:
            return None
        names = [name for name, _ in entry.branches]
        named = ", ".join(f"{shape} from '{name}'" for shape, name in zip(shapes[:6], names, strict=False))
        named += ", ..." if len(shapes) > 6 else ""
        output = self.apply(entry, layer, shapes, level, entry.stem, named)
        if output is None:
            return None
        index = self.add(entry, layer, tuple(end.node for end in reached), shapes, output, ctx)
        if entry.name:
            inside.node = index
        else:
            level.add(entry.stem, node=index)
        return Point(index, output)

    def call(self, entry: BlockEntry, here: Point, ctx: Context, level: Level) -> Point | None:
        """Pass a block; a second call with equal arguments and input shape copies the first one's nodes."""
        block = entry.block
        arguments = {name: self.evaluate(value, entry, ctx, level, f"{name}: ") for name, value in entry.arguments}
        if None in arguments.values():
            return None
        marker = tuple(sorted((name, _typed(value)) for name, value in arguments.items()))
        key = (id(block), marker, here.shape, id(ctx.head), ctx.repeat, ctx.series)
        known = self.called.get(key) if here.shape is not None else None
        if known is not None:
            inside = level.add(entry.stem, is_named=entry.name is not None) if known.start < known.stop else level
            return self.copy(known, here.node, inside, entry)
        inside = level.add(entry.stem, is_named=entry.name is not None)
        start = len(self.made)
        lets = {} if block.closed else ctx.lets
        scope = self.block_scope(block, arguments, lets, here, entry, level)
        if scope is None:
            return None
        deeper = ctx._replace(scope=scope, lets=lets, nesting=ctx.nesting + 1)
        end = self.chain(block.chain, here, deeper, inside, {})
        if len(self.made) == start and isinstance(level.children, list):
            level.children.pop()  # a call that makes no layer leaves no level
        if end is not None:
            self.called[key] = Template(start, len(self.made), here.node, end, inside, 0, len(inside.children))
        return end

    def block_scope(
        self,
        block: Block,
        arguments: Mapping[str, Any],
        lets: Mapping[str, Any],
        here: Point,
        entry: BlockEntry,
        level: Level,
    ) -> dict[str, Any] | None:
        """What the body of a block sees: the lets of its file, its parameters, its own lets."""
        scope = dict(lets)
        if here.shape is not None:
            scope["in_channels"] = here.shape.channels
        for name, default in block.takes:
            if name in arguments:
                scope[name] = arguments[name]
                continue
            assert default is not None
            scope[name] = self.evaluate(default, entry, Context(scope, lets), level, f"{name}: ")
        for name, value in block.let:
            scope[name] = self.evaluate(value, entry, Context(scope, lets), level, f"{name}: ")
        return None if None in scope.values() else scope

    def copy(self, template: Template, entry_index: int, inside: Level, entry: Entry) -> Point:
        """Append a copy of a stretch of nodes that starts from another point of the same shape."""
        start, stop = template.start, template.stop
        if start == stop:
            return template.exit if template.exit.node != template.entry else template.exit._replace(node=entry_index)
        self.limit(entry, len(self.made) + stop - start)
        shift = len(self.made) - start

        def moved(index: int) -> int:
            if index >= start:
                return index + shift
            return entry_index if index == template.entry else index

        twins: dict[Level, Level] = {}
        template.level.copies(template.first, template.last, inside, shift, twins)
        for layer, came, shapes, output, head, *rest in self.made[start:stop]:
            self.made.append((layer, tuple(map(moved, came)), shapes, output, twins.get(head, head), *rest))
        self.heads.extend(twins[head] for head in list(self.heads) if head in twins)
        for repeats in (self.repeats, self.rounds):
            inner = [repeat for repeat in repeats if start <= repeat.start and repeat.start + repeat.length <= stop]
            repeats.extend(repeat._replace(start=repeat.start + shift) for repeat in inner)
        return Point(moved(template.exit.node), template.exit.shape)

    # groups

    def group(self, entry: GroupEntry, here: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        ctx = ctx._replace(nesting=ctx.nesting + 1)
        if entry.head is not None:
            return self.head(entry, here, ctx, level, points)
        if entry.repeat is not None:
            count = self.evaluate(entry.repeat, entry, ctx, level, "repeat: ")
            if count is None:
                return None
            if not dims.is_number(count) or not dims.is_whole(count) or dims.at_least(count, 0) is False:
                message = f"repeat: {describe(count)} is not a whole number >= 0"
                self.report(entry, message, level, entry.stem, entry.repeat)
                return None
            if dims.symbols_of(count) & {str(index) for index, _ in ctx.series}:
                message = "repeat: the number of rounds changes from round to round of the repeat around it"
                self.report(entry, message, level, entry.stem, entry.repeat)
                return None
            if dims.is_symbolic(count):
                if not dims.at_least(count, 0):
                    self.conditions.append(at_least(count, 0))
                return SymbolicRepeat(self, entry, ctx, level, points).run(here, count)
            return self.repeat(entry, count, here, ctx, level, points)
        if entry.loop is not None:
            return self.loop(entry, entry.loop, here, ctx, level, points)
        return self.round(entry, here, ctx, level, points)

    def round(self, entry: GroupEntry, here: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        """One pass of a group's body."""
        inside = level.add(entry.name, is_named=True) if entry.name else level
        return self.chain(entry.chain, here, ctx, inside, dict(points))

    def head(self, entry: GroupEntry, here: Point, ctx: Context, level: Level, points: Points) -> Point | None:
        assert entry.head is not None
        if ctx.head is not None:
            self.report(entry, f"head '{entry.head}' stands inside head '{ctx.head.stem}'", level)
            return here
        inside = level.add(entry.head, is_named=True)
        self.heads.append(inside)
        self.chain(entry.chain, here, ctx._replace(head=inside), inside, dict(points))
        return here

    def loop(
        self,
        entry: GroupEntry,
        loop: tuple[tuple[str, Value], ...],
        here: Point,
        ctx: Context,
        level: Level,
        points: Points,
    ) -> Point | None:
        columns: dict[str, tuple[Any, ...]] = {}
        for name, value in loop:
            column = self.evaluate(value, entry, ctx, level, f"{name}: ")
            if column is None:
                return None
            if not isinstance(column, tuple):
                is_symbol = dims.is_number(column) and dims.is_symbolic(column)
                hint = "; give a list with one symbol for each element" if is_symbol else ""
                self.report(entry, f"{name}: {describe(column)} is not a list{hint}", level, entry.stem, value)
                return None
            columns[name] = column
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            self.report(entry, f"the lists of a `for` run in step and must have the same length: {told}", level)
            return None
        reached: Point | None = here
        for row in zip(*columns.values(), strict=True):
            if reached is None:
                return None
            scope = {**ctx.scope, **dict(zip(columns, row, strict=True))}
            reached = self.round(entry, reached, ctx._replace(scope=scope), level, points)
        return reached

    def repeat(
        self, entry: GroupEntry, count: int, here: Point, ctx: Context, level: Level, points: Points
    ) -> Point | None:
        """Walk rounds until one keeps its shape, then copy it: all further rounds are equal to it."""
        reached: Point | None = here
        first_equal: int | None = None  # the first node of the first of the equal rounds
        for number in range(count):
            if reached is None:
                return None
            before, start, first = reached, len(self.made), len(level.children)
            reached = self.round(entry, before, ctx, level, points)
            length = len(self.made) - start
            if number == 0:
                self.limit(entry, start + count * length)
            if reached is None:
                return None
            if reached.shape != before.shape:
                first_equal = None
                continue
            if length == 0 and reached == before:
                break  # nothing in it, and nothing will be
            if first_equal is None or number == 0:
                first_equal = start
            if number == 0:  # a round may name the point before the first one; not the one before the second
                continue
            template = Template(start, len(self.made), before.node, reached, level, first, len(level.children))
            for _ in range(count - number - 1):
                reached = self.copy(template, reached.node, level, entry)
            if length:
                rounds = (len(self.made) - first_equal) // length
                self.repeats.append(Repeat(first_equal, length, rounds))
            break
        return reached


_ARTICLES = {"vector": "a vector", "map": "a map", "tokens": "tokens"}
_CONVERSIONS = {
    "map": (("flatten", "vector"), ("tokens", "tokens"), ("channels_last", "tokens")),
    "tokens": (("channels_first", "map"), ("flatten", "vector"), ("take", "vector")),
    "vector": (("reshape", "map"), ("reshape", "tokens")),
}


def _shapes(x: Any) -> tuple[Shape, ...]:
    """The input shapes, of a join or of any other layer."""
    return x if isinstance(x, tuple) else (x,)


def _listed(words: list[str]) -> str:
    """flatten, tokens or channels_last."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _typed(value: Any) -> Any:
    """A key in which 1 and true differ, and so do a word and a name."""
    if isinstance(value, tuple):
        return tuple(_typed(element) for element in value)
    return (type(value).__name__, str(value))


def describe_sizes(sizes: Any) -> str:
    """An input as a message shows it."""
    return sizes if isinstance(sizes, str) else "x".join(str(size) for size in sizes)
