"""Arithmetic in specs: `"64*alpha//4"` becomes a number, by a whitelist over `ast`; never `eval`.

The limits (length, brackets, digits, exponents, magnitude) are checked before anything is parsed or
multiplied, so that a hostile text costs milliseconds.
The module is longer than others because every form of node has a function of its own.

>>> parse("floor(alpha * 32)").evaluate({"alpha": parse("0.29").evaluate({}, [])}, [])
9
>>> parse("2**10**10").evaluate({}, [])
Traceback (most recent call last):
archcalc.errors.ArchcalcError: '2**10**10': an exponent is a whole number from 0 to 64
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any, TypeAlias

from . import dims
from .conditions import Condition, equal
from .errors import ArchcalcError, SpecError, UsageError, did_you_mean, hinted, shown
from .records import Record, record

MAX_LENGTH = 500
MAX_BRACKETS = 30
MAX_DIGITS = 18
MAX_EXPONENT = 64
MAX_VALUE = 2**63

FUNCTIONS = ("ceil", "floor", "make_divisible", "max", "min")
_BOOLEANS_ELSEWHERE = ("yes", "no", "on", "off", "true", "false")  # YAML 1.1 and Python, in any case

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\.?[0-9][0-9A-Za-z_.]*")
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?\Z")

Scope: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[Scope, list[Condition]], Any]


@record
class Expression(Record):
    """A checked text: the names it reads, and `evaluate(scope, conditions)`.

    Comparisons of symbols that cannot be decided are appended to `conditions`.
    """

    text: str
    names: frozenset[str]
    step: Step = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return parse, (self.text,)

    def evaluate(self, scope: Scope, conditions: list[Condition]) -> Any:
        """The value: int, Fraction, bool, word, tuple or symbolic expression."""
        try:
            return self.step(scope, conditions)
        except (SpecError, UsageError):  # of a let that this one needs: it knows its place
            raise
        except ArchcalcError as error:
            raise ArchcalcError(_about(self.text, error)) from None


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Check and compile the text of an expression; ArchcalcError says what is not allowed."""
    text = text.strip()
    try:
        _check_text(text)
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise ArchcalcError(_syntax_hint(text)) from None
        names: set[str] = set()
        step = _compile(tree, text, names)
    except ArchcalcError as error:
        raise ArchcalcError(_about(text, error)) from None
    return Expression(text, frozenset(names), step)


def _about(text: str, error: ArchcalcError) -> str:
    """The message with the text in front, unless it shows the text already."""
    cut = shown(text)
    quoted = f'"{cut}"' if "'" in cut else f"'{cut}'"
    return str(error) if f"'{cut}'" in str(error) else f"{quoted}: {error}"


def _check_text(text: str) -> None:
    """The limits that hold before parsing."""
    if not text:
        raise ArchcalcError("value missing")
    if len(text) > MAX_LENGTH:
        raise ArchcalcError(f"an expression has at most {MAX_LENGTH} characters, this one {len(text):,}")
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text) if "'" in text or '"' in text else text
    if "#" in unquoted:
        raise ArchcalcError("'#' cannot stand in an expression; a comment needs a space before it")
    for character in text:
        if not (" " <= character <= "~"):
            raise ArchcalcError(f"the character {character!a} cannot stand in an expression")
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_BRACKETS:
            raise ArchcalcError(f"brackets are nested more than {MAX_BRACKETS} deep")
    for number in _NUMBER.findall(unquoted):
        if not _DECIMAL.match(number):
            raise ArchcalcError(_number_hint(number))
        if len(number) > MAX_DIGITS:
            raise ArchcalcError(f"a number has at most {MAX_DIGITS} digits")


def _number_hint(number: str) -> str:
    if re.match(r"[0-9]+(x[0-9]+)+\Z", number) and not number.startswith("0x"):
        return f"write [{', '.join(number.split('x'))}]"
    return f"'{number}' is not a decimal number; write {_as_decimal(number)}"


