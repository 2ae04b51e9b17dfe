"""Reads chains of entries: what stands under `layers`, `do` and the branches of a join, in every block.

Reading collects problems instead of stopping, so that one run names them all; an entry with a problem is kept
as `Broken`, and the walk of the graph does not go past it. The module is longer than others because each form
of entry has its own mistakes to explain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from . import dims
from .entries import (
    BESIDE,
    ENTRY_NAME,
    GROUP_WORDS,
    Block,
    BlockEntry,
    Broken,
    Chain,
    Entry,
    FromEntry,
    GroupEntry,
    JoinEntry,
    LayerEntry,
    place,
)  # fmt: skip
from .errors import MAX_SHOWN, ArchcalcError, Problem, did_you_mean, hinted, nearest, shown
from .expr import describe, looks_boolean, not_boolean
from .layers import JOINS, Layer, find, is_kind, kinds
from .layers.fields import Field
from .values import UnknownName, Value, check_name, compile_value
from .yamlsrc import DataPath, Source

CONCATENATIONS = ("concat", "dense_concat")
Fields: TypeAlias = tuple[tuple[str, Field, Value], ...]


class Surroundings:
    """What an entry can see where it stands."""

    def __init__(
        self, names: dict[str, str], points: dict[str, bool], *, in_head: bool = False, in_block: bool = False
    ) -> None:
        self.names = names  # name -> what it is, for messages
        self.points = points  # names that `from` can go to
        self.in_head = in_head
        self.in_block = in_block
        self.own_parameters: set[str] = set()  # while the defaults of these are read

    def inside(self, names: Mapping[str, str] | None = None, in_head: bool = False) -> Surroundings:
        """The surroundings of a list that stands within these."""
        return Surroundings(
            {**self.names, **(names or {})}, dict(self.points), in_head=self.in_head or in_head, in_block=self.in_block
        )


class Here(NamedTuple):
    """The entry that is being read: its path, what it can see, and how messages call it."""

    path: DataPath
    around: Surroundings
    where: str


class ChainReader:
    """Reads the chains of one file, given what its blocks take; `blocks` is filled meanwhile."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.takes: dict[str, tuple[tuple[str, Value | None], ...] | None] = {}  # None: a block with a problem
        self.blocks: dict[str, Block] = {}
        self.problems: list[Problem] = []
        self.loop_names: set[str] = set()  # of the whole file, for hints
        self.callers_names: set[str] = set()  # these and the parameters of all blocks

    def report(self, message: str, path: DataPath, where: str = "", *, at_value: bool = False) -> None:
        """Note a problem at a key, or at the value behind it."""
        mark = self.source.value_mark(path) if at_value else self.source.mark(path)
        self.problems.append(self.source.problem(message, mark, where or place(path)))

    def wrong(self, message: str, here: Here, *steps: str, at_value: bool = False) -> None:
        """Note a problem with an entry, at `steps` from it."""
        self.report(message, (*here.path, *steps), here.where, at_value=at_value)

    def value(self, data: Any, path: DataPath, around: Surroundings, where: str) -> Value | None:
        """A value, or None after reporting what is wrong with it."""
        try:
            return compile_value(data, path, around.names)
        except UnknownName as error:
            self.report(self.unknown_name(error.name, str(error), around), path, where, at_value=True)
        except ArchcalcError as error:
            self.report(str(error), path, where, at_value=True)
        return None

    def unknown_name(self, name: str, message: str, around: Surroundings) -> str:
        """The message for a name that is not in scope here; it may be one of somewhere else."""
        if around.own_parameters and name in around.own_parameters:
            return f"{message.partition(';')[0]}; a default sees only the parameters before it"
        if around.in_block and name in self.callers_names:
            return f"unknown name '{name}'; a block does not see the caller's names: pass it as an argument"
        if name in self.loop_names:
            return f"unknown name '{name}'; a `for` name is seen only inside its `do`"
        return message

    def chain(self, data: Any, path: DataPath, around: Surroundings) -> Chain:
        """A list of entries, or one entry without brackets."""
        if data is None:
            self.report("value missing; write `identity` for a branch with nothing in it", path)
            return (Broken(path=path, source=self.source),)
        listed = data if isinstance(data, list | tuple) else [data]
        entries: list[Entry] = []
        named: dict[str, Entry] = {}
        for number, element in enumerate(listed):
            if len(self.problems) >= MAX_SHOWN:
                entries.append(Broken(path=path, source=self.source))
                break
            at = (*path, number) if isinstance(data, list | tuple) else path
            entry = self.entry(element, at, around)
            entries.append(entry)
            if entry.name is None:
                continue
            if entry.name in named and entry.when is None and named[entry.name].when is None:
                line, _ = self.source.mark(named[entry.name].path)
                self.report(f"the name '{entry.name}' is given twice in one list, first on line {line}", at)
            named[entry.name] = entry
            around.points[entry.name] = True
        return tuple(entries)

    def entry(self, data: Any, path: DataPath, around: Surroundings) -> Entry:
        """One entry; `Broken` where something is wrong with it."""
        before = len(self.problems)
        if isinstance(data, str):
            data = {data: None}
        if not isinstance(data, dict) or not data:
            self.report(f"an entry is a layer kind, a block, from or do, not {_shown(data)}", path)
            return Broken(path=path, source=self.source)
        entry = self._mapping(data, path, around)
        if entry is None or len(self.problems) > before:
            name = data.get("name")
            return Broken(path=path, source=self.source, name=name if isinstance(name, str) else None)
        return entry

    def _mapping(self, data: dict[str, Any], path: DataPath, around: Surroundings) -> Entry | None:
        mains = [key for key in data if key not in BESIDE]
        mains += [key for key in ("from", "do") if key in data]
        if len(mains) != 1:
            self._no_single_main(data, mains, path)
            return None
        main = mains[0]
        where = place(path, main if main not in ("from", "do") else "", _text(data.get("name")))
        here = Here(path, around, where)
        common = self._common(data, main, here)
        if main == "identity":
            if data[main] is not None:
                self.wrong("identity takes no value", here, main, at_value=True)
            return GroupEntry(chain=(), **common)
        if main == "from":
            return self._from(data["from"], here, common)
        if main == "do":
            return self._group(data, here, common)
        if main in JOINS:
            return self._join(data, main, here, common)
        if is_kind(main):
            return self._layer(data[main], main, here, common)
        return self._call(data[main], main, here, common)

    def _no_single_main(self, data: dict[str, Any], mains: list[str], path: DataPath) -> None:
        """Explain an entry that has no kind, or several."""
        if not mains:
            groups = [key for key in data if key in GROUP_WORDS]
            if groups:
                self.report(f"{groups[0]} needs `do:` beside it", path)
            else:
                self.report("an entry needs a layer kind, a block, from or do", path)
            return
        known = [key for key in mains if is_kind(key)]
        if len(known) >= 1 and data[known[0]] is None:
            misplaced = [key for key in mains if key != known[0] and key in find(known[0]).schema]
            if misplaced:
                message = f"'{misplaced[0]}' is a field of {known[0]}: indent it two more"
                self.report(message, (*path, misplaced[0]), place(path, known[0]))
                return
        unknown = [key for key in mains if not (is_kind(key) or key in self.takes or key in ("from", "do"))]
        if unknown and len(mains) - len(unknown) == 1:
            main = next(key for key in mains if key not in unknown)
            fields = find(main).schema if is_kind(main) else ()
            for key in unknown:
                hint = f"'{key}' is a field of {main}: it stands inside" if key in fields else ""
                choices = [*(name for name in fields if name != "bits"), "name", "when"]
                text = f"unknown field '{shown(key)}' beside {shown(main)}"
                self.report(hinted(text, hint or did_you_mean(key, choices)), (*path, key), place(path, main))
            return
        self.report(
            f"one entry has one kind, here are {' and '.join(mains[:4])}; write a list, each with `- `",
            (*path, mains[1]),
            place(path),
        )

    def _common(self, data: dict[str, Any], main: str, here: Here) -> dict[str, Any]:
        """What every entry may carry: name and when."""
        for key in data:
            misplaced = (key == "axis" and main not in CONCATENATIONS) or (key in GROUP_WORDS[1:] and main != "do")
            if misplaced:
                self.wrong(f"'{key}' belongs beside {'concat' if key == 'axis' else 'do'}, not {main}", here, key)
        name = self._name(data["name"], "a name", here, "name") if "name" in data else None
        when = self._when(data["when"], here) if "when" in data else None
        return {"path": here.path, "source": self.source, "name": name, "when": when}

    def _name(self, data: Any, what: str, here: Here, *steps: str) -> str | None:
        """Text that names something, or None after reporting what is wrong with it."""
        name = _text(data)
        if name is not None and ENTRY_NAME.match(name):
            return name
        self.wrong(f"{what} has letters, digits, _ - and ., not {_shown(data)}", here, *steps)
        return None

    def _when(self, data: Any, here: Here) -> Value | None:
        path = (*here.path, "when")
        when = self.value(data, path, here.around, f"{here.where}: when")
        if when is None or not when.is_constant or isinstance(when.constant, bool):
            return when
        message = not_boolean(when.constant)
        if isinstance(when.constant, str) and not looks_boolean(when.constant):
            message = self._unknown_word(when.constant, message, here.around)
        self.wrong(f"when: {message}", here, "when", at_value=True)
        return None

    def _unknown_word(self, word: str, message: str, around: Surroundings) -> str:
        """The message for a word where a name was meant."""
        return self.unknown_name(word, hinted(message, did_you_mean(word, around.names)), around)

    def _from(self, target: Any, here: Here, common: dict[str, Any]) -> Entry | None:
        points = here.around.points
        if _text(target) in points:
            return FromEntry(target=_text(target), **common)
        close = nearest(target, points)
        hint = "only a `name` given earlier, here or further out, can be seen"
        hint = f"did you mean '{close[0]}'?" if close else hint
        message = f"from: there is no earlier entry named {_shown(target)}; {hint}"
        self.wrong(message, here, "from", at_value=True)
        return None

    def _group(self, data: dict[str, Any], here: Here, common: dict[str, Any]) -> Entry | None:
        given = [key for key in GROUP_WORDS[1:] if key in data]
        if len(given) > 1:
            self.wrong(f"beside `do` stands one of repeat, for, head, not {' and '.join(given)}", here, given[1])
            return None
        repeat = self._repeat(data["repeat"], here) if "repeat" in data else None
        loop = self._loop(data["for"], here) if "for" in data else None
        head = self._head(data, here) if "head" in data else None
        names = {name: "for name" for name, _ in loop or ()}
        inside = here.around.inside(names, in_head="head" in data)
        chain = self.chain(data["do"], (*here.path, "do"), inside)
        return GroupEntry(chain=chain, repeat=repeat, loop=loop, head=head, **common)

    def _repeat(self, data: Any, here: Here) -> Value | None:
        repeat = self.value(data, (*here.path, "repeat"), here.around, here.where)
        if repeat is not None and repeat.is_constant:
            count = repeat.constant
            is_open = dims.is_number(count) and dims.is_symbolic(count)
            if not is_open and (type(count) is not int or count < 0):
                told = _shown(count) if isinstance(count, str) else describe(repeat.evaluate({}, []))
                self.wrong(f"repeat: {told} is not a whole number >= 0", here, "repeat", at_value=True)
        return repeat

    def _head(self, data: dict[str, Any], here: Here) -> str | None:
        head = self._name(data["head"], "a head's name", here, "head")
        if here.around.in_head:
            self.wrong("a head cannot stand inside a head", here, "head")
        if "name" in data:
            self.wrong("a head has its name behind `head`; remove `name`", here, "name")
        return head

    def _loop(self, data: Any, here: Here) -> tuple[tuple[str, Value], ...]:
        if not isinstance(data, dict) or not data:
            self.wrong("`for` takes names and lists: for: {width: [64, 128]}", here, "for")
            return ()
        loop = []
        for name, listed in data.items():
            path = (*here.path, "for", name)
            self.new_name(name, "for name", path, here.around.names, here.where)
            self.loop_names.add(name)
            value = self.value(listed, path, here.around, here.where)
            if value is None:
                continue
            if value.elements is None and value.is_constant:
                self.wrong(f"{name}: {_shown(value.constant)} is not a list", here, "for", name, at_value=True)
            loop.append((name, value))
        lengths = {name: len(value.elements) for name, value in loop if value.elements is not None}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            self.wrong(f"the lists of a `for` run in step and must have the same length: {told}", here, "for")
        return tuple(loop)

    def new_name(self, name: Any, what: str, path: DataPath, visible: Mapping[str, str], where: str) -> bool:
        """Check a name that is about to be defined: its form, and that it hides no other."""
        try:
            check_name(name, what)
            if name in visible:
                raise ArchcalcError(f"the {what} '{name}' hides the {visible[name]} of that name; choose another")
        except ArchcalcError as error:
            self.report(str(error), path, where)
            return False
        return True

    def _join(self, data: dict[str, Any], kind: str, here: Here, common: dict[str, Any]) -> Entry | None:
        branches = data[kind]
        if not isinstance(branches, dict) or len(branches) < 2:
            form = f"{kind}: {{main: ..., shortcut: identity}}"
            self.wrong(f"{kind} takes two or more named branches: {form}", here, kind)
            return None
        read = []
        for name, chain in branches.items():
            self._name(name, "a branch name", here, kind, name)
            read.append((str(name), self.chain(chain, (*here.path, kind, name), here.around.inside())))
        axis = {"axis": data["axis"]} if "axis" in data and kind in CONCATENATIONS else {}
        fields = self._fields(axis, find(kind), here)
        return JoinEntry(kind=find(kind), branches=tuple(read), fields=fields, **common)

    def _layer(self, arguments: Any, kind: str, here: Here, common: dict[str, Any]) -> Entry | None:
        cls = find(kind)
        main = cls.main()
        if arguments is None or isinstance(arguments, dict):
            given: dict[str, Any] = arguments or {}
            fields = self._fields(given, cls, here, kind)
        elif main is None:
            self.wrong(f"{kind} has no fields, it takes no value", here, kind, at_value=True)
            return None
        elif isinstance(arguments, list | tuple) and not cls.schema[main].takes_list:
            message = f"a list is only for blocks; name the fields: {kind}: {{{main}: ..., ...}}"
            self.wrong(message, here, kind, at_value=True)
            return None
        else:
            given = {main: arguments}
            fields = self._field(main, arguments, cls, (*here.path, kind), here)
        missing = [name for name in cls.required() if name not in given]
        if missing:
            self.wrong(f"missing field{'s' * (len(missing) > 1)} {', '.join(missing)}", here, kind)
        return LayerEntry(kind=cls, fields=fields, **common)

    def _fields(self, given: Mapping[str, Any], cls: type[Layer], here: Here, *steps: str) -> Fields:
        """The fields of a layer, which stand at `steps` from the entry."""
        read: list[tuple[str, Field, Value]] = []
        for name, data in given.items():
            read.extend(self._field(str(name), data, cls, (*here.path, *steps, name), here))
        return tuple(read)

    def _field(self, name: str, data: Any, cls: type[Layer], path: DataPath, here: Here) -> Fields:
        """One field; nothing after reporting what is wrong with it."""
        schema = cls.schema.get(name)
        if schema is None:
            self.report(_unknown_field(name, cls), path, here.where)
            return ()
        if schema.is_text:
            value: Value | None = Value(path, tuple(data) if isinstance(data, list) else data)
        else:
            value = self.value(data, path, here.around, f"{here.where}: {name}")
        if value is None:
            return ()
        self._check_constant(value, name, schema, here)
        return ((name, schema, value),)

    def _check_constant(self, value: Value, name: str, schema: Field, here: Here) -> None:
        """Report a value that cannot be right in any scope."""
        for part in value.elements if value.elements is not None else (value,):
            word = part.constant if part.is_constant else None
            if isinstance(word, str) and not schema.all_words() and not schema.is_text:
                told = self._unknown_word(word, f"unknown name '{word}'", here.around)
                told = not_boolean(word) if looks_boolean(word) else told
                self.report(f"{name}: {told}", part.path, here.where, at_value=True)
                return
        if value.is_constant:
            try:
                schema.read(value.evaluate({}, []), None)
            except ArchcalcError as error:
                self.report(f"{name}: {error}", value.path, here.where, at_value=True)

    def _call(self, arguments: Any, name: str, here: Here, common: dict[str, Any]) -> Entry | None:
        if name not in self.takes:
            known = [block for block, takes in self.takes.items() if takes is not None]
            hint = did_you_mean(name, [*kinds(), *known]) or "`archcalc layers` lists the kinds"
            self.wrong(f"unknown layer kind or block '{shown(name)}'; {hint}", here, name)
            return None
        takes = self.takes[name]
        if takes is None:  # a block with a problem that has been reported
            return Broken(**common)
        path = (*here.path, name)
        given = self._arguments(arguments, name, [parameter for parameter, _ in takes], path, here.where)
        if given is None:
            return None
        values = []
        for parameter, (data, at) in given.items():
            value = self.value(data, at, here.around, f"{here.where}: {parameter}")
            if value is not None:
                values.append((parameter, value))
        missing = [parameter for parameter, default in takes if default is None and parameter not in given]
        if missing:
            plural = "s" * (len(missing) > 1)
            self.wrong(f"missing argument{plural} {', '.join(missing)} of block '{name}'", here, name)
        return BlockEntry(called=name, home=self.blocks, arguments=tuple(values), **common)

    def _arguments(
        self, arguments: Any, block: str, parameters: list[str], path: DataPath, where: str
    ) -> dict[str, tuple[Any, DataPath]] | None:
        """Arguments by parameter: positional ones in the order of `takes`, a last mapping by name."""
        named: dict[str, Any] = {}
        positional: list[Any] = []
        named_path = path
        if isinstance(arguments, dict):
            named = arguments
        elif isinstance(arguments, list | tuple):
            positional = list(arguments)
            if positional and isinstance(positional[-1], dict):
                named_path = (*path, len(positional) - 1)
                named = positional.pop()
        elif arguments is not None:
            positional = [arguments]
        if len(positional) > len(parameters):
            takes = f"takes {', '.join(parameters)}" if parameters else "takes no arguments"
            values = "1 value is" if len(positional) == 1 else f"{len(positional)} values are"
            self.report(f"block '{block}' {takes}; {values} given", path, where, at_value=True)
            return None
        listed = isinstance(arguments, list | tuple)
        given = {
            parameter: (data, (*path, i) if listed else path)
            for i, (parameter, data) in enumerate(zip(parameters, positional, strict=False))
        }
        for parameter, data in named.items():
            at = (*named_path, parameter)
            if parameter not in parameters and parameter in ("name", "when"):
                self.report(f"'{parameter}' stands beside {block}, not inside", at, where)
            elif parameter not in parameters:
                message = f"block '{block}' has no parameter '{parameter}'"
                self.report(hinted(message, did_you_mean(parameter, parameters)), at, where)
            elif parameter in given:
                self.report(f"parameter '{parameter}' is given twice", at, where)
            else:
                given[parameter] = (data, at)
        return given


def _unknown_field(name: str, cls: type[Layer]) -> str:
    if name in ("name", "when"):
        return f"'{name}' stands beside {cls.kind}, not inside"
    hint = did_you_mean(name, cls.schema) if cls.main() else f"{cls.kind} has none"
    return hinted(f"unknown field '{shown(name)}'", hint)


def _text(data: Any) -> str | None:
    """Text that is never evaluated; a number is taken as it is written."""
    if isinstance(data, str):
        return data
    return str(data) if type(data) is int else None


def _shown(data: Any) -> str:
    if isinstance(data, str):
        return f"'{shown(data)}'"
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, dict | list):
        return "a mapping" if isinstance(data, dict) else "a list"
    return str(data)[:60]
