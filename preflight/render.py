"""Reports for people: what to show and how, no decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from extractors.facts import UnitKind
from preflight.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from extractors.facts import DocumentFacts, Finding, UnitFacts
    from preflight.model import Binding, Estimate, Plan, Report

STRIP_CELLS = 72
FINDINGS_SHOWN = 6
PIECES_SHOWN = 6

_KINDS = {
    UnitKind.TEXT: ("▁", "green"),
    UnitKind.HYBRID: ("▄", "cyan"),
    UnitKind.SCAN: ("█", "yellow"),
    UnitKind.IMAGE: ("▒", "magenta"),
    UnitKind.BLANK: ("·", "dim"),
    UnitKind.UNREADABLE: ("✗", "red"),
}
_VERDICTS = {
    Verdict.FITS: ("FITS", "bold green"),
    Verdict.SPLIT: ("SPLIT", "bold yellow"),
    Verdict.REDUCE: ("REDUCE", "bold yellow"),
    Verdict.OCR_FIRST: ("OCR FIRST", "bold yellow"),
    Verdict.WONT_FIT: ("WON'T FIT", "bold red"),
    Verdict.UNREADABLE: ("UNREADABLE", "bold red"),
}
_SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("i", "blue")}
_TYPES = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.ms-word.document.macroEnabled.12": "DOCM",
}


def report_view(report: Report, *, explain: bool = False) -> RenderableType:
    """Return one document's report: verdict, binding limit, strip, figures, what to do; one screen."""
    parts: list[RenderableType] = []
    if report.problem is not None:
        parts.append(Text.assemble((report.problem.title, "red"), f": {report.problem.detail}"))
    if report.binding is not None:
        parts.append(_binding_line(report.binding))
    if report.facts is not None and report.facts.units:
        parts.append(_strip(report.facts, report.plan))
        parts.append(_legend(report.facts))
    if report.estimate is not None:
        parts.append(_figures(report.estimate))
    if report.plan is not None and len(report.plan.pieces) > 1:
        parts.append(plan_view(report, most=PIECES_SHOWN))
    if report.findings:
        parts.append(_findings(report.findings, everything=explain))
    if explain:
        parts.append(_explanation(report))
    return Group(_headline(report), *(Padding(part, (0, 0, 0, 2)) for part in parts))


def plan_view(report: Report, *, most: int | None = None) -> RenderableType:
    """Return the planned pieces as a table; at most ``most`` of them."""
    pieces = report.plan.pieces if report.plan else ()
    unit = report.facts.unit_kind if report.facts else "unit"
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("piece", justify="right")
    table.add_column(f"{unit}s")
    table.add_column("~ tokens", justify="right")
    table.add_column("~ size", justify="right")
    table.add_column("ends at", overflow="ellipsis", no_wrap=True)
    for piece in pieces[:most]:
        span = f"{piece.first}–{piece.last}" if piece.last > piece.first else f"{piece.first}"
        table.add_row(f"{piece.index}", span, f"{piece.tokens:,}", size(piece.bytes), piece.reason)
    if most is not None and len(pieces) > most:
        table.add_row("…", f"{len(pieces) - most} more", "", "", "`preflight plan` shows all")
    return table


def size(count: int) -> str:
    """Return bytes in decimal units, as vendors count them."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"


def money(value: str) -> str:
    """Return a decimal string rounded for people: cents, or three digits of what is less than a cent's worth."""
    exact = Decimal(value)
    digits = 2 if exact >= 1 else 3 if exact >= Decimal("0.1") else 4 if exact >= Decimal("0.01") else 6
    return f"{exact:.{digits}f}"


def amount(measure: str, value: float) -> str:
    """Return the value of a measure with its unit."""
    if measure == "bytes":
        return size(int(value))
    if measure == "seconds":
        return f"{value:.0f} s"
    return f"{value:,.0f} {measure}"


def _headline(report: Report) -> Text:
    word, style = _VERDICTS[report.verdict]
    source, facts = report.source, report.facts
    line = Text.assemble((f" {word} ", f"{style} reverse"), " ", (source.name, "bold"))
    kind = _TYPES.get(source.media_type, source.media_type)
    line.append(f"  {kind}, {size(source.size_bytes)}")
    if facts is not None:
        line.append(f", {facts.unit_count:,} {facts.unit_kind}{'' if facts.unit_count == 1 else 's'}")
    if report.target is not None:
        line.append(f"  → {report.target.id}", "bold")
        for hop in report.target.hops:
            line.append(f" via {hop}")
        if report.target.model:
            line.append(f" ({report.target.model})", "dim")
    if report.plan is not None and len(report.plan.pieces) > 1:
        line.append(f"  in {len(report.plan.pieces)} pieces", "bold")
    return line


