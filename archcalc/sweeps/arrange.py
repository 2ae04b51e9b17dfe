"""Programs in the order in which a grid is cheap: what depends on few axes is put together first.

In a sum of products over a grid, factors that come from the same axes are multiplied, and terms that share them are
added, before anything is spread out over the whole grid: ResNet-50's MACs, a sum of c * floor((H + a)/m) *
floor((W + b)/n), take two operations a term for each point, whatever stands in the factors.

>>> from archcalc import dims
>>> from archcalc.formula.program import program
>>> k, H, W = map(dims.symbol, "kHW")
>>> made = arranged(program([k * H * W + k * k * H * W + 3 * W * W]), {"k": 0, "H": 1, "W": 2}, frozenset({0}))
>>> [made.steps[number].operation for number in made.outputs[0]if number is not None]
['+']
>>> made.run({"k": 2, "H": 3, "W": 5})
(165,)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..formula.program import Check, Program, Quotient, Step

Axes = frozenset[int]


def arranged(program: Program, positions: Mapping[str, int], cheap: Axes) -> Program:
    """An equal program; `positions` are of the axes by the names of inputs, `cheap` those whose steps cost little."""
    arranger = _Arranger(positions, cheap)
    for step in program.steps:
        arranger.take(step)
    new = arranger.new
    outputs = [
        Quotient(new[above], None if below is None else new[below]) for above, below in program.outputs
    ]  # fmt: skip
    checks = [Check(new[left], relation, new[right], condition) for left, relation, right, condition in program.checks]
    return _needed(Program(tuple(arranger.steps), tuple(outputs), tuple(checks), program.inputs))


def dependences(steps: Sequence[Step], positions: Mapping[str, int]) -> list[Axes]:
    """The axes that each step depends on."""
    found: list[Axes] = []
    for operation, args in steps:
        if operation == "number":
            found.append(frozenset())
        elif operation == "input":
            found.append(frozenset({positions[args[0]]}))
        else:
            found.append(frozenset().union(*(found[arg] for arg in args)))
    return found


class _Arranger:
    """Takes the steps of a program in order, and makes those of the arranged one."""

    def __init__(self, positions: Mapping[str, int], cheap: Axes) -> None:
        self.positions = positions
        self.cheap = cheap
        self.steps: list[Step] = []
        self.numbers: dict[Step, int] = {}
        self.axes: list[Axes] = []
        self.new: list[int] = []  # by the number of an old step
        self.factors: dict[int, tuple[int, ...]] = {}  # of products

    def take(self, step: Step) -> None:
        operation, args = step
        if operation in ("number", "input"):
            self.new.append(self.step(operation, *args))
            return
        mapped = [self.new[arg] for arg in args]
        if operation == "*":
            self.new.append(self.product(self.flat(mapped)))
        elif operation == "+":
            self.new.append(self.sum([self.flat([term]) for term in mapped]))
        else:
            self.new.append(self.step(operation, *mapped))

    def step(self, operation: str, *args: object) -> int:
        made = Step(operation, args)
        if made not in self.numbers:
            self.numbers[made] = len(self.steps)
            self.steps.append(made)
            self.axes.append(self._axes(made))
        return self.numbers[made]

    def _axes(self, step: Step) -> Axes:
        if step.operation == "number":
            return frozenset()
        if step.operation == "input":
            return frozenset({self.positions[step.args[0]]})
        return frozenset().union(*(self.axes[arg] for arg in step.args))

    def flat(self, numbers: Iterable[int]) -> list[int]:
        """Products as their factors."""
        return [factor for number in numbers for factor in self.factors.get(number, (number,))]

    def product(self, factors: list[int]) -> int:
        """Numbers and cheap factors first, then those of other axes, then what mixes both."""
        if not factors:
            return self.step("number", 1)
        parts = [self.plain_product(part) for part in self.parted(factors) if part]
        made = parts[0]
        for part in parts[1:]:
            made = self.step("*", made, part)
        if len(factors) > 1:
            self.factors[made] = tuple(factors)
        return made

    def parted(self, factors: Iterable[int]) -> tuple[list[int], list[int], list[int]]:
        cheap: list[int] = []
        others: list[int] = []
        mixed: list[int] = []
        for factor in factors:
            axes = self.axes[factor]
            (cheap if axes <= self.cheap else mixed if axes & self.cheap else others).append(factor)
        return cheap, others, mixed

    def plain_product(self, factors: list[int]) -> int:
        """Numbers as one number, which is left out where it is 1."""
        value, kept = 1, []
        for factor in sorted(factors, key=lambda factor: (len(self.axes[factor]), factor)):
            operation, args = self.steps[factor]
            if operation == "number":
                value *= args[0]
            else:
                kept.append(factor)
        if value != 1 or not kept:
            kept.insert(0, self.step("number", value))
        return kept[0] if len(kept) == 1 else self.step("*", *kept)

    def sum(self, terms: list[list[int]]) -> int:
        """Terms that share all that is not cheap are one term."""
        groups: dict[tuple[int, ...], list[list[int]]] = {}
        for factors in terms:
            cheap, others, mixed = self.parted(factors)
            groups.setdefault(tuple(sorted(others + mixed)), []).append(cheap)
        added = []
        for key, cofactors in groups.items():
            inner = self.plain_sum([self.plain_product(factors) for factors in cofactors])
            added.append(self.product([inner, *key]) if key else inner)
        return self.plain_sum(added)

    def plain_sum(self, terms: list[int]) -> int:
        """Terms of the same axes first."""
        by_axes: dict[Axes, list[int]] = {}
        for term in terms:
            by_axes.setdefault(self.axes[term], []).append(term)
        made: int | None = None
        for axes in sorted(by_axes, key=lambda axes: (not axes <= self.cheap, len(axes), sorted(axes))):
            part = by_axes[axes]
            own = part[0] if len(part) == 1 else self.step("+", *part)
            made = own if made is None else self.step("+", made, own)
        assert made is not None
        return made


def _needed(program: Program) -> Program:
    """The program without steps that nothing needs any more."""
    ends = [number for output in program.outputs for number in output if number is not None]
    ends += [number for check in program.checks for number in (check.left, check.right)]
    needed = set(ends)
    for number in range(len(program.steps) - 1, -1, -1):
        if number in needed and program.steps[number].operation not in ("number", "input"):
            needed.update(program.steps[number].args)
    place = {old: new for new, old in enumerate(sorted(needed))}
    steps = []
    for old in sorted(needed):
        operation, args = program.steps[old]
        leaf = operation in ("number", "input")
        steps.append(Step(operation, args if leaf else tuple(place[arg] for arg in args)))
    outputs = [Quotient(place[above], None if below is None else place[below]) for above, below in program.outputs]
    checks = [Check(place[left], relation, place[right], c) for left, relation, right, c in program.checks]
    return Program(tuple(steps), tuple(outputs), tuple(checks), program.inputs)
