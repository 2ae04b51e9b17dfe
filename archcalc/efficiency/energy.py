"""Energy by a table of energies for each operation and for each access to memory.

    title, source   what it is of; the technology
    multiply, add   by type of number, the energy of one operation; a comparison is a subtraction, and costs an addition
    accumulate      by type of number, the type in which its products are added up, where it is another one
    memory          by level, the energy of an access to `word` bits: `dram: {value: 1.3 nJ, source: ...}`

A MAC is a multiplication and an addition in the type that accumulates. Divisions and exponentials have no energy in
the table that comes with archcalc; they are counted as left out.

>>> table = energy_table("horowitz2014")
>>> table.add["float32"].value + table.multiply["float32"].value  # picojoules of a MAC
Fraction(23, 5)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import ArchcalcError, UsageError, did_you_mean, hinted, shown
from ..layers.base import Operations
from ..records import Record, Shown, record
from ..report import BITS
from .hardware import ENERGY, Figure, HardwareReader, find
from .work import Work

FOLDER = "energy"
SECTIONS = ("title", "source", "multiply", "add", "accumulate", "word", "memory")
DEFAULT = "horowitz2014"


@record
class EnergyTable(Record):
    """Energies in picojoules, exact."""

    name: str
    title: str
    cite: str
    multiply: Mapping[str, Figure]
    add: Mapping[str, Figure]
    accumulate: Mapping[str, str]
    word: int
    memory: Mapping[str, Figure]

    def level(self, name: str) -> Fraction:
        """Picojoules for one bit of a level of memory; UsageError for an unknown one."""
        if name not in self.memory:
            raise UsageError(hinted(f"{self.name} has no level of memory '{name}'", did_you_mean(name, self.memory)))
        return Fraction(self.memory[name].value) / self.word

    def of(self, operations: Operations, number_type: str) -> Any:
        """Picojoules of operations on numbers of one type, without divisions and exponentials.

        ArchcalcError if it has no energy for that type.
        """
        sums = self.accumulate.get(number_type, number_type)
        multiply, add = self._energy("multiply", number_type), self._energy("add", number_type)
        macs = multiply + self._energy("add", sums)
        return (
            operations.macs * macs
            + operations.multiplications * multiply
            + (operations.additions + operations.comparisons) * add
        )

    def _energy(self, section: str, number_type: str) -> Fraction:
        figures = getattr(self, section)
        if number_type in figures:
            return Fraction(figures[number_type].value)
        operation = {"multiply": "a multiplication", "add": "an addition"}[section]
        raise ArchcalcError(
            f"the table {self.name} has no energy for {operation} of {number_type}, only of {', '.join(figures)}"
        )

    def __repr__(self) -> str:
        return f"<EnergyTable {self.name}: {self.title}>"


@record
class Energy(Shown, Record):
    """Microjoules of a whole batch: of operations, and of moving numbers; and what the table has no energy for."""

    compute: Any
    memory: Any
    left_out: Any  # divisions and exponentials

    @property
    def total(self) -> Any:
        """Both together."""
        return self.compute + self.memory

    def show_as(self, format: str) -> str:
        """Microjoules with three decimals, and what is left out."""
        from ..render.efficiency import energies

        return energies(self, format)


def energy(done: Iterable[Work], batch: Any, table: EnergyTable, level: str = "dram") -> Energy:
    """The energy of what layers do, with every number read from and written to one level of memory.

    Raises ArchcalcError where the table lacks a type of number, UsageError for an unknown level.
    """
    for_bit = table.level(level)
    compute: Any = 0
    bits: Any = 0
    left_out: Any = 0
    for work in done:
        times = work.layer.repeat
        for number_type, operations in work.tasks:
            compute = compute + table.of(operations, number_type) * times
            left_out = left_out + (operations.divisions + operations.exponentials) * times
        bits = bits + work.traffic.bits(batch) * times
    million = Fraction(1, 10**6)
    return Energy(batch * compute * million, bits * for_bit * million, batch * left_out)


def energy_table(given: str | Path | EnergyTable = DEFAULT) -> EnergyTable:
    """The table of this name, or of a file.

    Raises UsageError for an unknown name, SpecError with everything that is wrong in the file.
    """
    if isinstance(given, EnergyTable):
        return given
    name, source = find(given, FOLDER, "table of energies")
    reader = HardwareReader(source, "energies")
    data = reader.sections(SECTIONS, ("title", "source", "multiply", "add", "word", "memory"))
    title, cite = reader.text(data, "title"), reader.text(data, "source")
    multiply, add, memory = (_figures(reader, data, key) for key in ("multiply", "add", "memory"))
    word = data.get("word", 1)
    if type(word) is not int or word < 1:
        reader.report("word is a number of bits, such as 64", ("word",), at_value=True)
    accumulate = _accumulators(reader, data)
    reader.finish()
    return EnergyTable(name, title, cite, multiply, add, accumulate, word, memory)


def _figures(reader: HardwareReader, data: Mapping[str, Any], section: str) -> dict[str, Figure]:
    """The energies of a section by type of number, or by level of memory."""
    given = data.get(section, {})
    if not isinstance(given, dict) or (section in data and not given):
        reader.report(f"'{section}' has a figure for each of its entries", (section,), at_value=True)
        return {}
    found = {}
    for key, figure in given.items():
        if section != "memory" and key not in BITS:
            reader.report(f"unknown type of number '{shown(key)}'", (section, key), did_you_mean(key, BITS))
            continue
        read = reader.figure(figure, ENERGY, (section, key))
        if read is not None:
            found[key] = read
    return found


def _accumulators(reader: HardwareReader, data: Mapping[str, Any]) -> dict[str, str]:
    """The types in which products are added up."""
    given = data.get("accumulate", {})
    if not isinstance(given, dict):
        reader.report("'accumulate' is a mapping of types of numbers", ("accumulate",), at_value=True)
        return {}
    for key, value in given.items():
        for word in (key, value):
            if not isinstance(word, str) or word not in BITS:
                reader.report(f"unknown type of number '{shown(word)}'", ("accumulate", key), did_you_mean(word, BITS))
    return dict(given)
