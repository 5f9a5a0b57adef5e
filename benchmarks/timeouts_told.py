"""What became of the documents of part_timeouts.py, as tables, plots and goals."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from frame import Goal, Plot, Result, Table, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

OK = 200
LEAST_PIECES, MOST_FALSE_FITS = 0.99, 0.01
GROUPS = {"1 page": (1, 1), "2 to 5 pages": (2, 5), "6 to 15 pages": (6, 15), "16 pages and more": (16, 10**9)}


@dataclass(slots=True)
class Sent:
    """One document: what was foretold and what happened. Foretold seconds are low, likely, high."""

    name: str
    pages: int
    verdict: str
    foretold_s: tuple[float, float, float]
    whole: int
    whole_s: float
    pieces: list[int] = field(default_factory=list)
    pieces_foretold_s: list[tuple[float, float, float]] = field(default_factory=list)
    pieces_s: list[float] = field(default_factory=list)
    arrived: int = 0
    split_code: int = 0

    @property
    def through(self) -> bool:
        """Whether all of it got through in pieces."""
        return bool(self.pieces) and all(status == OK for status in self.pieces)


def tell(result: Result, sent: Sequence[Sent], timeout_s: int, learnt: int) -> None:
    """Add tables, plots and goals."""
    result.about = result.about.strip() + (
        f"\n\nIn this run the read time-out was {timeout_s} s, {learnt} documents were measured first, and "
        f"{len(sent)} tried: scans and pages with pictures of the corpus, and generated "
        "scans, in black and white (some 40 kB a page) and in gray (some 200 kB)."
    )
    result.tables += [_lengths(sent), _verdicts(sent), _seconds(sent)]
    answered = [(one.foretold_s[1], one.whole_s) for one in sent if one.whole == OK]
    pairs = [
        (foretold[1], took)
        for one in sent
        for status, foretold, took in zip(one.pieces, one.pieces_foretold_s, one.pieces_s, strict=True)
        if status == OK and one.verdict != "fits"
    ]
    cut_off = [(one.foretold_s[1], one.whole_s) for one in sent if one.whole not in {OK, 413}]
    series = {"whole, answered": answered, "whole, cut off by the time-out": cut_off, "pieces, answered": pairs}
    axes = ("seconds foretold (likely)", "seconds measured")
    title = "Seconds foretold and measured, one point a request"
    marks = {"time-out": float(timeout_s)}
    result.plots.append(Plot("timeouts-seconds", title, *axes, series, log="xy", diagonal=True, marks=marks))
    result.goals += _reached(sent)


def _lengths(sent: Sequence[Sent]) -> Table:
    table = Table(
        "What gets through, by length",
        (
            "documents",
            "number",
            "whole: through",
            "413",
            "504",
            "s",
            "ours: through",
            "pieces",
            "through",
            "pages",
            "s",
        ),
        note="413: over the body limit; 504: over the time-out. Ours: as it is where it is foretold to fit, else in "
        "pieces; pages: those in the answers of those in the documents; s: sum of seconds spent waiting.",
    )
    for name, (least, most) in GROUPS.items():
        group = [one for one in sent if least <= one.pages <= most]
        if not group:
            continue
        whole = [one.whole for one in group]
        pieces = [status for one in group for status in one.pieces]
        table.rows.append(
            (
                name,
                str(len(group)),
                _share(whole.count(OK), len(group)),
                str(whole.count(413)),
                str(whole.count(504)),
                f"{sum(one.whole_s for one in group):.0f}",
                _share(sum(one.through for one in group), len(group)),
                str(len(pieces)),
                _share(pieces.count(OK), len(pieces)),
                f"{sum(one.arrived for one in group)} of {sum(one.pages for one in group)}",
                f"{sum(sum(one.pieces_s) for one in group):.0f}",
            )
        )
    return table


def _verdicts(sent: Sequence[Sent]) -> Table:
    table = Table("Verdict and what happened to the whole file", ("verdict", "got through", "did not"))
    for verdict in sorted({one.verdict for one in sent}):
        through = [one.whole == OK for one in sent if one.verdict == verdict]
        table.rows.append((verdict, str(sum(through)), str(len(through) - sum(through))))
    wrong = [one for one in sent if one.verdict == "fits" and one.whole != OK]
    careful = [one for one in sent if one.verdict != "fits" and one.whole == OK]
    unsent = [f"{one.name} (exit code {one.split_code})" for one in sent if not one.pieces]
    table.note = (
        f"False “fits”: {_named(wrong)}. Foretold not to fit, and did: {_named(careful)}; the high end of an estimate "
        "decides, so this side is the safe one."
    )
    table.note += f" Not split: {', '.join(unsent)}." if unsent else ""
    return table


def _seconds(sent: Sequence[Sent]) -> Table:
    table = Table(
        "Seconds foretold and measured",
        ("requests", "number", "within low–high", "over high", "likely ÷ measured, median", "off by, median", "p90"),
        note="Requests that were answered. Off by: the larger of foretold and measured divided by the smaller.",
    )
    whole = [(one.foretold_s, one.whole_s) for one in sent if one.whole == OK]
    pieces = [
        (foretold, took)
        for one in sent
        for status, foretold, took in zip(one.pieces, one.pieces_foretold_s, one.pieces_s, strict=True)
        if status == OK and one.verdict != "fits"
    ]
    for name, pairs in (("whole files", whole), ("pieces", pieces)):
        if not pairs:
            continue
        ratios = [likely / took for (_, likely, _), took in pairs]
        off = [max(one, 1 / one) for one in ratios]
        table.rows.append(
            (
                name,
                str(len(pairs)),
                _share(sum(low <= took <= high for (low, _, high), took in pairs), len(pairs)),
                str(sum(took > high for (_, _, high), took in pairs)),
                f"{statistics.median(ratios):.2f}",
                f"{statistics.median(off):.2f} ×",
                f"{quantile(off, 0.9):.2f} ×",
            )
        )
    return table


def _reached(sent: Sequence[Sent]) -> list[Goal]:
    pieces = [status for one in sent for status in one.pieces]
    through = pieces.count(OK) / max(1, len(pieces))
    arrived, pages = sum(one.arrived for one in sent), sum(one.pages for one in sent)
    fits = [one for one in sent if one.verdict == "fits"]
    false = sum(one.whole != OK for one in fits)
    shares = [
        statistics.fmean(one.whole == OK for one in sent if least <= one.pages <= most)
        for least, most in GROUPS.values()
        if any(least <= one.pages <= most for one in sent)
    ]
    falls = all(later <= earlier for earlier, later in pairwise(shares))
    return [
        Goal("Whole files through", "fewer, the longer", ", ".join(f"{share:.0%}" for share in shares), falls),
        Goal("Requests of pieces through", "≥ 99 %", f"{through:.1%} of {len(pieces)}", through >= LEAST_PIECES),
        Goal("Pages that arrive", "all", f"{arrived} of {pages}", arrived == pages),
        Goal("False “fits”", "< 1 %", _share(false, len(fits)), false < MOST_FALSE_FITS * max(1, len(fits))),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "none"


def _named(group: Sequence[Sent]) -> str:
    return ", ".join(f"{one.name} ({one.foretold_s[2]:.0f} s at most, {one.whole_s:.0f} s)" for one in group) or "none"
