"""What explanations are made of: rules with names, numbers and results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias

from .. import dims
from ..dims.term import Term, leaves
from ..records import Record, record

Legend: TypeAlias = tuple[tuple[str, str, Any], ...]  # letters, what they mean, their values


@record
class Rule(Record):
    """A quantity and how it was computed: `names`, `numbers`, and `value`, their result.

    >>> rule = Rule("height", (Term(227, "H") - Term(11, "F")) * 2)
    >>> rule.names, rule.numbers, rule.value
    ('(H - F)*2', '(227 - 11)*2', 432)
    """

    name: str
    term: Any

    @property
    def made(self) -> Any:
        """The term, if it has this very name without it, so that it shows how it was made; or a plain number."""
        return self.term.unnamed if isinstance(self.term, Term) and self.term.name == self.name else self.term

    @property
    def value(self) -> Any:
        """The result."""
        return dims.plain(self.term.value if isinstance(self.term, Term) else self.term)

    @property
    def names(self) -> str:
        """The rule in names; nothing of a plain number."""
        return self.made.rule if isinstance(self.term, Term) else ""

    @property
    def numbers(self) -> str:
        """The rule with numbers; nothing where that is the result already."""
        numbers = self.made.numbers if isinstance(self.term, Term) else ""
        return "" if numbers == str(self.value) else numbers

    @property
    def latex(self) -> tuple[str, ...]:
        """The rule in names and with numbers, in LaTeX for amsmath; what is empty is left out."""
        names = [self.made.latex(names=True)] if self.names else []
        return (*names, self.made.latex(names=False)) if self.numbers else tuple(names)

    def renamed(self, name_of: Callable[[Term], str]) -> Rule:
        """The same with other names."""
        return Rule(self.name, _renamed(self.made, name_of))

    def leaves(self) -> Iterator[Term]:
        """The names that occur in it."""
        return leaves(self.made)

    def __str__(self) -> str:
        return " = ".join(text for text in (self.names, self.numbers, str(self.value)) if text)


def _renamed(a: Any, name_of: Callable[[Term], str]) -> Any:
    if not isinstance(a, Term):
        return a
    return Term(a.value, a.name and name_of(a), a.operation, tuple(_renamed(arg, name_of) for arg in a.args))


class Names:
    """Names of terms, longer where a symbol of the network has the name with another meaning.

    >>> names = Names({"macs", "H"}, {"H": "height of the input"})
    >>> names.of(Term(3, "macs")), names.of(Term(dims.symbol("H") - 1, "H")), names.of(Term(dims.symbol("H"), "H"))
    ('macs_here', 'H_in', 'H')
    """

    def __init__(self, symbols: Collection[str], meanings: Mapping[str, str], suffix: str = "_here") -> None:
        self.symbols = symbols
        self.meanings = meanings
        self.suffix = suffix

    def of(self, term: Term) -> str:
        """The name of a term; its own where no symbol has that, or it is that symbol."""
        name = term.name
        if name not in self.symbols or str(term.value) == name:
            return name
        suffix = "_in" if self.meanings.get(name, "").endswith(" of the input") else self.suffix
        while name in self.symbols or name in self.meanings:
            name += suffix
        return name


@record
class Section(Record):
    """The rules of one quantity, and remarks on them; `value` is the quantity itself."""

    quantity: str
    value: Any
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...] = ()

    def renamed(self, name_of: Callable[[Term], str]) -> Section:
        """The same with other names."""
        return Section(self.quantity, self.value, tuple(rule.renamed(name_of) for rule in self.rules), self.remarks)
