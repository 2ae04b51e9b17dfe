"""Reads chains of entries: what stands under `layers`, `do` and the branches of a join, in every block.

Reading collects problems instead of stopping, so that one run names them all; an entry with a problem is kept
as `Broken`, and the walk of the graph does not go past it. The module is longer than others because each form
of entry has its own mistakes to explain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
        common = self._common(data, main, path, around, where)
        if main == "identity" and data[main] is not None:
            self.report("identity takes no value", (*path, main), where, at_value=True)
        if main == "identity":
            return GroupEntry(chain=(), **common)
        if main == "from":
            return self._from(data["from"], path, around, common, where)
        if main == "do":
            return self._group(data, path, around, common, where)
        if main in JOINS:
            return self._join(data, main, path, around, common, where)
        if is_kind(main):
            return self._layer(data[main], main, path, around, common, where)
        return self._call(data[main], main, path, around, common, where)

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

    def _common(
        self, data: dict[str, Any], main: str, path: DataPath, around: Surroundings, where: str
    ) -> dict[str, Any]:
        """What every entry may carry: name and when."""
        for key in data:
            misplaced = (key == "axis" and main != "concat") or (key in GROUP_WORDS[1:] and main != "do")
            if misplaced:
                needs = "concat" if key == "axis" else "do"
                self.report(f"'{key}' belongs beside {needs}, not {main}", (*path, key), where)
        name = None
        if "name" in data:
            name = _text(data["name"])
            if name is None or not ENTRY_NAME.match(name):
                self.report(
                    f"a name has letters, digits, _ - and ., not {_shown(data['name'])}", (*path, "name"), where
                )
                name = None
        when = None
        if "when" in data:
            when = self.value(data["when"], (*path, "when"), around, f"{where}: when")
            if when is not None and when.is_constant and not isinstance(when.constant, bool):
                word = when.constant if isinstance(when.constant, str) and not looks_boolean(when.constant) else None
                hint = did_you_mean(word, around.names) if word else ""
                message = (
                    self.unknown_name(word, hinted(not_boolean(when.constant), hint), around)
                    if word
                    else not_boolean(when.constant)
                )
                self.report(f"when: {message}", (*path, "when"), where, at_value=True)
        return {"path": path, "source": self.source, "name": name, "when": when}

    def _from(
        self, target: Any, path: DataPath, around: Surroundings, common: dict[str, Any], where: str
    ) -> Entry | None:
        if _text(target) in around.points:
            return FromEntry(target=_text(target), **common)
        close = nearest(target, around.points)
        hint = (
            f"did you mean '{close[0]}'?" if close else "only a `name` given earlier, here or further out, can be seen"
        )
        self.report(
            f"from: there is no earlier entry named {_shown(target)}; {hint}", (*path, "from"), where, at_value=True
        )
        return None

    def _group(
        self, data: dict[str, Any], path: DataPath, around: Surroundings, common: dict[str, Any], where: str
    ) -> Entry | None:
        kinds_given = [key for key in GROUP_WORDS[1:] if key in data]
        if len(kinds_given) > 1:
            self.report(
                f"beside `do` stands one of repeat, for, head, not {' and '.join(kinds_given)}",
                (*path, kinds_given[1]),
                where,
            )
            return None
        repeat, loop, head = None, None, None
        loop_names: dict[str, str] = {}
        if "repeat" in data:
            repeat = self.value(data["repeat"], (*path, "repeat"), around, where)
            if repeat is not None and repeat.is_constant and (type(repeat.constant) is not int or repeat.constant < 0):
                self.report(
                    f"repeat: {_value_shown(repeat.constant)} is not a whole number >= 0",
                    (*path, "repeat"),
                    where,
                    at_value=True,
                )
        elif "for" in data:
            loop = self._loop(data["for"], (*path, "for"), around, where)
            loop_names = {name: "for name" for name, _ in loop or ()}
        elif "head" in data:
            head = self._head(data, path, around, where)
        inner = around.inside(loop_names, in_head=head is not None)
        chain = self.chain(data["do"], (*path, "do"), inner)
        return GroupEntry(chain=chain, repeat=repeat, loop=loop, head=head, **common)

    def _head(self, data: dict[str, Any], path: DataPath, around: Surroundings, where: str) -> str | None:
        head = _text(data["head"])
        if head is None or not ENTRY_NAME.match(head):
            self.report(
                f"a head's name has letters, digits, _ - and ., not {_shown(data['head'])}", (*path, "head"), where
            )
        if around.in_head:
            self.report("a head cannot stand inside a head", (*path, "head"), where)
        if "name" in data:
            self.report("a head has its name behind `head`; remove `name`", (*path, "name"), where)
        return head

    def _loop(self, data: Any, path: DataPath, around: Surroundings, where: str) -> tuple[tuple[str, Value], ...]:
        if not isinstance(data, dict) or not data:
            self.report("`for` takes names and lists: for: {width: [64, 128]}", path, where)
            return ()
        loop = []
        for name, listed in data.items():
            self.new_name(name, "for name", (*path, name), around.names, where)
            self.loop_names.add(name)
            value = self.value(listed, (*path, name), around, where)
            if value is None:
                continue
            if value.elements is None and value.is_constant:
                self.report(f"{name}: {_shown(value.constant)} is not a list", (*path, name), where, at_value=True)
            loop.append((name, value))
        lengths = {name: len(value.elements) for name, value in loop if value.elements is not None}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            self.report(f"the lists of a `for` run in step and must have the same length: {told}", path, where)
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

    def _join(
        self,
        data: dict[str, Any],
        kind: str,
        path: DataPath,
        around: Surroundings,
        common: dict[str, Any],
        where: str,
    ) -> Entry | None:
        branches = data[kind]
        if not isinstance(branches, dict) or len(branches) < 2:
            self.report(
                f"{kind} takes two or more named branches: {kind}: {{main: ..., shortcut: identity}}",
                (*path, kind),
                where,
            )
            return None
        read = []
        for name, chain in branches.items():
            at = (*path, kind, name)
            if not ENTRY_NAME.match(str(name)):
                self.report(f"a branch name has letters, digits, _ - and ., not {_shown(name)}", at, where)
            read.append((str(name), self.chain(chain, at, around.inside())))
        axis = {"axis": data["axis"]} if "axis" in data and kind == "concat" else {}
        fields = self._fields(axis, find(kind), path, around, where)
        return JoinEntry(kind=find(kind), branches=tuple(read), fields=fields, **common)

    def _layer(
        self,
        arguments: Any,
        kind: str,
        path: DataPath,
        around: Surroundings,
        common: dict[str, Any],
        where: str,
    ) -> Entry | None:
        cls = find(kind)
        main = cls.main()
        if arguments is None:
            given: dict[str, Any] = {}
        elif isinstance(arguments, dict):
            given = arguments
        elif main is None:
            self.report(f"{kind} has no fields, it takes no value", (*path, kind), where, at_value=True)
            return None
        elif isinstance(arguments, list | tuple) and not cls.schema[main].takes_list:
            self.report(
                f"a list is only for blocks; name the fields: {kind}: {{{main}: ..., ...}}",
                (*path, kind),
                where,
                at_value=True,
            )
            return None
        else:
            given = {main: arguments}
        at = (*path, kind) if isinstance(arguments, dict) else path
        fields = self._fields(given, cls, at, around, where, kind if at == path else None)
        missing = [name for name in cls.required() if name not in given]
        if missing:
            self.report(f"missing field{'s' * (len(missing) > 1)} {', '.join(missing)}", (*path, kind), where)
        return LayerEntry(kind=cls, fields=fields, **common)

    def _fields(
        self,
        given: Mapping[str, Any],
        cls: type[Layer],
        path: DataPath,
        around: Surroundings,
        where: str,
        bare: str | None = None,
    ) -> tuple[tuple[str, Field, Value], ...]:
        """The fields of a layer; `bare` is the kind whose main field was given without a name."""
        read = []
        for name, data in given.items():
            at = (*path, bare or name)
            schema = cls.schema.get(str(name))
            if schema is None:
                self.report(_unknown_field(str(name), cls), at, where)
                continue
            if schema.is_text:
                value: Value | None = Value(at, tuple(data) if isinstance(data, list) else data)
            else:
                value = self.value(data, at, around, f"{where}: {name}")
            if value is None:
                continue
            self._check_constant(value, name, schema, around, where)
            read.append((str(name), schema, value))
        return tuple(read)

    def _check_constant(self, value: Value, name: str, schema: Field, around: Surroundings, where: str) -> None:
        """Report a value that cannot be right in any scope."""
        parts = value.elements if value.elements is not None else (value,)
        for part in parts:
            word = part.constant if part.is_constant else None
            if isinstance(word, str) and not schema.all_words() and not schema.is_text:
                hint = did_you_mean(word, around.names)
                told = self.unknown_name(word, hinted(f"unknown name '{word}'", hint), around)
                if looks_boolean(word):
                    told = not_boolean(word)
                self.report(f"{name}: {told}", part.path, where, at_value=True)
                return
        if value.is_constant:
            try:
                schema.read(value.evaluate({}, []), None)
            except ArchcalcError as error:
                self.report(f"{name}: {error}", value.path, where, at_value=True)

    def _call(
        self,
        arguments: Any,
        name: str,
        path: DataPath,
        around: Surroundings,
        common: dict[str, Any],
        where: str,
    ) -> Entry | None:
        if name not in self.takes:
            hint = did_you_mean(name, [*kinds(), *self.takes])
            message = f"unknown layer kind or block '{shown(name)}'"
            self.report(hinted(message, hint or "`archcalc layers` lists the kinds"), (*path, name), where)
            return None
        takes = self.takes[name]
        if takes is None:  # a block with a problem that has been reported
            return Broken(**common)
        given = self._arguments(arguments, name, [parameter for parameter, _ in takes], (*path, name), where)
        if given is None:
            return None
        values = []
        for parameter, (data, at) in given.items():
            value = self.value(data, at, around, f"{where}: {parameter}")
            if value is not None:
                values.append((parameter, value))
        missing = [parameter for parameter, default in takes if default is None and parameter not in given]
        if missing:
            self.report(
                f"missing argument{'s' * (len(missing) > 1)} {', '.join(missing)} of block '{name}'",
                (*path, name),
                where,
            )
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


def _value_shown(value: Any) -> str:
    return _shown(value) if isinstance(value, str) else describe(value)


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