def _as_decimal(number: str) -> str:
    """What was probably meant by 010, 1_000, .5 or 1e3."""
    if re.fullmatch(r"0[0-9]+", number):
        return number.lstrip("0") or "0"
    if re.fullmatch(r"[0-9_]+", number):
        return number.replace("_", "")
    if re.fullmatch(r"\.[0-9]+", number):
        return f"0{number}"
    power = re.fullmatch(r"([1-9])e([0-9]{1,2})", number)
    return power[1] + "0" * int(power[2]) if power else "digits only, such as 1000 or 0.25"


def _syntax_hint(text: str) -> str:
    if text.count("(") != text.count(")") or text.count("[") != text.count("]"):
        return "unbalanced brackets; quote the whole value, or write one argument per line"
    return "not an expression; allowed are numbers, names, quoted words, + - * / // % **, comparisons, a if c else b"


def _compile(node: ast.expr, text: str, names: set[str]) -> Step:
    """A function of (scope, conditions) for one node of the tree."""
    compiler = _COMPILERS.get(type(node))
    if compiler is None:
        raise ArchcalcError(f"{_KINDS.get(type(node), 'this')} cannot stand in an expression")
    return compiler(node, text, names)


_KINDS: dict[type, str] = {
    ast.Attribute: "a '.' behind a name",
    ast.Lambda: "lambda",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.JoinedStr: "a formatted text",
    ast.NamedExpr: "an assignment",
    ast.Dict: "a mapping",
    ast.Set: "a set",
    ast.Starred: "a '*' in front of a name",
}


def _constant(node: ast.Constant, text: str, names: set[str]) -> Step:
    value: Any = node.value
    if isinstance(value, float):
        from fractions import Fraction

        value = dims.plain(Fraction(text[node.col_offset : node.end_col_offset]))
    elif value is None or not isinstance(value, int | str):
        raise ArchcalcError(f"{text[node.col_offset : node.end_col_offset]} is not a value")
    elif isinstance(value, bool):
        raise ArchcalcError("write true or false")
    return lambda scope, conditions: value


def _name(node: ast.Name, text: str, names: set[str]) -> Step:
    name = node.id
    if name in ("true", "false"):
        return lambda scope, conditions: name == "true"
    if name in FUNCTIONS:
        raise ArchcalcError(f"{name} is a function: {name}(...)")
    names.add(name)

    def lookup(scope: Scope, conditions: list[Condition]) -> Any:
        try:
            return scope[name]
        except KeyError:
            if name == "in_channels":
                raise ArchcalcError("with several inputs only a block has in_channels") from None
            raise ArchcalcError(hinted(f"unknown name '{name}'", did_you_mean(name, scope))) from None

    return lookup


def _sequence(node: ast.List | ast.Tuple, text: str, names: set[str]) -> Step:
    steps = [_compile(element, text, names) for element in node.elts]
    return lambda scope, conditions: tuple(step(scope, conditions) for step in steps)


def number(value: Any) -> Any:
    """The value, if arithmetic may be done with it."""
    if type(value) is int or dims.is_number(value):
        return value
    raise ArchcalcError(f"{describe(value)} is not a number")


def truth(value: Any) -> bool:
    """The value, if it is a truth value; a symbol is refused."""
    if isinstance(value, bool):
        return value
    if dims.is_number(value) and dims.is_symbolic(value):
        raise ArchcalcError(f"{value} is a symbol, not true or false; set it, or decide with a let")
    raise ArchcalcError(not_boolean(value))


def not_boolean(value: Any) -> str:
    """The message for a value that should have been true or false."""
    if looks_boolean(value):
        return f"'{value}' is text; write true or false"
    return f"{describe(value)} is neither true nor false"


def looks_boolean(value: Any) -> bool:
    """Whether it is a word that other languages read as true or false."""
    return isinstance(value, str) and value.lower() in _BOOLEANS_ELSEWHERE


