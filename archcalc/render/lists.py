"""Lists of results, one in a line: findings about published figures, and verdicts on claims."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ..claims import Verdict
from ..spec import Spec
from ..verify import AS_DECLARED, Finding, summary
from .formats import check_format
from .machine import SCHEMA, plain
from .text import markdown_text

FORMATS = ("text", "markdown", "json")
HEADERS = ("network", "where", "quantity", "printed", "ours", "verdict", "source")


def findings(found: Sequence[Finding], format: str = "text", only: str | None = None) -> str:
    """Findings about published figures in one of FORMATS; of all, or only those of one status."""
    everything, found = found, [finding for finding in found if only in (None, finding.status)]
    if format == "json":
        return json.dumps({"schema": SCHEMA, "published": [_finding_data(finding) for finding in found]}, indent=1)
    parts = []
    for spec, group in groupby(found, key=lambda finding: finding.network.spec):
        rows = [_finding_row(finding) for finding in group]
        parts += [_heading(spec, format), grid(HEADERS, rows, format, numeric=(3, 4))]
    return "\n\n".join([*parts, summary(everything)])


def _heading(spec: Spec, format: str) -> str:
    """Title and paper: what a source such as `Table 2` is of."""
    if format == "markdown":
        return f"## {markdown_text(_title(spec))}" + (f"\n\n{markdown_text(spec.cite)}" if spec.cite else "")
    return f"{_title(spec)}: {spec.cite}" if spec.cite else _title(spec)


def _title(spec: Spec) -> str:
    return spec.title or spec.source.path or "network"


def overview(found: Sequence[Finding]) -> str:
    """How many figures of each family have which status, as Markdown; each family is a link to its table."""
    rows = []
    for spec, group in groupby(found, key=lambda finding: finding.network.spec):
        statuses = [finding.status for finding in group]
        anchor = re.sub(r"[^a-z0-9 _-]", "", _title(spec).lower()).replace(" ", "-")
        rows.append((f"[{_title(spec)}](#{anchor})", *(str(statuses.count(status)) for status in AS_DECLARED)))
    return grid(("family", *AS_DECLARED), rows, "markdown", numeric=(1, 2, 3))


def _finding_row(finding: Finding) -> tuple[str, ...]:
    measure = finding.figure.measure
    why = f": {finding.why}" if finding.why else ""
    return (
        finding.network.name, measure.where, measure.what, str(finding.figure.printed), finding.ours,
        f"{finding.status}{why}", finding.figure.source,
    )  # fmt: skip


def _finding_data(finding: Finding) -> dict[str, Any]:
    measure, printed = finding.figure.measure, finding.figure.printed
    return {
        "network": finding.network.name,
        "cite": finding.network.spec.cite,
        "where": measure.where,
        "quantity": measure.quantity,
        "over": measure.over,
        "convention": list(measure.conventions),
        "printed": str(printed),
        "ours": plain(finding.value),
        "status": finding.status,
        "why": finding.why,
        "source": finding.figure.source,
    }


def verdicts(decided: Sequence[Verdict], format: str = "text") -> str:
    """Verdicts on claims in one of FORMATS: in text a paragraph each, since claims are sentences."""
    if format == "json":
        return json.dumps({"schema": SCHEMA, "claims": [_verdict_data(verdict) for verdict in decided]}, indent=1)
    if format == "text":
        return "\n\n".join(
            f"{verdict.id}: {verdict.claim}\n  {verdict.computed}\n  {verdict.verdict}: {verdict.why}"
            for verdict in decided
        )
    rows = [(verdict.id, verdict.claim, verdict.computed, verdict.verdict, verdict.why) for verdict in decided]
    return grid(("id", "claim", "computed", "verdict", "why"), rows, format)


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "claim": verdict.claim,
        "figures": {name: plain(value) for name, value in verdict.figures.items()},
        "verdict": verdict.verdict,
        "cases": dict(verdict.cases),
        "why": verdict.why,
    }


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]], format: str, numeric: Sequence[int] = ()) -> str:
    """A table as text, or as Markdown without the padding that would double a long page."""
    from tabulate import tabulate

    check_format(format, FORMATS)
    if format == "markdown":
        rows = [[markdown_text(cell) for cell in row] for row in rows]
    align = ["right" if number in numeric else "left" for number in range(len(headers))]
    style = {"text": "simple", "markdown": "pipe"}[format]
    table = str(tabulate(rows, headers=headers, tablefmt=style, colalign=align, disable_numparse=True))
    return re.sub(r" {2,}", " ", re.sub(r"-{4,}", "---", table)) if format == "markdown" else table
