"""Published figures against ours: each recomputed under the convention of its source.

>>> first = verify(["lenet5"])[0]
>>> first.ours, first.status
('156', 'agrees')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import zoo
from .errors import ArchcalcError, SpecError
from .figures import BYTES, in_unit
from .measuring import Measurer
from .network import Network, variants
from .published import Published
from .quantities import MEASURABLE
from .records import Record, Shown, record

STATUSES = {
    "agrees": "ours, rounded like the printed figure, is the printed figure",
    "disputed": "known not to follow from its own architecture, and differs as declared",
    "differs": "ours is another figure",
    "undisputed": "declared disputed, but it agrees",
    "refused": "cannot be computed",
}
AS_DECLARED = ("agrees", "disputed")


@record
class Finding(Shown, Record):
    """What became of one published figure of one network."""

    network: Network
    figure: Published
    status: str
    value: Any = None  # exactly; nothing where it cannot be computed
    why: str = ""

    @property
    def ours(self) -> str:
        """The exact value for reading, in the unit of the printed one."""
        if self.value is None:
            return ""
        return in_unit(self.value, self.figure.printed.unit, self.figure.printed.decimals + 2)

    @property
    def as_declared(self) -> bool:
        """Whether there is nothing to mend."""
        return self.status in AS_DECLARED

    def __repr__(self) -> str:
        measure = self.figure.measure
        return f"<Finding {self.network.name} {measure.where} {measure.what}: {self.status}>"

    def show_as(self, format: str) -> str:
        """The printed figure and ours."""
        return Findings((self,)).show_as(format)


class Findings(Shown, tuple[Finding, ...]):
    """Findings that show themselves as the tables of `archcalc verify`."""

    def show_as(self, format: str) -> str:
        """A table for each family."""
        from .render.lists import findings

        return findings(self, format)


def verify(names: str | Path | Iterable[str | Path] = ()) -> Findings:
    """Every published figure of these networks, families or files recomputed; without names, of the whole zoo.

    Raises SpecError where a file or one of its entries is wrong, UsageError for an unknown name.
    """
    measurer = Measurer()
    names = [names] if isinstance(names, str | Path) else names
    return Findings(
        finding for name in names or zoo.files() for finding in _of(variants(name, published=True), measurer)
    )


def _of(networks: list[Network], measurer: Measurer) -> Iterator[Finding]:
    """The findings of the networks of one file, in the order of its entries."""
    spec = networks[0].spec
    if spec.problems:
        raise SpecError(spec.problems)
    for figure in spec.published:
        for network in networks:
            if figure.measure.of in (None, network.variant):
                yield finding(figure, network, measurer)


def finding(figure: Published, network: Network, measurer: Measurer) -> Finding:
    """One figure recomputed for one network."""
    is_share = figure.printed.unit == "%"
    try:
        _check_unit(figure)
        value = measurer.share(figure.measure, network) if is_share else measurer.value(figure.measure, network)
    except ArchcalcError as error:
        reason = error.problems[0].message if isinstance(error, SpecError) else str(error)
        line, _ = network.spec.source.mark(figure.measure.path)
        return Finding(network, figure, "refused", why=f"line {line}: {reason}" if line else reason)
    if figure.printed.holds(value, channels_last=figure.measure.quantity == "kernel"):
        status, why = ("undisputed", "remove `disputed`") if figure.disputed else ("agrees", "")
    else:
        status, why = ("disputed", figure.disputed) if figure.disputed else ("differs", "")
    return Finding(network, figure, status, value, why)


def _check_unit(figure: Published) -> None:
    """Bytes are printed of bytes only; what an expression is of is not known."""
    quantity = MEASURABLE.get(figure.measure.quantity)
    if quantity is not None and figure.printed.unit in BYTES and quantity.unit != "bytes":
        raise ArchcalcError(f"{quantity.name} is no quantity of bytes: {figure.printed.unit}")


def summary(findings: Iterable[Finding]) -> str:
    """How many figures have which status."""
    counts = dict.fromkeys(STATUSES, 0)
    for found in findings:
        counts[found.status] += 1
    told = [f"{count:,} {status}" for status, count in counts.items() if count]
    total = sum(counts.values())
    return f"{total:,} published figure{'s' * (total != 1)}: {', '.join(told) or 'none'}"
