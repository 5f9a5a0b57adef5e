"""Where every figure of a report comes from, for people: what to show and how, no decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.wording import limit_words, ranges

if TYPE_CHECKING:
    from rich.console import RenderableType

    from preflight.model import HeldLimit, Report

FIGURES = {
    "model": "model",
    "tokens": "tokens",
    "tokens.seen": "  seen",
    "tokens.text": "  text",
    "tokens.images": "  images",
    "tokens.ocr": "  OCR",
    "cost": "cost",
    "upload_bytes": "upload",
    "seconds": "server time",
    "local_seconds": "OCR here",
}
"""Figures in the order in which they are shown, with their names for people; others come after them by name."""


def explanation(report: Report) -> RenderableType:
    """Return figures, limits and kinds of units, each with where it comes from."""
    parts: list[RenderableType] = []
    if report.estimate is not None:
        rows = sorted(report.estimate.basis.items(), key=lambda row: (_place(row[0]), row[0]))
        parts += _part("where the figures come from", [(FIGURES.get(name, name), Text(words)) for name, words in rows])
    if report.limits:
        parts += _part("limits looked at", [(one.limit, _limit(one)) for one in report.limits])
    kinds = _kinds(report)
    if kinds:
        unit = report.facts.unit_kind if report.facts else "unit"
        parts += _part(f"why a {unit} is of its kind", kinds)
    return Group(*parts)


def _place(name: str) -> int:
    known = list(FIGURES)
    return known.index(name) if name in known else len(known)


def _part(title: str, rows: list[tuple[str, Text]]) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=max(map(len, FIGURES.values())))
    table.add_column(overflow="fold")
    for name, words in rows:
        table.add_row(name, words)
    return [Text(title, "bold"), Padding(table, (0, 0, 0, 2), expand=False)]


def _limit(one: HeldLimit) -> Text:
    if one.value is None:
        words = Text(f"unknown, at most {limit_words(one.limit, one.max)}")
    else:
        share = f" ({one.value / one.max:.0%})" if one.max else ""
        over = one.value > one.max
        words = Text(f"{limit_words(one.limit, one.value)}, at most {limit_words(one.limit, one.max)}{share}")
        words.stylize("red" if over else "")
    if one.status == "user":
        return words.append("; set by you")
    words.append(f"; {one.by}: {one.field}, {one.status}, {one.as_of}: {one.source}", "dim")
    if one.note:
        words.append(f"; {one.note}", "dim")
    return words


def _kinds(report: Report) -> list[tuple[str, Text]]:
    """The reasons of the reader for each kind, the same for many units in one line."""
    reasons: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for unit in report.facts.units if report.facts else ():
        if unit.reasons:
            reasons.setdefault((unit.kind.value, tuple(unit.reasons)), []).append(unit.number)
    return [
        (kind, Text(f"{', '.join(words)} [{ranges(numbers)}]")) for (kind, words), numbers in sorted(reasons.items())
    ]
