"""Formulas as functions in Python and in JavaScript, written from their programs.

A step that is used more than once, and is more than a name or a number, gets a name of its own; the others are written
where they are used.
"""

from __future__ import annotations

import json
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from .program import DENOMINATOR, NUMERATOR, Program

SUM, FLOOR, PRODUCT, ATOM = 1, 2, 3, 4  # how tightly an operation binds, for brackets
WIDTH = 100  # characters of a line, from where a sum is written in several
Written: TypeAlias = tuple[str, int]  # a text and how tightly it binds
RESERVED = {
    *keyword.kwlist,
    "arguments", "await", "case", "catch", "const", "debugger", "default", "delete", "do", "enum", "eval", "export",
    "extends", "false", "function", "implements", "instanceof", "interface", "let", "new", "null", "package", "private",
    "protected", "public", "static", "super", "switch", "this", "throw", "true", "typeof", "undefined", "var", "void",
    "BigInt", "Fraction", "Math", "Number", "Object", "RangeError", "String", "ValueError", "bigints", "bound", "div",
    "gcd", "index", "int", "max", "min", "numbers", "ratio", "str", "whole",
}  # fmt: skip
"""Words of the two languages, and names that the functions themselves use."""


def identifier(name: str) -> str:
    """A name that both languages take: letters, digits and _, and no word of theirs."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"{plain}_" if plain in RESERVED else plain if plain.isidentifier() else f"_{plain}"


class Language(NamedTuple):
    """How numbers and the operations that are no signs are written."""

    number: Callable[[int], str]
    divided: Callable[[Written, Written], Written]
    less: str  # whether one number is less than another, as 1 or 0
    definition: str


def _floored(a: Written, b: Written) -> Written:
    return f"{_within(a, FLOOR)}//{_within(b, ATOM)}", FLOOR


def _divided(a: Written, b: Written) -> Written:
    return f"div({a[0]}, {b[0]})", ATOM


PYTHON = Language(str, _floored, "int({} < {})", "{} = {}")
NUMBERS = Language(str, _divided, "({} < {} ? 1 : 0)", "const {} = {};")
BIGINTS = Language(lambda number: f"{number}n", _divided, "({} < {} ? 1n : 0n)", "const {} = {};")
BOUND = Language(
    lambda number: str(abs(number)), lambda a, b: a, "max({}, {})", "const {} = {};"
)  # as in program.bounds


class _Writer:
    """The steps of a program in a language."""

    def __init__(self, program: Program, language: Language) -> None:
        self.program = program
        self.language = language
        self.names = {}
        uses = Counter(arg for step in program.steps if step.operation not in ("number", "input") for arg in step.args)
        uses.update(number for check in program.checks for number in (check.left, check.right))
        uses.update(number for output in program.outputs for number in output if number is not None)
        inputs = _names(program)
        free = (name for count in range(1, 10**6) if (name := f"t{count}") not in inputs.values())
        for number, (operation, args) in enumerate(program.steps):
            if operation == "input":
                self.names[number] = inputs[args]
            elif operation != "number" and uses[number] > 1:
                self.names[number] = next(free)

    def definitions(self) -> Iterator[str]:
        """The steps that have names of their own, each from those before."""
        for number, name in self.names.items():
            if self.program.steps[number].operation != "input":
                yield self.language.definition.format(name, self.made(number)[0])

    def text(self, number: int) -> str:
        return self.written(number)[0]

    def lines(self, number: int) -> list[str]:
        """A step for the end of a function: a long sum in brackets, a line for each term."""
        text = self.text(number)
        if len(text) <= WIDTH or self.program.steps[number].operation != "+" or number in self.names:
            return [text]
        terms = [self.text(arg) for arg in self.program.steps[number].args]
        signed = [f"- {term[1:]}" if term.startswith("-") else f"+ {term}" for term in terms[1:]]
        return ["(", f"    {terms[0]}", *(f"    {term}" for term in signed), ")"]

    def written(self, number: int) -> Written:
        return (self.names[number], ATOM) if number in self.names else self.made(number)

    def made(self, number: int) -> Written:
        """A step as its operation on earlier ones."""
        operation, args = self.program.steps[number]
        if operation == "number":
            text = self.language.number(args[0])
            return text, SUM if text.startswith("-") else ATOM
        parts = [self.written(arg) for arg in args]
        if operation == "+":
            text = parts[0][0]
            for part, _ in parts[1:]:
                text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
            return text, SUM
        if operation == "*":
            return "*".join(_within(part, PRODUCT) if place else part[0] for place, part in enumerate(parts)), PRODUCT
        if operation == "//":
            return self.language.divided(parts[0], parts[1])
        texts = [text for text, _ in parts]
        if operation == "<":
            return self.language.less.format(*texts), ATOM
        called = "max" if self.language is BOUND else operation
        return f"{called}({', '.join(texts)})", ATOM

    def relation(self, left: int, relation: str, right: int) -> str:
        if relation != "% ==":
            return f"{self.text(left)} {relation} {self.text(right)}"
        a, b = _within(self.written(left), ATOM), _within(self.written(right), ATOM)
        return f"{a} % {b} == {self.language.number(0)}"


def _within(written: Written, binding: int) -> str:
    """In brackets, if it binds less than what stands around it."""
    text, own = written
    return f"({text})" if own < binding else text


def _names(program: Program) -> dict[tuple[str, str], str]:
    """What each input is called, by its name alone, and its parts: no two alike, nor like a word of the languages."""
    names: dict[tuple[str, str], str] = {}
    for name, is_ratio in program.inputs.items():
        own = identifier(name)
        ends = ("", "_n", "_d") if is_ratio else ("", "", "")
        while {f"{own}{end}" for end in ends} & {*names.values(), *RESERVED}:
            own += "_"
        names.update(
            zip([(name, ""), (name, NUMERATOR), (name, DENOMINATOR)], [own + end for end in ends], strict=True)
        )
    return names


def _given(program: Program, form: str = "{}") -> str:
    """The inputs as parameters, ratios in two parts."""
    names = _names(program)
    parts = [
        names[name, part]
        for name, is_ratio in program.inputs.items()
        for part in ((NUMERATOR, DENOMINATOR) if is_ratio else (NUMERATOR,))
    ]
    return ", ".join(form.format(part) for part in parts)


def python(program: Program, name: str, about: str) -> str:
    """A function of Python, exact for numbers of any size.

    It takes whole numbers, and for ratios what prints as a decimal or a fraction; ValueError where an assumption is
    broken.
    """
    writer = _Writer(program, PYTHON)
    above, below = program.outputs[0]
    body = [f'"""{about}"""', *_python_inputs(program), *writer.definitions()]
    for left, relation, right, condition in program.checks:
        body.append(f"if not {writer.relation(left, relation, right)}:")
        body.append(f"    raise ValueError({json.dumps(f'{name} assumes {condition}')})")
    if below is None:
        first, *rest = writer.lines(above)
        body.extend([f"return {first}", *rest])
    else:
        body.append(f"return Fraction({writer.text(above)}, {writer.text(below)})")
    imports = {
        "from fractions import Fraction": below is not None or any(program.inputs.values()),
        "from math import gcd": "gcd" in program.operations,
        "from operator import index": not all(program.inputs.values()),
    }
    head = [line for line, is_needed in imports.items() if is_needed]
    blank = ["", ""] if head else []
    definition = f"def {name}({_parameters(program)}):"
    return "\n".join([*head, *blank, definition, *(f"    {line}" for line in body)])


def _python_inputs(program: Program) -> Iterator[str]:
    """What checks the inputs, and takes ratios apart."""
    names = _names(program)
    for name, is_ratio in program.inputs.items():
        symbol = names[name, ""]
        domain = "greater than 0" if is_ratio else "a whole number >= 1"
        yield f"{symbol} = Fraction(str({symbol}))" if is_ratio else f"{symbol} = index({symbol})"
        yield f"if {symbol} {'<= 0' if is_ratio else '< 1'}:"
        yield f'    raise ValueError(f"{symbol} is {domain}, not {{{symbol}}}")'
        if is_ratio:
            yield f"{symbol}_n, {symbol}_d = {symbol}.numerator, {symbol}.denominator"


_HELPERS = {
    "//": ("div = (a, b) => Math.floor(a / b)", "div = (a, b) => (a - ((a % b) + b) % b) / b"),
    "max": ("max = Math.max", "max = (...all) => all.reduce((a, b) => (a > b ? a : b))"),
    "min": ("min = Math.min", "min = (...all) => all.reduce((a, b) => (a < b ? a : b))"),
    "gcd": ("gcd = (a, b) => (b === 0 ? a : gcd(b, a % b))", "gcd = (a, b) => (b === 0n ? a : gcd(b, a % b))"),
}  # by operation, for Numbers and for BigInts
_WHOLE = """\
const whole = (x, name) => {
  if ((typeof x !== "bigint" && !Number.isSafeInteger(x)) || x < 1) {
    throw new RangeError(`${name} is a whole number >= 1, not ${x}`);
  }
};"""
_RATIO = """\
const ratio = (x, name) => { // a decimal or a fraction: 0.29 is 29/100
  const [, whole, digits = "", below = "1"] = /^(\\d+)(?:\\.(\\d+))?(?:\\/(\\d+))?$/.exec(String(x)) ?? [];
  const gcd = (a, b) => (b === 0n ? a : gcd(b, a % b));
  if (whole === undefined || !(Number(whole + digits) > 0) || !(Number(below) > 0)) {
    throw new RangeError(`${name} is a decimal or a fraction greater than 0, not ${x}`);
  }
  const pair = [BigInt(whole + digits), BigInt(below) * 10n ** BigInt(digits.length)];
  return pair.map((part) => part / gcd(...pair));
};"""


def javascript(program: Program, name: str, about: str) -> str:
    """A function of JavaScript that gives a Number, or a BigInt where a step might pass 2**53.

    It takes whole numbers, and for ratios decimals or texts such as "3/4"; RangeError where an assumption is broken.
    """
    body = []
    kinds = set(program.inputs.values())
    body.extend(_WHOLE.splitlines() if False in kinds else [])
    body.extend(_RATIO.splitlines() if True in kinds else [])
    names = _names(program)
    for symbol, is_ratio in program.inputs.items():
        own = names[symbol, ""]
        body.append(f'const [{own}_n, {own}_d] = ratio({own}, "{own}");' if is_ratio else f'whole({own}, "{own}");')
    for kind, steps in (
        ("numbers", _javascript_steps(program, name, NUMBERS, 0)),
        ("bigints", _javascript_steps(program, name, BIGINTS, 1)),
        ("bound", _javascript_bound(program)),
    ):
        body.extend([f"const {kind} = ({_given(program)}) => {{", *(f"  {line}" for line in steps), "};"])
    numbers, bigints = (_given(program, form) for form in ("Number({})", "BigInt({})"))
    body.append(f"if (bound({numbers}) < 2 ** 52) return numbers({numbers});")
    body.append(f"return bigints({bigints});")
    return "\n".join(
        [
            f"// {about} A Number, or a BigInt where a step might pass 2**53.",
            f"function {name}({_parameters(program)}) {{", *(f"  {line}" for line in body), "}",
        ]
    )  # fmt: skip


def _javascript_steps(program: Program, name: str, language: Language, place: int) -> Iterator[str]:
    """Helpers, steps, checks and the result, for Numbers or for BigInts."""
    writer = _Writer(program, language)
    yield from (f"const {texts[place]};" for operation, texts in _HELPERS.items() if operation in program.operations)
    yield from writer.definitions()
    for left, relation, right, condition in program.checks:
        told = json.dumps(f"{name} assumes {condition}")
        yield f"if (!({writer.relation(left, relation, right)})) throw new RangeError({told});"
    above, below = program.outputs[0]
    if below is None:
        first, *rest = writer.lines(above)
        yield from [f"return {first}", *rest[:-1], f"{rest[-1]};"] if rest else [f"return {first};"]
        return
    a, b = (_within(writer.written(number), ATOM) for number in (above, below))
    yield f"if ({a} % {b} != {language.number(0)}) throw new RangeError(`${{{a}}}/${{{b}}} is not a whole number`);"
    yield f"return {a} / {b};"


def _javascript_bound(program: Program) -> Iterator[str]:
    """No step of the others is larger than this."""
    writer = _Writer(program, BOUND)
    ends = [number for output in program.outputs for number in output if number is not None]
    sides = [number for check in program.checks for number in (check.left, check.right)]
    yield "const max = Math.max;"
    yield from writer.definitions()
    yield f"return max({', '.join(writer.text(number) for number in dict.fromkeys([*ends, *sides]))});"


def _parameters(program: Program) -> str:
    names = _names(program)
    return ", ".join(names[name, ""] for name in program.inputs)
