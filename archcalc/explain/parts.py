"""What explanations are made of: rules with names, numbers and results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import dims
from ..dims.term import Term, leaves
from ..records import Record, record


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
        """The rule in names, with numbers, and the result, in LaTeX for amsmath; what is empty is left out."""
        texts = [self.made.latex(names=True)] if self.names else []
        texts += [self.made.latex(names=False)] if self.numbers else []
        return (*texts, dims.latex(self.value))

    def leaves(self) -> Iterator[Term]:
        """The names that occur in it."""
        return leaves(self.made)

    def __str__(self) -> str:
        return " = ".join(text for text in (self.names, self.numbers, str(self.value)) if text)


@record
class Section(Record):
    """The rules of one quantity, and remarks on them; `value` is the quantity itself."""

    quantity: str
    value: Any
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...] = ()