def _binding_line(binding: Binding) -> Text:
    over = binding.margin < 0
    distance = amount(binding.limit, abs(binding.margin))
    share = f"{binding.value / binding.max:.0%}" if binding.max else "–"
    line = Text("limit that binds: ")
    line.append(
        f"{amount(binding.limit, binding.value)} of {amount(binding.limit, binding.max)} ({share}, {distance} "
        f"{'over' if over else 'left'})",
        "red" if over else "",
    )
    origin = (f"set by {binding.by}", binding.source, binding.as_of, binding.status)
    line.append("\nset by you" if binding.status == "user" else "\n" + " · ".join(origin), "dim")
    return line


def _strip(facts: DocumentFacts, plan: Plan | None) -> Text:
    """Draw the units by kind, several to a cell where there are many, with a bar where a piece ends."""
    units = facts.units
    cells = min(len(units), STRIP_CELLS)
    starts = {piece.first for piece in plan.pieces[1:]} if plan else set()
    line = Text()
    for cell in range(cells):
        first, last = cell * len(units) // cells, (cell + 1) * len(units) // cells
        bucket = units[first:last]
        if any(unit.number in starts for unit in bucket):
            line.append("|", "bold")
        line.append(*_KINDS[_most_telling(bucket)])
    return line


def _most_telling(units: Sequence[UnitFacts]) -> UnitKind:
    """The kind a cell shows: an unreadable unit always, else the most frequent (first met wins a tie)."""
    kinds = [unit.kind for unit in units]
    if UnitKind.UNREADABLE in kinds:
        return UnitKind.UNREADABLE
    return max(dict.fromkeys(kinds), key=kinds.count)


def _legend(facts: DocumentFacts) -> Text:
    line = Text()
    for kind, (mark, style) in _KINDS.items():
        count = sum(unit.kind is kind for unit in facts.units)
        if count:
            line.append(mark, style)
            line.append(f" {kind} {count:,}   ")
    needing = sum(unit.needs_ocr for unit in facts.units)
    if needing:
        line.append(f"needs OCR {needing:,}", "yellow")
    return line


def _figures(estimate: Estimate) -> Columns:
    """Tokens, money, bytes and seconds, each kept together where lines wrap."""
    tokens, cost, seconds, local = estimate.tokens, estimate.cost, estimate.seconds, estimate.local_seconds
    words = [_figure("tokens", "unknown")]
    if tokens is not None:
        words = [_figure("tokens", f"{tokens.likely:,}", f"{tokens.low:,}–{tokens.high:,}")]
    if cost is None:
        words.append(_figure("cost", "unknown"))
    else:
        words.append(_figure("cost", f"{money(cost.likely)} {cost.currency}", f"{money(cost.low)}–{money(cost.high)}"))
    words.append(_figure("upload", size(estimate.upload_bytes)))
    words.append(_figure("server time", "unknown" if seconds is None else f"{seconds.likely:.0f} s"))
    if local.high:
        words.append(_figure("OCR here", f"~{max(1, round(local.likely))} s", f"up to {max(1, round(local.high))} s"))
    return Columns(words, padding=(0, 3, 0, 0))


def _figure(name: str, value: str, interval: str = "") -> Text:
    text = Text.assemble((f"{name} ", "dim"), (value, "bold" if value != "unknown" else "dim"), no_wrap=True)
    low, _, high = interval.partition("–")
    if interval and low != high:
        text.append(f" ({interval})", "dim")
    return text


def _findings(findings: Sequence[Finding], *, everything: bool) -> Table:
    """The findings, the worst first, with hanging indent."""
    table = Table.grid(padding=(0, 1, 0, 0))
    order = {"error": 0, "warning": 1, "info": 2}
    ranked = sorted(findings, key=lambda one: order[one.severity])
    shown = ranked if everything else ranked[:FINDINGS_SHOWN]
    for finding in shown:
        mark, style = _SEVERITIES[finding.severity]
        where = f" [{ranges(finding.units)}]" if finding.units else ""
        table.add_row(Text(mark, style), Text.assemble(finding.message, (where, "dim")))
    if len(ranked) > len(shown):
        table.add_row("", Text(f"… {len(ranked) - len(shown)} more findings: --explain or --json shows them", "dim"))
    return table


def ranges(numbers: Sequence[int], most: int = 8) -> str:
    """Return unit numbers as runs: ``3–4, 9``; at most ``most`` runs."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{first}–{last}" if last > first else f"{first}" for first, last in runs[:most]]
    return ", ".join(words) + (" …" if len(runs) > most else "")


def _explanation(report: Report) -> RenderableType:
    """Say where every figure comes from."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="where it comes from", title_justify="left")
    table.add_column("figure", no_wrap=True)
    table.add_column("source")
    if report.estimate is not None:
        for figure, sentence in sorted(report.estimate.basis.items()):
            table.add_row(figure, sentence)
    reasons: dict[tuple[str, ...], list[int]] = {}
    for unit in report.facts.units if report.facts else ():
        if unit.reasons:
            reasons.setdefault((unit.kind.value, *unit.reasons), []).append(unit.number)
    for (kind, *words), numbers in sorted(reasons.items()):
        table.add_row(kind, f"{', '.join(words)} [{ranges(numbers)}]")
    return table
