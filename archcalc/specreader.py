"""Plain data -> a checked description of a network family; all problems of the file are collected.

The module is longer than others because each section of a file has its own mistakes to explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from . import dims
from .chains import ChainReader, Surroundings
from .entries import (
    BESIDE,
    ENTRY_NAME,
    Block,
    BlockEntry,
    Chain,
    Entry,
    GroupEntry,
    JoinEntry,
    place,
)
from .errors import MAX_SHOWN, ArchcalcError, SpecError, did_you_mean, hinted, shown
from .expr import describe, looks_boolean
from .layers import is_kind
from .spec import Spec
from .values import Value, is_ratio
from .yamlsrc import DataPath, Source

if TYPE_CHECKING:
    from .published import Published

SECTIONS = ("title", "cite", "input", "let", "variants", "use", "blocks", "layers", "published", "partition")
SCHEMES = ("channels", "batch", "pipeline", "rows", "hybrid", "auto")
WORDS = {
    "scheme": SCHEMES,
    "balance": ("macs", "memory", "time"),
    "schedule": ("1f1b", "gpipe"),
    "reduce": ("ring", "tree", "server"),
    "assemble": ("a", "b", "c"),
    "halo": ("exchange", "recompute"),
}  # the words that may stand in `partition`
AMOUNTS = {"link": "B/s", "speed": "FLOP/s", "device_memory": "B"}  # numbers with a unit
PARTITION = (
    "devices", "scheme", "batch", "link", "speed", "device_memory", "balance", "stages", "micro_batches", "schedule",
    "reduce", "zero", "optimizer", "assemble", "halo",
)  # fmt: skip
AXIS_NAMES = {0: ("N",), 1: ("N", "W"), 2: ("N", "H", "W"), 3: ("N", "D", "H", "W")}

Find: TypeAlias = Callable[[str, str], Source]  # (name of a file, path of the asking file) -> its data


def read_spec(source: Source, find: Find, asking: tuple[str, ...] = ()) -> Spec:
    """Check a file's data. Problems are kept in the result, so that the walk can add those of its shapes."""
    return _SpecReader(source, find, asking).read()


