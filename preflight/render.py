"""Reports for people: what to show and how, no decisions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from extractors.facts import UnitKind
from preflight.model import Verdict, fits_damaged
from preflight.render_explain import explanation
from preflight.wording import FLAG_HINTS, UNKNOWN_TYPE, duration, kinds_of_file, limit_words, money, ranges, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from extractors.facts import DocumentFacts, Finding, UnitFacts
    from preflight.model import Binding, Estimate, Plan, Report, SecondsRange

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
_FITS_DAMAGED = ("FITS, BUT DAMAGED", "bold red")
"""What gets through is not all there: pages are lost, which an error among the findings says."""
_SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("i", "blue")}
_TYPES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.ms-word.document.macroEnabled.12": "DOCM",
}


def report_view(report: Report, *, explain: bool = False) -> RenderableType:
    """Return one document's report: verdict, binding limit, strip, figures, what to do; one screen."""
    parts: list[RenderableType] = []
    if report.problem is not None:
        parts.append(Text(" ".join(filter(None, (report.problem.detail, FLAG_HINTS.get(report.problem.code))))))
    if report.binding is not None:
        parts.append(_binding_line(report.binding))
    cut = report.plan is not None and len(report.plan.pieces) > 1 and report.verdict is not Verdict.WONT_FIT
    if report.facts is not None and report.facts.units:
        parts.append(_Strip(report.facts, report.plan if cut else None))
        parts.append(_legend(report.facts))
    if report.estimate is not None:
        parts.append(_figures(report.estimate))
    if cut:
        parts.append(_pieces(report, most=PIECES_SHOWN))
    if report.findings:
        parts.append(_findings(report.findings, everything=explain))
    if explain:
        parts.append(explanation(report))
    return Group(_headline(report), *(Padding(part, (0, 0, 0, 2), expand=False) for part in parts))


def plan_view(report: Report) -> RenderableType:
    """Return the verdict and all planned pieces."""
    return Group(_headline(report), Padding(_pieces(report), (0, 0, 0, 2), expand=False))


def _pieces(report: Report, *, most: int | None = None) -> Table:
    """The planned pieces; at most ``most`` of them."""
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
        if piece.rows is not None:
            span += f", rows {piece.rows[0]}–{piece.rows[1]}"
        tokens = Text("unknown", "dim") if piece.tokens is None else f"{piece.tokens:,}"
        table.add_row(f"{piece.index}", span, tokens, size(piece.bytes), piece.reason)
    if most is not None and len(pieces) > most:
        table.add_row("…", f"{len(pieces) - most} more", "", "", "`preflight plan` shows all")
    return table


def _headline(report: Report) -> Text:
    word, style = _VERDICTS[report.verdict]
    if fits_damaged(report.verdict, (finding.severity for finding in report.findings)):
        word, style = _FITS_DAMAGED
    source, facts = report.source, report.facts
    line = Text.assemble((f" {word} ", f"{style} reverse"), " ", (source.name, "bold"))
    if source.sha256:  # what is not there has neither a kind nor a size
        name = _TYPES.get(source.media_type) or kinds_of_file((source.media_type,))
        kind = "" if source.media_type == UNKNOWN_TYPE else f"{name}, "
        line.append(f"  {kind}{size(source.size_bytes)}")
    if facts is not None:
        line.append(f", {facts.unit_count:,} {facts.unit_kind}{'' if facts.unit_count == 1 else 's'}")
    if report.target is not None:
        line.append(f"  → {report.target.id}", "bold")
        for hop in report.target.hops:
            line.append(f" via {hop}")
        if report.target.model:
            line.append(f" ({report.target.model})", "dim")
    if report.plan is not None and len(report.plan.pieces) > 1 and report.verdict is not Verdict.WONT_FIT:
        line.append(f"  in {len(report.plan.pieces)} pieces", "bold")
    return line


def _binding_line(binding: Binding) -> Text:
    over = binding.margin < 0
    value, most = limit_words(binding.limit, binding.value), limit_words(binding.limit, binding.max)
    distance = limit_words(binding.limit, abs(binding.margin))
    if binding.limit != "bytes":  # the unit is told once: 206 of 100 pages
        value, distance = value.partition(" ")[0], distance.partition(" ")[0]
    line = Text("limit that binds: " if over else "nearest limit: ")
    line.append(f"{value} of {most} ({_share(binding)}{distance} {'over' if over else 'left'})", "red" if over else "")
    origin = (f"set by {binding.by}", binding.source, binding.as_of, binding.status)
    line.append("\nset by you" if binding.status == "user" else "\n" + " · ".join(origin), "dim")
    return line


def _share(binding: Binding) -> str:
    if not binding.max:
        return ""
    ratio = binding.value / binding.max
    return f"{ratio:.0%}, " if ratio < 10 else f"{ratio:,.0f} times, "


@dataclass(frozen=True, slots=True)
class _Strip:
    """The units by kind, several to a cell where there are many, with a bar where a piece ends; one line."""

    facts: DocumentFacts
    plan: Plan | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        units = self.facts.units
        starts = {piece.first for piece in self.plan.pieces[1:]} if self.plan else set()
        most = min(STRIP_CELLS, options.max_width)
        cells = min(len(units), most)
        while cells > 1 and cells + self._bars(cells, starts) > most:
            cells -= 1
        line = Text(no_wrap=True)
        for cell in range(cells):
            first, last = cell * len(units) // cells, (cell + 1) * len(units) // cells
            bucket = units[first:last]
            if any(unit.number in starts for unit in bucket):
                line.append("|", "bold")
            line.append(*_KINDS[_most_telling(bucket)])
        yield line

    def _bars(self, cells: int, starts: set[int]) -> int:
        """Cells in which a piece begins."""
        ends = [(cell + 1) * len(self.facts.units) // cells for cell in range(cells)]
        return len({bisect_left(ends, number) for number in starts})


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
    words.append(_figure("server time", *_spans(seconds)))
    if local.high:
        words.append(_figure("OCR here", *_spans(local)))
    return Columns(words, padding=(0, 3, 0, 0))


def _spans(seconds: SecondsRange | None) -> tuple[str, str]:
    if seconds is None:
        return "unknown", ""
    return duration(seconds.likely), f"{duration(seconds.low)}–{duration(seconds.high)}"


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
