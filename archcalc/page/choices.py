"""What a reader of a page can change: sliders for what leaves the structure as it is, menus for what does not.

A number among the named values has a slider where the network with a symbol in its place has the same layers; so have
the batch and the axes of the input. What is left - words, lists, yes and no, depths - has a menu of the values that the
file knows, each with its network computed beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import dims
from ..analysis import analyze, axes_of, input_shapes, with_symbols
from ..errors import ArchcalcError, SpecError, UsageError
from ..network import Network
from ..records import Record, record
from ..report import Report
from ..walk import MAX_LAYERS

ROOM = 1300  # layers of the networks of a page together: further ones are named, but not computed


@record
class Slider(Record):
    """A number that the formulas of a page are in."""

    name: str
    value: Any  # at first
    is_ratio: bool


@record
class Menu(Record):
    """A named value whose other values make other networks."""

    name: str
    values: tuple[Any, ...]


@record
class Structure(Record):
    """One network of a page: the values of the menus, and its report with symbols for the sliders."""

    values: tuple[Any, ...]
    report: Report


@record
class Choices(Record):
    """All that can be chosen for one network; the first structure is the one that was asked for.

    `variants` are those of its file that the page can show, each with the values of its menus and of its sliders.
    """

    network: Network
    let: Mapping[str, Any]  # as it was asked for
    input: Any
    base: Report
    sliders: tuple[Slider, ...]
    menus: tuple[Menu, ...]
    structures: tuple[Structure, ...]
    variants: Mapping[str, tuple[tuple[Any, ...], Mapping[str, Any]]]
    left_out: tuple[str, ...]  # settings whose networks are not on the page
    fixed: Mapping[str, str]  # axes and numbers without a slider, and why


def choices(
    network: Network,
    let: Mapping[str, Any],
    input: Any = None,
    batch: Any = 1,
    dtype: str = "float32",
    max_layers: int = MAX_LAYERS,
) -> Choices:
    """What can be changed on the page of a network, from these settings on.

    Raises what `analyze` raises for a wrong spec or setting, UsageError for symbols among the settings.
    """
    base = analyze(network, let=let, input=input, batch=batch, dtype=dtype, max_layers=max_layers)
    if base.symbols:
        raise UsageError(f"a page begins with numbers; give one for {', '.join(base.symbols)}: its sliders change them")
    return _Finder(network, dict(let), input, batch, base).choices()


class _Finder:
    """One run of `choices`."""

    def __init__(self, network: Network, let: dict[str, Any], input: Any, batch: Any, base: Report) -> None:
        self.network = network
        self.let = let
        self.input = input
        self.batch = batch
        self.base = base
        self.values = dict(base.settings)
        self.fixed: dict[str, str] = {}

    def choices(self) -> Choices:
        opened, report = self.opened()
        sliders = tuple(map(self.slider, opened))
        menus = tuple(self.menus(opened))
        structures, left_out = self.structures(menus, report, opened)
        changed = {*opened, *(menu.name for menu in menus)}
        fixed = {name: why for name, why in self.fixed.items() if name not in changed}
        variants = self.shown_variants(menus, sliders, {structure.values for structure in structures})
        return Choices(
            self.network, self.let, self.input, self.base, sliders, menus, structures, variants, left_out, fixed
        )

    # Sliders

    def opened(self) -> tuple[tuple[str, ...], Report]:
        """The names that can be left open together, and the report in them."""
        names = [*self.axes(), *self.numbers()]
        report = self.symbolic(names)
        if report is not None:
            return tuple(names), report
        kept: list[str] = []
        best = self.symbolic(kept)
        for name in names:
            found = self.symbolic([*kept, name])
            if found is not None:
                kept.append(name)
                best = found
        assert best is not None
        return tuple(kept), best

    def axes(self) -> list[str]:
        """The batch, and the axes of the input where all inputs have the same."""
        shapes = list(input_shapes(self.network, self.let, self.input).values())
        return ["N", *(axes_of(shapes[0]) if len({shape[1:] for shape in shapes}) == 1 else "")]

    def numbers(self) -> Iterator[str]:
        """The named values that are numbers of their own."""
        ratios = self.network.spec.ratios
        for name, value in self.values.items():
            is_number = dims.is_number(value) and type(value) is not bool
            if self.is_own(name) and is_number and (name in ratios or value >= 1):
                yield name
            elif self.is_own(name) and is_number:
                self.fixed[name] = "a slider is of whole numbers from 1 on"

    def is_own(self, name: str) -> bool:
        """Whether a value is given, and not computed from others."""
        spec = self.network.spec
        rows = {**dict(spec.let), **spec.variants.get(self.network.variant or "", {})}
        return name in self.let or not rows[name].names

    def symbolic(self, names: Sequence[str], let: Mapping[str, Any] | None = None) -> Report | None:
        """The report with these names open; None where the structure depends on one."""
        given = dict(self.let if let is None else let)
        try:
            settings = with_symbols(self.network, names, given, self.input, self.batch)
            report = analyze(self.network, **settings, dtype=self.base.dtype)
        except ArchcalcError as error:
            facts = error.problems[0].message if isinstance(error, SpecError) else str(error)
            self.fixed[names[-1] if names else ""] = facts
            return None
        if report.graph.rounds or (let is None and not _same_layers(report, self.base)):
            self.fixed[names[-1]] = "it changes which layers there are"
            return None
        return report

    def slider(self, name: str) -> Slider:
        if name == "N":
            return Slider(name, self.batch, False)
        if name in self.values:
            return Slider(name, self.values[name], name in self.network.spec.ratios)
        shape = next(iter(self.base.inputs.values()))
        return Slider(name, shape.axes[1:][axes_of(shape.axes).index(name)], False)

    # Menus

    def menus(self, opened: Sequence[str]) -> Iterator[Menu]:
        """The named values without a slider that the file knows other values of."""
        spec = self.network.spec
        settings = [spec.settings(variant, {}, []) for variant in spec.variants]
        for name, value in self.values.items():
            if name in opened or not self.is_own(name):
                continue
            both = (True, False) if type(value) is bool else ()
            known = dict.fromkeys([value, *(row[name] for row in settings if name in row), *both])
            if len(known) > 1:
                yield Menu(name, tuple(known))

    def rows(self, menus: Sequence[Menu]) -> Iterator[tuple[Any, ...]]:
        """The values of all menus: those of the variants, then what one menu alone changes."""
        first = tuple(self.values[menu.name] for menu in menus)
        seen = dict.fromkeys([first, *(row for _, row, _ in self.variants(menus))])
        for place, menu in enumerate(menus):
            for value in menu.values:
                row = (*first[:place], value, *first[place + 1 :])
                seen[row] = None
        yield from seen

    def variants(self, menus: Sequence[Menu]) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
        """The variants of the file: the values of the menus, and of all names and axes."""
        spec = self.network.spec
        for variant in spec.variants:
            settings = spec.settings(variant, {}, [])
            shape = next(iter(input_shapes(Network(variant, spec, variant), {}).values()))
            axes = zip(axes_of(shape), shape[1:], strict=True)
            yield (
                variant,
                tuple(settings.get(menu.name, self.values[menu.name]) for menu in menus),
                {**settings, **dict(axes)},
            )

    def shown_variants(
        self, menus: Sequence[Menu], sliders: Sequence[Slider], rows: set[tuple[Any, ...]]
    ) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
        """The variants whose networks are among these, with the values of their menus and sliders."""
        return {
            name: (row, {slider.name: values[slider.name] for slider in sliders if slider.name in values})
            for name, row, values in self.variants(menus)
            if row in rows
        }

    def structures(
        self, menus: Sequence[Menu], report: Report, opened: Sequence[str]
    ) -> tuple[tuple[Structure, ...], tuple[str, ...]]:
        """The networks that the menus choose among, and the names of those for which there is no room."""
        first = tuple(self.values[menu.name] for menu in menus)
        made = {first: report}
        left_out = []
        for row in self.rows(menus):
            if sum(len(other.layers) for other in made.values()) >= ROOM:
                left_out.append(row)
                continue
            let = {**self.let, **{menu.name: value for menu, value in zip(menus, row, strict=True)}}
            found = None if row in made else self.symbolic(opened, let)
            if found is not None:
                made[row] = found
        names = tuple(self.named(menus, row) for row in left_out if row not in made)
        return tuple(Structure(*pair) for pair in made.items()), names

    def named(self, menus: Sequence[Menu], row: tuple[Any, ...]) -> str:
        """What differs from the network that was asked for."""
        pairs = ((menu.name, value) for menu, value in zip(menus, row, strict=True))
        return ", ".join(f"{name} = {shown_value(value)}" for name, value in pairs if value != self.values[name])


def _same_layers(one: Report, other: Report) -> bool:
    return [(l.path, l.kind) for l in one.layers] == [(l.path, l.kind) for l in other.layers]


def shown_value(value: Any) -> str:
    """A value as a spec would hold it.

    >>> shown_value((3, 4, 6, 3)), shown_value(True)
    ('3,4,6,3', 'true')
    """
    if isinstance(value, tuple):
        return ",".join(map(shown_value, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