def describe(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the word '{shown(value)}'"
    if isinstance(value, list | tuple):
        inner = ", ".join("[...]" if isinstance(v, list | tuple) else describe(v) for v in value[:6])
        return f"the list [{inner}{', ...' if len(value) > 6 else ''}]"
    return shown(value)


def bounded(value: Any) -> Any:
    """The value, if it is not absurdly large."""
    if type(value) is int:
        if -MAX_VALUE < value < MAX_VALUE:
            return value
        raise ArchcalcError("the value is larger than 2**63")
    if type(value).__module__ == "fractions":
        if abs(value.numerator) < MAX_VALUE and value.denominator < MAX_VALUE:
            return dims.plain(value)
        raise ArchcalcError("the value has more than 18 digits")
    return value


def _divide(a: Any, b: Any, operation: Callable[[Any, Any], Any]) -> Any:
    if dims.same(b, 0):
        raise ArchcalcError("division by zero")
    return operation(a, b)


def _power(a: Any, b: Any) -> Any:
    if type(b) is not int or not 0 <= b <= MAX_EXPONENT:
        raise ArchcalcError(f"an exponent is a whole number from 0 to {MAX_EXPONENT}")
    return dims.power(a, b)


_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: _divide(a, b, dims.ratio),
    ast.FloorDiv: lambda a, b: _divide(a, b, dims.floordiv),
    ast.Mod: lambda a, b: a - b * _divide(a, b, dims.floordiv),
    ast.Pow: _power,
}


def _binary(node: ast.BinOp, text: str, names: set[str]) -> Step:
    operation = _BINARY.get(type(node.op))
    if operation is None:
        raise ArchcalcError("allowed are + - * / // % **")
    left, right = _compile(node.left, text, names), _compile(node.right, text, names)
    return lambda scope, conditions: bounded(
        operation(number(left(scope, conditions)), number(right(scope, conditions)))
    )


def _unary(node: ast.UnaryOp, text: str, names: set[str]) -> Step:
    operand = _compile(node.operand, text, names)
    if isinstance(node.op, ast.Not):
        return lambda scope, conditions: not truth(operand(scope, conditions))
    if isinstance(node.op, ast.USub):
        return lambda scope, conditions: -number(operand(scope, conditions))
    if isinstance(node.op, ast.UAdd):
        return lambda scope, conditions: number(operand(scope, conditions))
    raise ArchcalcError("allowed are - and not")


def _boolean(node: ast.BoolOp, text: str, names: set[str]) -> Step:
    steps = [_compile(value, text, names) for value in node.values]
    if isinstance(node.op, ast.And):
        return lambda scope, conditions: all(truth(step(scope, conditions)) for step in steps)
    return lambda scope, conditions: any(truth(step(scope, conditions)) for step in steps)


def _equals(a: Any, b: Any, conditions: list[Condition]) -> bool:
    """Equality; where symbols leave it open it counts as different, and that becomes a condition."""
    if isinstance(a, bool) or isinstance(b, bool):
        if type(a) is not type(b):
            raise ArchcalcError(f"{describe(a)} cannot be compared with {describe(b)}")
        return a is b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_equals(x, y, conditions) for x, y in zip(a, b, strict=True))
    if isinstance(a, str | tuple) or isinstance(b, str | tuple):
        return bool(type(a) is type(b) and a == b)
    answer = dims.same(number(a), number(b))
    if answer is None:
        conditions.append(equal(a, b).negated())
        return False
    return answer


def _less(a: Any, b: Any, conditions: list[Condition]) -> bool:
    """a < b for numbers."""
    answer = dims.at_least(number(a), number(b))
    if answer is None:
        raise ArchcalcError(f"whether {a} < {b} is open; set the symbol, or decide with a let")
    return not answer