class _SpecReader:
    """Reads one file, section by section."""

    def __init__(self, source: Source, find: Find, asking: tuple[str, ...]) -> None:
        self.source = source
        self.find = find
        self.asking = (*asking, source.path)
        self.data: dict[str, Any] = source.data if isinstance(source.data, dict) else {}
        self.walkable = True
        self.chains = ChainReader(source)
        self.lets: dict[str, str] = {}

    def report(self, message: str, path: DataPath, *, at_value: bool = False) -> None:
        self.chains.report(message, path, at_value=at_value)

    def read(self) -> Spec:
        if not isinstance(self.source.data, dict):
            raise self._no_mapping()
        for key in [key for key in self.data if key not in SECTIONS][:MAX_SHOWN]:
            self.report(hinted(f"unknown section '{shown(key)}'", did_you_mean(key, SECTIONS)), (key,))
        for key in ("input", "layers"):
            if key not in self.data:
                self.report(f"missing section '{key}'", ())
        self._find_loop_names(self.data)
        let, variants = self._lets()
        inputs = self._inputs()
        self.walkable = not self.chains.problems  # the values of lets and inputs are all known
        self._use()
        self._blocks()
        around = Surroundings(
            {**self.lets, "in_channels": "channels"}, dict.fromkeys([name for name, _ in inputs], True)
        )
        layers: Chain = ()
        if self.data.get("layers", ()) in (None, []):
            self.report("there are no layers", ("layers",))
        elif "layers" in self.data:
            layers = self.chains.chain(self.data["layers"], ("layers",), around)
        return Spec(
            source=self.source,
            title=self._text("title"),
            cite=self._text("cite"),
            inputs=inputs,
            let=let,
            ratios=self._ratios(),
            variants=variants,
            blocks=self.chains.blocks,
            layers=layers,
            published=self._published(variants),
            partition=self._partition(),
            problems=tuple(self.chains.problems),
            walkable=self.walkable,
        )

    def _no_mapping(self) -> SpecError:
        """The error for a file that holds something else, or nothing."""
        is_empty = self.source.data is None
        what = "the file is empty" if is_empty else "a spec is a mapping with `input:` and `layers:`"
        mark = self.source.marks.get((), (1, 1) if self.source.path else (0, 0))
        hint = "it needs at least `input:` and `layers:`; see docs/spec-language.md"
        return SpecError([self.source.problem(what, mark, hint=hint)])

    def _text(self, section: str) -> str:
        value = self.data.get(section, "")
        if isinstance(value, dict | list):
            self.report(f"{section} is text", (section,))
            return ""
        return "" if value is None else str(value)

    def _mapping(self, section: str) -> dict[str, Any]:
        value = self.data.get(section)
        return value if isinstance(value, dict) else {}

    def _checked_mapping(self, section: str) -> dict[str, Any]:
        value = self.data.get(section)
        if value is not None and not isinstance(value, dict):
            self.report(f"{section} is a mapping, name: value", (section,), at_value=True)
        elif section in self.data and value is None:
            self.report("value missing", (section,))
        return self._mapping(section)

    def _find_loop_names(self, data: Any) -> None:
        """The `for` names of the whole file, for the hint that a block does not see them."""
        stack = [data]
        while stack:
            piece = stack.pop()
            if isinstance(piece, dict):
                if isinstance(piece.get("for"), dict):
                    self.chains.loop_names.update(str(name) for name in piece["for"])
                stack.extend(piece.values())
            elif isinstance(piece, list):
                stack.extend(piece)
        for block in self._mapping("blocks").values():
            takes = block.get("takes") if isinstance(block, dict) else None
            for parameter in takes if isinstance(takes, list) else [takes]:
                self.chains.callers_names.update(parameter if isinstance(parameter, dict) else [str(parameter)])
        self.chains.callers_names.update(self.chains.loop_names)

    # let and variants

    def _lets(self) -> tuple[tuple[tuple[str, Value], ...], dict[str, dict[str, Value]]]:
        raw, rows = self._checked_mapping("let"), self._checked_mapping("variants")
        for variant, row in rows.items():
            if not ENTRY_NAME.match(variant):
                self.report(
                    f"a variant name has letters, digits, _ - and ., not '{variant[:60]}'", ("variants", variant)
                )
            if row is not None and not isinstance(row, dict):
                self.report(f"variant '{variant}' is a mapping from let names to values", ("variants", variant))
        table = {name: row if isinstance(row, dict) else {} for name, row in rows.items()}
        places: dict[str, DataPath] = {name: ("let", name) for name in raw}
        for variant, row in table.items():
            for name in row:
                places.setdefault(name, ("variants", variant, name))
        forbidden = self._axis_names()
        for name, path in places.items():
            if name in forbidden:
                self.report(f"a let cannot be called {name}: that is an axis of the input", path)
            elif self.chains.new_name(name, "let", path, {}, place(path)):
                self.lets[name] = "let"
        self._check_complete(raw, table)
        around = Surroundings(self.lets, {})
        let = self._values(raw, ("let",), around)
        variants = {variant: dict(self._values(row, ("variants", variant), around)) for variant, row in table.items()}
        return let, variants

    def _check_complete(self, raw: Mapping[str, Any], table: Mapping[str, Mapping[str, Any]]) -> None:
        """A name has a value in `let`, or in every variant."""
        for name in dict.fromkeys(name for row in table.values() for name in row):
            lacking = [variant for variant, row in table.items() if name not in row]
            if name not in raw and lacking:
                self.report(
                    f"'{name}' has no value here; give it in `let` or in every variant", ("variants", lacking[0])
                )

    def _values(self, raw: Mapping[str, Any], path: DataPath, around: Surroundings) -> tuple[tuple[str, Value], ...]:
        read = []
        for name, data in raw.items():
            value = self.chains.value(data, (*path, name), around, place((*path, name)))
            if value is not None:
                if value.is_constant and looks_boolean(value.constant):
                    self.report(f"'{value.constant}' is text; write true or false", (*path, name), at_value=True)
                read.append((name, value))
        return tuple(read)

    def _axis_names(self) -> tuple[str, ...]:
        shapes = self.data.get("input")
        listed = list(shapes.values()) if isinstance(shapes, dict) else [shapes]
        ranks = [len(shape) - 1 for shape in listed if isinstance(shape, list | tuple) and 1 <= len(shape) <= 4]
        return AXIS_NAMES[max(ranks, default=0)]

    def _ratios(self) -> frozenset[str]:
        rows = [self._mapping("let"), *(row for row in self._mapping("variants").values() if isinstance(row, dict))]
        return frozenset(name for row in rows for name, data in row.items() if is_ratio(data))

    # input

    def _inputs(self) -> tuple[tuple[str, tuple[Value, ...]], ...]:
        data = self.data.get("input")
        if "input" not in self.data:
            return ()
        named = data if isinstance(data, dict) else {"input": data}
        if not named:
            self.report("there is no input", ("input",))
        inputs = []
        for name, sizes in named.items():
            path: DataPath = ("input", name) if isinstance(data, dict) else ("input",)
            if not isinstance(sizes, list | tuple) or not 1 <= len(sizes) <= 4:
                message = "an input is a list: the channels, then up to three spatial axes, as in [3, 224, 224]"
                if isinstance(sizes, str) and sizes.replace("x", "").isdigit():
                    message = f"an input is a list; write [{', '.join(sizes.split('x'))}]"
                self.report(message, path, at_value=True)
                continue
            around = Surroundings(self.lets, {})
            values = [self.chains.value(size, (*path, i), around, place(path)) for i, size in enumerate(sizes)]
            for value in values:
                if value is not None and value.is_constant and not _is_size(value.constant):
                    message = f"{describe(value.constant)} is not a size; it must be a whole number >= 1"
                    if isinstance(value.constant, str):
                        hint = did_you_mean(value.constant, self.lets) or "give it in `let`"
                        if value.constant == "in_channels":
                            hint = "only `layers` and blocks have it"
                        message = f"unknown name '{shown(value.constant)}'; {hint}"
                    self.report(message, value.path)
            inputs.append((str(name), tuple(value for value in values if value is not None)))
        return tuple(inputs)

    # blocks

    def _blocks(self) -> None:
        """All blocks: first what they take, so that they can call each other, then what they do."""
        scopes = {}
        for name, data in self._checked_mapping("blocks").items():
            scopes[name] = Surroundings({**self.lets, "in_channels": "channels"}, {}, in_block=True)
            if self._check_block(name, data, ("blocks", name)):
                before = len(self.chains.problems)
                read = self._takes(data.get("takes"), ("blocks", name, "takes"), scopes[name])
                self.chains.takes[name] = read if len(self.chains.problems) == before else None
                if self.chains.takes[name] is None:  # its body is checked all the same
                    self._block(name, read, scopes[name])
            else:
                self.chains.takes[name] = None
        for name, takes in self.chains.takes.items():
            if takes is not None and name not in self.chains.blocks:
                self.chains.blocks[name] = self._block(name, takes, scopes[name])
        for name in _calling_themselves(self.chains.blocks):
            self.walkable = False
            self.report(f"block '{name}' calls itself, directly or through others", ("blocks", name))

    def _check_block(self, name: str, data: Any, path: DataPath) -> bool:
        if is_kind(name):
            self.report(f"'{name}' is a layer kind already; a block needs a name of its own", path)
        elif name in (*BESIDE, "identity"):
            self.report(f"'{name}' has a meaning of its own; a block needs another name", path)
        elif not ENTRY_NAME.match(name):
            self.report(f"a block name has letters, digits, _ - and ., not '{name[:60]}'", path)
        if name in self.chains.takes:
            self.report(f"the block '{name}' is taken from another file by `use` already", path)
        if not isinstance(data, dict) or "do" not in data:
            self.report(f"block '{name}' is a mapping with `do:`, and perhaps `takes:` and `let:`", path)
            return False
        for key in data:
            if key not in ("takes", "let", "do"):
                hint = did_you_mean(key, ("takes", "let", "do"))
                self.report(hinted(f"unknown section '{key}' of block '{name}'", hint), (*path, key))
        return True

    def _block(self, name: str, takes: tuple[tuple[str, Value | None], ...], around: Surroundings) -> Block:
        data, path = self.data["blocks"][name], ("blocks", name)
        raw_let = data.get("let") or {}
        if not isinstance(raw_let, dict):
            self.report("let is a mapping, name: value", (*path, "let"))
            raw_let = {}
        let: list[tuple[str, Value]] = []
        for key, raw in raw_let.items():
            let.extend(self._values({key: raw}, (*path, "let"), around))
            if self.chains.new_name(key, "let", (*path, "let", key), around.names, place((*path, "let", key))):
                around.names[key] = "let"
        chain = self.chains.chain(data["do"], (*path, "do"), around)
        return Block(name, takes, tuple(let), chain)

    def _takes(self, raw: Any, path: DataPath, around: Surroundings) -> tuple[tuple[str, Value | None], ...]:
        """Parameters: names, then at most one mapping of names with defaults."""
        if raw is None:
            return ()
        listed = raw if isinstance(raw, list | tuple) else [raw]
        around.own_parameters = {str(name) for part in listed for name in (part if isinstance(part, dict) else [part])}
        takes: list[tuple[str, Value | None]] = []
        for number, parameter in enumerate(listed):
            at = (*path, number) if listed is raw else path
            if isinstance(parameter, dict) and number == len(listed) - 1:
                for key, data in parameter.items():
                    value = self.chains.value(data, (*at, key), around, place((*at, key)))
                    if self.chains.new_name(key, "parameter", (*at, key), around.names, place(path)):
                        takes.append((key, value or Value()))
                    around.names[str(key)] = "parameter"
            elif isinstance(parameter, dict | list):
                self.report("takes is a list of names, then one mapping of names with defaults", at)
            else:
                if self.chains.new_name(parameter, "parameter", at, around.names, place(path)):
                    takes.append((parameter, None))
                around.names[str(parameter)] = "parameter"
        around.own_parameters = set()
        return tuple(takes)

    def _use(self) -> None:
        """Blocks of other files; they are closed, so they must not read any let of theirs."""
        for file_name, wanted in self._checked_mapping("use").items():
            path: DataPath = ("use", file_name)
            names = wanted if isinstance(wanted, list | tuple) else [wanted]
            if not all(isinstance(name, str) for name in names):
                self.report("use takes lists of block names: use: {densenet: [dense_layer]}", path, at_value=True)
                continue
            self.chains.takes.update(dict.fromkeys(map(str, names)))
            try:
                source = self.find(file_name, self.source.path)
                if source.path in self.asking:
                    raise ArchcalcError(f"{' -> '.join([*self.asking, source.path])} use each other in a circle")
                other = read_spec(source, self.find, self.asking)
            except ArchcalcError as error:
                self.report(str(error).split("\n")[0], path)
                continue
            if other.problems:
                self.report(f"{source.path} has problems of its own: {other.problems[0]}", path)
                continue
            for number, name in enumerate(names):
                at = (*path, number) if isinstance(wanted, list | tuple) else path
                self._use_block(name, other, at)

    def _use_block(self, name: Any, other: Spec, path: DataPath) -> None:
        block = other.blocks.get(name) if isinstance(name, str) else None
        if block is None:
            hint = did_you_mean(name, other.blocks)
            self.report(hinted(f"{other.source.path} has no block '{name}'", hint), path)
            return
        reads = sorted(_names_read(block, other.blocks) & set(other.let_names))
        if reads:
            message = f"block '{name}' of {other.source.path} reads let '{reads[0]}'; make it a parameter"
            self.report(message, path)
            return
        self.chains.takes[block.name] = block.takes
        self.chains.blocks[block.name] = replace(block, closed=True)

    # published figures and partition

    def _published(self, variants: Mapping[str, Any]) -> tuple[Published, ...]:
        listed = self.data.get("published", ())
        if not isinstance(listed, list | tuple):
            self.report("published is a list of entries", ("published",), at_value=True)
            return ()
        if not listed:
            return ()
        from .published import FigureReader

        reader = FigureReader(self.report, self.source, variants)
        read = (reader.published(entry, ("published", number)) for number, entry in enumerate(listed))
        return tuple(figure for figure in read if figure)

    def _partition(self) -> Mapping[str, Value] | None:
        if "partition" not in self.data:
            return None
        raw = self._checked_mapping("partition")
        for key in raw:
            if key not in PARTITION:
                self.report(hinted(f"unknown field '{key}'", did_you_mean(key, PARTITION)), ("partition", key))
        texts = {key: Value(("partition", key), data) for key, data in raw.items() if _is_text(key, data)}
        others = {key: data for key, data in raw.items() if key not in texts}
        values = {**dict(self._values(others, ("partition",), Surroundings(self.lets, {}))), **texts}
        for key, value in values.items():
            if value.is_constant and key in WORDS and value.constant not in WORDS[key]:
                message = f"{describe(value.constant)} is not a {'scheme' if key == 'scheme' else f'word for {key}'}"
                self.report(hinted(message, did_you_mean(value.constant, WORDS[key])), value.path, at_value=True)
            elif key in texts and key in AMOUNTS:
                from .figures import amount

                try:
                    amount(value.constant, AMOUNTS[key])
                except ArchcalcError as error:
                    self.report(str(error), value.path, at_value=True)
        return values