_COMPARISONS: dict[type, Callable[[Any, Any, list[Condition]], bool]] = {
    ast.Eq: _equals,
    ast.NotEq: lambda a, b, c: not _equals(a, b, c),
    ast.Lt: _less,
    ast.GtE: lambda a, b, c: not _less(a, b, c),
    ast.Gt: lambda a, b, c: _less(b, a, c),
    ast.LtE: lambda a, b, c: not _less(b, a, c),
    ast.In: lambda a, b, c: any(_equals(a, element, c) for element in _elements(b)),
    ast.NotIn: lambda a, b, c: not any(_equals(a, element, c) for element in _elements(b)),
}


def _elements(value: Any) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        return value
    raise ArchcalcError(f"{describe(value)} is not a list")


def _compare(node: ast.Compare, text: str, names: set[str]) -> Step:
    steps = [_compile(operand, text, names) for operand in [node.left, *node.comparators]]
    operations = [_COMPARISONS.get(type(op)) for op in node.ops]
    if None in operations:
        raise ArchcalcError("allowed comparisons are == != < <= > >= in")

    def compare(scope: Scope, conditions: list[Condition]) -> bool:
        values = [step(scope, conditions) for step in steps]
        return all(
            operation(a, b, conditions)  # type: ignore[misc]
            for operation, a, b in zip(operations, values, values[1:], strict=False)
        )

    return compare


def _choice(node: ast.IfExp, text: str, names: set[str]) -> Step:
    test, then, other = (_compile(part, text, names) for part in (node.test, node.body, node.orelse))
    return lambda scope, conditions: (then if truth(test(scope, conditions)) else other)(scope, conditions)


def _element(node: ast.Subscript, text: str, names: set[str]) -> Step:
    if isinstance(node.slice, ast.Slice):
        raise ArchcalcError("a list is read one element at a time: list[i]")
    sequence, position = _compile(node.value, text, names), _compile(node.slice, text, names)

    def element(scope: Scope, conditions: list[Condition]) -> Any:
        elements, index = _elements(sequence(scope, conditions)), position(scope, conditions)
        if type(index) is not int or not -len(elements) <= index < len(elements):
            raise ArchcalcError(f"the list has no element [{describe(index)}]; it has {len(elements)}")
        return elements[index]

    return element


def _call(node: ast.Call, text: str, names: set[str]) -> Step:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        called = text[node.func.col_offset : node.func.end_col_offset]
        raise ArchcalcError(f"{called} is not a function; allowed are {', '.join(FUNCTIONS)}")
    name = node.func.id
    if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise ArchcalcError(f"{name} takes plain arguments")
    steps = [_compile(arg, text, names) for arg in node.args]
    allowed = {"floor": (1,), "ceil": (1,), "make_divisible": (1, 2)}.get(name, range(1, 17))
    if len(steps) not in allowed:
        count = f"{allowed[0]} to {allowed[-1]} arguments" if len(allowed) > 1 else "1 argument"
        raise ArchcalcError(f"{name} takes {count}, not {len(steps)}")
    function = _FUNCTIONS[name]

    def call(scope: Scope, conditions: list[Condition]) -> Any:
        return function(*(number(step(scope, conditions)) for step in steps))

    return call


def _extreme(pick: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def extreme(first: Any, *others: Any) -> Any:
        for other in others:
            first = pick(first, other)
        return first

    return extreme


def _make_divisible(x: Any, divisor: Any = 8) -> Any:
    if not dims.at_least(divisor, 1):
        raise ArchcalcError("make_divisible takes a divisor >= 1")
    return dims.make_divisible(x, divisor)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "floor": lambda x: dims.floordiv(x, 1),
    "ceil": lambda x: dims.ceildiv(x, 1),
    "max": _extreme(dims.smax),
    "min": _extreme(dims.smin),
    "make_divisible": _make_divisible,
}

_COMPILERS: dict[type, Callable[[Any, str, set[str]], Step]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _choice,
    ast.Subscript: _element,
    ast.Call: _call,
}