def _is_text(key: str, data: Any) -> bool:
    """Whether a field of `partition` is not evaluated: an amount with its unit, a word, the paths of layers."""
    return key == "stages" or (isinstance(data, str) and (key in AMOUNTS or data in WORDS.get(key, ())))


def _is_size(value: Any) -> bool:
    return dims.is_number(value) and dims.is_whole(value) and dims.at_least(value, 1) is not False


def _entries(block: Block) -> Iterator[Entry]:
    """Every entry of a block, those in groups and branches included."""
    chains: list[Chain] = [block.chain]
    while chains:
        for entry in chains.pop():
            yield entry
            if isinstance(entry, JoinEntry):
                chains.extend(chain for _, chain in entry.branches)
            elif isinstance(entry, GroupEntry):
                chains.append(entry.chain)


def _calls(block: Block) -> set[str]:
    return {entry.called for entry in _entries(block) if isinstance(entry, BlockEntry)}


def _reached(name: str, blocks: Mapping[str, Block]) -> set[str]:
    """The blocks that a block calls, directly or through others."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        block = blocks.get(waiting.pop())
        new = _calls(block) - reached if block else set()
        reached |= new
        waiting.extend(new)
    return reached


def _calling_themselves(blocks: Mapping[str, Block]) -> list[str]:
    """Blocks that call themselves, directly or through others: in call order, each found once."""
    calls = {name: _calls(block) & blocks.keys() for name, block in blocks.items()}
    if not any(calls.values()):
        return []
    from graphlib import CycleError, TopologicalSorter

    found: list[str] = []
    while True:
        try:
            TopologicalSorter(calls).prepare()
        except CycleError as error:
            circle = error.args[1][:-1]
            found.extend(circle)
            calls = {name: called - set(circle) for name, called in calls.items() if name not in circle}
            if len(found) < MAX_SHOWN:
                continue
        return sorted(found, key=list(blocks).index)


def _names_read(block: Block, blocks: Mapping[str, Block]) -> set[str]:
    """Every name that a block and the blocks it calls read from outside: only lets can be such names."""
    read: set[str] = set()
    for name in {block.name} | _reached(block.name, blocks):
        called = blocks[name]
        values = [value for _, value in (*called.takes, *called.let) if value is not None]
        own = {parameter for parameter, _ in (*called.takes, *called.let)}
        for entry in _entries(called):
            values.extend(entry.values())
            if isinstance(entry, GroupEntry):
                own.update(loop_name for loop_name, _ in entry.loop or ())
        read |= frozenset().union(*(value.names for value in values)) - own
    return read
